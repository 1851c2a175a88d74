/**
 * The header of one GGUF file, version 2 or 3: its keys and values, and where its tensors lie. Every count and length is
 * compared with what is left of the file before anything is allocated for it.
 * Format: ggml-org/ggml docs/gguf.md; what is refused: ggml-org/llama.cpp ggml/src/gguf.cpp.
 */
import { say } from '../../core/sentence';
import { damaged, unreadable, unsupported } from '../refusal';
import type { BinaryFile } from '../tensors/binaryFile';
import type { StorageType } from '../tensors/dequantise';
import { ggufTypeName, STORAGE_TYPES } from '../tensors/storageTypes';
import { type GgufValue, GgufValues } from './ggufValues';
import { HeaderBytes } from './headerBytes';

export interface GgufTensor {
  readonly name: string;
  /** As the file has them: the first one counts values that lie beside each other. */
  readonly dims: readonly number[];
  readonly type: StorageType;
  readonly file: BinaryFile;
  /** In the file. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly metadata: GgufValues;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 'GGUF';
/** Those of @huggingface/gguf, which reads what people publish. */
const MAX_KEYS = 100_000;
const MAX_ITEMS = 1_000_000;
const MAX_TEXT_BYTES = 10_000_000;
/** docs/gguf.md: keys have at most 2¹⁶ − 1 bytes; GGML_MAX_NAME is 64, with the final NUL. */
const MAX_KEY_BYTES = 65_535;
const MAX_NAME_BYTES = 63;
const MAX_DIMS = 4;
/** The shortest a key with its value, and a tensor's description, can be. */
const MIN_PAIR_BYTES = 8 + 1 + 4 + 1;
const MIN_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8;

const STRING = 8;
const ARRAY = 9;
const BOOL = 7;
type ScalarReader = (bytes: HeaderBytes) => number | bigint;
const SCALARS: Readonly<Record<number, { readonly sizeBytes: number; readonly read: ScalarReader }>> = {
  0: { sizeBytes: 1, read: bytes => bytes.u8() },
  1: { sizeBytes: 1, read: bytes => bytes.i8() },
  2: { sizeBytes: 2, read: bytes => bytes.u16() },
  3: { sizeBytes: 2, read: bytes => bytes.i16() },
  4: { sizeBytes: 4, read: bytes => bytes.u32() },
  5: { sizeBytes: 4, read: bytes => bytes.i32() },
  6: { sizeBytes: 4, read: bytes => bytes.f32() },
  [BOOL]: { sizeBytes: 1, read: bytes => bytes.u8() },
  10: { sizeBytes: 8, read: bytes => bytes.u64() },
  11: { sizeBytes: 8, read: bytes => bytes.i64() },
  12: { sizeBytes: 8, read: bytes => bytes.f64() },
};

/** Whether a file begins as GGUF files do, whatever its name: Ollama names them by their hash. */
export async function isGguf(file: BinaryFile): Promise<boolean> {
  if (file.sizeBytes < MAGIC.length) return false;
  const start = Buffer.alloc(MAGIC.length);
  await file.read(0, start);
  return start.toString('latin1') === MAGIC;
}

/** @throws UserError naming the file and the first thing that is wrong with it */
export async function readGgufHeader(file: BinaryFile): Promise<GgufHeader> {
  if (!(await isGguf(file))) unreadable(file.name, say`it is no GGUF file`);
  return new HeaderReader(file).read();
}

class HeaderReader {
  private readonly bytes: HeaderBytes;
  private readonly name: string;

  constructor(private readonly file: BinaryFile) {
    this.bytes = new HeaderBytes(file);
    this.name = file.name;
  }

