/** Checks that hold for every decoder's numbers, wherever they come from. */
import { say } from '../../core/sentence';
import { damaged } from '../refusal';
import type { DecoderShape } from '../sourceModel';

/** Far beyond any model that a person's machine holds; loops over a hostile file's numbers end. */
const MOST = {
  nLayers: 1024,
  width: 1 << 20,
  nHeads: 4096,
  nKvHeads: 4096,
  headDim: 4096,
  hiddenWidth: 1 << 20,
  vocabSize: 1 << 24,
  contextLength: 2 ** 31,
} as const;

export type Sizes = Pick<DecoderShape, keyof typeof MOST>;

/** @throws UserError naming the first size that no decoder has */
export function checkedSizes(name: string, sizes: Sizes): Sizes {
  for (const what of Object.keys(MOST) as (keyof Sizes)[]) {
    const value = sizes[what];
    if (!Number.isInteger(value) || value < 1 || value > MOST[what]) impossible(name, what, value);
  }
  if (sizes.nHeads % sizes.nKvHeads !== 0) impossible(name, 'nHeads / nKvHeads', sizes.nHeads / sizes.nKvHeads);
  if (sizes.headDim % 2 !== 0) impossible(name, 'headDim', sizes.headDim);
  return sizes;
}

/** @throws UserError naming the first factor that is not a positive number */
export function checkedShape(name: string, shape: DecoderShape): DecoderShape {
  const { epsilon, embeddingScale, residualScale, attentionScale, logitDivisor, rotary } = shape;
  const { attentionFactor, rates } = rotary;
  const factors = { epsilon, embeddingScale, residualScale, attentionScale, logitDivisor, attentionFactor };
  for (const [what, value] of Object.entries({ ...factors, 'rotary rate': Math.min(...rates) })) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) impossible(name, what, value);
  }
  return shape;
}

function impossible(name: string, what: string, value: number): never {
  return damaged(name, say`${what} cannot be ${value}`);
}

/**
 * Attention within a window is plain attention as long as the context fits into it.
 * @param window undefined where a model has none
 */
export function contextWithin(contextLength: number, window: number | undefined): number {
  return window === undefined || window < 1 ? contextLength : Math.min(contextLength, window);
}
