/** A trainer that is killed at any moment: what is trained again from its folder is what would have become of it anyway. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EngineGone, isAbortError } from '../../src/core/errors';
import { startEngine } from '../../src/host/engineProcess';
import { Trainer } from '../../src/host/training/trainer';
import { RpcClient } from '../../src/protocol/rpc';
import type { TrainerMethods, TrainingProgress, TrainingSpec } from '../../src/protocol/training';
import { CHECKPOINT_FILE } from '../../src/trainer/checkpoint';
import { PLAN_FILE, tokensOfStep } from '../../src/trainer/plan';
import { DELTA, never } from './support/fixtures';
import { countedSpec, quotePairs, smallSources, weightsSha256 } from './support/training';
import { jobDir, removeJobs } from './support/trainingJob';

const SCRIPT = path.resolve('dist/trainer.js');

async function inTrainer<T>(work: (rpc: RpcClient<TrainerMethods>, kill: () => void) => Promise<T>): Promise<T> {
  const child = startEngine(
    { script: SCRIPT, modelsDir: DELTA, execPath: process.execPath },
    () => {},
    () => {},
  );
  try {
    return await work(new RpcClient<TrainerMethods>(child.channel), child.kill);
  } finally {
    child.kill();
  }
}

async function begun(spec: TrainingSpec): Promise<string> {
  const dir = jobDir();
  await inTrainer(async rpc => {
    await rpc.call('begin', { dir, spec }, () => {}, never);
    await rpc.call('addFiles', { dir, files: smallSources() }, () => {}, never);
    if (spec.objective === 'preference') await rpc.call('addPairs', { dir, pairs: quotePairs(24) }, () => {}, never);
    const { nTrainTokens, tokensPerS, minutes } = await rpc.call('prepare', { dir }, () => {}, never);
    assert.ok(nTrainTokens > 1000 && minutes > 0);
    const { secondsAStep } = JSON.parse(readFileSync(path.join(dir, PLAN_FILE), 'utf8'));
    assert.ok(Math.abs(tokensPerS * secondsAStep - tokensOfStep(spec)) < 1e-6);
  });
  return dir;
}

/** Trains until it is killed. @returns the weights when it came to an end before. */
function trainUntil(
  dir: string,
  isTime: (progress: TrainingProgress, n: number) => boolean,
): Promise<{ readonly sha256: string } | undefined> {
  return inTrainer(async (rpc, kill) => {
    let n = 0;
    const hear = (progress: TrainingProgress) => {
      if (isTime(progress, n++)) kill();
    };
    try {
      const { moduleDir } = await rpc.call('train', { dir }, hear, never);
      return { sha256: weightsSha256(moduleDir) };
    } catch (error) {
      assert.ok(error instanceof EngineGone, `${error}`);
      return undefined;
    }
  });
}

/** Steps taken, as the checkpoint says. */
function stepsKept(dir: string): number {
  const file = path.join(dir, CHECKPOINT_FILE);
  if (!existsSync(file)) return 0;
  const bytes = readFileSync(file);
  return JSON.parse(bytes.toString('utf8', 8, 8 + bytes.readUInt32LE(4))).step;
}

describe('a trainer that is killed', function () {
  // A trainer gives way to everything: on a busy machine it takes its time.
  this.timeout(600_000);
  after(removeJobs);

  const taken = (n: number) => (progress: TrainingProgress) => progress.phase === 'training' && progress.step >= n;
  const first = (phase: TrainingProgress['phase']) => (progress: TrainingProgress) => progress.phase === phase;
  const drawn = (n: number) => (progress: TrainingProgress, i: number) => progress.phase === 'sampling' && i >= n;
  const rows: [TrainingSpec['objective'], ((progress: TrainingProgress, i: number) => boolean)[]][] = [
    ['nll', [taken(0), taken(1), taken(3), taken(3), first('measuring'), first('writing')]],
    ['ram-normalised', [drawn(2), drawn(4), taken(2)]],
    ['joint', [taken(1), taken(2)]],
  ];
  for (const [objective, kills] of rows) {
    it(`goes on to the same weights and loses a step at most: ${objective}`, async () => {
      const spec: TrainingSpec = { ...countedSpec, objective, nSteps: objective === 'nll' ? 4 : 2 };
      const undisturbed = await trainUntil(await begun(spec), () => false);
      assert.ok(undisturbed !== undefined);

      const dir = await begun(spec);
      for (const isTime of kills) {
        const before = stepsKept(dir);
        let seen = 0;
        const killed = await trainUntil(dir, (progress, i) => {
          if (progress.phase === 'training') seen = Math.max(seen, progress.step);
          return isTime(progress, i);
        });
        assert.equal(killed, undefined);
        // A checkpoint follows each step here, and a step is told before it is kept.
        assert.ok(stepsKept(dir) >= Math.max(before, seen - 1), `${stepsKept(dir)} of ${seen} steps kept`);
      }
      assert.equal((await trainUntil(dir, () => false))?.sha256, undisturbed.sha256);
    });
  }

  it('never damages a module that is finished', async () => {
    const dir = await begun({ ...countedSpec, nSteps: 1, learningRate: 0 });
    const { sha256 } = (await trainUntil(dir, () => false))!;
    const outcome = readFileSync(path.join(dir, 'outcome.json'), 'utf8');
    assert.equal((await trainUntil(dir, () => assert.fail('it is over')))?.sha256, sha256);
    assert.equal(readFileSync(path.join(dir, 'outcome.json'), 'utf8'), outcome);
  });

  it('writes its checkpoint before it stops, when it is asked to, also while it looks at what is held out', async () => {
    const spec = { ...countedSpec, nSteps: 2, checkpointSeconds: 1000 };
    const undisturbed = await trainUntil(await begun(spec), () => false);
    const dir = await begun(spec);
    const trainer = new Trainer({ script: SCRIPT, modelsDir: DELTA, onLog: () => {} });
    const controller = new AbortController();
    const hear = ({ step, loss }: TrainingProgress) => step === 2 && loss !== undefined && controller.abort();
    try {
      await assert.rejects(trainer.train(dir, hear, controller.signal), isAbortError);
      assert.equal(stepsKept(dir), 2);
    } finally {
      trainer.end();
    }
    assert.equal((await trainUntil(dir, () => false))?.sha256, undisturbed?.sha256);
  });
});
