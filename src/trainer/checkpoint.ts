/**
 * `checkpoint.bin`, little-endian: "RCKP", header length u32, header JSON padded to a multiple of 8, then float32 [N] each:
 * the weights, the two moments of AdamW, the best weights so far.
 */
import { readJobFile, writeJobFile } from './jobFiles';

export const CHECKPOINT_FILE = 'checkpoint.bin';
const MAGIC = 0x504b4352;
const VERSION = 2;

export interface CheckpointHeader {
  /** Of all that decides what a step does; another job's checkpoint does not fit. */
  readonly key: string;
  readonly step: number;
  /** The step after which the held-out files were last looked at: a look that a stop came before is still due. */
  readonly lookedStep: number;
  readonly nTokens: number;
  /** Of work, without pauses. */
  readonly seconds: number;
  /** Lowest held-out loss so far, and the step after which it was measured. */
  readonly best: { readonly step: number; readonly nats: number };
  /** Measurements since then. */
  readonly nWithoutGain: number;
}

export interface Checkpoint extends CheckpointHeader {
  readonly flat: Float32Array<ArrayBuffer>;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly bestFlat: Float32Array<ArrayBuffer>;
}

export async function saveCheckpoint(dir: string, checkpoint: Checkpoint): Promise<void> {
  const { flat, m, v, bestFlat, ...header } = checkpoint;
  const text = Buffer.from(JSON.stringify({ version: VERSION, n: flat.length, ...header }));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(padded.length, 4);
  const bytes = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  await writeJobFile(dir, CHECKPOINT_FILE, Buffer.concat([head, padded, ...[flat, m, v, bestFlat].map(bytes)]));
}

/** @returns undefined when there is none, or none of this job that is whole. */
export async function readCheckpoint(dir: string, key: string): Promise<Checkpoint | undefined> {
  const file = await readJobFile(dir, CHECKPOINT_FILE);
  if (file === undefined || file.length < 8 || file.readUInt32LE(0) !== MAGIC) return undefined;
  const start = 8 + file.readUInt32LE(4);
  let header: CheckpointHeader & { readonly version: number; readonly n: number };
  try {
    header = JSON.parse(file.toString('utf8', 8, start));
  } catch {
    return undefined;
  }
  const { version, n, ...rest } = header;
  if (version !== VERSION || rest.key !== key || file.length !== start + 16 * n) return undefined;
  const part = (i: number) => {
    const from = file.byteOffset + start + 4 * n * i;
    return new Float32Array(file.buffer.slice(from, from + 4 * n) as ArrayBuffer);
  };
  return { ...rest, flat: part(0), m: part(1), v: part(2), bestFlat: part(3) };
}
