/**
 * One forward pass, whatever the graph's form: the border between the sequence logic (prefixes, chunks, rewinds) and the
 * tensors of a particular kind of ONNX graph.
 */

import type { Wanted } from '../core/model';

/** Raw scores behind some tokens, one row of the vocabulary after the other. Float16 arrives as bit patterns. */
export interface Logits {
  readonly kind: 'whole';
  readonly values: Float32Array | Uint16Array;
  /** Index in `values` at which the first row starts. */
  readonly start: number;
}

/** What the graph itself found in M such rows, so that none of them is copied. */
export interface ListedLogits {
  readonly kind: 'listed';
  /** [M, k] the likeliest tokens and their scores. */
  readonly topIds: BigInt64Array;
  readonly topLogits: Float32Array;
  /** [M] log Σ exp over the vocabulary. */
  readonly logSums: Float32Array;
  /** [M, W] scores of the tokens that were asked for; empty when none were. */
  readonly wantedLogits: Float32Array;
}

/** How rows leave the graph: whole, or as the graph lists them. */
export type RowForm = (Logits | ListedLogits)['kind'];

/** Keys and values of one stream of tokens, and the pass that extends them. */
export interface PassCache {
  /** Tokens in the cache. */
  readonly length: number;
  readonly sizeBytes: number;
  /** Becomes the first `length` tokens of another cache of the same graph. */
  adopt(from: PassCache, length: number): void;
  /** Forgets everything after the first `length` tokens. Costs nothing until the next pass. */
  truncate(length: number): void;
  /**
   * Evaluates `tokens[start..end)` behind what the cache holds and keeps their keys and values.
   * @param wanted tokens whose scores are needed whatever their rank
   * @returns the rows behind the last `nRows` of them; undefined, and nothing of them is copied, where that is 0
   */
  append(
    tokens: readonly number[],
    start: number,
    end: number,
    nRows: number,
    wanted: Wanted,
  ): Promise<Logits | ListedLogits | undefined>;
}

export interface CausalGraph {
  /** Width of a row of logits. */
  readonly vocabSize: number;
  /** Keys and values of one token in all layers. */
  readonly cacheBytesPerToken: number;
  /** Whether it can list rows; it can always give whole ones. */
  readonly listsRows: boolean;
  openCache(form: RowForm): PassCache;
}
