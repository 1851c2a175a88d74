/** Real ONNX graphs of every form against transformers, and every way to reach a token against every other. */
import assert from 'node:assert/strict';
import { isAbortError, UserError } from '../../src/core/errors';
import type { Sequence } from '../../src/core/model';
import { PREFILL_CHUNK } from '../../src/engine/onnxModel';
import type { Proposal } from '../../src/engine/proposal';
import { dense } from '../unit/support/rows';
import {
  expectedLogps,
  FORMS,
  largestDifference,
  never,
  openProposal,
  oracleOf,
  proposalDir,
  someTokens,
} from './support/fixtures';

/** Between two ways to compute the same row in float32; through a float16 cache they round differently. */
const SAME = 1e-4;
const SAME_HALF = 5e-2;

for (const form of FORMS) {
  describe(`a sequence of ${form}`, () => {
    const oracle = oracleOf(form);
    const tolerance = form === 'qwen2-half-cache' ? SAME_HALF : SAME;
    let loaded: Proposal;
    const open = () => loaded.model.open({ rows: 'whole' });
    /** More than one prefill chunk, well within the context. */
    const long = someTokens(PREFILL_CHUNK + 60);
    const close = (a: ArrayLike<number>, b: ArrayLike<number>) => {
      const difference = largestDifference(a, b);
      assert.ok(difference < tolerance, `rows differ by ${difference}`);
    };
    /** The row after `tokens`, evaluated by itself. */
    const rowOf = async (tokens: readonly number[]) => {
      const sequence = open();
      await sequence.seek(tokens, never);
      const row = dense(sequence.logps());
      sequence.close();
      return row;
    };

    before(async () => {
      loaded = await openProposal(proposalDir(form));
    });
    after(() => loaded.model.close());

    it('gives the rows that transformers computes', async () => {
      for (const [i, row] of oracle.rows.entries()) {
        const actual = await rowOf(oracle.tokens.slice(0, row + 1));
        const difference = largestDifference(actual, expectedLogps(oracle.logits[i]));
        assert.ok(difference < oracle.tolerance, `row ${row} differs by ${difference}`);
      }
    });

    it('gives the same row by one pass, by steps, by verifying and by a cached prefix', async () => {
      const { tokens } = oracle;
      const whole = await rowOf(tokens);

      const stepped = open();
      await stepped.seek(tokens.slice(0, 1), never);
      const rows = [dense(stepped.logps())];
      for (const token of tokens.slice(1)) {
        await stepped.push(token, never);
        rows.push(dense(stepped.logps()));
      }
      close(dense(stepped.logps()), whole);

      const verified = open();
      await verified.seek(tokens.slice(0, 4), never);
      const drafted = await verified.verify(tokens.slice(4), never);
      assert.equal(drafted.length, tokens.length - 4);
      for (const [i, row] of drafted.entries()) close(dense(row), rows[4 + i]);
      close(dense(verified.logps()), whole);

      const cached = open();
      for (const n of [3, 9, 10, tokens.length]) await cached.seek(tokens.slice(0, n), never);
      close(dense(cached.logps()), whole);
    });

    it('gives the same row in prefill chunks and token by token', async () => {
      const whole = open();
      assert.deepEqual(await whole.seek(long, never), { nCached: 0, nPrefilled: long.length });
      const stepped = open();
      await stepped.seek(long.slice(0, 1), never);
      for (const token of long.slice(1)) await stepped.push(token, never);
      close(dense(whole.logps()), dense(stepped.logps()));
    });

    it('gives normalised rows', async () => {
      const row = await rowOf(oracle.tokens);
      const sum = row.reduce((total, x) => total + Math.exp(x), 0);
      assert.ok(Math.abs(sum - 1) < 1e-4, `the probabilities add up to ${sum}`);
    });

    it('evaluates only what changed', async () => {
      const sequence = open();
      const typed = long[7] === 50 ? 51 : 50;
      const reports: unknown[] = [];
      const seek = async (tokens: readonly number[]) => reports.push(await sequence.seek(tokens, never));
      await seek(long);
      await seek([...long, typed]);
      await seek([...long, typed]);
      await seek(long);
      await seek([...long.slice(0, 7), typed, ...long.slice(8)]);
      await seek(long.slice(0, 3));
      const n = long.length;
      assert.deepEqual(reports, [
        { nCached: 0, nPrefilled: n },
        { nCached: n, nPrefilled: 1 },
        { nCached: n + 1, nPrefilled: 0 },
        { nCached: n, nPrefilled: 0 },
        { nCached: 7, nPrefilled: n - 7 },
        { nCached: 2, nPrefilled: 1 },
      ]);
      close(dense(sequence.logps()), await rowOf(long.slice(0, 3)));
    });

    it('gives the same rows after a rewind as if the dropped tokens had never been', async () => {
      const { tokens } = oracle;
      const sequence = open();
      await sequence.seek(long.slice(0, 20), never);
      sequence.rewind(15);
      assert.equal(sequence.length, 5);
      assert.throws(() => sequence.logps(), /was not evaluated/);
      await sequence.push(tokens[0], never);
      close(dense(sequence.logps()), await rowOf([...long.slice(0, 5), tokens[0]]));
      await sequence.seek(tokens, never);
      close(dense(sequence.logps()), await rowOf(tokens));
    });

    it('keeps the rows of a verify pass, and the one before it, over a rewind', async () => {
      const { tokens } = oracle;
      const sequence = open();
      await sequence.seek(tokens.slice(0, 6), never);
      const before = dense(sequence.logps());
      const drafted = (await sequence.verify(tokens.slice(6, 11), never)).map(dense);
      for (const nAccepted of [4, 3, 1]) {
        sequence.rewind(sequence.length - 6 - nAccepted);
        assert.deepEqual(dense(sequence.logps()), drafted[nAccepted - 1]);
      }
      sequence.rewind(1);
      assert.deepEqual(dense(sequence.logps()), before);
      await sequence.push(tokens[6], never);
      close(dense(sequence.logps()), drafted[0]);

      // Two of a draft are accepted, another token follows, and that is taken back.
      const again = (await sequence.verify(tokens.slice(7, 11), never)).map(dense);
      sequence.rewind(2);
      await sequence.push(tokens[0], never);
      close(dense(sequence.logps()), await rowOf([...tokens.slice(0, 9), tokens[0]]));
      sequence.rewind(1);
      assert.deepEqual(dense(sequence.logps()), again[1]);
    });

    it('does not disturb another sequence of the same model', async () => {
      const [a, b] = [open(), open()];
      await Promise.all([a.seek(long, never), b.seek(oracle.tokens, never)]);
      await Promise.all([a.push(30, never), b.push(40, never)]);
      close(dense(a.logps()), await rowOf([...long, 30]));
      close(dense(b.logps()), await rowOf([...oracle.tokens, 40]));
    });

    it('goes on from a copy of another, and leaves that as it was', async () => {
      const { tokens } = oracle;
      const [from, copy] = [open(), open()];
      await from.seek([...tokens, 40, 41], never);
      await copy.seek(long, never);
      copy.adopt(from, 11);
      assert.equal(copy.length, 11);
      assert.throws(() => copy.logps(), /was not evaluated/);
      assert.equal(copy.sharedLength(tokens), 11);
      const other = [...tokens.slice(0, 11), 50, 51, 52];
      assert.deepEqual(await copy.seek(other, never), { nCached: 11, nPrefilled: 3 });
      close(dense(copy.logps()), await rowOf(other));
      await from.push(42, never);
      close(dense(from.logps()), await rowOf([...tokens, 40, 41, 42]));
      await copy.push(53, never);
      close(dense(copy.logps()), await rowOf([...other, 53]));
      assert.throws(() => copy.adopt(from, 100), /Cannot copy/);
    });

    it('keeps what was evaluated when it is cancelled between chunks', async () => {
      const sequence = open();
      const controller = new AbortController();
      const seeking = sequence.seek(long, controller.signal);
      // The first pass is on its way by then and cannot be stopped; the second must not begin.
      setImmediate(() => controller.abort());
      await assert.rejects(seeking, isAbortError);
      assert.equal(sequence.length, PREFILL_CHUNK);
      const report = await sequence.seek(long, never);
      assert.deepEqual(report, { nCached: PREFILL_CHUNK, nPrefilled: long.length - PREFILL_CHUNK });
      close(dense(sequence.logps()), await rowOf(long));
    });

    it('sees a cancellation that arrives while a chunk is evaluated', async () => {
      const sequence = open();
      const controller = new AbortController();
      const seeking = sequence.seek(long, controller.signal);
      // The pass runs in the event loop's next turn, this in the one after it.
      setImmediate(() => setImmediate(() => controller.abort()));
      await assert.rejects(seeking, isAbortError);
      assert.equal(sequence.length, PREFILL_CHUNK);
    });

    it('evaluates nothing for a signal that has aborted already', async () => {
      const sequence = open();
      await assert.rejects(sequence.seek(long, AbortSignal.abort()), isAbortError);
      await sequence.seek([20], never);
      await assert.rejects(sequence.push(21, AbortSignal.abort()), isAbortError);
      assert.equal(sequence.length, 1);
    });

    it('refuses more tokens than the model holds, and stays usable', async () => {
      const sequence: Sequence = open();
      const isTooLong = (error: unknown) => error instanceof UserError && error.code === 'prompt-too-long';
      const { contextLength } = loaded.model;
      await assert.rejects(sequence.seek(someTokens(contextLength + 1), never), isTooLong);
      await sequence.seek(someTokens(contextLength), never);
      await assert.rejects(sequence.push(20, never), isTooLong);
      await sequence.seek(oracle.tokens, never);
      close(dense(sequence.logps()), await rowOf(oracle.tokens));
    });

    it('refuses two passes at once', async () => {
      const sequence = open();
      const first = sequence.seek(oracle.tokens, never);
      await assert.rejects(sequence.seek(long, never), /already being evaluated/);
      await first;
      close(dense(sequence.logps()), await rowOf(oracle.tokens));
    });
  });
}
