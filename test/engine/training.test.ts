/** The training loop on the tiny models: every objective to a module that completes, and what may go wrong on the way. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAbortError, UserError } from '../../src/core/errors';
import { findProposalFiles, loadTokenizer } from '../../src/engine/proposal';
import { EngineClient } from '../../src/host/engineClient';
import { resolveChoice } from '../../src/host/modules/moduleChoice';
import { Registry } from '../../src/host/modules/registry';
import {
  OBJECTIVES,
  type TrainingOutcome,
  type TrainingProgress,
  type TrainingSpec,
} from '../../src/protocol/training';
import { loadBase, weightsFile } from '../../src/trainer/base';
import { CHECKPOINT_FILE, readCheckpoint } from '../../src/trainer/checkpoint';
import type { Batch, GradientResult } from '../../src/trainer/gradientGraph';
import { GradientSum } from '../../src/trainer/gradientSum';
import type { Objective } from '../../src/trainer/objectives';
import { setUp } from '../../src/trainer/setup';
import { train } from '../../src/trainer/training';
import { copyOf, DELTA, never, removeCopies } from './support/fixtures';
import { countedSpec, heldOutNats, PLACES, prepared, type Trained, trainIn } from './support/training';
import { removeJobs } from './support/trainingJob';

const run = async (spec: TrainingSpec) => trainIn(await prepared(spec), spec);

describe('a training', function () {
  // A trainer gives way to everything: on a busy machine it takes its time.
  this.timeout(600_000);
  let whole: Trained;
  before(async () => {
    whole = await run(countedSpec);
  });
  after(() => {
    removeJobs();
    removeCopies();
  });

  it('lowers the loss on files that it never saw, step by step', () => {
    const nats = heldOutNats(whole.said);
    assert.equal(nats.length, 1 + 6);
    for (let i = 1; i < nats.length; i++) assert.ok(nats[i] < nats[i - 1], `${nats}`);
    const [row] = whole.outcome.evaluation;
    assert.equal(row.metric, 'nats/token');
    assert.ok(row.aligned < row.proposal);
    assert.equal(whole.outcome.state, 'finished');
    assert.ok(whole.outcome.strength > 0);
  });

  it('is the same to the bit with the same seed, and another with another', async () => {
    const again = await run(countedSpec);
    assert.deepEqual(heldOutNats(again.said), heldOutNats(whole.said));
    assert.equal(again.sha256, whole.sha256);
    const other = await run({ ...countedSpec, seed: 8 });
    assert.notDeepEqual(heldOutNats(other.said), heldOutNats(whole.said));
    assert.notEqual(other.sha256, whole.sha256);
  });

  it('learns the same on more threads', async () => {
    assert.equal((await run({ ...countedSpec, threads: 2 })).sha256, whole.sha256);
  });

  it('leaves nothing but a module in the module’s folder, and says in it how it was made', () => {
    assert.deepEqual(readdirSync(whole.outcome.moduleDir).sort(), ['model.safetensors', 'module.json']);
    const manifest = JSON.parse(readFileSync(path.join(whole.outcome.moduleDir, 'module.json'), 'utf8'));
    assert.equal(manifest.files['model.safetensors'], whole.sha256);
    const { objective, base, seed, tokens } = manifest.training;
    assert.deepEqual([objective, base, seed, tokens], ['nll', 'tiny', 7, 6 * 4 * 512]);
    assert.deepEqual(manifest.evaluation, whole.outcome.evaluation);
    assert.equal(manifest.strength.tiny, whole.outcome.strength);
  });

  for (const objective of OBJECTIVES) {
    it(`makes a module that the engine completes with: ${objective}`, async () => {
      const { outcome, said } = objective === 'nll' ? whole : await run({ ...countedSpec, objective, nSteps: 3 });
      assert.ok(said.some(({ phase }) => phase === 'writing'));
      const samples = said.flatMap(({ effectiveSamples = [] }) => effectiveSamples);
      assert.equal(samples.length > 0, objective === 'ram-normalised');
      for (const n of samples) assert.ok(n >= 1 && n <= 4, `${n} effective samples of 4`);
      // Tokens of code, or of pairs: what samples add is no more of it.
      if (objective !== 'nll') assert.equal(outcome.nTokens, 3 * 2048);
      await completes(outcome.moduleDir);
    });
  }

  for (const objective of OBJECTIVES) {
    it(`is timed by steps that do what its own will do: ${objective}`, async () => {
      const spec = { ...countedSpec, objective };
      const dir = await prepared(spec);
      const setup = await setUp(dir, spec, { nSteps: 6, secondsAStep: 1 }, PLACES, never);
      const [trial, { objective: real }] = [await setup.trial(), await setup.judge(() => {})];
      const shapesOf = async (of: Objective, step: number) => {
        const sum = new Recording(setup.graph);
        await of.step(step, sum, never);
        return sum.shapes;
      };
      const shapes = await shapesOf(trial, 0);
      assert.deepEqual(shapes, await shapesOf(real, 0));
      assert.equal(shapes.length, { nll: 2, ram: 4, 'ram-normalised': 7, joint: 2, preference: 4 }[objective]);
      const file = path.join(dir, 'candidates.bin');
      if (objective === 'joint') {
        // What is asked of the proposal is asked each time: nothing is found that would not be there.
        const { size } = statSync(file);
        await trial.step(3, new GradientSum(setup.graph), never);
        assert.equal(statSync(file).size, size);
      }
      await setup.close();
    });
  }

  it('puts what it did away when it is stopped, and goes on to what it would have become', async () => {
    const dir = await prepared(countedSpec);
    const controller = new AbortController();
    const stopped = trainIn(dir, countedSpec, controller.signal, ({ step, heldOut }) => {
      if (step === 3 && heldOut !== undefined) controller.abort();
    });
    await assert.rejects(stopped, isAbortError);
    assert.ok(existsSync(path.join(dir, CHECKPOINT_FILE)) && !existsSync(path.join(dir, 'module')));
    const { said, sha256, outcome } = await trainIn(dir, countedSpec);
    assert.equal(sha256, whole.sha256);
    assert.deepEqual(heldOutNats(said), heldOutNats(whole.said).slice(-3));
    assert.equal(outcome.nTokens, whole.outcome.nTokens);
  });

  it('takes the look at the held-out files that a stop came before, whatever it was stopped by', async () => {
    const dir = await prepared(countedSpec);
    const controller = new AbortController();
    // The loss of the last step is told before the look that it is due for.
    const stopped = trainIn(dir, countedSpec, controller.signal, ({ step, loss }) => {
      if (step === 6 && loss !== undefined) controller.abort();
    });
    await assert.rejects(stopped, isAbortError);
    const { said, sha256, outcome } = await trainIn(dir, countedSpec);
    assert.equal(sha256, whole.sha256);
    assert.deepEqual(heldOutNats(said), heldOutNats(whole.said).slice(-1));
    assert.deepEqual(outcome.evaluation, whole.outcome.evaluation);
    const stepsOf = ({ moduleDir }: TrainingOutcome) =>
      JSON.parse(readFileSync(path.join(moduleDir, 'module.json'), 'utf8')).training.steps;
    assert.deepEqual([stepsOf(outcome), stepsOf(whole.outcome)], [6, 6]);
  });

  it('stops at its memory, keeps what it learned, and goes on with more', async () => {
    const small = { ...countedSpec, memoryMiB: 128 };
    const dir = await prepared(small);
    const stops = (error: unknown) =>
      error instanceof UserError && error.code === 'training-memory' && /more than the 128 MiB/.test(error.message);
    await assert.rejects(trainIn(dir, small), stops);
    const { said, sha256 } = await trainIn(dir, { ...small, memoryMiB: 8192 });
    assert.equal(sha256, whole.sha256);
    assert.deepEqual(heldOutNats(said), heldOutNats(whole.said).slice(1));
  });

  it('starts over when its checkpoint is another training’s, or damaged', async () => {
    const dir = await prepared(countedSpec);
    /** @returns the step that it went on from. */
    const firstStep = async (spec = countedSpec) => {
      const controller = new AbortController();
      let first = -1;
      const hear = ({ step, phase }: TrainingProgress) => {
        if (first < 0 && phase === 'training') first = step;
        if (step > 0) controller.abort();
      };
      await assert.rejects(trainIn(dir, spec, controller.signal, hear), isAbortError);
      return first;
    };
    assert.equal(await firstStep(), 0);
    assert.ok((await firstStep()) > 0);
    assert.equal(await firstStep({ ...countedSpec, learningRate: 5e-3 }), 0);
    const file = path.join(dir, CHECKPOINT_FILE);
    const checkpoint = readFileSync(file);
    for (const left of [checkpoint.subarray(0, checkpoint.length - 4), Buffer.from('RCKP'), Buffer.alloc(64, 'x')]) {
      writeFileSync(file, left);
      assert.equal(await firstStep(), 0);
    }
  });

  it('says that the rate was too high when the loss is no number any more, and keeps what was one', async () => {
    const dir = await prepared(countedSpec);
    const setup = await setUp(dir, countedSpec, { nSteps: 6, secondsAStep: 0.7 }, PLACES, never);
    const judge = async () => {
      const { objective, ...rest } = await setup.judge(() => {});
      const step: Objective['step'] = async (n, sum, signal) => {
        const report = await objective.step(n, sum, signal);
        if (n === 2) sum.gradient[5] = Number.NaN;
        return report;
      };
      return { ...rest, objective: { ...objective, step } };
    };
    const isTold = (error: unknown) => error instanceof UserError && error.code === 'training-not-finite';
    await assert.rejects(
      train({ ...setup, judge }, () => {}, never),
      isTold,
    );
    const kept = await readCheckpoint(dir, setup.key);
    await setup.close();
    assert.equal(kept?.step, 2);
    assert.ok([kept.flat, kept.m, kept.v, kept.bestFlat].every(values => values.every(Number.isFinite)));
  });

  it('says so when the module is no better than the proposal alone', async () => {
    const spec = { ...countedSpec, base: { id: 'tiny', dir: await hopelessBase() }, learningRate: 0, nSteps: 1 };
    const { outcome } = await run(spec);
    assert.equal(outcome.state, 'no-gain');
    assert.equal(outcome.strength, 0);
    assert.ok(existsSync(path.join(outcome.moduleDir, 'module.json')));
  });
});

