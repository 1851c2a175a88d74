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
  /** What stands before the content, where that differs from the directory. */
  readonly local?: { readonly name?: string; readonly method?: number; readonly flags?: number };
  /** More of the file's own header, up to 65,535 bytes. */
  readonly extra?: Uint8Array;
  /** The directory points to the content of the entry with this index instead of one of its own. */
  readonly sameAs?: number;
}

export interface RawEnd {
  /** How many entries the end of the directory claims. */
  readonly nEntries?: number;
  /** Bytes taken off the end of the file. */
  readonly nMissing?: number;
  /** Where the end of the directory says that it begins. */
  readonly directoryAt?: number;
  /** Claims of a second end of the directory, in 64 bits. */
  readonly zip64Entries?: bigint;
  readonly comment?: string;
}

const UTF8 = 0x800;

export function rawZip(entries: readonly RawEntry[], end: RawEnd = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const offsets: number[] = [];
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
    const ownName = Buffer.from(entry.local?.name ?? name);
    const own = Buffer.from(fields);
    own.writeUInt16LE(entry.local?.flags ?? entry.flags ?? UTF8, 2);
    own.writeUInt16LE(entry.local?.method ?? method, 4);
    own.writeUInt16LE(ownName.length, 22);
    const extra = Buffer.from(entry.extra ?? []);
    own.writeUInt16LE(extra.length, 24);
    if (entry.sameAs === undefined) parts.push(Buffer.from('PK\x03\x04', 'latin1'), own, ownName, extra, packed);
    offsets.push(entry.sameAs === undefined ? offset : offsets[entry.sameAs]);

    const more = Buffer.alloc(14);
    more.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    more.writeUInt32LE(offsets.at(-1) ?? 0, 10);
    // Made by Unix, version 2.0.
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), fields, more, name);
    if (entry.sameAs === undefined) offset += 4 + own.length + ownName.length + extra.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const comment = Buffer.from(end.comment ?? '');
  const last = Buffer.alloc(22);
  last.write('PK\x05\x06', 'latin1');
  last.writeUInt16LE(end.zip64Entries === undefined ? (end.nEntries ?? entries.length) : 0xffff, 8);
  last.writeUInt16LE(end.zip64Entries === undefined ? (end.nEntries ?? entries.length) : 0xffff, 10);
  last.writeUInt32LE(list.length, 12);
  last.writeUInt32LE(end.directoryAt ?? offset, 16);
  last.writeUInt16LE(comment.length, 20);
  const more = end.zip64Entries === undefined ? [] : [zip64(end.zip64Entries, list.length, offset)];
  const whole = Buffer.concat([...parts, list, ...more, last, comment]);
  return whole.subarray(0, whole.length - (end.nMissing ?? 0));
}

/** The end of the directory in 64 bits, and what tells where it is. */
function zip64(nEntries: bigint, listBytes: number, listAt: number): Buffer {
  const record = Buffer.alloc(56);
  record.write('PK\x06\x06', 'latin1');
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(nEntries, 24);
  record.writeBigUInt64LE(nEntries, 32);
  record.writeBigUInt64LE(BigInt(listBytes), 40);
  record.writeBigUInt64LE(BigInt(listAt), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(listAt + listBytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}
