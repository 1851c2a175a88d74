/**
 * The safetensors file of a module, checked against the graph that will address it by offset. Offsets are fixed in the
 * graph, so a file with the same tensors in another order would load without an error and compute nonsense.
 */
import { UserError } from '../core/errors';
import { hasNameTwice } from '../core/jsonNames';
import { type Sentence, say } from '../core/sentence';
import type { ExternalTensor } from './externalTensors';

/** 8 bytes of length and the space-padded header; tensor data starts here. */
const DATA_START = 16_384;

/** safetensors dtype → TensorProto.DataType and bytes per element. */
const DTYPES: Readonly<Record<string, { readonly onnx: number; readonly sizeBytes: number }>> = {
  F32: { onnx: 1, sizeBytes: 4 },
  U8: { onnx: 2, sizeBytes: 1 },
  I8: { onnx: 3, sizeBytes: 1 },
  I32: { onnx: 6, sizeBytes: 4 },
  I64: { onnx: 7, sizeBytes: 8 },
  F16: { onnx: 10, sizeBytes: 2 },
  BF16: { onnx: 16, sizeBytes: 2 },
};

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Offsets behind the header. */
  readonly start: number;
  readonly end: number;
}

/**
 * Compares name, dtype, shape and offset of every tensor, the file's length, and that float values are finite.
 * @throws UserError naming the first difference
 */
export function checkWeights(fileName: string, file: Uint8Array, expected: readonly ExternalTensor[]): void {
  const fail = (reason: Sentence): never => {
    throw new UserError(
      'weights-mismatch',
      say`${fileName} does not fit the graph of its architecture: ${reason}. Get the module again, or export it again for this version of Residual.`,
    );
  };
  const tensors = parseHeader(file, fail);
  let nDataBytes = 0;
  for (const tensor of tensors.values()) nDataBytes = Math.max(nDataBytes, tensor.end);
  if (file.byteLength !== DATA_START + nDataBytes) {
    fail(say`it has ${file.byteLength} bytes, and its header describes ${DATA_START + nDataBytes}`);
  }
  for (const wanted of expected) {
    const found = tensors.get(wanted.name);
    if (!found) fail(say`the tensor "${wanted.name}" is missing`);
    else compare(wanted, found, fail);
  }
  const names = new Set(expected.map(wanted => wanted.name));
  for (const name of tensors.keys()) if (!names.has(name)) fail(say`the graph has no tensor "${name}"`);
  for (const [name, tensor] of tensors) {
    if (!hasFiniteValues(file, tensor)) fail(say`the tensor "${name}" has values that are not finite`);
  }
}

function compare(wanted: ExternalTensor, found: Tensor, fail: (reason: Sentence) => never): void {
  const dtype = DTYPES[found.dtype];
  const checks: readonly (readonly [Sentence, string | number, string | number])[] = [
    [say`type`, dtype?.onnx ?? found.dtype, wanted.dataType],
    [say`shape`, `[${found.shape}]`, `[${wanted.shape}]`],
    [say`offset`, DATA_START + found.start, wanted.offset],
    [say`size in bytes`, found.end - found.start, wanted.sizeBytes],
    [say`size by its shape`, found.shape.reduce((n, d) => n * d, dtype?.sizeBytes ?? 0), wanted.sizeBytes],
  ];
  for (const [what, is, shouldBe] of checks) {
    if (is !== shouldBe) fail(say`the tensor "${wanted.name}" has ${what} ${is} where ${shouldBe} is expected`);
  }
}

function parseHeader(file: Uint8Array, fail: (reason: Sentence) => never): ReadonlyMap<string, Tensor> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < DATA_START) fail(say`it has only ${file.byteLength} bytes`);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes !== DATA_START - 8) fail(say`its header has ${headerBytes} bytes instead of ${DATA_START - 8}`);
  const text = new TextDecoder().decode(file.subarray(8, DATA_START));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    fail(say`its header is not JSON`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) fail(say`its header is no JSON object`);
  // Readers differ in which of two they take.
  if (hasNameTwice(text, header)) fail(say`its header has a name twice`);
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
    if (name !== '__metadata__') tensors.set(name, parseEntry(name, entry, fail));
  }
  return tensors;
}

function parseEntry(name: string, entry: unknown, fail: (reason: Sentence) => never): Tensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const isCounts = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0);
  if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    return fail(say`its header does not describe the tensor "${name}"`);
  }
  return { dtype, shape, start: offsets[0], end: offsets[1] };
}

/** A float is finite when its exponent bits are not all ones. */
function hasFiniteValues(file: Uint8Array, { dtype, start, end }: Tensor): boolean {
  const from = file.byteOffset + DATA_START + start;
  if (dtype === 'F32') {
    const bits = aligned(Uint32Array, file, from, end - start);
    for (let i = 0; i < bits.length; i++) if ((bits[i] & 0x7f800000) === 0x7f800000) return false;
  } else if (dtype === 'F16' || dtype === 'BF16') {
    const mask = dtype === 'F16' ? 0x7c00 : 0x7f80;
    const bits = aligned(Uint16Array, file, from, end - start);
    for (let i = 0; i < bits.length; i++) if ((bits[i] & mask) === mask) return false;
  }
  return true;
}

/** A view of the file's bytes, or a copy where they are not aligned in memory. */
function aligned<T>(
  View: { new (buffer: ArrayBufferLike, start: number, n: number): T; readonly BYTES_PER_ELEMENT: number },
  file: Uint8Array,
  from: number,
  nBytes: number,
): T {
  const n = Math.floor(nBytes / View.BYTES_PER_ELEMENT);
  if (from % View.BYTES_PER_ELEMENT === 0) return new View(file.buffer, from, n);
  return new View(file.buffer.slice(from, from + nBytes), 0, n);
}
