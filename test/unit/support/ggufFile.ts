/** GGUF files byte by byte: also those that no tool writes, with counts, lengths, offsets and types that lie. */

export const U8 = 0;
export const U16 = 2;
export const U32 = 4;
export const F32 = 6;
export const BOOL = 7;
export const STRING = 8;
export const ARRAY = 9;
export const U64 = 10;

/** A key's type with its bytes. */
export type RawValue = readonly [number, Buffer];

export interface RawTensor {
  readonly name: string;
  readonly dims: readonly (number | bigint)[];
  /** F32 unless it says otherwise. */
  readonly type?: number;
  readonly data?: Buffer;
  /** Of the data, where that is not where it lies. */
  readonly offset?: number | bigint;
}

export interface RawGguf {
  readonly magic?: string;
  readonly version?: number;
  readonly nKeys?: bigint;
  readonly nTensors?: bigint;
  readonly keys?: readonly (readonly [string | Buffer, RawValue])[];
  readonly tensors?: readonly RawTensor[];
  readonly alignment?: number;
  /** Bytes taken off the end of the file. */
  readonly nMissing?: number;
}

export function rawGguf(file: RawGguf): Buffer {
  const { keys = [], tensors = [], alignment = 32, nMissing = 0 } = file;
  const padded = (size: number) => Math.ceil(size / alignment) * alignment;
  let at = 0;
  const descriptions = tensors.map(({ name, dims, type = 0, data = floats(dims), offset }) => {
    const parts = [text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset ?? at)];
    at += padded(data.length);
    return Buffer.concat(parts);
  });
  const header = Buffer.concat([
    Buffer.from(file.magic ?? 'GGUF', 'latin1'),
    u32(file.version ?? 3),
    u64(file.nTensors ?? tensors.length),
    u64(file.nKeys ?? keys.length),
    ...keys.map(([key, [type, bytes]]) => Buffer.concat([text(key), u32(type), bytes])),
    ...descriptions,
  ]);
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
  const whole = Buffer.concat([pad(header), ...tensors.map(({ dims, data = floats(dims) }) => pad(data))]);
  return whole.subarray(0, whole.length - nMissing);
}

/** As many zeros as the dimensions say. */
function floats(dims: readonly (number | bigint)[]): Buffer {
  return Buffer.alloc(4 * dims.reduce((product: number, dim) => product * Number(dim), 1));
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

export const string = (value: string | Buffer): RawValue => [STRING, text(value)];
export const number = (value: number): RawValue => [U32, u32(value)];
export const large = (value: bigint): RawValue => [U64, u64(value)];
export const truth = (value: number): RawValue => [BOOL, Buffer.of(value)];

export function float(value: number): RawValue {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return [F32, bytes];
}

/** @param n how many items the list claims */
export function list(type: number, items: readonly Buffer[], n: number | bigint = items.length): RawValue {
  return [ARRAY, Buffer.concat([u32(type), u64(n), ...items])];
}
