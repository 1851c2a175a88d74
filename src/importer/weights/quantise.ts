/**
 * Numbers of few bits in place of float32, one row or block of a matrix at a time. At four bits scales are searched, and
 * rounding errors are made good in later columns, both by what the layer is fed (errorFeedback.ts). Pure; knows nothing of
 * files or graphs.
 */

import type { ErrorFeedback } from './errorFeedback';

/** Largest magnitude of a weight stored in seven bits. */
export const MAX_SEVEN_BITS = 63;

/** Ranges tried for a block of four bits, as parts of its own. */
const BLOCK_FACTORS = [1.05, 1, 0.96, 0.92, 0.88, 0.84, 0.8, 0.75, 0.7];

/**
 * Quantises rows of a matrix symmetrically with one scale each, w ≈ scale·q, by their largest values. A search by what the
 * layer is fed, as below, was tried on Qwen2.5-Coder 0.5B and gained nothing: 0.2 % more nats a byte (−0.15 to 0.52).
 * @param rows [nRows, nIn], row-major
 * @param firstOut row r goes into column `firstOut + r`
 * @param q [nIn, nOut]
 * @param scales [nOut]
 */
export function quantiseRows(
  rows: Float32Array,
  nIn: number,
  firstOut: number,
  q: Int8Array,
  scales: Float32Array,
): void {
  const nRows = rows.length / nIn;
  const nOut = scales.length;
  for (let r = 0; r < nRows; r++) {
    const row = rows.subarray(r * nIn, (r + 1) * nIn);
    let largest = 0;
    for (const value of row) largest = Math.max(largest, Math.abs(value));
    const scale = largest === 0 ? 1 : Math.fround(largest / MAX_SEVEN_BITS);
    scales[firstOut + r] = scale;
    // Rounding the scale can put the largest value a hair beyond the last step.
    for (let k = 0; k < nIn; k++) {
      q[k * nOut + firstOut + r] = clamp(Math.round(row[k] / scale), -MAX_SEVEN_BITS, MAX_SEVEN_BITS);
    }
  }
}

export interface Blocks {
  /** [nRows, nIn·bits/8], the even input of a byte in its low half */
  readonly packed: Uint8Array;
  /** [nRows, nIn / blockSize] */
  readonly scales: Float32Array;
}

/**
 * Quantises rows of a matrix to 8 bits in blocks of inputs, w ≈ scale·(q − 128), by their largest values.
 * @param rows [nRows, nIn], row-major; nIn is a multiple of `blockSize`
 */
export function quantiseBytes(rows: Float32Array, blockSize: number): Blocks {
  const packed = new Uint8Array(rows.length);
  const scales = new Float32Array(rows.length / blockSize);
  for (let block = 0; block < scales.length; block++) {
    const start = block * blockSize;
    let largest = 0;
    for (let k = start; k < start + blockSize; k++) largest = Math.max(largest, Math.abs(rows[k]));
    const scale = largest === 0 ? 1 : Math.fround(largest / 127);
    scales[block] = scale;
    for (let k = start; k < start + blockSize; k++) packed[k] = Math.round(rows[k] / scale) + 128;
  }
  return { packed, scales };
}

export interface NibbleBlocks extends Blocks {
  /** [nRows, ⌈nIn / blockSize / 2⌉], the even block of a byte in its low half */
  readonly zeroPoints: Uint8Array;
}

/** Rows that are rounded together, so that a factor is read once for all of them. */
const ROWS_AT_ONCE = 4;

/**
 * Quantises rows of a matrix to 4 bits in blocks of inputs, w ≈ scale·(q − zeroPoint), as ONNX Runtime's MatMulNBits
 * reads them. A zero point of its own lets a block use all sixteen values where its weights are not symmetric.
 * @param rows [nRows, nIn], row-major; nIn is a multiple of the feedback's segment, and that one of `blockSize`
 */
