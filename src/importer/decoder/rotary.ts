/**
 * Rates of rotary position embedding with the scalings that models are trained for. Formulas: RoPE 2104.09864 §3.2.2;
 * YaRN 2309.00071 §3; Llama 3.1's as in transformers' modeling_rope_utils.py, `_compute_llama3_parameters`. What has to
 * be computed from the length of each text (dynamic, LongRoPE) is not here.
 */
import type { Rotary } from '../sourceModel';

export type RotaryScaling =
  | { readonly kind: 'none' }
  /** Rates are divided by the factor. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Each rate is divided by its own factor, [headDim / 2]. */
  | { readonly kind: 'factors'; readonly factors: ArrayLike<number> }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContext: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalContext: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the bounds of the ramp are whole dimensions. */
      readonly isTruncated: boolean;
      readonly attentionFactor: number;
    };

/** @param base θ of the paper: 10,000 unless the model says otherwise */
export function rotaryOf(headDim: number, base: number, scaling: RotaryScaling): Rotary {
  const plain = Float64Array.from({ length: headDim / 2 }, (_, i) => base ** ((-2 * i) / headDim));
  switch (scaling.kind) {
    case 'none':
      return { rates: plain, attentionFactor: 1 };
    case 'linear':
      return { rates: plain.map(rate => rate / scaling.factor), attentionFactor: 1 };
    case 'factors':
      return { rates: plain.map((rate, i) => rate / scaling.factors[i]), attentionFactor: 1 };
    case 'llama3':
      return { rates: plain.map(rate => llama3Rate(rate, scaling)), attentionFactor: 1 };
    case 'yarn':
      return { rates: yarnRates(plain, headDim, base, scaling), attentionFactor: scaling.attentionFactor };
  }
}

/** YaRN's factor on cos and sin (eq. 22), weighted as DeepSeek's configurations do. */
export function yarnScale(factor: number, weight = 1): number {
  return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
}

/** Fast rates stay, slow ones are divided by the factor, and between them is a linear passage. */
function llama3Rate(rate: number, scaling: Extract<RotaryScaling, { readonly kind: 'llama3' }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
  const nTurns = (originalContext * rate) / (2 * Math.PI);
  if (nTurns > high) return rate;
  if (nTurns < low) return rate / factor;
  const smooth = (nTurns - low) / (high - low);
  return ((1 - smooth) * rate) / factor + smooth * rate;
}

/** NTK-by-parts: eq. 17 to 21, its ramp over dimensions instead of turns, as every implementation has it. */
function yarnRates(
  plain: Float64Array,
  headDim: number,
  base: number,
  { factor, originalContext, betaFast, betaSlow, isTruncated }: Extract<RotaryScaling, { readonly kind: 'yarn' }>,
): Float64Array {
  const dimensionOf = (nTurns: number) =>
    (headDim * Math.log(originalContext / (nTurns * 2 * Math.PI))) / (2 * Math.log(base));
  const fast = dimensionOf(betaFast);
  const slow = dimensionOf(betaSlow);
  const low = Math.max(isTruncated ? Math.floor(fast) : fast, 0);
  const upper = Math.min(isTruncated ? Math.ceil(slow) : slow, headDim - 1);
  const high = upper === low ? low + 0.001 : upper;
  return plain.map((rate, i) => {
    const ramp = Math.min(Math.max((i - low) / (high - low), 0), 1);
    return (rate / factor) * ramp + rate * (1 - ramp);
  });
}
