/**
 * A module's weights as one flat vector of float32, and back. The vector has the order of models/train/train_graph.py:
 * matrices as [out, in], which decay, then norms. The file has the order of the module's own graph, and stores matrices
 * transposed, in int8 with one scale an output channel or in float32.
 */
import { UserError } from '../core/errors';
import { say } from '../core/sentence';
import type { ExternalTensor } from '../engine/externalTensors';

export interface Parameter {
  readonly name: string;
  /** [out, in] of a matrix ([vocab, width] of the embedding), [n] of a norm. */
  readonly shape: readonly number[];
  /** Of its first value in the flat vector. */
  readonly start: number;
}

export interface Layout {
  readonly parameters: readonly Parameter[];
  readonly nParameters: number;
  /** The first ones, which are matrices. */
  readonly nDecayed: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
}

const FLOAT32 = 1;
const INT8 = 3;
/** TensorProto.DataType → safetensors dtype. */
const DTYPES: Readonly<Record<number, string>> = { [FLOAT32]: 'F32', [INT8]: 'I8' };
/** 8 bytes of length and the space-padded header; tensor data starts here (CONTRACT of `model.safetensors`). */
const DATA_START = 16_384;

/**
 * @param tensors of the module's graph
 * @throws UserError when the graph is none whose modules can be trained here.
 */
export function layoutOf(tensors: readonly ExternalTensor[]): Layout {
  const shapeOf = new Map(tensors.map(tensor => [tensor.name, tensor.shape]));
  const shape = (name: string): readonly number[] => {
    const found = shapeOf.get(name);
    const dtype = tensors.find(tensor => tensor.name === name)?.dataType ?? 0;
    if (found !== undefined && DTYPES[dtype] !== undefined) return found;
    throw new UserError(
      'training-architecture',
      say`Modules of this architecture cannot be trained here: their graph has no "${name}" in int8 or float32. Start from another module.`,
    );
  };
  const width = shape('final_norm')[0];
  const isQuantised = shapeOf.has('embedding.scale');
  const embedding = shape('embedding.weight');
  const matrices: [string, readonly number[]][] = [
    ['embedding.weight', isQuantised ? [...embedding].reverse() : embedding],
  ];
  const norms: [string, readonly number[]][] = [];
  const [nTurned, headDim] = shape('blocks.0.qk_norm');
  const nHeads = shape('blocks.0.output.weight')[0] / headDim;
  for (let i = 0; shapeOf.has(`blocks.${i}.qk_norm`); i++) {
    const block = `blocks.${i}`;
    for (const part of ['qkv', 'output', 'gate_up', 'down']) {
      const name = `${block}.${part}.weight`;
      matrices.push([name, [...shape(name)].reverse()]);
    }
    norms.push(
      [`${block}.attention_norm`, [width]],
      [`${block}.mlp_norm`, [width]],
      [`${block}.query_norm`, [headDim]],
      [`${block}.key_norm`, [headDim]],
    );
  }
  norms.push(['final_norm', [width]]);
  let start = 0;
  const parameters = [...matrices, ...norms].map(([name, of]) => {
    const parameter = { name, shape: of, start };
    start += sizeOf(of);
    return parameter;
  });
  const nDecayed = matrices.reduce((sum, [, of]) => sum + sizeOf(of), 0);
  return { parameters, nParameters: start, nDecayed, nHeads, nKvHeads: nTurned - nHeads };
}

/** @param file whose tensors are known to be those of the graph */
export function readParameters(
  file: Uint8Array,
  tensors: readonly ExternalTensor[],
  layout: Layout,
): Float32Array<ArrayBuffer> {
  const of = new Map(tensors.map(tensor => [tensor.name, tensor]));
  const flat = new Float32Array(layout.nParameters);
  for (const { name, shape, start } of layout.parameters) {
    const into = flat.subarray(start, start + sizeOf(shape));
    const place = normPlace(name, layout);
    if (place !== undefined) {
      const rows = floatsOf(file, of.get(place.tensor)!);
      into.set(rows.subarray(place.row * into.length, (place.row + 1) * into.length));
    } else if (shape.length === 1) {
      into.set(floatsOf(file, of.get(name)!));
    } else {
      readMatrix(file, of, name, shape, into);
    }
  }
  return flat;
}

