/**
 * AdamW (Loshchilov & Hutter, arXiv 1711.05101) on one flat vector, in place, with the gradient clipped to a norm. The
 * first `nDecayed` parameters decay: matrices do, norms do not.
 */

export interface AdamWState {
  /** Means of the gradient and of its square, [N]. */
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Steps taken. */
  readonly nSteps: number;
}

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of a gradient. */
  readonly clip: number;
}

const DEFAULTS: AdamWOptions = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };

export class AdamW {
  readonly m: Float32Array;
  readonly v: Float32Array;
  nSteps: number;

  /** @param state to go on from; its arrays are used, not copied */
  constructor(
    nParameters: number,
    private readonly nDecayed: number,
    state?: AdamWState,
    private readonly options: AdamWOptions = DEFAULTS,
  ) {
    this.m = state?.m ?? new Float32Array(nParameters);
    this.v = state?.v ?? new Float32Array(nParameters);
    this.nSteps = state?.nSteps ?? 0;
  }

  /**
   * Moves `parameters` against `gradient`, both [N].
   * @returns the gradient's norm before it was clipped; not finite when the gradient is not, and then nothing has moved.
   */
  step(parameters: Float32Array, gradient: Float32Array, rate: number): number {
    let squares = 0;
    for (let i = 0; i < gradient.length; i++) squares += gradient[i] * gradient[i];
    const norm = Math.sqrt(squares);
    if (!Number.isFinite(norm)) return norm;
    this.nSteps++;
    const { beta1, beta2, epsilon, weightDecay, clip } = this.options;
    const scale = Math.min(1, clip / (norm + 1e-6));
    const stride = rate / (1 - beta1 ** this.nSteps);
    const spread = 1 / Math.sqrt(1 - beta2 ** this.nSteps);
    const { m, v } = this;
    const move = (from: number, to: number, kept: number) => {
      for (let i = from; i < to; i++) {
        const g = gradient[i] * scale;
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        parameters[i] = parameters[i] * kept - (stride * m[i]) / (Math.sqrt(v[i]) * spread + epsilon);
      }
    };
    move(0, this.nDecayed, 1 - rate * weightDecay);
    move(this.nDecayed, parameters.length, 1);
    return norm;
  }
}

/** Share of the steps over which the rate rises, and the share of it that is left at the end. */
const WARM_UP_SHARE = 0.05;
const LEFT_AT_END = 0.1;

/** Learning rate of step `step` of `nSteps`: a linear rise, then a linear fall to a tenth. */
export function rateAt(step: number, nSteps: number, highest: number): number {
  const nWarm = Math.max(1, Math.round(WARM_UP_SHARE * nSteps));
  if (step < nWarm) return (highest * (step + 1)) / nWarm;
  const done = (step - nWarm) / Math.max(1, nSteps - nWarm);
  return highest * (1 - (1 - LEFT_AT_END) * Math.min(1, done));
}
