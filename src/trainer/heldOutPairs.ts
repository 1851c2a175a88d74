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

/** Share of the pairs whose chosen response is the likelier one beside the proposal, at a strength of the `ratio` rule. */
export function preferredShare(differences: readonly PairDifference[], strength: number): number {
  const preferred = differences.filter(
    ({ proposal, aligner, reference }) => proposal + strength * (aligner - reference) > 0,
  );
  return preferred.length / Math.max(1, differences.length);
}

/** Mean of −log σ(β·(Δlog Q − Δlog Q0)); log 2 before anything is learned. */
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
  const wanted = targets.subarray(first, last + 1).filter((_, i) => weights[first + i] > 0);
  const rows = await sequence.verify([...tokens.subarray(first, last + 1)], signal, wanted);
  let sum = 0;
  for (let t = first; t <= last; t++) if (weights[t] > 0) sum += rows[t - first].logp(targets[t]);
  return sum;
}
