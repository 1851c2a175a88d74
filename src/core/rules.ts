/**
 * How the aligners weigh the proposal's candidates: one record of rules, adding one touches this file alone.
 * Sources: the Residual Alignment Model (arXiv 2505.19700) for product, joint and sir; its reference code
 * (gavin1332/residual-alignment-model, logits_warper.py) for mask (`par`) and gated (`par_kl`); proxy tuning
 * (arXiv 2401.08565) for ratio; geometric is the logarithmic opinion pool of the two models.
 */
import { type Candidates, draw, klDivergence, softmax } from './distribution';
import { likeliest, type Row, type SparseRow } from './row';

export const RULE_NAMES = ['geometric', 'product', 'ratio', 'joint', 'sir', 'gated', 'mask'] as const;
export type RuleName = (typeof RULE_NAMES)[number];

/** One aligner's contribution at one position. A strength of 0 must not reach a rule: 0·(−∞) is NaN. */
export interface Weighing {
  readonly rule: RuleName;
  /** b in (0, 1] for geometric, β > 0 otherwise; mask and gated ignore it. */
  readonly strength: number;
  readonly qLogps: Row;
  /** Of Q0, for `ratio`. */
  readonly q0Logps?: Row;
  /** It is also mixed into P: P′ is what it already gave names to. */
  readonly isMixedIn?: boolean;
}

export interface Position {
  /** log P as the model gave it: what `gated` compares and falls back to. log P′ where aligners are mixed in. */
  readonly rawLogps: SparseRow;
  /** Where aligners are mixed in: log P without them, and log Π(1 − λ), what P counts for in P′. */
  readonly unmixed?: { readonly logps: Row; readonly logShare: number };
  /** By token, log P after penalty, temperature and byte mask, any constant off: what is scored. −∞ where P is not listed. */
  readonly pLogits: Float32Array;
  /** Tokens that spell text the person has not typed are masked; `gated` must not fall back beyond the mask. */
  readonly masked: boolean;
  readonly endToken: number;
  /** Candidates that `sir` draws. */
  readonly nCandidates: number;
  /** Uniform draw number k of this position, k ≥ 1 (0 belongs to the final draw). */
  uniform(k: number): number;
}

/** KL(P‖Q) above which `gated` leaves P alone: the reference code's default. */
export const GATE_NATS = 0.1;

/** Terms of rules that compose: score = log P + Σ Δ. */
const TERMS: Partial<Record<RuleName, (token: number, pLogit: number, w: Weighing, strength: number) => number>> = {
  geometric: (token, pLogit, w, b) => b * (w.qLogps.logp(token) - pLogit),
  product: (token, _p, w, beta) => beta * w.qLogps.logp(token),
  joint: (token, _p, w, beta) => beta * w.qLogps.logp(token),
  ratio: (token, _p, w, beta) => {
    if (w.q0Logps === undefined) throw new Error('the ratio rule needs a reference model');
    const q = w.qLogps.logp(token);
    return q === -Infinity ? -Infinity : beta * (q - w.q0Logps.logp(token));
  },
};

/** Rules that decide alone and do not compose with others. They may change the candidates. */
const SOLE: Partial<
  Record<RuleName, (at: Position, w: Weighing, candidates: Candidates, scores: Float64Array) => void>
> = {
  /** n draws from P's nucleus, weighed by Q^β: a token drawn c times has the weight c·Q^β. Tends to `product` as n → ∞. */
  sir(at, w, candidates, scores) {
    const { n, ids } = candidates;
    const probs = new Float64Array(n);
    for (let i = 0; i < n; i++) scores[i] = at.pLogits[ids[i]];
    softmax(scores, n, 1, probs);
    const counts = new Uint32Array(n);
    for (let k = 1; k <= at.nCandidates; k++) counts[draw(probs, n, at.uniform(k))]++;
    for (let i = 0; i < n; i++) {
      scores[i] = counts[i] === 0 ? -Infinity : Math.log(counts[i]) + w.strength * w.qLogps.logp(ids[i]);
    }
  },
  /** Q inside the nucleus; where P would end, end. */
  mask(at, w, candidates, scores) {
    const { n, ids } = candidates;
    if (likeliest(at.rawLogps) === at.endToken && !at.masked) {
      ids[0] = at.endToken;
      candidates.n = 1;
      scores[0] = 0;
      return;
    }
    for (let i = 0; i < n; i++) scores[i] = w.qLogps.logp(ids[i]);
  },
  /** Q inside the nucleus while the two nearly agree, else P's raw distribution over all that is listed of it. */
  gated(at, w, candidates, scores) {
    if (klDivergence(at.rawLogps, w.qLogps) <= GATE_NATS) {
      for (let i = 0; i < candidates.n; i++) scores[i] = w.qLogps.logp(candidates.ids[i]);
      return;
    }
    if (at.masked) {
      for (let i = 0; i < candidates.n; i++) scores[i] = at.pLogits[candidates.ids[i]];
      return;
    }
    candidates.fill(at.rawLogps);
    for (let i = 0; i < candidates.n; i++) scores[i] = at.rawLogps.values[candidates.ids[i]];
  },
};

