/**
 * Numbers of few bits in place of float32, one row or block of a matrix at a time. Scales are chosen by what a row's
 * error adds to the layer's output, not by its largest value alone. Pure; knows nothing of files or graphs.
 */

/** Largest magnitude of a weight stored in seven bits. */
export const MAX_SEVEN_BITS = 63;

/**
 * Quantises rows of a matrix symmetrically with one scale each, w ≈ scale·q.
 * @param rows [nRows, nIn], row-major
 * @param importance [nIn] how much an error in each column counts: the mean square of the layer's inputs
 * @param q [nIn, nOut], row r into column `firstOut + r`
 * @param scales [nOut], from `firstOut` on
 */
export function quantiseRows(
  rows: Float32Array,
  nIn: number,
  importance: Float32Array | undefined,
  firstOut: number,
  q: Int8Array,
  scales: Float32Array,
): void {
  const nRows = rows.length / nIn;
  const nOut = scales.length;
  for (let r = 0; r < nRows; r++) {
    const row = rows.subarray(r * nIn, (r + 1) * nIn);
    const scale = bestScale(row, importance, MAX_SEVEN_BITS, -MAX_SEVEN_BITS, ROW_FACTORS);
    scales[firstOut + r] = scale;
    for (let k = 0; k < nIn; k++) q[k * nOut + firstOut + r] = clamp(Math.round(row[k] / scale), MAX_SEVEN_BITS);
  }
}

/** Scales tried, as parts of the one that the largest value asks for. */
const ROW_FACTORS = [1, 0.95, 0.9, 0.85, 0.8, 0.75];

/**
 * Quantises rows of a matrix in blocks of inputs, w ≈ scale·(q − 2^(bits−1)), as ONNX Runtime's MatMulNBits reads them.
 * @param rows [nRows, nIn], row-major; nIn is a multiple of `blockSize`
 * @param importance [nIn], as for `quantiseRows`
 * @returns packed [nRows, nIn·bits/8], the even input of a byte in its low half; scales [nRows, nIn / blockSize]
 */
export function quantiseBlocks(
  rows: Float32Array,
  nIn: number,
  importance: Float32Array | undefined,
  bits: 4 | 8,
  blockSize: number,
): { readonly packed: Uint8Array; readonly scales: Float32Array } {
  const middle = 1 << (bits - 1);
  const packed = new Uint8Array((rows.length * bits) / 8);
  const scales = new Float32Array(rows.length / blockSize);
  for (let block = 0; block < scales.length; block++) {
    const start = block * blockSize;
    const values = rows.subarray(start, start + blockSize);
    const column = start % nIn;
    const weights = importance?.subarray(column, column + blockSize);
    const scale = bestScale(values, weights, middle - 1, -middle, BLOCK_FACTORS);
    scales[block] = scale;
    for (let k = 0; k < blockSize; k++) {
      const q = Math.max(0, Math.min(2 * middle - 1, Math.round(values[k] / scale) + middle));
      if (bits === 8) packed[start + k] = q;
      else packed[(start + k) >> 1] |= (k & 1) === 0 ? q : q << 4;
    }
  }
  return { packed, scales };
}

const BLOCK_FACTORS = [1];

function bestScale(
  values: Float32Array,
  importance: Float32Array | undefined,
  max: number,
  min: number,
  factors: readonly number[],
): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 1;
  let best = largest / max;
  let bestError = Number.POSITIVE_INFINITY;
  for (const factor of factors) {
    const scale = Math.fround((largest / max) * factor);
    let error = 0;
    for (let k = 0; k < values.length; k++) {
      const rounded = Math.max(min, Math.min(max, Math.round(values[k] / scale)));
      const difference = values[k] - scale * rounded;
      error += (importance === undefined ? 1 : importance[k]) * difference * difference;
    }
    if (error < bestError) {
      bestError = error;
      best = scale;
    }
  }
  return Math.fround(best);
}

function clamp(value: number, max: number): number {
  return Math.max(-max, Math.min(max, value));
}
