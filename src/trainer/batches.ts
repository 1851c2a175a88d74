/** Rows put together as micro-batches. */
import type { TrainingRow } from '../core/training/rows';
import type { Batch } from './gradientGraph';

/** @param weightOf of each position of a row that counts; 0 leaves it out */
export function batchOf(rows: readonly TrainingRow[], weightOf: (row: number) => number): Batch {
  const length = rows[0].tokens.length;
  const n = rows.length * length;
  const tokens = new Int32Array(n);
  const targets = new Int32Array(n);
  const weights = new Float32Array(n);
  for (const [b, row] of rows.entries()) {
    tokens.set(row.tokens, b * length);
    targets.set(row.targets, b * length);
    const scale = weightOf(b);
    for (let t = 0; t < length; t++) weights[b * length + t] = scale * row.weights[t];
  }
  return { nRows: rows.length, length, tokens, targets, weights };
}

/** Positions that count. */
export function nTargets(rows: readonly TrainingRow[]): number {
  return rows.reduce((sum, { weights }) => sum + weights.reduce((n, weight) => n + weight, 0), 0);
}

/** [B·T], 1 where a position counts. */
export function maskOf(rows: readonly TrainingRow[]): Float32Array {
  const mask = new Float32Array(rows.length * rows[0].weights.length);
  for (const [b, { weights }] of rows.entries()) mask.set(weights, b * weights.length);
  return mask;
}

/** log Q of each row's targets together, from what the graph says of each target. */
export function rowLogProbs(rows: readonly TrainingRow[], nll: Float32Array): number[] {
  const length = rows[0].tokens.length;
  return rows.map(({ weights }, b) => {
    let sum = 0;
    for (let t = 0; t < length; t++) if (weights[t] > 0) sum -= nll[b * length + t];
    return sum;
  });
}
