/** What a training draws from a proposal and measures on it: samples, candidates, the strength of a pair, lines completed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAbortError } from '../../src/core/errors';
import type { LanguageModel, Sequence, Tokenizer } from '../../src/core/model';
import { seededRandom } from '../../src/core/random';
import { WholeRow } from '../../src/core/row';
import { ResponseDrawing } from '../../src/core/training/responseDrawing';
import { repeating, type TrainingRow } from '../../src/core/training/rows';
import type { Proposal } from '../../src/engine/proposal';
import type { TrainingSpec } from '../../src/protocol/training';
import { CandidateCache, N_CANDIDATES, NO_CANDIDATE_LOGP, type RowCandidates } from '../../src/trainer/candidates';
import { GradientSum } from '../../src/trainer/gradientSum';
import { HeldOut } from '../../src/trainer/heldOut';
import { evaluatePair, exactMatch, measurePair } from '../../src/trainer/pairEvaluation';
import { proposalSamples } from '../../src/trainer/proposalSamples';
import { setUp } from '../../src/trainer/setup';
import { dense } from '../unit/support/rows';
import { never, openProposal, proposalDir } from './support/fixtures';
import { PLACES, smallSources } from './support/training';
import { type Prepared, prepare, removeJobs, sources, tinySpec } from './support/trainingJob';

const T = 256;
const ignore = () => {};

describe('training beside a proposal', function () {
  this.timeout(60_000);
  let proposal: Proposal;
  let other: Proposal;
  let prepared: Prepared;
  before(async () => {
    proposal = await openProposal(proposalDir('delta'));
    // Another random model of the same vocabulary.
    other = await openProposal(proposalDir('llama'));
    prepared = await prepare(tinySpec, sources());
  });
  after(async () => {
    await proposal.model.close();
    await other.model.close();
    removeJobs();
  });
  /** The row of logps after `tokens`, evaluated by itself. */
  const rowAfter = async (model: LanguageModel, tokens: readonly number[]) => {
    const sequence = model.open();
    await sequence.seek(tokens, never);
    const row = dense(sequence.logps());
    sequence.close();
    return row;
  };

  describe('samples', () => {
    const spec: TrainingSpec = { ...tinySpec, objective: 'ram-normalised', minutes: 1 };
    const draw = (dir: string, of = spec, signal = never, onProgress: (a: number, b: number) => void = ignore) =>
      proposalSamples(dir, of, prepared.dataset, proposal, signal, onProgress);
    const all = (set: Awaited<ReturnType<typeof draw>>, n = set.nPrompts) =>
      Array.from({ length: n }, (_, i) => set.rows(i, T));

    it('are m responses to each prompt, that end with a line or the text', async () => {
      const { dir, dataset } = await prepare(spec, sources());
      const seen: (readonly [number, number])[] = [];
      const set = await draw(dir, spec, never, (done, total) => seen.push([done, total]));
      assert.equal(set.m, 4);
      assert.ok(set.nPrompts >= 16);
      assert.deepEqual(seen.at(-1), [set.nPrompts, set.nPrompts]);
      const { tokenizer } = dataset;
      const ends = (token: number) => tokenizer.bytes(token).length === 0 || tokenizer.bytes(token).includes(10);
      const prompts = dataset.samplePrompts(set.nPrompts);
      for (const [i, { truth, drawn }] of all(set).entries()) {
        const prompt = prompts[i];
        assert.equal(drawn.length, 4);
        assert.deepEqual(responseOf(truth), [...prompt.truth]);
        for (const row of [truth, ...drawn]) {
          assert.deepEqual(row.tokens.subarray(0, prompt.tokens.length), prompt.tokens);
          assert.equal(row.weights.indexOf(1), prompt.tokens.length - 1);
          const response = responseOf(row);
          assert.deepEqual(
            response.slice(0, -1),
            [...row.tokens.subarray(prompt.tokens.length)].slice(0, response.length - 1),
          );
          assert.ok(!response.slice(0, -1).some(ends) || row === truth);
          assert.ok(ends(response.at(-1)!) || response.length === 48);
        }
      }
      assert.ok(all(set).some(({ drawn }) => new Set(drawn.map(row => responseOf(row).join())).size > 1));
      assert.equal(set.meanTruthTokens, all(set).flatMap(s => responseOf(s.truth)).length / set.nPrompts);
    });

    it('are drawn from the proposal, each token after its prompt and what was drawn before', async () => {
      for (const objective of ['ram-normalised', 'ram'] as const) {
        const { dir } = await prepare(spec, sources());
        const set = await draw(dir, { ...spec, objective });
        const [temperature, topP] = objective === 'ram' ? [0.5, 0.95] : [1, 1];
        const drawing = new ResponseDrawing(proposal.model.vocabSize, temperature, topP);
        const random = seededRandom(spec.seed);
        for (const [i, { drawn }] of all(set, 4).entries())
          for (const [k, row] of drawn.entries()) {
            const at = row.weights.indexOf(1);
            for (const [j, token] of responseOf(row).slice(0, 4).entries()) {
              const logps = await rowAfter(proposal.model, [...row.tokens.subarray(0, at + 1 + j)]);
              assert.equal(token, drawing.draw(logps, random.uniform(i, k * 48 + j)), `${i}, ${k}, ${j}`);
            }
          }
      }
    });

    it('go on from where they were stopped, to the same ones', async () => {
      const { dir } = await prepare(spec, sources());
      const whole = all(await draw(dir));
      const file = path.join(dir, 'samples.bin');
      const bytes = readFileSync(file);
      assert.deepEqual(all(await draw(dir, spec, never, () => assert.fail('nothing is drawn again'))), whole);

      const { dir: again } = await prepare(spec, sources());
      const controller = new AbortController();
      const stopped = draw(again, spec, controller.signal, done => done === 5 && controller.abort());
      await assert.rejects(stopped, isAbortError);
      const later: number[] = [];
      assert.deepEqual(all(await draw(again, spec, never, done => later.push(done))), whole);
      assert.equal(later[0], 5);

      for (const damaged of [
        bytes.subarray(0, 30),
        bytes.subarray(0, bytes.length - 3),
        Buffer.from('{}'),
        Buffer.alloc(0),
      ]) {
        writeFileSync(file, damaged);
        assert.deepEqual(all(await draw(dir)), whole);
      }
    });

    it('are drawn anew for another seed, and not at all where none are needed', async () => {
      const { dir } = await prepare(spec, sources());
      const first = all(await draw(dir), 4);
      // Prompts are the data set's; only what is drawn depends on the spec.
      assert.notDeepEqual(all(await draw(dir, { ...spec, seed: 8 }), 4), first);
      const sharp = await draw(dir, { ...spec, objective: 'ram' });
      assert.equal(sharp.m, 1);
      assert.ok(sharp.nPrompts > 16);
      const { dir: empty } = await prepare(tinySpec, sources());
      assert.equal((await draw(empty, tinySpec)).nPrompts, 0);
      assert.ok(!existsSync(path.join(empty, 'samples.bin')));
    });
  });

  describe('candidates', () => {
    const open = (dir: string, over: { fingerprint?: string; rows?: () => TrainingRow; nKept?: number } = {}) => {
      const rows = repeating(over.rows ? { row: over.rows } : prepared.dataset.trainRows(T), 8);
      return CandidateCache.open(dir, { proposal, length: T, fingerprint: 'a', ...over, rows });
    };

    it('are the target and the proposal’s best at each position, with its own logps', async () => {
      const { dir } = await prepare(tinySpec, sources());
      const cache = await open(dir);
      const row = prepared.dataset.trainRows(T).row(3);
      const { ids, logps } = await cache.row(3, never);
      assert.deepEqual([ids.length, logps.length], [T * N_CANDIDATES, T * N_CANDIDATES]);
      for (const t of [0, 1, 100, 127, 128, 129, 200, 255]) {
        const at = t * N_CANDIDATES;
        if (row.targets[t] < 0) {
          assert.deepEqual([...logps.subarray(at, at + 2)], [0, NO_CANDIDATE_LOGP]);
          continue;
        }
        const expected = await rowAfter(proposal.model, [...row.tokens.subarray(0, t + 1)]);
        const others = Array.from(expected.keys()).filter(v => v !== row.targets[t]);
        others.sort((a, b) => expected[b] - expected[a]);
        assert.equal(ids[at], row.targets[t]);
        for (let c = 0; c < N_CANDIDATES; c++) {
          assert.ok(Math.abs(logps[at + c] - expected[ids[at + c]]) < 1e-3, `${t}, ${c}`);
          if (c > 0) assert.ok(Math.abs(expected[ids[at + c]] - expected[others[c - 1]]) < 1e-3);
        }
      }
      await cache.close();
    });

    it('are found again by index, computed again where the file is torn, and never for other data', async () => {
      const { dir } = await prepare(tinySpec, sources());
      const first = await open(dir);
      const kept = [await first.row(6, never), await first.row(0, never)];
      await first.close();
      const { dir: elsewhere } = await prepare(tinySpec, sources());
      const alone = await open(elsewhere);
      assert.deepEqual(await alone.row(0, never), kept[1]);
      await alone.close();
      const unread = () => assert.fail('found, not computed');
      const second = await open(dir, { rows: unread });
      assert.deepEqual([await second.row(6, never), await second.row(0, never)], kept);
      await second.close();

      const file = path.join(dir, 'candidates.bin');
      truncateSync(file, statSync(file).size - 100);
      const third = await open(dir);
      assert.deepEqual(await third.row(6, never), kept[0]);
      await third.close();
      const fourth = await open(dir, { fingerprint: 'b', rows: unread });
      await assert.rejects(fourth.row(0, never), /found, not computed/);
      await fourth.close();
    });

    it('are kept up to a bound, and are the same ones in the next round and after a stop, kept or not', async () => {
      const { dir } = await prepare(tinySpec, sources());
      const { dir: elsewhere } = await prepare(tinySpec, sources());
      const [small, large] = [await open(dir, { nKept: 2 }), await open(elsewhere)];
      const all: RowCandidates[] = [];
      for (let i = 0; i < 8; i++) all.push(await large.row(i, never));
      for (let i = 0; i < 10; i++) assert.deepEqual(await small.row(i, never), all[i % 8]);
      await small.close();
      const record = 4 + 4 * T * N_CANDIDATES;
      assert.equal(statSync(path.join(dir, 'candidates.bin')).size, 32 + 2 * record);
      const again = await open(dir, { nKept: 2 });
      assert.deepEqual(await again.row(7, never), all[7]);
      await again.close();

      for (let i = 8; i < 24; i++) await large.row(i, never);
      await large.close();
      assert.equal(statSync(path.join(elsewhere, 'candidates.bin')).size, 32 + 8 * record);
      const read = await open(elsewhere, { rows: () => assert.fail('found, not computed') });
      for (const i of [3, 11, 19]) assert.deepEqual(await read.row(i, never), all[3]);
      await read.close();
    });

    it('are asked for in rounds over the same rows, so that a long training finds them', async () => {
      const spec: TrainingSpec = { ...tinySpec, objective: 'joint', nSteps: 6 };
      const few = smallSources().map(({ name, text }) => ({ name, text: text.slice(0, 1200) }));
      const { dir, account } = await prepare(spec, few);
      const setup = await setUp(dir, spec, { nSteps: 6, secondsAStep: 0.7 }, PLACES, never);
      const { objective } = await setup.judge(ignore);
      const sum = new GradientSum(setup.graph);
      const sizes: number[] = [];
      const nRows = Math.ceil((2 * account.nTrainTokens) / 512);
      for (let step = 0; step < nRows / 4 + 2; step++) {
        await objective.step(step, sum, never);
        sizes.push(statSync(path.join(dir, 'candidates.bin')).size);
      }
      await setup.close();
      assert.ok(nRows < 24 && sizes[0] < sizes[1], `${nRows}`);
      assert.equal(sizes.at(-1), 32 + nRows * (4 + 4 * 512 * N_CANDIDATES));
    });

    it('stop when they are no longer wanted', async () => {
      const { dir } = await prepare(tinySpec, sources());
      const cache = await open(dir);
      await assert.rejects(cache.row(1, AbortSignal.abort()), isAbortError);
      await cache.close();
    });
  });

  describe('evaluation', () => {
    it('measures what row by row gives, on the half that reports alone', async () => {
      const rows = prepared.dataset.heldOutRows(T, 4);
      const result = await evaluatePair(proposal.model, other.model, rows, never);
      let n = 0;
      let [p, q, pair] = [0, 0, 0];
      for (const row of rows.filter(one => one.half === 'report')) {
        for (let t = 0; t < T; t++) {
          if (row.weights[t] === 0) continue;
          n++;
          if (n % 16 > 0) continue;
          const tokens = [...row.tokens.subarray(0, t + 1)];
          const [pRow, qRow] = [await rowAfter(proposal.model, tokens), await rowAfter(other.model, tokens)];
          p -= pRow[row.targets[t]];
          q -= qRow[row.targets[t]];
          const scores = pRow.map((logp, v) => (1 - result.strength) * logp + result.strength * qRow[v]);
          pair += Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0)) - scores[row.targets[t]];
        }
      }
      assert.equal(result.n, n);
      assert.ok(n > 200);
      // A sixteenth of the positions stands for all.
      const k = Math.floor(n / 16);
      for (const [sum, scores] of [
        [p, result.proposal],
        [q, result.aligner],
        [pair, result.pair],
      ] as const)
        assert.ok(Math.abs(sum / k - scores.nats) < 0.5, `${sum / k} against ${scores.nats}`);
    });

    it('is exact at every position: prefixes without targets are passed over, chunks do not matter', async () => {
      const [row] = prepared.dataset.heldOutRows(400, 1);
      for (const from of [0, 130, 300]) {
        const weights = row.weights.map((weight, t) => (t >= from ? weight : 0));
        const { n, proposal: scores } = await measurePair(
          proposal.model,
          proposal.model,
          [{ ...row, weights }],
          { strength: 0, temperature: 1 },
          never,
        );
        let nats = 0;
        let m = 0;
        for (let t = 0; t < weights.length; t++) {
          if (weights[t] === 0) continue;
          m++;
          nats -= (await rowAfter(proposal.model, [...row.tokens.subarray(0, t + 1)]))[row.targets[t]];
        }
        assert.equal(n, m);
        assert.ok(Math.abs(nats / m - scores.nats) < 1e-3, `${nats / m} against ${scores.nats}`);
      }
    });

    it('is made at a strength that is known beforehand, where there is one', async () => {
      const of = new HeldOut(prepared.dataset, proposal, { rule: 'geometric' });
      const rows = prepared.dataset.heldOutRows(512, 48).filter(row => row.half === 'report');
      const author = knowing(rows, proposal.model.vocabSize);
      const calibration = { strength: 0.35, temperature: 1 };
      const scores = await of.judge(author, never, calibration);
      assert.deepEqual([scores.strength, scores.temperature], [0.35, 1]);
      const { pair } = await measurePair(proposal.model, author, rows, calibration, never);
      assert.equal(scores.evaluation[0].aligned, Math.round(pair.nats * 1e4) / 1e4);
    });

    it('finds that a copy of the proposal adds nothing, and the file’s own author everything', async () => {
      const rows = prepared.dataset.heldOutRows(T, 6);
      const same = await evaluatePair(proposal.model, proposal.model, rows, never);
      assert.equal(same.pair.top1, same.proposal.top1);
      assert.ok(Math.abs(same.aligner.nats - same.proposal.nats) < 1e-6);
      const author = await evaluatePair(proposal.model, knowing(rows, proposal.model.vocabSize), rows, never);
      assert.equal(author.strength, 1);
      assert.ok(author.pair.nats < 0.2 && author.pair.top1 > 0.99);
      assert.ok(author.proposal.nats > 3);
    });

    it('does not take for a gain what a temperature does, which the proposal alone could have too', async () => {
      const rows = prepared.dataset.heldOutRows(T, 4);
      // Right everywhere, and less sure of it than it could be.
      const modest = knowing(rows, proposal.model.vocabSize, 0.5);
      const { temperature, proposal: alone, pair } = await evaluatePair(modest, modest, rows, never);
      assert.ok(temperature < 1, `${temperature}`);
      assert.ok(Math.abs(alone.nats - Math.LN2) < 0.05 && Math.abs(pair.nats - alone.nats) < 1e-6, `${pair.nats}`);
    });

    it('completes lines as they are served, and counts those that are their author’s', async () => {
      const { tokenizer } = prepared.dataset;
      // The small vocabulary spells most words letter by letter.
      const cuts = prepared.dataset.heldOutCuts(12).filter(cut => tokenizer.encode(cut.truth).length < 40);
      assert.ok(cuts.length >= 4);
      const before = await exactMatch(proposal, other.model, cuts, 0.5, never);
      assert.deepEqual(before, { n: cuts.length, proposal: 0, aligned: 0 });
      // A proposal that would rather end each line, and an aligner that knows how they go on.
      const texts = cuts.map(cut => `${cut.text.prefix}${cut.truth}\n`);
      const { vocabSize } = proposal.model;
      const rest = (tokens: readonly number[]) => restOf(texts, tokenizer, tokens);
      const newline = tokenizer.encode('\n')[0];
      const hesitant = oracle(vocabSize, tokens => [
        [newline, 0.5],
        ...[rest(tokens) ?? newline].map(t => [t, 0.4] as const),
      ]);
      const sure = oracle(vocabSize, tokens => [[rest(tokens) ?? newline, 0.99]]);
      const by = (model: LanguageModel) => ({ ...proposal, model: model as Proposal['model'] });
      const after = await exactMatch(by(hesitant), sure, cuts, 0.5, never);
      assert.deepEqual(after, { n: cuts.length, proposal: 0, aligned: 1 });
      // One that would rather not finish the word at the cursor has to, and then knows how the line goes on.
      const ends = cuts.map(cut => cut.text.prefix.slice(-20));
      const isBehind = (tokens: readonly number[]) =>
        ends.some(end => tokenizer.decode(tokens.slice(-200)).includes(end));
      const unwilling = oracle(vocabSize, tokens =>
        isBehind(tokens)
          ? [[rest(tokens) ?? newline, 0.99]]
          : [[newline, 0.5], ...[rest(tokens) ?? newline].map(t => [t, 0.4] as const)],
      );
      assert.equal((await exactMatch(by(unwilling), sure, cuts, 0, never)).proposal, 1);
    });

    it('stops when it is no longer wanted', async () => {
      const rows = prepared.dataset.heldOutRows(T, 2);
      await assert.rejects(evaluatePair(proposal.model, other.model, rows, AbortSignal.abort()), isAbortError);
    });
  });
});

