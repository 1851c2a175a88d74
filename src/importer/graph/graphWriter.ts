/**
 * Collects the nodes of an ONNX graph and writes the file. Weights lie outside: a graph names their type, shape and
 * place, so it is written before a single weight is read. Knows the format, nothing of language models.
 *
 * Field numbers: onnx/onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto).
 */
import { bytesField, floatField, intField, joined, packedField } from './wire';

/** TensorProto.DataType of the types used here. */
export const ONNX_TYPE = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type OnnxType = keyof typeof ONNX_TYPE;

const BYTES_PER_ELEMENT: Readonly<Record<OnnxType, number>> = { float32: 4, uint8: 1, int8: 1, int32: 4, int64: 8 };

/** A tensor outside the graph. */
export interface OutsideTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
}

export function sizeBytesOf({ type, shape }: OutsideTensor): number {
  return shape.reduce((n, d) => n * d, BYTES_PER_ELEMENT[type]);
}

/** Where an outside tensor lies: a file beside the graph and a byte offset in it. */
export interface Place {
  readonly location: string;
  readonly offset: number;
}

/** A name in the graph: what an operator gives, an input, a weight or a constant. */
export type Value = string;

export interface IntAttribute {
  readonly int: number;
}
/** A bare number is a float where its operator wants one; integers are marked. */
export type Attribute = number | string | readonly number[] | IntAttribute;

export interface OpOptions {
  readonly domain?: string;
  /** Names of the results, '' for one that is not wanted; made up when absent. */
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** Integer attributes are the common kind. */
export const int = (value: number): IntAttribute => ({ int: value });

export const MICROSOFT = 'com.microsoft';
const OPSET = 21;
const IR_VERSION = 10;
const EXTERNAL = 1;

export class GraphWriter {
  readonly #nodes: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];
  readonly #constants: Uint8Array[] = [];
  readonly #constantNames = new Map<string, Value>();
  readonly #outside = new Map<string, OutsideTensor>();
  #nNames = 0;

  /** Every tensor that lies outside, in the order in which they were named. */
  get outside(): readonly OutsideTensor[] {
    return [...this.#outside.values()];
  }

  input(name: string, type: OnnxType, shape: readonly (number | string)[]): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: OnnxType, shape: readonly (number | string)[]): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** A weight; named twice, it is the same one. */
  weight(name: string, type: OnnxType, shape: readonly number[]): Value {
    this.#outside.set(name, { name, type, shape });
    return name;
  }

  /** A node with one result. An input of '' is left out. */
  op(kind: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.node(kind, inputs, 1, { attributes })[0];
  }

  /** The same for an operator of ONNX Runtime's own domain. */
  ms(kind: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.node(kind, inputs, 1, { attributes, domain: MICROSOFT })[0];
  }

  node(kind: string, inputs: readonly Value[], nOutputs: number, options: OpOptions = {}): readonly Value[] {
    const { domain = '', attributes = {} } = options;
    const outputs = options.outputs ?? Array.from({ length: nOutputs }, () => this.fresh(kind));
    const fields = [
      ...inputs.map(input => bytesField(1, input)),
      ...outputs.map(output => bytesField(2, output)),
      bytesField(3, this.fresh('node')),
      bytesField(4, kind),
      ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
      ...(domain === '' ? [] : [bytesField(7, domain)]),
    ];
    this.#nodes.push(joined(fields));
    return outputs;
  }

  /** A name that nothing else has. */
  fresh(kind: string): string {
    return `${kind}_${++this.#nNames}`;
  }

  /** 1-D int64. */
  ints(...values: number[]): Value {
    return this.#constant('int64', [values.length], new BigInt64Array(values.map(BigInt)));
  }

  floats(...values: number[]): Value {
    return this.#constant('float32', [values.length], Float32Array.from(values));
  }

  float(value: number): Value {
    return this.#constant('float32', [], Float32Array.of(value));
  }

  int64(value: number): Value {
    return this.#constant('int64', [], BigInt64Array.of(BigInt(value)));
  }

  uint8(value: number): Value {
    return this.#constant('uint8', [], Uint8Array.of(value));
  }

  /** 1-D uint8 of one value. */
  uint8s(value: number): Value {
    return this.#constant('uint8', [1], Uint8Array.of(value));
  }

  /** The same constant twice is one. */
  #constant(type: OnnxType, shape: readonly number[], values: ArrayBufferView): Value {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const key = `${type}:${shape}:${Buffer.from(bytes).toString('latin1')}`;
    const known = this.#constantNames.get(key);
    if (known !== undefined) return known;
    const name = this.fresh('constant');
    this.#constantNames.set(key, name);
    this.#constants.push(joined([...tensorHead(name, type, shape), bytesField(9, bytes)]));
    return name;
  }

  /** @param placeOf where each outside tensor lies */
  write(placeOf: (tensor: OutsideTensor) => Place): Uint8Array {
    const outside = this.outside.map(tensor => outsideTensor(tensor, placeOf(tensor)));
    const graph = joined([
      ...this.#nodes.map(node => bytesField(1, node)),
      bytesField(2, 'decoder'),
      ...[...outside, ...this.#constants].map(tensor => bytesField(5, tensor)),
      ...this.#inputs.map(input => bytesField(11, input)),
      ...this.#outputs.map(output => bytesField(12, output)),
    ]);
    return joined([
      intField(1, IR_VERSION),
      bytesField(2, 'residual'),
      bytesField(7, graph),
      bytesField(8, joined([bytesField(1, ''), intField(2, OPSET)])),
      bytesField(8, joined([bytesField(1, MICROSOFT), intField(2, 1)])),
    ]);
  }
}

function tensorHead(name: string, type: OnnxType, shape: readonly number[]): Uint8Array[] {
  return [packedField(1, shape), intField(2, ONNX_TYPE[type]), bytesField(8, name)];
}

function outsideTensor(tensor: OutsideTensor, { location, offset }: Place): Uint8Array {
  const entries = { location, offset: `${offset}`, length: `${sizeBytesOf(tensor)}` };
  return joined([
    ...tensorHead(tensor.name, tensor.type, tensor.shape),
    ...Object.entries(entries).map(([key, value]) =>
      bytesField(13, joined([bytesField(1, key), bytesField(2, value)])),
    ),
    intField(14, EXTERNAL),
  ]);
}

function valueInfo(name: string, type: OnnxType, shape: readonly (number | string)[]): Uint8Array {
  const dims = shape.map(dim => bytesField(1, typeof dim === 'number' ? intField(1, dim) : bytesField(2, dim)));
  const tensorType = joined([intField(1, ONNX_TYPE[type]), bytesField(2, joined(dims))]);
  return joined([bytesField(1, name), bytesField(2, bytesField(1, tensorType))]);
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attribute(name: string, value: Attribute): Uint8Array {
  const head = bytesField(1, name);
  if (typeof value === 'number') return joined([head, floatField(2, value), intField(20, 1)]);
  if (typeof value === 'string') return joined([head, bytesField(4, value), intField(20, 3)]);
  if ('int' in value) return joined([head, intField(3, value.int), intField(20, 2)]);
  return joined([head, ...value.map(item => intField(8, item)), intField(20, 7)]);
}