export function composes(rule: RuleName): boolean {
  return TERMS[rule] !== undefined;
}

/**
 * Scores the candidates: `scores[i]` is the aligned logit of `candidates.ids[i]`, a constant off, and `terms[k][i]` what
 * aligner k added to P's: its term of the sum, or for a rule that decides alone all that it made of P's logit; −∞ is a
 * veto. Where every candidate was vetoed, P's own scores are kept, so that there is always something to draw.
 * @param scores at least as long as the vocabulary, and so is each of `terms`.
 */
export function weigh(
  at: Position,
  weighings: readonly Weighing[],
  candidates: Candidates,
  scores: Float64Array,
  terms: readonly Float64Array[],
): void {
  const { n, ids } = candidates;
  const sole = weighings.find(w => !composes(w.rule));
  if (sole !== undefined) {
    if (weighings.length > 1) throw new Error(`the ${sole.rule} rule does not compose with other modules`);
    SOLE[sole.rule]!(at, sole, candidates, scores);
    for (let i = 0; i < candidates.n; i++) terms[0][i] = scores[i] - at.pLogits[ids[i]];
  } else {
    for (let i = 0; i < n; i++) scores[i] = at.pLogits[ids[i]];
    for (const [k, w] of weighings.entries()) {
      const strength = w.rule === 'geometric' ? w.strength * bScaleOf(at, weighings, w) : w.strength;
      if (at.unmixed === undefined || w.isMixedIn) alignMixed(at, w, strength, candidates, terms[k]);
      else alignUnmixed(at, at.unmixed, w, strength, candidates, terms[k]);
      for (let i = 0; i < n; i++) scores[i] += terms[k][i];
    }
  }
  for (let i = 0; i < candidates.n; i++) if (scores[i] > -Infinity) return;
  for (let i = 0; i < candidates.n; i++) scores[i] = at.pLogits[ids[i]];
}

function alignMixed(at: Position, w: Weighing, strength: number, { n, ids }: Candidates, terms: Float64Array): void {
  for (let i = 0; i < n; i++) terms[i] = TERMS[w.rule]!(ids[i], at.pLogits[ids[i]], w, strength);
}

/**
 * The term of an aligner that knows nothing of what is mixed in. It aligns P, and P′ is mixed from that: with r the part
 * of P′(v) that is P's, and P̃ = P·e^Δ/Z over the candidates, log((1 − λ)P̃ + λQ) = log P′ + log(1 − r + r·e^Δ/Z). Weighing
 * P′ itself, it would veto the very names that the mixture is there for.
 */
function alignUnmixed(
  at: Position,
  { logps, logShare }: NonNullable<Position['unmixed']>,
  w: Weighing,
  strength: number,
  { n, ids }: Candidates,
  terms: Float64Array,
): void {
  const ofP = (token: number) => Math.min(0, logShare + logps.logp(token) - at.rawLogps.values[token]);
  let max = -Infinity;
  for (let i = 0; i < n; i++) {
    const pLogit = at.pLogits[ids[i]] - at.rawLogps.values[ids[i]] + logps.logp(ids[i]);
    // What P does not propose is the mixture's alone.
    terms[i] = pLogit === -Infinity ? 0 : TERMS[w.rule]!(ids[i], pLogit, w, strength);
    max = Math.max(max, terms[i]);
  }
  let mass = 0;
  let alignedMass = 0;
  for (let i = 0; i < n && max > -Infinity; i++) {
    const part = Math.exp(at.pLogits[ids[i]] - at.pLogits[ids[0]] + ofP(ids[i]));
    mass += part;
    alignedMass += part * Math.exp(terms[i] - max);
  }
  // Where P has no part at all, or every candidate of P's is vetoed, there is nothing to normalise.
  const logZ = alignedMass > 0 ? max + Math.log(alignedMass / mass) : 0;
  for (let i = 0; i < n; i++) {
    const r = Math.exp(ofP(ids[i]));
    terms[i] = r === 1 ? terms[i] - logZ : Math.log(1 - r + r * Math.exp(terms[i] - logZ));
  }
}

/**
 * Where the b's of geometric aligners sum to more than 1, P would count against itself: they are scaled so that they sum
 * to 1. Those that are mixed in weigh another thing than the others, and are scaled by themselves.
 */
function bScaleOf(at: Position, weighings: readonly Weighing[], { isMixedIn }: Weighing): number {
  const isBeside = (w: Weighing) => at.unmixed === undefined || w.isMixedIn === isMixedIn;
  const bSum = weighings.reduce((sum, w) => sum + (w.rule === 'geometric' && isBeside(w) ? w.strength : 0), 0);
  return bSum > 1 ? 1 / bSum : 1;
}
