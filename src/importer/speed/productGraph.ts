/**
 * An ONNX graph of matrix products of a decoder's shape with made-up weights, in the forms that importing writes: what one
 * pass through it costs is what one pass through so many weights of a model costs. Field numbers: onnx/onnx onnx.proto.
 */
import type { ImportFormat } from '../../protocol/importing';

/** A layer widens and narrows again, as feed-forward parts do. */
const WIDTH = 1024;
const HIDDEN = 4096;
/** Weights beside which the caches of processors are small, and which are made in a moment. */
const N_LAYERS = 8;
/** Of 4-bit weights. */
const BLOCK = 32;

export const PRODUCT_WIDTH = WIDTH;
export const N_PRODUCTS = N_LAYERS * 2 * WIDTH * HIDDEN;

export interface ProductGraph {
  readonly model: Uint8Array;
  /** Of the weights alone. */
  readonly weightsBytes: number;
}

/** Pieces that are written one after the other; only in the end are they put together. */
type Bytes = readonly Uint8Array[];

/** @param fill writes noise: what is multiplied must not be all alike */
export function productGraph(format: ImportFormat, fill: (bytes: Uint8Array) => void): ProductGraph {
  const nodes: Bytes[] = [];
  const initializers: Bytes[] = [];
  let weightsBytes = 0;
  let from = 'x';
  // The same noise in each, which the runtime copies: what counts is that there are so many bytes to read.
  const noise = new Uint8Array(format === 'int8' ? WIDTH * HIDDEN : (WIDTH * HIDDEN) / 2);
  fill(noise);
  // Seven bits, in two's complement: pairs of wider ones saturate on older processors.
  if (format === 'int8') for (let k = 0; k < noise.length; k++) noise[k] = ((noise[k] & 127) - 64) & 255;
  const addTensor = (name: string, type: number, dims: readonly number[], data: Uint8Array) => {
    initializers.push(field(GRAPH.initializer, tensor(name, type, dims, data)));
    weightsBytes += data.length;
  };
  for (let i = 0; i < 2 * N_LAYERS; i++) {
    const [nIn, nOut] = i % 2 === 0 ? [WIDTH, HIDDEN] : [HIDDEN, WIDTH];
    const to = i === 2 * N_LAYERS - 1 ? 'y' : `h${i}`;
    // Keeps the outputs about as large as the inputs are.
    const scale = 1 / Math.sqrt(nIn);
    if (format === 'int8') addRows(from, to, i, nIn, nOut, scale / 37);
    else addBlocks(from, to, i, nIn, nOut, scale / 18);
    from = to;
  }
  const graph = join(
    ...nodes,
    field(GRAPH.name, text('products')),
    ...initializers,
    field(GRAPH.input, valueInfo('x')),
    field(GRAPH.output, valueInfo('y')),
  );
  const model = join(
    number(MODEL.irVersion, 8),
    field(MODEL.graph, graph),
    field(MODEL.opsetImport, number(OPSET.version, 17)),
    field(MODEL.opsetImport, join(field(OPSET.domain, text('com.microsoft')), number(OPSET.version, 1))),
  );
  return { model: Buffer.concat(model), weightsBytes };

  /** Activations of 8 bits, scaled by what they are. */
  function addRows(input: string, output: string, i: number, nIn: number, nOut: number, scale: number): void {
    addTensor(`w${i}`, INT8, [nIn, nOut], noise);
    addTensor(`s${i}`, FLOAT, [1], new Uint8Array(new Float32Array([scale]).buffer));
    nodes.push(
      node('DynamicQuantizeLinear', [input], [`q${i}`, `qs${i}`, `qz${i}`]),
      node('MatMulInteger', [`q${i}`, `w${i}`, `qz${i}`], [`p${i}`]),
      node('Cast', [`p${i}`], [`f${i}`], [attribute('to', FLOAT)]),
      node('Mul', [`qs${i}`, `s${i}`], [`m${i}`]),
      node('Mul', [`f${i}`, `m${i}`], [output]),
    );
  }

  function addBlocks(input: string, output: string, i: number, nIn: number, nOut: number, scale: number): void {
    const nBlocks = (nIn / BLOCK) * nOut;
    addTensor(`w${i}`, UINT8, [nOut, nIn / BLOCK, BLOCK / 2], noise);
    addTensor(`s${i}`, FLOAT, [nBlocks], new Uint8Array(new Float32Array(nBlocks).fill(scale).buffer));
    const shape = { K: nIn, N: nOut, bits: 4, block_size: BLOCK, accuracy_level: 4 };
    const attributes = Object.entries(shape).map(([name, value]) => attribute(name, value));
    nodes.push(node('MatMulNBits', [input, `w${i}`, `s${i}`], [output], attributes, 'com.microsoft'));
  }

  function node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: readonly Bytes[] = [],
    domain = '',
  ): Bytes {
    return field(
      GRAPH.node,
      join(
        ...inputs.map(name => field(NODE.input, text(name))),
        ...outputs.map(name => field(NODE.output, text(name))),
        field(NODE.type, text(type)),
        ...attributes,
        field(NODE.domain, text(domain)),
      ),
    );
  }
}

const MODEL = { irVersion: 1, graph: 7, opsetImport: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, type: 4, attribute: 5, domain: 7 } as const;
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT_ATTRIBUTE = 2;

function attribute(name: string, value: number): Bytes {
  return field(NODE.attribute, join(field(1, text(name)), number(3, value), number(20, INT_ATTRIBUTE)));
}

function tensor(name: string, type: number, dims: readonly number[], data: Uint8Array): Bytes {
  return join(...dims.map(dim => number(1, dim)), number(2, type), field(8, text(name)), field(9, [data]));
}

/** float32 [nTokens, WIDTH]: TypeProto.Tensor in ValueInfoProto. */
function valueInfo(name: string): Bytes {
  const dims = join(field(1, field(2, text('n'))), field(1, number(1, WIDTH)));
  return join(field(1, text(name)), field(2, field(1, join(number(1, FLOAT), field(2, dims)))));
}

/** Protocol buffers' wire format: a field with its length, and one that is a number. */
function field(id: number, data: Bytes): Bytes {
  const length = data.reduce((sum, piece) => sum + piece.length, 0);
  return [varint((id << 3) | 2), varint(length), ...data];
}

function number(id: number, value: number): Bytes {
  return [varint(id << 3), varint(value)];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function text(value: string): Bytes {
  return [Buffer.from(value)];
}

function join(...parts: readonly Bytes[]): Bytes {
  return parts.flat();
}
