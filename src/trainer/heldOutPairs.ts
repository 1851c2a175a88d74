/** Preferences that were never trained on: is what was kept likelier than what was shown? */
import { throwIfAborted } from '../core/errors';
import type { LanguageModel, Sequence } from '../core/model';
import type { TrainingRow } from '../core/training/rows';
import type { PairRows } from './pairs';

export interface PairDifference {
  /** log-probability of the chosen response less that of the rejected one. */
  readonly proposal: number;
  readonly aligner: number;
  readonly reference: number;
}

const STRENGTHS = [0.25, 0.5, 0.75, 1, 1.5, 2];

export interface PreferenceScores {
  readonly n: number;
  readonly strength: number;
  /** Shares of the pairs in which the chosen response is the likelier one. */
  readonly proposal: number;
  readonly aligned: number;
}

/** Chooses the weakest of the best strengths. */
export function judgePreferences(differences: readonly PairDifference[]): PreferenceScores {
  const share = (strength: number) =>
    differences.filter(({ proposal, aligner, reference }) => proposal + strength * (aligner - reference) > 0).length /
    Math.max(1, differences.length);
  let best = STRENGTHS[0];
  for (const strength of STRENGTHS) if (share(strength) > share(best)) best = strength;
  return { n: differences.length, strength: best, proposal: share(0), aligned: share(best) };
}

/** Mean of −log σ(β·(Δlog Q − Δlog Q0)); log 2 before anything is learnt. */
export function preferenceLoss(differences: readonly PairDifference[], beta: number): number {
  const losses = differences.map(({ aligner, reference }) => Math.log1p(Math.exp(-beta * (aligner - reference))));
  return losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length);
}

export async function differencesOf(
  model: LanguageModel,
  pairs: readonly PairRows[],
  signal: AbortSignal,
): Promise<number[]> {
  const sequence = model.open();
  try {
    const differences: number[] = [];
    for (const { chosen, rejected } of pairs) {
      const chosenLogp = await logProbOf(sequence, chosen, signal);
      differences.push(chosenLogp - (await logProbOf(sequence, rejected, signal)));
    }
    return differences;
  } finally {
    sequence.close();
  }
}

/** Of all targets of a row together. */
async function logProbOf(sequence: Sequence, { tokens, targets, weights }: TrainingRow, signal: AbortSignal) {
  throwIfAborted(signal);
  const first = weights.findIndex(weight => weight > 0);
  const last = weights.findLastIndex(weight => weight > 0);
  if (first < 0) return 0;
  sequence.rewind(sequence.length);
  if (first > 0) await sequence.seek([...tokens.subarray(0, first)], signal);
  const rows = await sequence.verify([...tokens.subarray(first, last + 1)], signal);
  let sum = 0;
  for (let t = first; t <= last; t++) if (weights[t] > 0) sum += rows[t - first][targets[t]];
  return sum;
}
