// From records of feedback to a module that prefers what was kept: the real trainer and the real engine, on tiny models.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isAbortError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import { learnableOf } from '../../src/host/feedback/feedbackPairs';
import type { FeedbackRecord } from '../../src/host/feedback/feedbackRecord';
import { type AskedEngine, changesOn, PendingImprovement, pairsOf, trainOn } from '../../src/host/feedback/improvement';
import { improvementSpec } from '../../src/host/feedback/improvementSpec';
import type { Choice } from '../../src/host/modules/moduleChoice';
import type { CompleteResult } from '../../src/protocol/messages';
import type { ImprovementView } from '../../src/protocol/pages/improvement';
import { DELTA, proposalDir } from './support/fixtures';
import { jobDir, removeJobs } from './support/trainingJob';

const PROPOSAL = { id: 'tiny', dir: proposalDir('delta') };
const BASE = { id: 'tiny', dir: path.join(DELTA, 'modules', 'tiny') };
const ALONE: Choice = { proposal: PROPOSAL, modules: [], titles: [] };
const TRAINER = { script: path.resolve('dist/trainer.js'), modelsDir: DELTA, onLog: () => {} };
const WORDS = ['name', 'kind', 'size', 'path', 'line', 'text', 'mode', 'flag'];
const { signal } = new AbortController();

/** A person who writes double quotes where single ones are shown, at places that are all different. */
function record(i: number, over: Partial<FeedbackRecord> = {}): FeedbackRecord {
  const [a, b] = [WORDS[i % WORDS.length], WORDS[(i >> 3) % WORDS.length]];
  return {
    formatVersion: 1,
    at: new Date(i * 1000).toISOString(),
    outcome: i % 3 === 0 ? 'edited' : 'typedOver',
    languageId: 'typescript',
    proposal: 'tiny',
    modules: [],
    text: { path: 'src/a.ts', prefix: `const ${a}${i} = `, lineRest: '', suffix: '', neighbours: [] },
    shown: `'${b}';`,
    stood: `"${b}";`,
    ...over,
  };
}

describe('a module that learns from feedback', function () {
  this.timeout(240_000);
  const engine = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA, onLog: () => {} });
  const asked: AskedEngine = { complete: (request, during) => engine.call('complete', request, during) };
  const records = Array.from({ length: 48 }, (_, i) => record(i));
  const wanted = { id: 'my-feedback', title: 'Mine', description: '', proposal: PROPOSAL, base: BASE, threads: 1 };
  // The tiny models have no general code beside them.
  const spec = improvementSpec({ ...wanted, memoryMiB: 1024 }, { replayShare: 0, minutes: 0.2, learningRate: 3e-3 });
  after(() => {
    engine.dispose();
    removeJobs();
  });

  it('prefers what was kept on pairs that it was not trained on, and says so in its card', async () => {
    const dir = jobDir();
    const pending = new PendingImprovement(path.join(dir, 'improvement'));
    await pending.begin();
    const pairs = await pairsOf(learnableOf(records), ALONE, asked, signal);
    assert.equal(pairs.length, 48);
    const shares: number[] = [];
    const outcome = await trainOn(pairs, spec, pending.jobDir, TRAINER, ({ share }) => shares.push(share), signal);
    const [preferred] = outcome.evaluation;
    assert.equal(preferred.metric, 'preferred');
    assert.match(preferred.dataset, /held out$/);
    assert.ok(preferred.n >= 3);
    assert.equal(preferred.aligned, 1);
    const [, kept] = outcome.evaluation;
    assert.deepEqual([kept.metric, kept.dataset], ['nats/token', 'what was kept of suggestions, held out']);
    assert.ok(kept.aligned < kept.proposal);
    assert.equal(outcome.moduleDir, pending.moduleDir);
    assert.ok(shares.length > 2 && shares.at(-1) === 1);

    // It is an ordinary module: the engine completes with it, measured against its base by the ratio rule.
    const use = { id: 'my-feedback', dir: outcome.moduleDir, strength: outcome.strength };
    const rows = await changesOn(records, ALONE, { ...ALONE, modules: [use] }, asked, signal);
    assert.equal(rows.length, 20);
    assert.deepEqual([rows[0].head, rows[0].stood, rows[0].outcome], ['const flag47 = ', '"text";', 'typedOver']);
    assert.ok(rows.some(({ before, after }) => before !== after));

    const view = { id: 'my-feedback', rows } as unknown as ImprovementView;
    assert.equal(await pending.read(), undefined);
    await pending.keep(view);
    assert.deepEqual(await new PendingImprovement(path.join(dir, 'improvement')).read(), view);
    await pending.place(path.join(dir, 'modules'), 'my-feedback');
    assert.deepEqual(readdirSync(path.join(dir, 'modules', 'my-feedback')).sort(), [
      'model.safetensors',
      'module.json',
    ]);
    assert.equal(await pending.read(), undefined);
    assert.deepEqual(readdirSync(dir), ['modules']);
  });

  it('gains nothing where no preference is in the pairs, and says so', async () => {
    // Which side was kept is drawn by lot.
    const mixed = records.map((one, i) =>
      ((i * 2654435761) >>> 7) & 1 ? one : { ...one, shown: one.stood, stood: one.shown },
    );
    const { pairs } = learnableOf(mixed);
    const outcome = await trainOn(
      pairs,
      { ...spec, minutes: 0, learningRate: 1e-9 },
      jobDir(),
      TRAINER,
      () => {},
      signal,
    );
    const [{ proposal, aligned }] = outcome.evaluation;
    assert.equal(outcome.state, 'no-gain');
    assert.ok(aligned <= proposal);
  });

  it('learns from an accept of a module what the proposal alone would have written', async () => {
    const accepted = {
      outcome: 'accepted',
      modules: [{ id: 'tiny', strength: 1 }],
      shown: 'zzz',
      stood: 'zzz',
    } as const;
    const lanes: (string | undefined)[] = [];
    const fixed: AskedEngine = {
      async complete({ modules, lane }) {
        lanes.push(modules.length === 0 ? lane : 'with modules');
        const completions = [{ text: 'alone();\nmore();', tokens: [], stop: 'extent' }];
        return { completions } as unknown as CompleteResult;
      },
    };
    const [pair] = await pairsOf(learnableOf([record(1, accepted)]), ALONE, fixed, signal);
    assert.deepEqual([pair.chosen, pair.rejected, lanes], ['zzz', 'alone();', ['preview']]);
  });

  it('leaves nothing behind when it is discarded, also in the middle of the training', async () => {
    const dir = path.join(jobDir(), 'improvement');
    const pending = new PendingImprovement(dir);
    await pending.begin();
    const stopping = new AbortController();
    const { pairs } = learnableOf(records);
    const training = trainOn(pairs, spec, pending.jobDir, TRAINER, () => stopping.abort(), stopping.signal);
    await assert.rejects(training, isAbortError);
    await pending.discard();
    assert.ok(!existsSync(dir));
  });
});
