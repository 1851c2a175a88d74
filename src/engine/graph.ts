/**
 * One forward pass, whatever the graph's form: the border between the sequence logic (prefixes, chunks, rewinds) and the
 * tensors of a particular kind of ONNX graph.
 */

/** Raw scores of some tokens, one after the other. Float16 arrives as bit patterns. */
export interface Logits {
  readonly values: Float32Array | Uint16Array;
  /** Index in `values` at which the first wanted row starts. */
  readonly start: number;
}

/** Keys and values of one stream of tokens, and the pass that extends them. */
export interface PassCache {
  /** Tokens in the cache. */
  readonly length: number;
  readonly sizeBytes: number;
  /** Forgets everything after the first `length` tokens. Costs nothing until the next pass. */
  truncate(length: number): void;
  /**
   * Evaluates `tokens[start..end)` behind what the cache holds and keeps their keys and values.
   * @returns the logits of the last `nRows` of them
   */
  append(tokens: readonly number[], start: number, end: number, nRows: number): Promise<Logits>;
}

export interface CausalGraph {
  /** Width of a row of logits. */
  readonly vocabSize: number;
  /** Keys and values of one token in all layers. */
  readonly cacheBytesPerToken: number;
  openCache(): PassCache;
}
