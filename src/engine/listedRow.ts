/** What a graph lists of a row, as a row: log P = logit − log Σ exp. */
import type { Wanted } from '../core/model';
import type { SparseRow } from '../core/row';
import type { ListedLogits } from './graph';

/** Writes row `row` of a pass that was asked for `wanted` into `out`. */
export function listRow(
  { topIds, topLogits, logSums, wantedLogits }: ListedLogits,
  row: number,
  wanted: Wanted,
  out: SparseRow,
): void {
  const k = topIds.length / logSums.length;
  const logSum = logSums[row];
  out.clear();
  for (let i = row * k; i < (row + 1) * k; i++) out.set(Number(topIds[i]), topLogits[i] - logSum);
  const from = row * wanted.length;
  for (let i = 0; i < wanted.length; i++) out.set(wanted[i], wantedLogits[from + i] - logSum);
  let mass = 0;
  for (let i = 0; i < out.n; i++) mass += Math.exp(out.values[out.ids[i]]);
  // The sum of rounded numbers may exceed 1.
  out.logRest = out.n === out.vocabSize ? -Infinity : Math.log1p(-Math.min(1, mass));
}
