/**
 * Where the tensors of one safetensors file lie. Format, and what is refused: huggingface/safetensors README.md and
 * safetensors/src/tensor.rs.
 */
import { hasNameTwice } from '../../core/jsonNames';
import { say } from '../../core/sentence';
import { damaged } from '../refusal';
import type { BinaryFile } from '../tensors/binaryFile';

export interface SafeTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** In the file. */
  readonly offset: number;
}

const MAX_HEADER_BYTES = 100_000_000;

/** Bytes a value. */
const DTYPES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    F64: 8,
    F32: 4,
    F16: 2,
    BF16: 2,
    F8_E4M3: 1,
    F8_E5M2: 1,
    I64: 8,
    I32: 4,
    I16: 2,
    I8: 1,
    U64: 8,
    U32: 4,
    U16: 2,
    U8: 1,
    BOOL: 1,
  }),
);

/** @throws UserError naming the file and the first thing that is wrong with it */
export async function readSafetensorsHeader(file: BinaryFile): Promise<ReadonlyMap<string, SafeTensor>> {
  const { name: fileName, sizeBytes } = file;
  const length = Buffer.alloc(8);
  await file.read(0, length);
  const headerBytes = Number(length.readBigUInt64LE());
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > sizeBytes) {
    damaged(fileName, say`it claims a header of ${headerBytes} bytes`);
  }
  const header = Buffer.alloc(headerBytes);
  await file.read(8, header);
  const tensors = new Map<string, SafeTensor & { readonly end: number }>();
  for (const [name, entry] of Object.entries(parsed(fileName, header))) {
    if (name !== '__metadata__') tensors.set(name, described(fileName, name, entry));
  }
  // One after the other without a hole: so none lies over another, and nothing is hidden between them.
  let next = 0;
  for (const [name, { offset, end }] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.end - b.end)) {
    if (offset !== next) damaged(fileName, say`the tensor "${name}" lies at ${offset}, where ${next} is expected`);
    next = end;
  }
  const dataStart = 8 + headerBytes;
  if (dataStart + next !== sizeBytes) {
    damaged(fileName, say`it has ${sizeBytes} bytes, and its header describes ${dataStart + next}`);
  }
  return new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, offset: dataStart + tensor.offset }]));
}

function parsed(fileName: string, header: Buffer): Readonly<Record<string, unknown>> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    json = JSON.parse(text);
  } catch {
    return damaged(fileName, say`its header is not JSON`);
  }
  if (!text.startsWith('{')) damaged(fileName, say`its header is not JSON`);
  if (hasNameTwice(text, json)) damaged(fileName, say`its header has a name twice`);
  return json as Readonly<Record<string, unknown>>;
}

/** Offsets are still those from the start of the data. */
function described(fileName: string, name: string, entry: unknown): SafeTensor & { readonly end: number } {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof dtype !== 'string' || !areCounts(shape) || !areCounts(offsets) || offsets.length !== 2) {
    return damaged(fileName, say`its header does not describe the tensor "${name}"`);
  }
  const valueBytes = DTYPES.get(dtype);
  if (valueBytes === undefined)
    return damaged(fileName, say`the tensor "${name}" is stored as ${dtype}, which is not known`);
  const sizeBytes = shape.reduce((product, dim) => product * dim, valueBytes);
  const [offset, end] = offsets;
  if (!Number.isSafeInteger(sizeBytes) || end - offset !== sizeBytes) {
    damaged(fileName, say`the tensor "${name}" cannot have the shape ${shape.join(' × ')}`);
  }
  return { dtype, shape, offset, end };
}

function areCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0);
}
