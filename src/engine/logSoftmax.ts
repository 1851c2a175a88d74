/** Logits to logps. */
import type { Logits } from './graph';
import { halfFloatTable } from './halfFloat';

/**
 * Writes log softmax of row `row` of `logits` into `out`, whose length is the row's: x − max − log Σ exp(x − max).
 */
export function logSoftmaxRow({ values, start }: Logits, row: number, out: Float32Array): void {
  const n = out.length;
  const from = start + row * n;
  if (values instanceof Uint16Array) {
    const floats = halfFloatTable();
    for (let i = 0; i < n; i++) out[i] = floats[values[from + i]];
  } else {
    for (let i = 0; i < n; i++) out[i] = values[from + i];
  }
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) if (out[i] > max) max = out[i];
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.exp(out[i] - max);
  const shift = max + Math.log(sum);
  for (let i = 0; i < n; i++) out[i] -= shift;
}
