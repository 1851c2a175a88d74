/** Zip archives byte by byte: also those that no tool writes, with names, sizes and forms that lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface RawEntry {
  readonly name: string | Uint8Array;
  readonly content: Uint8Array | string;
  /** Packed with deflate unless it says otherwise. */
  readonly method?: number;
  /** What the directory says, where that is not the truth. */
  readonly sizeBytes?: number;
  readonly packedBytes?: number;
  readonly crc?: number;
  /** Unix mode, in the upper half of the external attributes. */
  readonly mode?: number;
  readonly flags?: number;
}

export interface RawEnd {
  /** How many entries the end of the directory claims. */
  readonly nEntries?: number;
  /** Bytes taken off the end of the file. */
  readonly nMissing?: number;
}

const UTF8 = 0x800;

export function rawZip(entries: readonly RawEntry[], end: RawEnd = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content);
    const method = entry.method ?? 8;
    const packed = method === 8 ? deflateRawSync(content) : content;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(entry.flags ?? UTF8, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(0x5a210000, 6); // a date and a time
    fields.writeUInt32LE(entry.crc ?? crc32(content), 10);
    fields.writeUInt32LE(entry.packedBytes ?? packed.length, 14);
    fields.writeUInt32LE(entry.sizeBytes ?? content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), fields, name, packed);

    const more = Buffer.alloc(14);
    more.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    more.writeUInt32LE(offset, 10);
    // Made by Unix, version 2.0.
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), fields, more, name);
    offset += 4 + fields.length + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const last = Buffer.alloc(22);
  last.write('PK\x05\x06', 'latin1');
  last.writeUInt16LE(end.nEntries ?? entries.length, 8);
  last.writeUInt16LE(end.nEntries ?? entries.length, 10);
  last.writeUInt32LE(list.length, 12);
  last.writeUInt32LE(offset, 16);
  const whole = Buffer.concat([...parts, list, last]);
  return whole.subarray(0, whole.length - (end.nMissing ?? 0));
}
