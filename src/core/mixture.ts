/**
 * The mixture proposal P′ = (1 − λ)P + λQ. A product of models can only veto what P proposes, and P proposes no name it
 * has never seen; P′ takes P's place in everything that follows, so that a workspace's own names become candidates.
 * (Linear interpolation of Jelinek & Mercer 1980; a cache beside a model as in Kuhn & De Mori 1990.)
 */
import type { Recognition } from './ngram/ngramRow';
import type { Row, SparseRow } from './row';

/**
 * λ by how far the n-gram knew the context: entry o for contexts of o tokens that were seen before. One factor per
 * length, because a count is trusted the more the longer the context it was made in.
 */
export type MixtureWeights = readonly number[];

export function mixtureWeight(weights: MixtureWeights, { order }: Recognition): number {
  return weights[Math.min(order, weights.length - 1)] ?? 0;
}

/**
 * Mixes `qLogps` into `pLogps` in place, log P′ = log((1 − λ)e^P + λe^Q). λ of 0 leaves every bit of P. What either of the
 * two lists is listed then. Where P lists some tokens only and not one of Q's, that token's part of P is unknown and stays
 * in the rest: those that matter have to be wanted of P beforehand (lockstep.ts).
 * @param lambda in [0, 1).
 */
export function mixInPlace(pLogps: SparseRow, qLogps: Row, lambda: number): void {
  if (lambda === 0) return;
  const logP = Math.log(1 - lambda);
  const logQ = Math.log(lambda);
  if (pLogps.n < pLogps.vocabSize)
    for (let i = 0; i < qLogps.n; i++) if (!pLogps.has(qLogps.ids[i])) pLogps.set(qLogps.ids[i], -Infinity);
  const { n, ids, values } = pLogps;
  pLogps.logRest = n === pLogps.vocabSize ? -Infinity : mixedRest(pLogps, qLogps, lambda);
  for (let i = 0; i < n; i++) {
    const token = ids[i];
    const p = values[token] + logP;
    const q = qLogps.logp(token) + logQ;
    // log(e^p + e^q) from the larger of the two; −∞ + −∞ must not become NaN.
    const max = Math.max(p, q);
    const below = Math.abs(p - q);
    values[token] = below < NEGLIGIBLE ? max + logOnePlusExpOf(below) : max;
  }
}

/** log of the mass that P′ has beyond what is listed in P by now. */
function mixedRest({ n, ids, logRest }: SparseRow, qLogps: Row, lambda: number): number {
  let known = 0;
  for (let i = 0; i < n; i++) known += Math.exp(qLogps.logp(ids[i]));
  return Math.log((1 - lambda) * Math.exp(logRest) + lambda * Math.max(0, 1 - known));
}

/** e to minus this is less than half a unit in the last place of a float32 logarithm. */
const NEGLIGIBLE = 18;
const STEPS_PER_NAT = 32;
const N_STEPS = NEGLIGIBLE * STEPS_PER_NAT;

/** Four coefficients a step, so that neighbouring steps agree in value and slope (Hermite's cubic). */
const CUBICS = Float64Array.from({ length: 4 * N_STEPS }, (_, i) => {
  const [value, nextValue] = [0, 1].map(k => Math.log1p(Math.exp(-((i >> 2) + k) / STEPS_PER_NAT)));
  const [slope, nextSlope] = [0, 1].map(k => -1 / (1 + Math.exp(((i >> 2) + k) / STEPS_PER_NAT)) / STEPS_PER_NAT);
  const rise = nextValue - value;
  return [value, slope, 3 * rise - 2 * slope - nextSlope, slope + nextSlope - 2 * rise][i & 3];
});

/**
 * log(1 + e^−x) for 0 ≤ x < 18, from a table: two transcendental functions a token of the vocabulary would cost more
 * than everything else an n-gram does. Off by at most h⁴/384 · max|f⁗| = 3·10⁻¹⁰, less than a float32 row can hold.
 */
function logOnePlusExpOf(x: number): number {
  const at = x * STEPS_PER_NAT;
  const step = at | 0;
  const t = at - step;
  const i = step << 2;
  return CUBICS[i] + t * (CUBICS[i + 1] + t * (CUBICS[i + 2] + t * CUBICS[i + 3]));
}