  async read(): Promise<GgufHeader> {
    const { bytes, name } = this;
    await bytes.fill(MAGIC.length + 4 + 8 + 8);
    bytes.u32();
    const version = bytes.u32();
    if ((version & 0xffff) === 0) unreadable(name, say`its numbers are stored for big-endian machines`);
    if (version < 2 || version > 3) unreadable(name, say`it is GGUF version ${version}, and only 2 and 3 are known`);
    const nTensors = this.size(bytes.u64());
    const nKeys = this.size(bytes.u64());
    if (nKeys > MAX_KEYS || nKeys * MIN_PAIR_BYTES > bytes.remainingBytes) {
      damaged(name, say`it claims ${nKeys} keys`);
    }
    if (nTensors * MIN_TENSOR_BYTES > bytes.remainingBytes) damaged(name, say`it claims ${nTensors} tensors`);
    const metadata = await this.pairs(nKeys);
    return { metadata, tensors: await this.tensors(nTensors, alignmentOf(metadata, name)) };
  }

  private async pairs(n: number): Promise<GgufValues> {
    const values = new Map<string, GgufValue>();
    for (let i = 0; i < n; i++) {
      const key = await this.label(MAX_KEY_BYTES);
      if (values.has(key)) damaged(this.name, say`it has the key "${key}" twice`);
      values.set(key, await this.value(key));
    }
    return new GgufValues(this.name, values);
  }

  private async value(key: string): Promise<GgufValue> {
    const { bytes } = this;
    const type = await this.u32();
    if (type === STRING) return { kind: 'string', value: await this.text(key) };
    if (type === ARRAY) return this.list(key);
    const { sizeBytes, read } = SCALARS[type] ?? damaged(this.name, say`the value of "${key}" is of type ${type}`);
    if (bytes.lacks(sizeBytes)) await bytes.fill(sizeBytes);
    const value = read(bytes);
    return type === BOOL ? { kind: 'boolean', value: this.truth(key, value) } : { kind: 'number', value };
  }

  private async list(key: string): Promise<GgufValue> {
    const { bytes } = this;
    const type = await this.u32();
    const n = await this.u64();
    const sizeBytes = type === STRING ? 8 : SCALARS[type]?.sizeBytes;
    if (type === ARRAY) damaged(this.name, say`the value of "${key}" is a list of lists`);
    if (sizeBytes === undefined) return damaged(this.name, say`the value of "${key}" is of type ${type}`);
    if (n > MAX_ITEMS || n * sizeBytes > bytes.remainingBytes) {
      damaged(this.name, say`the value of "${key}" claims ${n} items`);
    }
    if (type === STRING) {
      const value: (string | undefined)[] = [];
      for (let i = 0; i < n; i++) {
        // Not through text(): a wait for each item of a vocabulary takes longer than reading it.
        if (bytes.lacks(8)) await bytes.fill(8);
        const nBytes = this.textSize(key, bytes.u64());
        if (bytes.lacks(nBytes)) await bytes.fill(nBytes);
        value.push(bytes.text(nBytes));
      }
      return { kind: 'strings', value };
    }
    if (bytes.lacks(n * sizeBytes)) await bytes.fill(n * sizeBytes);
    const value = Array.from({ length: n }, () => SCALARS[type].read(bytes));
    if (type === BOOL) return { kind: 'booleans', value: value.map(item => this.truth(key, item)) };
    return { kind: 'numbers', value };
  }

  private async tensors(n: number, alignment: number): Promise<ReadonlyMap<string, GgufTensor>> {
    const found: Omit<GgufTensor, 'file'>[] = [];
    for (let i = 0; i < n; i++) found.push(await this.tensor());
    const padded = (size: number) => Math.ceil(size / alignment) * alignment;
    const dataStart = padded(this.bytes.position);
    const tensors = new Map<string, GgufTensor>();
    let next = 0;
    for (const tensor of found) {
      const { name, offset } = tensor;
      if (tensors.has(name)) damaged(this.name, say`it has the tensor "${name}" twice`);
      // As the format wants them: one after the other. So none lies over another.
      if (offset !== next) damaged(this.name, say`the tensor "${name}" lies at ${offset}, where ${next} is expected`);
      const sizeBytes = sizeOf(tensor);
      if (dataStart + offset + sizeBytes > this.file.sizeBytes) {
        damaged(this.name, say`it ends before the tensor "${name}" does`);
      }
      next = offset + padded(sizeBytes);
      tensors.set(name, { ...tensor, offset: dataStart + offset, file: this.file });
    }
    return tensors;
  }