export function quantiseNibbles(
  rows: Float32Array,
  nIn: number,
  feedback: ErrorFeedback,
  blockSize: number,
): NibbleBlocks {
  const nRows = rows.length / nIn;
  const nBlocks = nIn / blockSize;
  const zeroBytes = (nBlocks + 1) >> 1;
  const packed = new Uint8Array(rows.length / 2);
  const scales = new Float32Array(rows.length / blockSize);
  const zeroPoints = new Uint8Array(nRows * zeroBytes);
  const { segment, factors, pivots } = feedback;
  /** [ROWS_AT_ONCE, segment] */
  const errors = new Float64Array(ROWS_AT_ONCE * segment);
  /** The weights of a block, errors behind it added [ROWS_AT_ONCE, blockSize]. */
  const wanted = new Float64Array(ROWS_AT_ONCE * blockSize);
  const fed = new Float64Array(2 * ROWS_AT_ONCE);
  const found = { scale: 1, zero: 8 };
  for (let firstRow = 0; firstRow < nRows; firstRow += ROWS_AT_ONCE) {
    const nHere = Math.min(ROWS_AT_ONCE, nRows - firstRow);
    for (let block = nBlocks - 1; block >= 0; block--) {
      const firstColumn = block * blockSize;
      const start = firstColumn % segment;
      const factorRow = (column: number) => (firstColumn - start + column) * segment;
      for (let k = start; k < start + blockSize; k += 2) {
        addProducts(factors, factorRow(k), errors, segment, start + blockSize, fed);
        for (let r = 0; r < nHere; r++) {
          const i = (firstRow + r) * nIn + firstColumn - start + k;
          wanted[r * blockSize + k - start] = rows[i] + fed[r];
          wanted[r * blockSize + k - start + 1] = rows[i + 1] + fed[ROWS_AT_ONCE + r];
        }
      }
      for (let r = 0; r < nHere; r++) {
        const row = firstRow + r;
        nibbleScale(wanted, r * blockSize, pivots, firstColumn, blockSize, found);
        const { scale, zero } = found;
        scales[row * nBlocks + block] = scale;
        zeroPoints[row * zeroBytes + (block >> 1)] |= (block & 1) === 0 ? zero : zero << 4;
        for (let k = start + blockSize - 1; k >= start; k--) {
          let value = wanted[r * blockSize + k - start];
          const factor = factorRow(k);
          for (let j = k + 1; j < start + blockSize; j++) value += factors[factor + j] * errors[r * segment + j];
          const q = clamp(nearest(value / scale) + zero, 0, 15);
          const i = row * nIn + firstColumn - start + k;
          errors[r * segment + k] = rows[i] - scale * (q - zero);
          packed[i >> 1] |= (i & 1) === 0 ? q : q << 4;
        }
      }
    }
  }
  return { packed, scales, zeroPoints };
}

/** sums[c, r] = Σ factors[c, j]·errors[r, j] over j ≥ `from`, of two rows of factors and four of errors: few loads a product. */
function addProducts(
  factors: Float64Array,
  at: number,
  errors: Float64Array,
  width: number,
  from: number,
  sums: Float64Array,
): void {
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let j = from; j < width; j++) {
    const a = factors[at + j];
    const b = factors[at + width + j];
    const e0 = errors[j];
    const e1 = errors[width + j];
    const e2 = errors[2 * width + j];
    const e3 = errors[3 * width + j];
    a0 += a * e0;
    a1 += a * e1;
    a2 += a * e2;
    a3 += a * e3;
    b0 += b * e0;
    b1 += b * e1;
    b2 += b * e2;
    b3 += b * e3;
  }
  sums[0] = a0;
  sums[1] = a1;
  sums[2] = a2;
  sums[3] = a3;
  sums[4] = b0;
  sums[5] = b1;
  sums[6] = b2;
  sums[7] = b3;
}

/** For each range that is tried, the two zero points around the one that puts its middle in the middle. */
function nibbleScale(
  values: Float64Array,
  start: number,
  weights: Float64Array,
  firstColumn: number,
  blockSize: number,
  found: { scale: number; zero: number },
): void {
  let low = 0;
  let high = 0;
  for (let k = start; k < start + blockSize; k++) {
    if (values[k] < low) low = values[k];
    if (values[k] > high) high = values[k];
  }
  found.scale = 1;
  found.zero = 8;
  if (high === low) return;
  let leastError = Number.POSITIVE_INFINITY;
  for (const factor of BLOCK_FACTORS) {
    const scale = Math.fround(((high - low) * factor) / 15);
    const perStep = 1 / scale;
    const tooMuch = leastError * perStep * perStep;
    const middle = Math.floor(7.5 - ((low + high) / 2) * perStep);
    for (let zero = Math.max(0, middle); zero <= Math.min(15, middle + 1); zero++) {
      let error = 0;
      for (let k = 0; k < blockSize && error < tooMuch; k++) {
        const steps = values[start + k] * perStep;
        const difference = steps - clamp(nearest(steps), -zero, 15 - zero);
        error += weights[firstColumn + k] * difference * difference;
      }
      if (error * scale * scale >= leastError) continue;
      leastError = error * scale * scale;
      found.scale = scale;
      found.zero = zero;
    }
  }
}

/** The nearest whole number, of numbers far below 2⁵¹: a sum of that size has no room for fractions. Math.round is slow. */
function nearest(value: number): number {
  const large = 1.5 * 2 ** 52;
  return value + large - large;
}

/** By comparisons: Math.min and Math.max mind the sign of zero, which takes its time. */
function clamp(value: number, min: number, max: number): number {
  if (value < min) return min;
  if (value > max) return max;
  return value;
}