function responseOf(row: TrainingRow): number[] {
  return [...row.targets].filter(target => target >= 0);
}

/** A model that gives some tokens the probabilities that `next` says, and the others what is left. */
function oracle(
  vocabSize: number,
  next: (tokens: readonly number[]) => readonly (readonly [token: number, p: number])[],
): LanguageModel {
  const rowOf = (tokens: readonly number[]) => {
    const known = next(tokens);
    const left = 1 - known.reduce((sum, [, p]) => sum + p, 0);
    const row = new Float32Array(vocabSize).fill(Math.log(left / (vocabSize - known.length)));
    for (const [token, p] of known) row[token] = Math.log(p);
    return new WholeRow(row);
  };
  const open = (): Sequence => {
    let tokens: number[] = [];
    return {
      get length() {
        return tokens.length;
      },
      seek: async wanted => {
        tokens = [...wanted];
        return { nCached: 0, nPrefilled: tokens.length };
      },
      logps: () => rowOf(tokens),
      push: async token => {
        tokens.push(token);
      },
      verify: async draft =>
        draft.map(token => {
          tokens.push(token);
          return rowOf(tokens);
        }),
      rewind: n => {
        tokens.length -= n;
      },
      close: ignore,
    };
  };
  return { tokenizerId: 'oracle', vocabSize, contextLength: 4096, open };
}

/** Knows the targets of these rows, and gives them this probability. */
function knowing(rows: readonly TrainingRow[], vocabSize: number, p = 0.99): LanguageModel {
  const targets = new Map(
    rows.flatMap(row => [...row.targets].map((target, t) => [row.tokens.subarray(0, t + 1).join(), target] as const)),
  );
  return oracle(vocabSize, tokens => {
    const target = targets.get(tokens.join());
    return target === undefined || target < 0 ? [] : [[target, p]];
  });
}

/** The token that the one of the texts goes on with which `tokens` are the end of. */
function restOf(
  texts: readonly string[],
  tokenizer: Pick<Tokenizer, 'encode' | 'decode'>,
  tokens: readonly number[],
): number | undefined {
  const written = tokenizer.decode(tokens.slice(-200));
  for (let length = Math.min(200, written.length); length >= 10; length--)
    for (const text of texts) {
      const at = text.lastIndexOf(written.slice(-length));
      const rest = at < 0 ? '' : text.slice(at + length);
      if (rest !== '') return tokenizer.encode(rest)[0];
    }
  return undefined;
}