  /** Its offset is still that from the start of the data. */
  private async tensor(): Promise<Omit<GgufTensor, 'file'>> {
    const name = await this.label(MAX_NAME_BYTES);
    const nDims = await this.u32();
    if (nDims < 1 || nDims > MAX_DIMS) damaged(this.name, say`the tensor "${name}" has ${nDims} dimensions`);
    const dims: number[] = [];
    for (let i = 0; i < nDims; i++) dims.push(await this.u64());
    const typeName = ggufTypeName(await this.u32());
    const type = STORAGE_TYPES.get(typeName);
    if (!type) return unsupported(this.name, say`the tensor "${name}" is stored as ${typeName}, which is not known`);
    const shape = dims.join(' × ');
    const nValues = dims.reduce((product, dim) => product * dim, 1);
    if (!Number.isSafeInteger(nValues * type.blockBytes) || nValues === 0 || dims[0] % type.blockSize !== 0) {
      damaged(this.name, say`the tensor "${name}" cannot have the shape ${shape}`);
    }
    return { name, dims, type, offset: await this.u64() };
  }

  private async u32(): Promise<number> {
    if (this.bytes.lacks(4)) await this.bytes.fill(4);
    return this.bytes.u32();
  }

  private async u64(): Promise<number> {
    if (this.bytes.lacks(8)) await this.bytes.fill(8);
    return this.size(this.bytes.u64());
  }

  private size(value: bigint): number {
    const size = Number(value);
    if (!Number.isSafeInteger(size)) damaged(this.name, say`it claims a size of ${String(value)}`);
    return size;
  }

  private textSize(key: string, value: bigint): number {
    const nBytes = this.size(value);
    if (nBytes > MAX_TEXT_BYTES) damaged(this.name, say`the value of "${key}" claims a text of ${nBytes} bytes`);
    return nBytes;
  }

  private async text(key: string): Promise<string | undefined> {
    if (this.bytes.lacks(8)) await this.bytes.fill(8);
    const nBytes = this.textSize(key, this.bytes.u64());
    if (this.bytes.lacks(nBytes)) await this.bytes.fill(nBytes);
    return this.bytes.text(nBytes);
  }

  /** A key or the name of a tensor. */
  private async label(maxBytes: number): Promise<string> {
    const nBytes = await this.u64();
    if (nBytes === 0 || nBytes > maxBytes) damaged(this.name, say`it claims a name of ${nBytes} bytes`);
    if (this.bytes.lacks(nBytes)) await this.bytes.fill(nBytes);
    return this.bytes.text(nBytes) ?? damaged(this.name, say`it has a name that is not UTF-8 text`);
  }

  private truth(key: string, value: number | bigint): boolean {
    if (value !== 0 && value !== 1) damaged(this.name, say`the value of "${key}" is neither true nor false`);
    return value === 1;
  }
}

function alignmentOf(metadata: GgufValues, fileName: string): number {
  const alignment = metadata.number('general.alignment') ?? 32;
  const isPowerOfTwo = Number.isInteger(Math.log2(alignment));
  if (alignment < 1 || !isPowerOfTwo) damaged(fileName, say`it claims an alignment of ${alignment}`);
  return alignment;
}

function sizeOf({ dims, type }: Pick<GgufTensor, 'dims' | 'type'>): number {
  return (dims.reduce((product, dim) => product * dim, 1) / type.blockSize) * type.blockBytes;
}
