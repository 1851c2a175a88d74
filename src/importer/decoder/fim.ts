/**
 * Whether a model was trained to fill in a middle, and in what order. Tokens alone do not tell: families share vocabularies
 * with relatives that were never shown one, and a model that was not gives worse completions with them than without.
 */
import type { Fim, FimOrder } from '../../core/manifest';
import type { SpecialTokens } from '../../core/model';
import type { Family } from '../sourceModel';

export interface TrainedModel {
  readonly family: Family;
  /** As the files call it. */
  readonly title: string;
  /** `tokenizer.ggml.pre`, where there is one. */
  readonly pre?: string | undefined;
  /** Of the tokenizer; all of them go into the residual.json. */
  readonly special: SpecialTokens;
}

/** @returns undefined for a model that was not trained so, or lacks a token for it */
export function fimOf({ special, ...model }: TrainedModel): Fim | undefined {
  const { fimPrefix, fimSuffix, fimMiddle } = special;
  if (fimPrefix === undefined || fimSuffix === undefined || fimMiddle === undefined) return undefined;
  const order = orderOf(model);
  return order && { order, tokens: { ...special } };
}

function orderOf({ family, title, pre }: Omit<TrainedModel, 'special'>): FimOrder | undefined {
  const isCoder = /coder/i.test(title);
  // SmolLM2 has none; Qwen's general models have the tokens of its coders and do not know them (llama.vscode issue 55).
  if (/smollm/i.test(title) || ((family === 'qwen2' || family === 'qwen3') && !isCoder)) return undefined;
  if (pre === 'mellum' || pre === 'seed-coder' || /mellum|seed[-_ ]?coder/i.test(title)) return 'suffix-prefix-middle';
  // Trained prefix first; with an empty prefix, and what precedes the cursor as the middle's beginning, its own form
  // keeps both contiguous. Measured: twice as many lines right, with token healing, as in the usual order.
  if (family === 'qwen2') return 'suffix-first';
  return 'prefix-first';
}
