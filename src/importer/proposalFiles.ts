/** The small files of an imported proposal: what other programs and the engine read of its architecture and its tokens. */
import { UserError } from '../core/errors';
import type { Fim } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import { templateOf } from '../engine/chatFormat';
import { fimOf } from './decoder/fim';
import type { SourceModel } from './sourceModel';

/** `config.json` in the Hugging Face layout, without what imports do not keep. */
export function configOf({ shape, tiedHead, nTokens }: SourceModel): string {
  const { nHeads, nKvHeads, headDim } = shape;
  const config = {
    model_type: shape.family,
    vocab_size: nTokens,
    hidden_size: shape.width,
    intermediate_size: shape.hiddenWidth,
    num_hidden_layers: shape.nLayers,
    num_attention_heads: nHeads,
    num_key_value_heads: nKvHeads,
    head_dim: headDim,
    max_position_embeddings: shape.contextLength,
    rms_norm_eps: shape.epsilon,
    tie_word_embeddings: tiedHead !== undefined,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** How it fills in a middle; undefined when it was not trained to. */
export function fimFieldOf({ shape, title }: SourceModel, tokenizer: Tokenizer): Fim | undefined {
  return fimOf({ family: shape.family, title, special: tokenizer.special });
}

/** Whether it was tuned to converse. A template that cannot be used is the chat's to tell of. */
export function writesChat({ text }: SourceModel, tokenizer: Tokenizer): boolean {
  const files = {
    config: JSON.parse(text['tokenizer_config.json']),
    generation: JSON.parse(text['generation_config.json']),
  };
  try {
    return templateOf(files, tokenizer, { saysSo: false }) !== undefined;
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}
