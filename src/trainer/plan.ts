/** How many steps a job takes: what fits into its minutes at the speed of this machine, measured once and then kept. */
import type { DryRun, TrainingSpec } from '../protocol/training';
import { readJobFile, writeJobFile } from './jobFiles';
import { PAIR_LENGTH, PAIRS_A_STEP, ROW_LENGTH, ROWS_A_STEP } from './objectives';
import type { DataAccount } from './preparedData';

export const PLAN_FILE = 'plan.json';
/** More rounds over the same code only memorise it; the held-out files would stop a little later. */
const MOST_EPOCHS = 16;
/** A preference is learned in few rounds; more wears the rest of the module down. */
const MOST_EPOCHS_OF_PAIRS = 6;
const FEWEST_STEPS = 8;
/** Share of the wanted minutes that drawing samples takes at most, and minutes of measuring in the end. */
const SAMPLING_SHARE = 0.2;
const MEASURING_MINUTES = 1;

export interface Plan {
  readonly nSteps: number;
  /** Of this objective on this machine. */
  readonly secondsAStep: number;
}

/** Tokens of a step that are trained on, without those of samples: what is shown as speed and counted as rounds. */
export function tokensOfStep(spec: TrainingSpec): number {
  const ofCode = ROWS_A_STEP * ROW_LENGTH;
  if (spec.objective !== 'preference') return ofCode;
  return PAIRS_A_STEP * 2 * PAIR_LENGTH + (spec.replayShare > 0 ? ofCode / 2 : 0);
}

export function planOf(spec: TrainingSpec, account: DataAccount, secondsAStep: number): Plan {
  if (spec.nSteps !== undefined) return { nSteps: spec.nSteps, secondsAStep };
  const inTime = (spec.minutes * 60) / secondsAStep;
  const mostEpochs = spec.objective === 'preference' ? MOST_EPOCHS_OF_PAIRS : MOST_EPOCHS;
  const inEpochs = mostEpochs / epochsOf(spec, account, 1);
  return { nSteps: Math.max(FEWEST_STEPS, Math.round(Math.min(inTime, inEpochs))), secondsAStep };
}

/** How often so many steps see each token of the code, or each pair. */
export function epochsOf(spec: TrainingSpec, account: DataAccount, nSteps: number): number {
  if (spec.objective === 'preference') return (nSteps * PAIRS_A_STEP) / Math.max(1, account.nPairs);
  const replayShare = account.nReplayTokens > 0 ? spec.replayShare : 0;
  return ((1 - replayShare) * nSteps * tokensOfStep(spec)) / Math.max(1, account.nTrainTokens);
}

export function dryRunOf(spec: TrainingSpec, account: DataAccount, { nSteps, secondsAStep }: Plan): DryRun {
  const draws = spec.objective === 'ram' || spec.objective === 'ram-normalised';
  return {
    ...account,
    tokensPerS: tokensOfStep(spec) / secondsAStep,
    minutes: (nSteps * secondsAStep) / 60 + (draws ? SAMPLING_SHARE * spec.minutes : 0) + MEASURING_MINUTES,
    epochs: epochsOf(spec, account, nSteps),
  };
}

export function writePlan(dir: string, plan: Plan): Promise<void> {
  return writeJobFile(dir, PLAN_FILE, JSON.stringify(plan));
}

export async function readPlan(dir: string): Promise<Plan | undefined> {
  const text = await readJobFile(dir, PLAN_FILE);
  return text && (JSON.parse(text.toString('utf8')) as Plan);
}
