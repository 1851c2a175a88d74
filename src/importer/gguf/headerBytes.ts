/**
 * Reads the numbers and texts of a file's header one after the other, from a page that is refilled as needed. Whoever
 * reads asks for bytes first (`lacks`, `fill`); so the common case needs no waiting, of which a vocabulary has 300,000.
 */
import { say } from '../../core/sentence';
import { damaged } from '../refusal';
import type { BinaryFile } from '../tensors/binaryFile';

const PAGE_BYTES = 1 << 20;
/** The largest headers hold a vocabulary of a quarter of a million texts with their merges: some 30 MB. */
const MAX_HEADER_BYTES = 512 << 20;

export class HeaderBytes {
  private page = Buffer.alloc(0);
  private pageStart = 0;
  /** Within the page. */
  private at = 0;
  private readonly exact = new TextDecoder('utf-8', { fatal: true });

  constructor(private readonly file: BinaryFile) {}

  get position(): number {
    return this.pageStart + this.at;
  }

  /** Of the file. */
  get remainingBytes(): number {
    return this.file.sizeBytes - this.position;
  }

  /** Whether `nBytes` from here on still have to be brought in by `fill`. */
  lacks(nBytes: number): boolean {
    return this.at + nBytes > this.page.length;
  }

  /**
   * Makes the next `nBytes` readable.
   * @throws UserError when the file has fewer, before anything is allocated for them
   */
  async fill(nBytes: number): Promise<void> {
    if (nBytes > this.remainingBytes) damaged(this.file.name, say`it ends early`);
    const start = this.position;
    if (start + nBytes > MAX_HEADER_BYTES) damaged(this.file.name, say`its header is larger than 512 MiB`);
    const page = Buffer.allocUnsafe(Math.min(Math.max(nBytes, PAGE_BYTES), this.remainingBytes));
    await this.file.read(start, page);
    this.page = page;
    this.pageStart = start;
    this.at = 0;
  }

  u8(): number {
    return this.page.readUInt8(this.step(1));
  }
  i8(): number {
    return this.page.readInt8(this.step(1));
  }
  u16(): number {
    return this.page.readUInt16LE(this.step(2));
  }
  i16(): number {
    return this.page.readInt16LE(this.step(2));
  }
  u32(): number {
    return this.page.readUInt32LE(this.step(4));
  }
  i32(): number {
    return this.page.readInt32LE(this.step(4));
  }
  u64(): bigint {
    return this.page.readBigUInt64LE(this.step(8));
  }
  i64(): bigint {
    return this.page.readBigInt64LE(this.step(8));
  }
  f32(): number {
    return this.page.readFloatLE(this.step(4));
  }
  f64(): number {
    return this.page.readDoubleLE(this.step(8));
  }

  /** undefined where the bytes are not UTF-8. */
  text(nBytes: number): string | undefined {
    const start = this.step(nBytes);
    const text = this.page.toString('utf8', start, start + nBytes);
    // The fast way puts U+FFFD where it fails; only then is it worth asking whether the text has that character itself.
    if (!text.includes('\ufffd')) return text;
    try {
      this.exact.decode(this.page.subarray(start, start + nBytes));
      return text;
    } catch {
      return undefined;
    }
  }

  private step(nBytes: number): number {
    const start = this.at;
    this.at += nBytes;
    return start;
  }
}
