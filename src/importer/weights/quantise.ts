/**
 * Numbers of few bits in place of float32, one row or block of a matrix at a time. At four bits scales are searched: the
 * one is taken whose rounding errors, each weighed by the mean square of what its column is fed, sum to the least. That is
 * the error of the layer's output where inputs do not correlate (the diagonal of the Hessian in Frantar et al.,
 * 2210.17323, eq. 1). Pure; knows nothing of files or graphs.
 */

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

/**
 * Quantises rows of a matrix to 4 bits in blocks of inputs, w ≈ scale·(q − zeroPoint), as ONNX Runtime's MatMulNBits
 * reads them. A zero point of its own lets a block use all sixteen values where its weights are not symmetric.
 * @param rows [nRows, nIn], row-major; nIn is a multiple of `blockSize`
 * @param importance [nIn] mean squares of the layer's inputs; every column counts the same when absent
 */
export function quantiseNibbles(
  rows: Float32Array,
  nIn: number,
  importance: Float32Array | undefined,
  blockSize: number,
): NibbleBlocks {
  const nBlocks = nIn / blockSize;
  const zeroBytes = (nBlocks + 1) >> 1;
  const packed = new Uint8Array(rows.length / 2);
  const scales = new Float32Array(rows.length / blockSize);
  const zeroPoints = new Uint8Array((rows.length / nIn) * zeroBytes);
  const weights = importance ?? new Float32Array(nIn).fill(1);
  const found = { scale: 1, zero: 8 };
  for (let block = 0; block < scales.length; block++) {
    const start = block * blockSize;
    const row = Math.floor(block / nBlocks);
    const column = block % nBlocks;
    nibbleScale(rows, start, weights, column * blockSize, blockSize, found);
    const { scale, zero } = found;
    scales[block] = scale;
    zeroPoints[row * zeroBytes + (column >> 1)] |= (column & 1) === 0 ? zero : zero << 4;
    for (let k = start; k < start + blockSize; k++) {
      const q = clamp(Math.round(rows[k] / scale) + zero, 0, 15);
      packed[k >> 1] |= (k & 1) === 0 ? q : q << 4;
    }
  }
  return { packed, scales, zeroPoints };
}

/** For each range that is tried, the two zero points around the one that puts its middle in the middle. */
function nibbleScale(
  rows: Float32Array,
  start: number,
  weights: Float32Array,
  firstColumn: number,
  blockSize: number,
  found: { scale: number; zero: number },
): void {
  let low = 0;
  let high = 0;
  for (let k = start; k < start + blockSize; k++) {
    if (rows[k] < low) low = rows[k];
    if (rows[k] > high) high = rows[k];
  }
  found.scale = 1;
  found.zero = 8;
  if (high === low) return;
  let leastError = Number.POSITIVE_INFINITY;
  for (const factor of BLOCK_FACTORS) {
    const scale = Math.fround(((high - low) * factor) / 15);
    const middle = Math.floor(7.5 - (low + high) / 2 / scale);
    for (let zero = Math.max(0, middle); zero <= Math.min(15, middle + 1); zero++) {
      let error = 0;
      for (let k = 0; k < blockSize && error < leastError; k++) {
        const value = rows[start + k];
        const difference = value - scale * (clamp(Math.round(value / scale) + zero, 0, 15) - zero);
        error += weights[firstColumn + k] * difference * difference;
      }
      if (error >= leastError) continue;
      leastError = error;
      found.scale = scale;
      found.zero = zero;
    }
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
