/**
 * `samples.bin`, little-endian: "RSAM", version u32, key 32 bytes, m u32, isDone u32, elapsedMs f64, nPrompts u32, then
 * for each prompt m responses, each its length u16 and its tokens u16.
 */

const MAGIC = 0x4d415352;
const VERSION = 1;
const HEADER_BYTES = 60;

export interface StoredSamples {
  /** What they were drawn from and how; others do not fit. */
  readonly key: Buffer;
  readonly m: number;
  readonly isDone: boolean;
  readonly elapsedMs: number;
  /** By prompt. */
  readonly responses: readonly (readonly Int32Array[])[];
}

export function packSamples({ key, m, isDone, elapsedMs, responses }: StoredSamples): Uint8Array {
  const nTokens = responses.flat().reduce((sum, response) => sum + 1 + response.length, 0);
  const bytes = Buffer.alloc(HEADER_BYTES + 2 * nTokens);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(VERSION, 4);
  key.copy(bytes, 8, 0, 32);
  bytes.writeUInt32LE(m, 40);
  bytes.writeUInt32LE(isDone ? 1 : 0, 44);
  bytes.writeDoubleLE(elapsedMs, 48);
  bytes.writeUInt32LE(responses.length, 56);
  let at = HEADER_BYTES;
  for (const response of responses.flat())
    for (const value of [response.length, ...response]) at = bytes.writeUInt16LE(value, at);
  return bytes;
}

/** @returns undefined when it is no such file, or not all of one. */
export function unpackSamples(bytes: Buffer): StoredSamples | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== VERSION)
    return undefined;
  const m = bytes.readUInt32LE(40);
  const nPrompts = bytes.readUInt32LE(56);
  const responses: Int32Array[][] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < nPrompts; i++) {
    const ofPrompt: Int32Array[] = [];
    for (let k = 0; k < m; k++) {
      if (at + 2 > bytes.length) return undefined;
      const length = bytes.readUInt16LE(at);
      at += 2;
      if (at + 2 * length > bytes.length) return undefined;
      const start = at;
      ofPrompt.push(Int32Array.from({ length }, (_, j) => bytes.readUInt16LE(start + 2 * j)));
      at += 2 * length;
    }
    responses.push(ofPrompt);
  }
  return {
    key: Buffer.from(bytes.subarray(8, 40)),
    m,
    isDone: bytes.readUInt32LE(44) === 1,
    elapsedMs: bytes.readDoubleLE(48),
    responses,
  };
}
