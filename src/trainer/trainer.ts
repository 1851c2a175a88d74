/** What the trainer can be asked, one job after the other. */
import { mkdir } from 'node:fs/promises';
import { throwIfAborted, UserError } from '../core/errors';
import { checkModuleNames } from '../core/manifest';
import { say } from '../core/sentence';
import { AdamW } from '../core/training/adamw';
import { findProposalFiles, loadTokenizer } from '../engine/proposal';
import type { Handlers } from '../protocol/rpc';
import { type DryRun, OBJECTIVES, type TrainerMethods, type TrainingSpec } from '../protocol/training';
import { DatasetWriter } from './dataset';
import { GradientSum } from './gradientSum';
import { readJobFile, writeJobFile } from './jobFiles';
import { dryRunOf, planOf, readPlan, writePlan } from './plan';
import { type Places, type Setup, setUp } from './setup';
import { readOutcome, train } from './training';

export const SPEC_FILE = 'spec.json';
/** Steps whose fastest tells how fast this machine trains. */
const N_TRIALS = 2;

export function createTrainer(places: Places): Handlers<TrainerMethods> {
  const writers = new Map<string, DatasetWriter>();
  const writer = (dir: string): DatasetWriter => {
    const found = writers.get(dir);
    if (found === undefined) throw new Error(`No training was begun in ${dir}.`);
    return found;
  };
  return {
    async begin({ dir, spec }) {
      checkSpec(spec);
      await mkdir(dir, { recursive: true });
      await writeJobFile(dir, SPEC_FILE, JSON.stringify(spec, null, 2));
      const tokenizer = await loadTokenizer(await findProposalFiles(spec.proposal));
      writers.set(dir, await DatasetWriter.create(dir, spec, tokenizer));
      return null;
    },
    async addFiles({ dir, files }) {
      await writer(dir).addFiles(files);
      return null;
    },
    async addPairs({ dir, pairs }) {
      await writer(dir).addPairs(pairs);
      return null;
    },
    async prepare({ dir }, _, signal) {
      const account = await writer(dir).finish();
      writers.delete(dir);
      const spec = await readSpec(dir);
      const setup = await setUp(dir, spec, { nSteps: 1, secondsAStep: 1 }, places, signal);
      try {
        const plan = planOf(spec, account, await secondsAStep(setup, signal));
        await writePlan(dir, plan);
        return dryRunOf(spec, account, plan) satisfies DryRun;
      } finally {
        await setup.close();
      }
    },
    async train({ dir }, onProgress, signal) {
      const done = await readOutcome(dir);
      if (done !== undefined) return done;
      const spec = await readSpec(dir);
      const plan = await readPlan(dir);
      if (plan === undefined) throw notPrepared();
      const setup = await setUp(dir, spec, plan, places, signal);
      try {
        return await train(setup, onProgress, signal);
      } finally {
        await setup.close();
      }
    },
  };
}

async function readSpec(dir: string): Promise<TrainingSpec> {
  const text = await readJobFile(dir, SPEC_FILE);
  if (text === undefined) throw notPrepared();
  try {
    const spec = JSON.parse(text.toString('utf8')) as TrainingSpec;
    checkSpec(spec);
    return spec;
  } catch {
    throw notPrepared();
  }
}

/** Of steps as the loop takes them; the weights stay where they are. */
async function secondsAStep({ base, graph, trial }: Setup, signal: AbortSignal): Promise<number> {
  const objective = await trial();
  const sum = new GradientSum(graph);
  const adam = new AdamW(graph.flat.length, base.layout.nDecayed);
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < N_TRIALS; i++) {
    throwIfAborted(signal);
    const startedMs = performance.now();
    sum.clear();
    await objective.step(i, sum, signal);
    adam.step(graph.flat, sum.gradient, 0);
    fastestMs = Math.min(fastestMs, performance.now() - startedMs);
  }
  return fastestMs / 1000;
}

function checkSpec(spec: TrainingSpec): void {
  const wrong = (field: string, value: unknown, wanted: string): UserError =>
    new UserError('training-spec', say`"${field}" of a training must be ${wanted}, not ${`${value}`}.`);
  if (spec?.formatVersion !== 1) throw wrong('formatVersion', spec?.formatVersion, '1');
  if (!OBJECTIVES.includes(spec.objective)) throw wrong('objective', spec.objective, OBJECTIVES.join(', '));
  const ranges = [
    ['minutes', 0, 24 * 60],
    ['learningRate', 0, 1],
    ['alpha', 0, 10],
    ['beta', 0, 10],
    ['threads', 1, 256],
    ['memoryMiB', 128, 2 ** 20],
  ] as const;
  for (const [field, from, to] of ranges) {
    const value = spec[field];
    if (!(Number.isFinite(value) && value >= from && value <= to))
      throw wrong(field, value, `a number from ${from} to ${to}`);
  }
  const { nSteps, checkpointSeconds } = spec;
  if (nSteps !== undefined && !(Number.isSafeInteger(nSteps) && nSteps >= 1))
    throw wrong('nSteps', nSteps, 'a whole number of at least 1');
  if (checkpointSeconds !== undefined && !(checkpointSeconds >= 0))
    throw wrong('checkpointSeconds', checkpointSeconds, 'a number of at least 0');
  if (!(spec.replayShare >= 0 && spec.replayShare < 1))
    throw wrong('replayShare', spec.replayShare, 'a number from 0 to below 1');
  checkModuleNames(spec.module);
}

function notPrepared(): UserError {
  return new UserError(
    'training-not-prepared',
    say`This training is not prepared, or its folder is damaged. Start it again.`,
  );
}
