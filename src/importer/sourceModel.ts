/**
 * A model as its files have it, whatever their format: what importing needs to know of it, and its weights by name, in
 * pieces that fit into memory. Tensor names, shapes and the order of rows are those of Hugging Face's checkpoints.
 */

/** Rotary position embedding (Su et al., 2104.09864), with whatever scaling the model was trained for applied. */
export interface Rotary {
  /** Inverse frequencies [headDim / 2], radians a position. */
  readonly rates: Float64Array;
  /** Factor on cos and sin (YaRN, 2309.00071, eq. 22); 1 where there is none. */
  readonly attentionFactor: number;
}

export type Family = 'llama' | 'qwen2' | 'qwen3' | 'granite';

/** A decoder of the Llama kind: RMSNorm, rotary attention with grouped heads, gated SiLU feed-forward. */
export interface DecoderShape {
  readonly family: Family;
  readonly nLayers: number;
  readonly width: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
  /** Width of the feed-forward part. */
  readonly hiddenWidth: number;
  /** Rows of the embedding table as it is stored; may exceed the tokenizer's number of tokens. */
  readonly vocabSize: number;
  readonly contextLength: number;
  /** Of RMSNorm. */
  readonly epsilon: number;
  readonly rotary: Rotary;
  /** Layers whose attention has no rotation. */
  readonly layersWithoutRotation: readonly number[];
  /** Embeddings are multiplied by it (granite); 1 elsewhere. */
  readonly embeddingScale: number;
  /** What each block adds to the residual stream is multiplied by it (granite); 1 elsewhere. */
  readonly residualScale: number;
  /** Of attention scores: 1/√headDim unless the model says otherwise. */
  readonly attentionScale: number;
  /** Logits are divided by it (granite); 1 elsewhere. */
  readonly logitDivisor: number;
}

/**
 * Files of the Hugging Face layout that describe text, whether the source had them or they were made from a GGUF's
 * metadata. Contents as text; each is written as it is.
 */
export interface TextFiles {
  readonly 'tokenizer.json': string;
  readonly 'tokenizer_config.json': string;
  readonly 'generation_config.json': string;
}

export interface TensorShape {
  readonly shape: readonly number[];
  /** As the file calls it, `Q5_0` or `BF16`: for messages and for choosing the finer of two tables. */
  readonly type: string;
  /** Bits a weight in the source, block scales included. */
  readonly bitsPerWeight: number;
}

export interface SourceFile {
  /** Base name. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface SourceModel {
  readonly title: string;
  /** SPDX id or the name the files give; undefined when they do not say. */
  readonly licence: string | undefined;
  readonly shape: DecoderShape;
  /** `model.embed_tokens.weight`, `model.layers.0.self_attn.q_proj.weight`, …, `lm_head.weight` where the head is untied. */
  readonly tensors: ReadonlyMap<string, TensorShape>;
  readonly files: readonly SourceFile[];
  readonly text: TextFiles;
  /**
   * Which table serves both ends: 'embedding' where there is no head, or where the head is the same table at no higher
   * precision; 'head' where it is the same at a higher one; undefined where the head is a table of its own.
   */
  readonly tiedHead: 'embedding' | 'head' | undefined;
  /** Tokens that have a text; ids from here on are padding of the table. */
  readonly nTokens: number;
  /**
   * Rows [firstRow, firstRow + nRows) of a matrix, or the values of a vector (rows of one value), as float32, row-major.
   * @throws UserError when the file ends early or holds values that are not finite; RangeError beyond the tensor
   */
  rows(name: string, firstRow: number, nRows: number): Promise<Float32Array>;
  close(): Promise<void>;
}
