/**
 * Finds the strength of an aligner beside a proposal, and the temperature of the pair, by the nats a token that the pair
 * gives to what was written. Every rule that composes weighs P by w^k for steps k of its strength, so one power a token
 * and multiplications try the whole grid.
 */
import type { RuleName } from '../rules';

/** Rules whose score is log P + strength · d; the others have no strength to find. */
export type StrengthRule = Extract<RuleName, 'geometric' | 'product' | 'joint' | 'ratio'>;

export interface GridPoint {
  readonly strength: number;
  readonly temperature: number;
  readonly nats: number;
  /** Positions it was measured on. */
  readonly n: number;
}

export interface Calibration {
  readonly strength: number;
  readonly temperature: number;
}

const N_STEPS = 20;
const STRENGTHS = Array.from({ length: N_STEPS + 1 }, (_, k) => k / N_STEPS);
/** The first is tried at every position, the others at some: what a temperature gains is small. */
const TEMPERATURES = [1, 0.8, 0.9, 1.1, 1.25];
const OTHERS_EVERY = 4;
/** A temperature that gains less than this share is left at 1. */
const WORTHWHILE = 0.002;

export class StrengthSearch {
  readonly #sums = TEMPERATURES.map(() => new Float64Array(N_STEPS + 1));
  /** Those of temperature 1 at the positions where the others are tried too. */
  readonly #sumsBeside = new Float64Array(N_STEPS + 1);
  readonly #masses = new Float64Array(N_STEPS + 1);
  #n = 0;
  #nBeside = 0;

  constructor(private readonly rule: StrengthRule) {}

  /**
   * One position.
   * @param pLogps, qLogps over the vocabulary
   * @param q0Logps of the reference model, for `ratio`
   */
  add(pLogps: Float32Array, qLogps: Float32Array, target: number, q0Logps?: Float32Array): void {
    const isBeside = this.#n % OTHERS_EVERY === 0;
    this.#n++;
    if (isBeside) this.#nBeside++;
    for (let t = 0; t < (isBeside ? TEMPERATURES.length : 1); t++) {
      const temperature = TEMPERATURES[t];
      this.#measure(pLogps, qLogps, temperature, q0Logps);
      const d = difference(this.rule, target, pLogps, qLogps, q0Logps);
      for (let k = 0; k <= N_STEPS; k++) {
        // 0 · −∞ is no number, and a strength of 0 is P alone.
        const score = k === 0 ? pLogps[target] : pLogps[target] + STRENGTHS[k] * d;
        const nats = Math.log(this.#masses[k]) - score / temperature;
        this.#sums[t][k] += nats;
        if (t === 0 && isBeside) this.#sumsBeside[k] += nats;
      }
    }
  }

  /** Mean nats of every point that was tried. */
  grid(): GridPoint[] {
    return TEMPERATURES.flatMap((temperature, t) =>
      STRENGTHS.map((strength, k) => {
        const n = t === 0 ? this.#n : this.#nBeside;
        return { strength, temperature, nats: this.#sums[t][k] / n, n };
      }),
    );
  }

  /** Mean nats at temperature 1 of strength k / 20, for k = 0 … 20. */
  means(): number[] {
    return [...this.#sums[0]].map(sum => sum / Math.max(1, this.#n));
  }

  /** The strength that is best at temperature 1, the weakest of equals, and the temperature that is best with it. */
  best(): Calibration {
    let best = 0;
    for (let k = 1; k <= N_STEPS; k++) if (this.#sums[0][k] < this.#sums[0][best]) best = k;
    let temperature = 1;
    let least = this.#sumsBeside[best] * (1 - WORTHWHILE);
    for (let t = 1; t < TEMPERATURES.length; t++) {
      if (this.#sums[t][best] >= least) continue;
      least = this.#sums[t][best];
      temperature = TEMPERATURES[t];
    }
    return { strength: STRENGTHS[best], temperature };
  }

  /** masses[k] = Σ_v exp((log P(v) + k·step·d(v)) / T), by multiplying with the same power once a step. */
  #measure(pLogps: Float32Array, qLogps: Float32Array, temperature: number, q0Logps?: Float32Array): void {
    const masses = this.#masses.fill(0);
    for (let v = 0; v < pLogps.length; v++) {
      let mass = Math.exp(pLogps[v] / temperature);
      if (mass === 0) continue;
      masses[0] += mass;
      const factor = Math.exp(difference(this.rule, v, pLogps, qLogps, q0Logps) / (N_STEPS * temperature));
      for (let k = 1; k <= N_STEPS; k++) {
        mass *= factor;
        masses[k] += mass;
      }
    }
  }
}

/**
 * The strength that is best on what is wanted and on other text together, both as important, among those that cost the other
 * text no more than `mostCost` of its nats; the weakest of equals.
 */
export function bestWithin(wanted: StrengthSearch, elsewhere: StrengthSearch, mostCost: number): number {
  const [gains, costs] = [wanted.means(), elsewhere.means()];
  const affordable = costs.map(nats => nats <= costs[0] * (1 + mostCost));
  const together = gains.map((nats, k) => (affordable[k] ? nats + costs[k] : Number.POSITIVE_INFINITY));
  return STRENGTHS[together.indexOf(Math.min(...together))];
}

/** Nats of `target` under the pair, and whether it is the pair's first choice. */
export function scorePair(
  rule: StrengthRule,
  { strength, temperature }: Calibration,
  pLogps: Float32Array,
  qLogps: Float32Array,
  target: number,
  q0Logps?: Float32Array,
): { readonly nats: number; readonly isTop: boolean } {
  const score = (v: number) =>
    strength === 0 ? pLogps[v] : pLogps[v] + strength * difference(rule, v, pLogps, qLogps, q0Logps);
  let best = -Infinity;
  let top = -1;
  for (let v = 0; v < pLogps.length; v++) {
    const s = pLogps[v] === -Infinity ? -Infinity : score(v);
    if (s > best) {
      best = s;
      top = v;
    }
  }
  let mass = 0;
  for (let v = 0; v < pLogps.length; v++)
    if (pLogps[v] !== -Infinity) mass += Math.exp((score(v) - best) / temperature);
  return { nats: Math.log(mass) - (score(target) - best) / temperature, isTop: top === target };
}

function difference(
  rule: StrengthRule,
  token: number,
  pLogps: Float32Array,
  qLogps: Float32Array,
  q0Logps: Float32Array | undefined,
): number {
  if (rule === 'geometric') return qLogps[token] - pLogps[token];
  if (rule !== 'ratio') return qLogps[token];
  if (q0Logps === undefined) throw new Error('The ratio rule needs a reference model.');
  return qLogps[token] - q0Logps[token];
}
