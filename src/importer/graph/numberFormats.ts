/**
 * Linear layers and embedding tables as ONNX operators, one number format each. A format names the tensors that it wants
 * stored; it never sees a weight.
 */

import type { MatrixForm, MatrixSource, Stored } from '../weights/storedWeights';
import { type GraphWriter, int, ONNX_TYPE, type Value } from './graphWriter';

/** Which rows a linear layer is applied to: all T tokens of the pass, or the M whose logits are wanted. */
export type RowsOf = 'T' | 'M';

/** Parts of a table, rows of the vocabulary one behind the other, so that each fits into a file. */
export interface TablePart {
  readonly name: string;
  readonly source: MatrixSource;
}

export class Numbers {
  readonly stored: Stored[] = [];
  readonly #zeroPoints = new Map<RowsOf, Value>();
  readonly #quantised = new Map<string, { readonly values: Value; readonly step: Value }>();

  constructor(private readonly g: GraphWriter) {}

  /** x [rows, nIn] → [rows, nOut]. */
  linear(x: Value, name: string, source: MatrixSource, form: MatrixForm, rowsOf: RowsOf, inputsOf?: string): Value {
    this.stored.push({ kind: 'matrix', name, source, form, inputsOf });
    return this.#multiply(x, name, source, form, rowsOf);
  }

  /** Vectors of the source, stored as one tensor. */
  vector(name: string, shape: readonly number[], tensors: readonly (readonly [string, number])[], factor = 1): Value {
    const parts = tensors.map(([tensor, times]) => ({ tensor, times }));
    this.stored.push({ kind: 'vector', name, shape, parts, factor });
    return this.g.weight(name, 'float32', shape);
  }

  /** Stores a table for `embed` and `multiplyTable`. */
  table(parts: readonly TablePart[], form: MatrixForm): void {
    for (const { name, source } of parts) this.stored.push({ kind: 'matrix', name, source, form, inputsOf: undefined });
  }

  /** ids [T] → [T, nIn]. */
  embed(ids: Value, parts: readonly TablePart[], form: MatrixForm): Value {
    const { g } = this;
    let embedded: Value | undefined;
    let first = 0;
    for (const { name, source } of parts) {
      const local =
        parts.length === 1
          ? ids
          : g.op('Clip', [g.op('Sub', [ids, g.ints(first)]), g.int64(0), g.int64(source.nOut - 1)]);
      const rows = this.#gather(local, name, source, form);
      const isHere = g.op('Unsqueeze', [g.op('GreaterOrEqual', [ids, g.ints(first)]), g.ints(1)]);
      embedded = embedded === undefined ? rows : g.op('Where', [isHere, rows, embedded]);
      first += source.nOut;
    }
    if (embedded === undefined) throw new Error('A table has at least one part.');
    return embedded;
  }

  /** rows [M, nIn] → [M, vocabulary]. */
  multiplyTable(rows: Value, parts: readonly TablePart[], form: MatrixForm): Value {
    const products = parts.map(({ name, source }) => this.#multiply(rows, name, source, form, 'M'));
    return products.length === 1 ? products[0] : this.g.op('Concat', products, { axis: int(1) });
  }

  #multiply(x: Value, name: string, { nOut, nIn }: MatrixSource, form: MatrixForm, rowsOf: RowsOf): Value {
    const { g } = this;
    if (form.kind === 'float32') {
      return g.op('Gemm', [x, g.weight(`${name}.weight`, 'float32', [nOut, nIn])], { transB: int(1) });
    }
    if (form.kind === 'rows') {
      const { values, step } = this.#quantise(x, rowsOf);
      // Inputs outermost: the operator has no way to say that its right side is transposed.
      const weight = g.weight(`${name}.weight`, 'int8', [nIn, nOut]);
      const product = g.op('MatMulInteger', [values, weight, g.uint8(128)]);
      const scale = g.op('Mul', [step, g.weight(`${name}.scale`, 'float32', [nOut])]);
      return g.op('Mul', [g.op('Cast', [product], { to: int(ONNX_TYPE.float32) }), scale]);
    }
    const { bits, blockSize } = form;
    const nBlocks = nIn / blockSize;
    const weight = g.weight(`${name}.weight`, 'uint8', [nOut, nBlocks, (blockSize * bits) / 8]);
    const scale = g.weight(`${name}.scale`, 'float32', [nOut, nBlocks]);
    const zero = bits === 4 ? [g.weight(`${name}.zero`, 'uint8', [nOut, Math.ceil(nBlocks / 2)])] : [];
    // Without an accuracy level, 8-bit blocks become float32 anew at every call.
    return g.ms('MatMulNBits', [x, weight, scale, ...zero], {
      K: int(nIn),
      N: int(nOut),
      bits: int(bits),
      block_size: int(blockSize),
      accuracy_level: int(4),
    });
  }

  /**
   * One scale a row of activations, so that a token's result does not depend on its neighbours in the pass. Unsigned,
   * because signed activations take a path of MatMulInteger that is twelve times as slow.
   */
  #quantise(x: Value, rowsOf: RowsOf): { readonly values: Value; readonly step: Value } {
    const known = this.#quantised.get(x);
    if (known !== undefined) return known;
    const { g } = this;
    const largest = g.op('ReduceMax', [g.op('Abs', [x]), g.ints(-1)], { keepdims: int(1) });
    const step = g.op('Mul', [g.op('Max', [largest, g.float(1e-6)]), g.float(1 / 127)]);
    const flat = g.op('Reshape', [step, g.ints(-1)]);
    let zeroPoint = this.#zeroPoints.get(rowsOf);
    if (zeroPoint === undefined) {
      zeroPoint = g.op('Expand', [g.uint8s(128), g.op('Shape', [flat])]);
      this.#zeroPoints.set(rowsOf, zeroPoint);
    }
    const quantised = { values: g.op('QuantizeLinear', [x, flat, zeroPoint], { axis: int(0) }), step };
    this.#quantised.set(x, quantised);
    return quantised;
  }

  #gather(ids: Value, name: string, { nOut, nIn }: MatrixSource, form: MatrixForm): Value {
    const { g } = this;
    if (form.kind === 'float32') return g.op('Gather', [g.weight(`${name}.weight`, 'float32', [nOut, nIn]), ids]);
    if (form.kind === 'rows') {
      const columns = g.op('Gather', [g.weight(`${name}.weight`, 'int8', [nIn, nOut]), ids], { axis: int(1) });
      const scale = g.op('Gather', [g.weight(`${name}.scale`, 'float32', [nOut]), ids]);
      const values = g.op('Transpose', [g.op('Cast', [columns], { to: int(ONNX_TYPE.float32) })], { perm: [1, 0] });
      return g.op('Mul', [values, g.op('Unsqueeze', [scale, g.ints(1)])]);
    }
    const { bits, blockSize } = form;
    if (bits !== 8) throw new Error('A table in blocks has 8 bits a weight.');
    // GatherBlockQuantized wants another shape than MatMulNBits, and a reshaped constant would lie in memory twice.
    const nBlocks = nIn / blockSize;
    const blocks = g.op('Gather', [g.weight(`${name}.weight`, 'uint8', [nOut, nBlocks, blockSize]), ids]);
    const scale = g.op('Gather', [g.weight(`${name}.scale`, 'float32', [nOut, nBlocks]), ids]);
    const values = g.op('Sub', [g.op('Cast', [blocks], { to: int(ONNX_TYPE.float32) }), g.float(128)]);
    return g.op('Reshape', [g.op('Mul', [values, g.op('Unsqueeze', [scale, g.ints(2)])]), g.ints(-1, nIn)]);
  }
}
