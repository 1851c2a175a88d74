/** How many steps a job takes: what fits into its minutes at the speed of this machine, measured once and then kept. */
import type { DryRun, TrainingSpec } from '../protocol/training';
import { readJobFile, writeJobFile } from './jobFiles';
import { PAIR_LENGTH, PAIRS_A_STEP, ROW_LENGTH, ROWS_A_STEP } from './objectives';
import type { DataAccount } from './preparedData';

export const PLAN_FILE = 'plan.json';
/** More rounds over the same code only memorise it; the held-out files would stop a little later. */
const MOST_EPOCHS = 16;
/** A preference is learnt in few rounds; more wears the rest of the module down. */
const MOST_EPOCHS_OF_PAIRS = 6;
const FEWEST_STEPS = 8;
/** Share of the training time that drawing samples takes at most, and minutes of measuring in the end. */
const SAMPLING_SHARE = 0.2;
const MEASURING_MINUTES = 1;

export interface Plan {
  readonly nSteps: number;
  readonly tokensPerS: number;
}

export function tokensOfStep(spec: TrainingSpec): number {
  const ofCode = ROWS_A_STEP * ROW_LENGTH;
  if (spec.objective !== 'preference') return ofCode;
  return PAIRS_A_STEP * 2 * PAIR_LENGTH + (spec.replayShare > 0 ? ofCode / 2 : 0);
}

export function planOf(spec: TrainingSpec, account: DataAccount, tokensPerS: number): Plan {
  if (spec.nSteps !== undefined) return { nSteps: spec.nSteps, tokensPerS };
  const ofStep = tokensOfStep(spec);
  const inTime = (spec.minutes * 60 * tokensPerS) / ofStep;
  const isOfPairs = spec.objective === 'preference';
  const inEpochs = isOfPairs
    ? (MOST_EPOCHS_OF_PAIRS * account.nPairs) / PAIRS_A_STEP
    : (MOST_EPOCHS * account.nTrainTokens) / ((1 - spec.replayShare) * ofStep);
  return { nSteps: Math.max(FEWEST_STEPS, Math.round(Math.min(inTime, inEpochs))), tokensPerS };
}

export function dryRunOf(spec: TrainingSpec, account: DataAccount, { nSteps, tokensPerS }: Plan): DryRun {
  const nTokens = nSteps * tokensOfStep(spec);
  const trainingMinutes = nTokens / tokensPerS / 60;
  const draws = spec.objective === 'ram' || spec.objective === 'ram-normalised';
  const nNew = spec.objective === 'preference' ? account.nPairs * 2 * PAIR_LENGTH : account.nTrainTokens;
  return {
    ...account,
    tokensPerS,
    minutes: trainingMinutes * (draws ? 1 + SAMPLING_SHARE : 1) + MEASURING_MINUTES,
    epochs: ((1 - spec.replayShare) * nTokens) / Math.max(1, nNew),
  };
}

export function writePlan(dir: string, plan: Plan): Promise<void> {
  return writeJobFile(dir, PLAN_FILE, JSON.stringify(plan));
}

export async function readPlan(dir: string): Promise<Plan | undefined> {
  const text = await readJobFile(dir, PLAN_FILE);
  return text && (JSON.parse(text.toString('utf8')) as Plan);
}
