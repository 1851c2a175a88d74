/**
 * Weights on disk: safetensors files of a limited size whose headers are padded, so that every tensor's place is known
 * before the first one is written, and an ONNX graph can address them as external data.
 * Format: huggingface/safetensors, README.md.
 */
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { type OnnxType, type OutsideTensor, type Place, sizeBytesOf } from '../graph/graphWriter';

/** Below what code hosts take as one file. */
export const MAX_SHARD_BYTES = 95_000_000;
/** Data begins at a multiple of a memory page, so that a file can be mapped. */
const PAGE_BYTES = 4096;

const SAFETENSORS_TYPE: Readonly<Record<OnnxType, string>> = {
  float32: 'F32',
  uint8: 'U8',
  int8: 'I8',
  int32: 'I32',
  int64: 'I64',
};

interface Shard {
  readonly name: string;
  readonly header: Uint8Array;
  readonly sizeBytes: number;
  /** Absolute offsets. */
  readonly offsets: ReadonlyMap<string, number>;
}

export class Shards {
  readonly #shards: readonly Shard[];
  readonly #shardOf = new Map<string, Shard>();

  /** @param stem the file name without its number: `model_int8` gives `model_int8-00001-of-00003.safetensors` */
  constructor(tensors: readonly OutsideTensor[], stem: string, maxBytes = MAX_SHARD_BYTES) {
    const groups = grouped(tensors, maxBytes);
    const number = (i: number) => `${i}`.padStart(5, '0');
    this.#shards = groups.map((group, i) => {
      const suffix = groups.length === 1 ? '' : `-${number(i + 1)}-of-${number(groups.length)}`;
      return layOut(`${stem}${suffix}.safetensors`, group);
    });
    for (const shard of this.#shards) for (const name of shard.offsets.keys()) this.#shardOf.set(name, shard);
  }

  get files(): readonly { readonly name: string; readonly sizeBytes: number }[] {
    return this.#shards;
  }

  get sizeBytes(): number {
    return this.#shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  placeOf({ name }: OutsideTensor): Place {
    const shard = this.#of(name);
    return { location: shard.name, offset: shard.offsets.get(name)! };
  }

  /** Creates the files, headers and all, and opens them for `write`. */
  async create(dir: string): Promise<ShardFiles> {
    const handles = new Map<Shard, FileHandle>();
    const close = async () => {
      for (const handle of handles.values()) await handle.close();
    };
    try {
      for (const shard of this.#shards) {
        const handle = await open(path.join(dir, shard.name), 'wx');
        handles.set(shard, handle);
        await writeAll(handle, shard.header, 0);
        // Said at once, so that a disk that is too small is known before hours of work.
        await handle.truncate(shard.sizeBytes);
      }
    } catch (error) {
      await close();
      throw error;
    }
    const write = async (name: string, offset: number, bytes: Uint8Array) => {
      const shard = this.#of(name);
      await writeAll(handles.get(shard)!, bytes, shard.offsets.get(name)! + offset);
    };
    return { write, close };
  }

  #of(name: string): Shard {
    const shard = this.#shardOf.get(name);
    if (shard === undefined) throw new Error(`No shard has the tensor ${name}.`);
    return shard;
  }
}

export interface ShardFiles {
  /** Writes a part of a tensor, `offset` bytes behind its beginning. */
  write(name: string, offset: number, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** In the order given; a tensor that is larger than a shard has one of its own. */
function grouped(tensors: readonly OutsideTensor[], maxBytes: number): OutsideTensor[][] {
  const groups: OutsideTensor[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    // A header line takes about 100 bytes; twice that leaves room for long names.
    const sizeBytes = sizeBytesOf(tensor) + 200;
    if (filled > 0 && filled + sizeBytes + PAGE_BYTES > maxBytes) {
      groups.push([]);
      filled = 0;
    }
    groups.at(-1)!.push(tensor);
    filled += sizeBytes;
  }
  return groups;
}

/** Wider types first, so that each value is aligned without holes, which the format forbids. */
function layOut(name: string, tensors: readonly OutsideTensor[]): Shard {
  const width = ({ type, shape }: OutsideTensor) => sizeBytesOf({ name: '', type, shape: shape.map(() => 1) });
  const ordered = [...tensors].sort((a, b) => width(b) - width(a));
  const entries: Record<string, unknown> = {};
  const starts = new Map<string, number>();
  let at = 0;
  for (const tensor of ordered) {
    const end = at + sizeBytesOf(tensor);
    entries[tensor.name] = { dtype: SAFETENSORS_TYPE[tensor.type], shape: tensor.shape, data_offsets: [at, end] };
    starts.set(tensor.name, at);
    at = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const dataStart = Math.ceil((8 + text.length) / PAGE_BYTES) * PAGE_BYTES;
  const header = new Uint8Array(dataStart).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  header.set(text, 8);
  const offsets = new Map([...starts].map(([tensor, start]) => [tensor, dataStart + start]));
  return { name, header, sizeBytes: dataStart + at, offsets };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
