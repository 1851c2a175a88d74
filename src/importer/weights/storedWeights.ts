/**
 * What a graph needs of a model's weights: which tensors of the source become which stored ones, in which number format.
 * A list made beside the graph; reading, quantising and writing follow it afterwards, one entry at a time.
 */

/** How a matrix is stored. */
export type MatrixForm =
  | { readonly kind: 'float32' }
  /** int8 with one scale a row, |q| ≤ 63: products of unsigned activations saturate in pairs beyond that without VNNI. */
  | { readonly kind: 'rows' }
  /**
   * ONNX Runtime's MatMulNBits: one scale a block of inputs; of 4 bits a zero point too, `<name>.zero`, of 8 bits it is
   * the middle.
   */
  | { readonly kind: 'blocks'; readonly bits: 4 | 8; readonly blockSize: number };

/** A matrix [nOut, nIn] of the source: whole tensors below each other, or rows of one. */
export interface MatrixSource {
  readonly tensors: readonly string[];
  readonly nOut: number;
  readonly nIn: number;
  /** First row of the one tensor, where only a part of it is meant; 0 otherwise. */
  readonly firstRow: number;
}

export interface StoredMatrix {
  readonly kind: 'matrix';
  /** Stored as `<name>.weight` and, unless float32, `<name>.scale`. */
  readonly name: string;
  readonly source: MatrixSource;
  readonly form: MatrixForm;
  /** The linear layer whose inputs' statistics say which columns matter; undefined for a table. */
  readonly inputsOf: string | undefined;
}

export interface StoredVector {
  readonly kind: 'vector';
  readonly name: string;
  readonly shape: readonly number[];
  /** Vectors of the source, one behind the other, each repeated so often. */
  readonly parts: readonly { readonly tensor: string; readonly times: number }[];
  /** Every value is multiplied by it. */
  readonly factor: number;
}

export type Stored = StoredMatrix | StoredVector;