/** What the graph is run with. */
class Recording extends GradientSum {
  readonly shapes: (readonly [nRows: number, length: number])[] = [];

  override look(batch: Batch): Promise<GradientResult> {
    this.shapes.push([batch.nRows, batch.length]);
    return super.look(batch);
  }
}

/** A base that is sure of itself and wrong. */
async function hopelessBase(): Promise<string> {
  const dir = path.join(copyOf(DELTA), 'modules/tiny');
  const proposal = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };
  const tokenizer = await loadTokenizer(await findProposalFiles(proposal));
  const fitting = { id: 'tiny', tokenizerId: tokenizer.id, vocabSize: tokenizer.vocabSize };
  const base = await loadBase({ id: 'tiny', dir }, [path.join(DELTA, 'graphs')], fitting);
  const weights = weightsFile(
    base,
    base.flat.map(value => 8 * value),
  );
  writeFileSync(path.join(dir, 'model.safetensors'), weights);
  const file = path.join(dir, 'module.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.files['model.safetensors'] = createHash('sha256').update(weights).digest('hex');
  writeFileSync(file, JSON.stringify(manifest));
  return dir;
}

/** As the editor would ask with it: found among the person's own modules, beside what ships. */
async function completes(moduleDir: string): Promise<void> {
  const own = copyOf(moduleDir);
  const root = path.join(own, 'root');
  mkdirSync(path.join(root, 'modules'), { recursive: true });
  cpSync(moduleDir, path.join(root, 'modules/mine'), { recursive: true });
  const registry = new Registry(() => [
    { dir: DELTA, origin: 'shipped' },
    { dir: root, origin: 'personal' },
  ]);
  const [proposals, modules] = [await registry.proposals(), await registry.modules()];
  const { proposal, modules: uses } = resolveChoice('tiny', [{ id: 'mine', strength: 0.5 }], proposals, modules);
  const client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA });
  try {
    const { completions } = await client.call(
      'complete',
      {
        proposal,
        modules: uses,
        text: { path: 'src/a.ts', prefix: 'const name = ', lineRest: '', suffix: '', neighbours: [] },
        sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
        extent: 'line',
        maxTokens: 6,
        contextTokens: 200,
        nCompletions: 1,
      },
      never,
    );
    assert.ok(completions[0].tokens.length > 0);
    assert.ok(completions[0].tokens.some(({ p, aligned }) => Math.abs(p - aligned) > 1e-3));
  } finally {
    client.dispose();
  }
}
