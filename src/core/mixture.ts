/**
 * The mixture proposal P′ = (1 − λ)P + λQ. A product of models can only veto what P proposes, and P proposes no name it
 * has never seen; P′ takes P's place in everything that follows, so that a workspace's own names become candidates.
 * (Linear interpolation of Jelinek & Mercer 1980; a cache beside a model as in Kuhn & De Mori 1990.)
 */
import type { Recognition } from './ngramRow';

/**
 * λ by how far the n-gram knew the context: entry o for contexts of o tokens that were seen before. One factor per
 * length, because a count is trusted the more the longer the context it was made in.
 */
export type MixtureWeights = readonly number[];

export function mixtureWeight(weights: MixtureWeights, { order }: Recognition): number {
  return weights[Math.min(order, weights.length - 1)] ?? 0;
}

/**
 * Mixes `qLogps` into `pLogps` in place, log P′ = log((1 − λ)e^P + λe^Q). λ of 0 leaves every bit of P.
 * @param lambda in [0, 1).
 */
export function mixInPlace(pLogps: Float32Array, qLogps: Float32Array, lambda: number): void {
  if (lambda === 0) return;
  const logP = Math.log(1 - lambda);
  const logQ = Math.log(lambda);
  for (let token = 0; token < pLogps.length; token++) {
    const p = pLogps[token] + logP;
    const q = qLogps[token] + logQ;
    // log(e^p + e^q) from the larger of the two; −∞ + −∞ must not become NaN.
    const max = Math.max(p, q);
    const below = Math.min(p, q) - max;
    pLogps[token] = below > NEGLIGIBLE ? max + Math.log1p(Math.exp(below)) : max;
  }
}

/** e to this is less than half a unit in the last place of a float32 logarithm. */
const NEGLIGIBLE = -18;
