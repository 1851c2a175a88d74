/**
 * Records of feedback in a file, a line each. Lines are appended and reach the disk as a whole or are taken back; a line
 * that is damaged costs itself. Past the cap the oldest go, and then the file is replaced as a whole. One window writes it:
 * VS Code opens a workspace once.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../core/errors';
import { type FeedbackRecord, fitForKeeping, parseRecord } from './feedbackRecord';

export interface LogCaps {
  readonly nRecords: number;
  readonly nBytes: number;
}

export const CAPS: LogCaps = { nRecords: 2000, nBytes: 8 * 1024 * 1024 };
/** What is left when a cap is reached, so that the file is not written anew at every record. */
const KEPT_SHARE = 0.9;
/** Records that wait while the disk takes none. */
const MOST_WAITING = 64;

export interface LogAccount {
  readonly nRecords: number;
  readonly sizeBytes: number;
}

export class FeedbackLog {
  private waiting: FeedbackRecord[] = [];
  private nRecords: number | undefined;

  /** @param file absolute path; its folder need not exist */
  constructor(
    readonly file: string,
    /** Hears why something could not be written; never code. */
    private readonly onProblem: (message: string) => void,
    private readonly caps: LogCaps = CAPS,
    /** For tests of disks that are full. */
    private readonly write: (file: string, text: string) => void = appendFileSync,
  ) {}

  /** Appends a record; what the disk does not take now is tried again with the next one. */
  add(record: FeedbackRecord): void {
    this.waiting = [...this.waiting, record].slice(-MOST_WAITING);
    try {
      const { nRecords } = this.account();
      this.append(this.waiting.map(one => `${JSON.stringify(one)}\n`).join(''));
      this.nRecords = nRecords + this.waiting.length;
      this.waiting = [];
      if (this.nRecords > this.caps.nRecords || this.sizeBytes() > this.caps.nBytes) this.dropOldest();
    } catch (error) {
      this.onProblem(messageOf(error));
    }
  }

  /** Oldest first, without the damaged ones. */
  read(): FeedbackRecord[] {
    return this.lines().flatMap(line => parseRecord(line) ?? []);
  }

  /** What may be given away, a line each: records of an earlier version may hold what is not kept any more. */
  exported(): string[] {
    return this.read().flatMap(record => {
      const fit = fitForKeeping(record);
      return fit === undefined ? [] : [`${JSON.stringify(fit)}\n`];
    });
  }

  account(): LogAccount {
    this.nRecords ??= this.read().length;
    return { nRecords: this.nRecords, sizeBytes: this.sizeBytes() };
  }

  /** Forgets everything, on disk and in memory. @throws what the disk throws. */
  erase(): void {
    this.waiting = [];
    this.nRecords = undefined;
    rmSync(this.file, { force: true });
    const dir = path.dirname(this.file);
    if (!existsSync(dir)) return;
    // What a crash left half written.
    for (const name of readdirSync(dir))
      if (name.startsWith(`${path.basename(this.file)}.`)) rmSync(path.join(dir, name), { force: true });
  }

  private append(text: string): void {
    mkdirSync(path.dirname(this.file), { recursive: true });
    const before = this.sizeBytes();
    // A line that a crash cut short must not swallow the next one.
    const start = before > 0 && !this.endsWithNewline(before) ? '\n' : '';
    try {
      this.write(this.file, start + text);
    } catch (error) {
      // A full disk takes a part of it.
      if (existsSync(this.file)) truncateSync(this.file, before);
      throw error;
    }
  }

  private dropOldest(): void {
    const lines = this.read().map(record => `${JSON.stringify(record)}\n`);
    const most = { nRecords: this.caps.nRecords * KEPT_SHARE, nBytes: this.caps.nBytes * KEPT_SHARE };
    let nBytes = 0;
    let from = lines.length;
    while (from > 0 && lines.length - from + 1 <= most.nRecords) {
      nBytes += Buffer.byteLength(lines[from - 1]);
      if (nBytes > most.nBytes) break;
      from--;
    }
    const beside = `${this.file}.new`;
    const output = openSync(beside, 'w');
    try {
      writeFileSync(output, lines.slice(from).join(''));
      fsyncSync(output);
    } finally {
      closeSync(output);
    }
    renameSync(beside, this.file);
    this.nRecords = lines.length - from;
  }

  private lines(): string[] {
    try {
      return readFileSync(this.file, 'utf8').split('\n');
    } catch {
      return [];
    }
  }

  private endsWithNewline(sizeBytes: number): boolean {
    const input = openSync(this.file, 'r');
    try {
      const last = Buffer.alloc(1);
      readSync(input, last, 0, 1, sizeBytes - 1);
      return last[0] === NEWLINE;
    } finally {
      closeSync(input);
    }
  }

  private sizeBytes(): number {
    return statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }
}

const NEWLINE = 10;
