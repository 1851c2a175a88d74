/**
 * Numerics over one row of the vocabulary. Buffers belong to the caller; every name says which space its numbers
 * live in: logits (any constant off), logps (normalised logarithms), probs.
 */

/** log Σ exp(row). −∞ for an empty row or one of −∞ only. */
export function logSumExp(row: Float32Array | Float64Array, n = row.length): number {
  let max = -Infinity;
  for (let i = 0; i < n; i++) if (row[i] > max) max = row[i];
  if (max === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.exp(row[i] - max);
  return max + Math.log(sum);
}

/** Turns logits into logps in place. A row of −∞ only stays as it is. */
export function logSoftmaxInPlace(row: Float32Array): void {
  const z = logSumExp(row);
  if (z === -Infinity) return;
  for (let i = 0; i < row.length; i++) row[i] -= z;
}

/**
 * The repetition penalty of CTRL (Keskar et al., 1909.05858, eq. 2) as everyone implements it: a positive score is
 * divided, a negative one multiplied. Each token of `history` is penalised once, however often it occurred.
 */
export function penaliseRepetitions(row: Float32Array, history: Iterable<number>, penalty: number): void {
  if (penalty === 1) return;
  for (const token of new Set(history)) row[token] = row[token] > 0 ? row[token] / penalty : row[token] * penalty;
}

/** Divides by a temperature > 0. */
export function temperInPlace(row: Float32Array | Float64Array, temperature: number, n = row.length): void {
  if (temperature === 1) return;
  for (let i = 0; i < n; i++) row[i] /= temperature;
}

/** A set of token ids, most probable first, in a buffer that is reused from step to step. */
export class Candidates {
  readonly ids: Int32Array;
  n = 0;

  constructor(vocabSize: number) {
    this.ids = new Int32Array(vocabSize);
  }

  fillAll(): void {
    this.n = this.ids.length;
    for (let i = 0; i < this.n; i++) this.ids[i] = i;
  }
}

/**
 * The nucleus of Holtzman et al. (1904.09751): the most probable tokens whose mass before the last one is at most
 * `topP`, so that the token which crosses the threshold is kept. Ties keep the smaller id first. Tokens of
 * probability 0 are never candidates. `row` holds logits or logps.
 */
export function nucleus(row: Float32Array, topP: number, out: Candidates): void {
  const z = logSumExp(row);
  out.n = 0;
  if (z === -Infinity) return;
  // Sorting the whole vocabulary is slow and hardly ever needed: widen a band below the maximum until it holds the mass.
  let max = -Infinity;
  for (let i = 0; i < row.length; i++) if (row[i] > max) max = row[i];
  for (let band = 6; ; band *= 2) {
    const floor = topP >= 1 || band > 60 ? -Infinity : max - band;
    let n = 0;
    let mass = 0;
    for (let i = 0; i < row.length; i++) {
      if (row[i] > floor) {
        out.ids[n++] = i;
        mass += Math.exp(row[i] - z);
      }
    }
    if (mass <= topP && floor !== -Infinity) continue;
    out.ids.subarray(0, n).sort((a, b) => row[b] - row[a] || a - b);
    let before = 0;
    let kept = 0;
    while (kept < n && (kept === 0 || before <= topP)) before += Math.exp(row[out.ids[kept++]] - z);
    out.n = kept;
    return;
  }
}

/** softmax of the first `n` scores at `temperature` into `probs`. Scores of −∞ get 0; all −∞ is the caller's error. */
export function softmax(scores: Float64Array, n: number, temperature: number, probs: Float64Array): void {
  let max = -Infinity;
  for (let i = 0; i < n; i++) if (scores[i] > max) max = scores[i];
  if (max === -Infinity) throw new Error('softmax of an empty distribution');
  let sum = 0;
  for (let i = 0; i < n; i++) {
    probs[i] = Math.exp((scores[i] - max) / temperature);
    sum += probs[i];
  }
  for (let i = 0; i < n; i++) probs[i] /= sum;
}

/** Inverse-transform draw: the first index whose cumulative probability exceeds `u` in [0, 1). */
export function draw(probs: Float64Array, n: number, u: number): number {
  let cumulative = 0;
  let last = 0;
  for (let i = 0; i < n; i++) {
    if (probs[i] === 0) continue;
    cumulative += probs[i];
    last = i;
    if (u < cumulative) return i;
  }
  return last; // u fell into the rounding gap below 1
}

/** Index of the largest of the first `n` scores; the first one among equals. */
export function argmax(scores: Float32Array | Float64Array, n = scores.length): number {
  let best = 0;
  for (let i = 1; i < n; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** KL(P‖Q) in nats over two rows of logps; tokens with P = 0 contribute nothing, P > 0 where Q = 0 gives ∞. */
export function klDivergence(pLogps: Float32Array, qLogps: Float32Array): number {
  let kl = 0;
  for (let i = 0; i < pLogps.length; i++) {
    const p = Math.exp(pLogps[i]);
    if (p > 0) kl += p * (pLogps[i] - qLogps[i]);
  }
  return kl;
}
