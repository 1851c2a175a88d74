/** A graph that lists its likeliest tokens: what it lists is what whole rows say, and no whole row leaves it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { ByteConstraint } from '../../src/core/byteConstraint';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { seekAll } from '../../src/core/lockstep';
import { mixtureWeight } from '../../src/core/mixture';
import type { Sequence, Wanted } from '../../src/core/model';
import { NgramModel } from '../../src/core/ngram/ngram';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { seededRandom } from '../../src/core/random';
import { likeliestOf, type Row, WholeRow } from '../../src/core/row';
import { DeltaGraph } from '../../src/engine/deltaGraph';
import { PREFILL_CHUNK } from '../../src/engine/onnxModel';
import type { Proposal } from '../../src/engine/proposal';
import { openSession, type Session } from '../../src/engine/session';
import { EngineClient } from '../../src/host/engineClient';
import { plainParams } from '../unit/support/decodeParams';
import { dense } from '../unit/support/rows';
import { DELTA, expectedLogps, never, openProposal, oracleOf, proposalDir, someTokens } from './support/fixtures';

const V = 320;
const K = 64;
const SAME = 1e-4;
const oracle = oracleOf('delta-top');

describe('a graph that lists rows', () => {
  let loaded: Proposal;
  let whole: Proposal;
  before(async () => {
    loaded = await openProposal(proposalDir('delta-top'));
    whole = await openProposal(proposalDir('delta'));
  });
  after(() => Promise.all([loaded.model.close(), whole.model.close()]));

  const listed = (row: Row) => [...row.ids.subarray(0, row.n)];
  /** The row lists what it should, with what `logps` says of it, and the mass of the others. */
  function assertLists(row: Row, logps: ArrayLike<number>, wanted: Wanted): void {
    assert.equal(row.vocabSize, V);
    const best = likeliestOf(new WholeRow(Float32Array.from(logps)), K);
    assert.deepEqual(new Set(listed(row)), new Set([...best, ...Array.from(wanted)]));
    assert.equal(new Set(listed(row)).size, row.n);
    let rest = 1;
    for (let token = 0; token < V; token++) {
      if (row.logp(token) === -Infinity) continue;
      assert.ok(Math.abs(row.logp(token) - logps[token]) < SAME, `${row.logp(token)}, not ${logps[token]}`);
      rest -= Math.exp(logps[token]);
    }
    assert.ok(Math.abs(Math.exp(row.logRest) - rest) < SAME, `${Math.exp(row.logRest)}, not ${rest}`);
  }

  it('gives what transformers computes, of its 64 likeliest tokens and those that are wanted', async () => {
    for (const [i, last] of oracle.rows.entries()) {
      const expected = expectedLogps(oracle.logits[i]);
      const order = [...expected.keys()].sort((a, b) => expected[b] - expected[a]);
      const wanted = [order[0], order[100], order[319], order[319], order[63]];
      const sequence = loaded.model.open();
      await sequence.seek(oracle.tokens.slice(0, last + 1), never, { wanted });
      assertLists(sequence.logps(), expected, wanted);
      const plain = loaded.model.open();
      await plain.seek(oracle.tokens.slice(0, last + 1), never);
      assertLists(plain.logps(), expected, []);
    }
  });

  it('gives the same by steps, by verifying and after a rewind, and each row what was wanted of its pass', async () => {
    const { tokens } = oracle;
    const reference = whole.model.open();
    await reference.seek(tokens.slice(0, 4), never);
    const rows = (await reference.verify(tokens.slice(4), never)).map(dense);
    const unlikely = [...rows[3].keys()].sort((a, b) => rows[3][a] - rows[3][b]).slice(0, 3);

    const stepped = loaded.model.open();
    await stepped.seek(tokens.slice(0, 4), never);
    for (const [i, token] of tokens.slice(4).entries()) {
      await stepped.push(token, never, unlikely);
      assertLists(stepped.logps(), rows[i], unlikely);
    }
    const verified = loaded.model.open();
    await verified.seek(tokens.slice(0, 4), never, { wanted: [7] });
    const drafted = await verified.verify(tokens.slice(4), never, unlikely);
    for (const [i, row] of drafted.entries()) assertLists(row, rows[i], unlikely);
    verified.rewind(tokens.length - 6);
    assertLists(verified.logps(), rows[1], unlikely);
    verified.rewind(2);
    assert.ok(listed(verified.logps()).includes(7));
  });

  it('evaluates the last token again when something else is wanted of its row', async () => {
    const { tokens } = oracle;
    const n = tokens.length;
    const sequence = loaded.model.open();
    const seek = async (wanted: Wanted) => (await sequence.seek(tokens, never, { wanted })).nPrefilled;
    const worst = expectedLogps(oracle.logits[3]);
    const order = [...worst.keys()].sort((a, b) => worst[a] - worst[b]);
    assert.deepEqual(
      [await seek([]), await seek([]), await seek(order.slice(0, 2)), await seek([order[1]]), await seek([order[5]])],
      [n, 0, 1, 0, 1],
    );
    assertLists(sequence.logps(), worst, [order[5]]);
    assert.equal(await seek([order[319]]), 0, 'what is likely is listed anyway');
  });

  it('gives whole rows to those who ask for them', async () => {
    const sequence = loaded.model.open({ rows: 'whole' });
    await sequence.seek(oracle.tokens, never, { wanted: [1] });
    const expected = expectedLogps(oracle.logits[3]);
    assert.equal(sequence.logps().n, V);
    for (const [token, logp] of expected.entries())
      assert.ok(Math.abs(sequence.logps().logp(token) - logp) < oracle.tolerance);
  });

  it('hands over what is needed, and never a whole row of a chunk or of a step', async () => {
    const file = path.join(proposalDir('delta-top'), 'onnx/model_fp32.onnx');
    const session = await openSession(file, [], 0, { nThreads: 1 });
    const fetched: (readonly string[])[] = [];
    const watched = {
      inputs: session.inputs,
      outputs: session.outputs,
      run: (feeds: Parameters<Session['run']>[0], fetches: readonly string[]) => {
        fetched.push([...fetches].sort());
        return session.run(feeds, fetches);
      },
    } as unknown as Session;
    const graph = new DeltaGraph(watched, 1024);
    assert.ok(graph.listsRows);
    const tokens = someTokens(8);
    const lists = ['log_sum', 'new_kv', 'top_ids', 'top_logits'];
    const cache = graph.openCache('listed');
    assert.equal(await cache.append(tokens, 0, 4, 0, []), undefined);
    await cache.append(tokens, 4, 6, 2, []);
    await cache.append(tokens, 6, 8, 1, [5]);
    await graph.openCache('whole').append(tokens, 0, 8, 1, [5]);
    assert.deepEqual(fetched, [['new_kv'], lists, [...lists, 'wanted_logits'], ['logits', 'new_kv']]);
    await session.close();
  });

  it('counts rows of the vocabulary only where there are some', async () => {
    const before = loaded.model.sizeBytes;
    const sequence = loaded.model.open();
    const opened = loaded.model.sizeBytes - before;
    await sequence.seek(someTokens(PREFILL_CHUNK), never);
    const withOne = loaded.model.sizeBytes - before;
    assert.ok(withOne - opened >= V * 4 && withOne - opened < V * 16);
    await sequence.verify(someTokens(3), never);
    assert.equal(loaded.model.sizeBytes - before - opened, 4 * (withOne - opened));
    sequence.close();
    assert.equal(loaded.model.sizeBytes, before);
  });

  describe('decodes as from whole rows', () => {
    interface Told {
      readonly id: number;
      readonly p: number;
      readonly aligned: number;
    }
    function assertSame(actual: readonly Told[], expected: readonly Told[], what: string): void {
      assert.deepEqual(
        actual.map(({ id }) => id),
        expected.map(({ id }) => id),
        what,
      );
      for (const [i, { p, aligned }] of expected.entries()) {
        assert.ok(Math.abs(actual[i].p - p) < SAME, `${what}: ${actual[i].p}, not ${p}`);
        assert.ok(Math.abs(actual[i].aligned - aligned) < SAME, `${what}: ${actual[i].aligned}, not ${aligned}`);
      }
    }
    async function run(
      proposal: Sequence,
      aligners: readonly AlignerSource[],
      over: Partial<DecodeParams>,
    ): Promise<Told[]> {
      const params = plainParams(V, { topP: 0.5, endToken: 0, maxTokens: 8, ...over, history: [] });
      const prompt = oracle.tokens.slice(0, 9);
      const constraint = over.constraint;
      await seekAll(proposal, aligners, prompt, constraint, never);
      const told: Told[] = [];
      for await (const { token, p, aligned } of decode(proposal, aligners, params, never))
        told.push({ id: token, p, aligned });
      return told;
    }

    it('alone, and with an instant module mixed in', async () => {
      const store = new NgramStore(V, 1 << 20);
      store.put('f', '', [...oracle.tokens.slice(4, 12), 300, 301, 302, ...oracle.tokens.slice(7, 9), 300, 301, 302]);
      await store.settle(async () => {});
      const model = new NgramModel(store, loaded.tokenizer);
      for (let seed = 1; seed <= 6; seed++) {
        for (const isMixed of [false, true]) {
          const aligners = (): AlignerSource[] => {
            const sequence = model.open();
            const mixture = () => mixtureWeight([0.01, 0.5], sequence.recognition());
            return isMixed ? [{ rule: 'geometric', strength: 0.3, sequence, mixture }] : [];
          };
          const over = { random: seededRandom(seed), temperature: seed % 2 };
          const sparse = await run(loaded.model.open(), aligners(), over);
          assertSame(sparse, await run(whole.model.open(), aligners(), over), `${seed} ${isMixed}`);
        }
      }
    });

    it('in the engine, completions with modules too', async () => {
      const client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA });
      const complete = (id: string, seed: number, modules: readonly string[]) =>
        client.call(
          'complete',
          {
            proposal: { id, dir: path.join(DELTA, 'proposals', id) },
            modules: modules.map(name => ({ id: name, dir: path.join(DELTA, 'modules', name), strength: 0.3 })),
            text: {
              path: 'a.ts',
              prefix: 'let total = 0;\nfor (const val',
              lineRest: '',
              suffix: '}\n',
              neighbours: [],
            },
            sampling: { temperature: 0.9, topP: 0.25, repetitionPenalty: 1, seed, nCandidates: 8 },
            extent: 'line',
            maxTokens: 12,
            contextTokens: 200,
            nCompletions: 1,
          },
          never,
        );
      try {
        for (let seed = 1; seed <= 4; seed++) {
          for (const modules of [[], ['tiny'], ['tiny', 'other']]) {
            const [whole, sparse] = [await complete('tiny', seed, modules), await complete('tiny-top', seed, modules)];
            const of = ({ completions: [{ text, stop }] }: typeof whole) => ({ text, stop });
            assert.deepEqual(of(sparse), of(whole));
            assertSame(sparse.completions[0].tokens, whole.completions[0].tokens, `${seed} ${modules}`);
          }
        }
      } finally {
        client.dispose();
      }
    });

    it('under bytes that are owed, which its likeliest tokens do not begin with', async () => {
      const { tokenizer } = loaded;
      for (const owed of ['retu', 'q', ' ', '{']) {
        const bytes = new TextEncoder().encode(owed);
        const over = () => ({ topP: 1, maxTokens: 3, constraint: new ByteConstraint(tokenizer, bytes) });
        const [sparse, expected] = [
          await run(loaded.model.open(), [], { ...over(), temperature: 0 }),
          await run(whole.model.open(), [], { ...over(), temperature: 0 }),
        ];
        const ids = (told: readonly Told[]) => told.map(({ id }) => id);
        assert.deepEqual(ids(sparse), ids(expected));
        const written = tokenizer.decode(ids(sparse));
        assert.ok(written.startsWith(owed.slice(0, 1)), JSON.stringify(written));
      }
    });
  });
});