/** @returns the file of a module whose graph has these tensors. Values must be finite. */
export function writeParameters(
  flat: Float32Array,
  tensors: readonly ExternalTensor[],
  layout: Layout,
): Buffer<ArrayBuffer> {
  const inOrder = [...tensors].sort((a, b) => a.offset - b.offset);
  const end = inOrder.reduce((most, { offset, sizeBytes }) => Math.max(most, offset + sizeBytes), DATA_START);
  const file = Buffer.alloc(end);
  const header = Object.fromEntries(
    inOrder.map(({ name, dataType, shape, offset, sizeBytes }) => [
      name,
      {
        dtype: DTYPES[dataType],
        shape,
        data_offsets: [offset - DATA_START, offset - DATA_START + sizeBytes],
      },
    ]),
  );
  file.writeBigUInt64LE(BigInt(DATA_START - 8), 0);
  file.write(JSON.stringify(header).padEnd(DATA_START - 8), 8);
  const of = new Map(tensors.map(tensor => [tensor.name, tensor]));
  for (const { name, shape, start } of layout.parameters) {
    const from = flat.subarray(start, start + sizeOf(shape));
    const place = normPlace(name, layout);
    if (place !== undefined) {
      const tensor = of.get(place.tensor)!;
      for (let row = place.row; row < place.row + place.nRows; row++)
        writeFloats(file, tensor.offset + 4 * row * from.length, from);
    } else if (shape.length === 1) {
      writeFloats(file, of.get(name)!.offset, from);
    } else {
      writeMatrix(file, of, name, shape, from);
    }
  }
  return file;
}

/** Query and key norm stand in one tensor [heads + kv_heads, head_dim], a row for each head. */
function normPlace(name: string, { nHeads, nKvHeads }: Layout) {
  const block = name.replace(/\.(query|key)_norm$/, '');
  if (block === name) return undefined;
  const tensor = `${block}.qk_norm`;
  return name.endsWith('query_norm') ? { tensor, row: 0, nRows: nHeads } : { tensor, row: nHeads, nRows: nKvHeads };
}

function readMatrix(
  file: Uint8Array,
  of: ReadonlyMap<string, ExternalTensor>,
  name: string,
  [nOut, nIn]: readonly number[],
  into: Float32Array,
): void {
  const tensor = of.get(name)!;
  if (tensor.dataType === INT8) {
    const stored = new Int8Array(file.buffer, file.byteOffset + tensor.offset, nOut * nIn);
    const scales = floatsOf(file, of.get(scaleOf(name))!);
    for (let o = 0; o < nOut; o++) for (let i = 0; i < nIn; i++) into[o * nIn + i] = stored[i * nOut + o] * scales[o];
  } else {
    const stored = floatsOf(file, tensor);
    if (name === 'embedding.weight') into.set(stored);
    else for (let o = 0; o < nOut; o++) for (let i = 0; i < nIn; i++) into[o * nIn + i] = stored[i * nOut + o];
  }
}

function writeMatrix(
  file: Buffer,
  of: ReadonlyMap<string, ExternalTensor>,
  name: string,
  [nOut, nIn]: readonly number[],
  from: Float32Array,
): void {
  const tensor = of.get(name)!;
  if (tensor.dataType === INT8) {
    const scales = new Float32Array(nOut);
    for (let o = 0; o < nOut; o++) {
      const row = from.subarray(o * nIn, (o + 1) * nIn);
      scales[o] = scaleOfRow(row);
      for (let i = 0; i < nIn; i++)
        file.writeInt8(roundHalfToEven(Math.fround(row[i] / scales[o])), tensor.offset + i * nOut + o);
    }
    writeFloats(file, of.get(scaleOf(name))!.offset, scales);
  } else if (name === 'embedding.weight') {
    writeFloats(file, tensor.offset, from);
  } else {
    const stored = new Float32Array(nOut * nIn);
    for (let o = 0; o < nOut; o++) for (let i = 0; i < nIn; i++) stored[i * nOut + o] = from[o * nIn + i];
    writeFloats(file, tensor.offset, stored);
  }
}

function scaleOf(name: string): string {
  return name.replace(/weight$/, 'scale');
}

/** As `quantise_rows` of models/train/delta_graph.py: the largest value becomes ±127. */
function scaleOfRow(row: Float32Array): number {
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  return largest === 0 ? 1 : Math.fround(largest / 127);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function floatsOf(file: Uint8Array, { offset, sizeBytes }: ExternalTensor): Float32Array {
  const start = file.byteOffset + offset;
  return new Float32Array(file.buffer.slice(start, start + sizeBytes));
}

function writeFloats(file: Buffer, offset: number, values: Float32Array): void {
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
