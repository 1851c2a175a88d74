/**
 * Numerics over what one row lists. Buffers belong to the caller; every name says which space its numbers live in:
 * logits (any constant off), logps (normalised logarithms), probs.
 */
import type { Listed, Row } from './row';

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
export function penaliseRepetitions({ values }: Listed, history: Iterable<number>, penalty: number): void {
  if (penalty === 1) return;
  for (const token of new Set(history))
    values[token] = values[token] > 0 ? values[token] / penalty : values[token] * penalty;
}

/** Divides by a temperature > 0. */
export function temperInPlace({ n, ids, values }: Listed, temperature: number): void {
  if (temperature === 1) return;
  for (let i = 0; i < n; i++) values[ids[i]] /= temperature;
}

/** A set of token ids, most probable first, in a buffer that is reused from step to step. */
export class Candidates {
  readonly ids: Int32Array;
  n = 0;

  constructor(vocabSize: number) {
    this.ids = new Int32Array(vocabSize);
  }

  /** All that a row lists. */
  fill({ n, ids }: Listed): void {
    this.n = n;
    this.ids.set(ids.subarray(0, n));
  }
}

/**
 * The nucleus of Holtzman et al. (1904.09751): the most probable tokens whose mass before the last one is at most
 * `topP`, so that the token which crosses the threshold is kept. Ties keep the smaller id first. Tokens of
 * probability 0 are never candidates. `row` holds logits or logps.
 * @param logRest log of the mass of what is not listed, on the scale of `row`: where the nucleus reaches beyond what is
 * listed, all that is listed is in it.
 */
export function nucleus(row: Listed, topP: number, out: Candidates, logRest = -Infinity): void {
  const { n: nListed, ids, values } = row;
  let max = logRest;
  for (let i = 0; i < nListed; i++) if (values[ids[i]] > max) max = values[ids[i]];
  out.n = 0;
  if (max === -Infinity) return;
  let sum = 0;
  for (let i = 0; i < nListed; i++) sum += Math.exp(values[ids[i]] - max);
  if (logRest > -Infinity) sum += Math.exp(logRest - max);
  const z = max + Math.log(sum);
  // Sorting everything is slow and hardly ever needed: widen a band below the maximum until it holds the mass.
  for (let band = 6; ; band *= 2) {
    const floor = topP >= 1 || band > 60 ? -Infinity : max - band;
    let n = 0;
    let mass = 0;
    for (let i = 0; i < nListed; i++) {
      const value = values[ids[i]];
      if (value > floor) {
        out.ids[n++] = ids[i];
        mass += Math.exp(value - z);
      }
    }
    if (mass <= topP && floor !== -Infinity) continue;
    out.ids.subarray(0, n).sort((a, b) => values[b] - values[a] || a - b);
    let before = 0;
    let kept = 0;
    while (kept < n && (kept === 0 || before <= topP)) before += Math.exp(values[out.ids[kept++]] - z);
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

/** A mass that is a difference of float32 probabilities is not known more closely. */
const LEAST_REST = 1e-6;

/**
 * KL(P‖Q) in nats; tokens with P = 0 contribute nothing, P > 0 where Q = 0 gives ∞. What either row leaves out counts as
 * one event: what is said is then a lower bound, since lumping events together never raises a divergence (Cover & Thomas,
 * data-processing inequality). Exact for whole rows.
 */
export function klDivergence(pLogps: Row, qLogps: Row): number {
  let kl = 0;
  let pRest = Math.exp(pLogps.logRest);
  let qKnown = 0;
  for (let i = 0; i < pLogps.n; i++) {
    const token = pLogps.ids[i];
    const logP = pLogps.logp(token);
    const logQ = qLogps.logp(token);
    const p = Math.exp(logP);
    if (logQ === -Infinity && qLogps.logRest > -Infinity) {
      pRest += p;
      continue;
    }
    qKnown += Math.exp(logQ);
    if (p > 0) kl += p * (logP - logQ);
  }
  return pRest > 0 ? kl + pRest * Math.log(pRest / Math.max(LEAST_REST, 1 - qKnown)) : kl;
}
