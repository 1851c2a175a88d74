/**
 * Keeps a tally in a file that several windows add to: each holds what it has counted since it last wrote, and adds that
 * to what is there. Replaced as a whole, so that a crash leaves the old file or the new one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../core/errors';
import { type Sentence, say } from '../../core/sentence';
import type { FeedbackEvent } from './feedbackEvents';
import { addTallies, count, EMPTY_TALLY, parseTally, type Tally } from './scoreboard';

/** At most this often. */
const WRITE_EVERY_MS = 10_000;
/** Several times what a full tally takes. */
const MOST_BYTES = 8 * 1024 * 1024;

export class ScoreboardFile {
  private unwritten: Tally = EMPTY_TALLY;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly file: string,
    /** `2025-03-31`, local time. */
    private readonly today: () => string,
    /** Hears why the file could not be written. */
    private readonly onProblem: (message: string) => void,
  ) {}

  add(event: FeedbackEvent): void {
    const next = count(this.unwritten, event, this.today());
    if (next === this.unwritten) return;
    this.unwritten = next;
    this.timer ??= setTimeout(() => this.flush(), WRITE_EVERY_MS).unref();
  }

  /** All that was counted, by this window and others. @throws UserError when the file is there and is no tally. */
  read(): Tally {
    return addTallies(this.written(), this.unwritten);
  }

  /** Writes what is not written yet. A file that cannot be read is left alone, and what was counted is kept. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.unwritten === EMPTY_TALLY) return;
    const beside = `${this.file}.${process.pid}.new`;
    try {
      const text = JSON.stringify(this.read());
      mkdirSync(path.dirname(this.file), { recursive: true });
      writeFileSync(beside, text);
      renameSync(beside, this.file);
      this.unwritten = EMPTY_TALLY;
    } catch (error) {
      // A disk that is full must not keep half of a file besides.
      rmSync(beside, { force: true, recursive: true });
      this.onProblem(messageOf(error));
    }
  }

  /** Forgets everything, on disk and in memory. @throws what the disk throws. */
  erase(): void {
    rmSync(this.file, { force: true });
    const dir = path.dirname(this.file);
    // What a crash left half written.
    const halves = existsSync(dir)
      ? readdirSync(dir).filter(name => name.startsWith(`${path.basename(this.file)}.`))
      : [];
    for (const name of halves) rmSync(path.join(dir, name), { force: true });
    this.unwritten = EMPTY_TALLY;
  }

  dispose(): void {
    this.flush();
  }

  private written(): Tally {
    let text: string;
    try {
      if (statSync(this.file).size > MOST_BYTES)
        throw this.unreadable(say`it is larger than ${MOST_BYTES / 2 ** 20} MiB`);
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return EMPTY_TALLY;
      throw error instanceof UserError ? error : this.unreadable(messageOf(error));
    }
    const tally = parseTally(parseJson(text));
    if (tally === undefined) throw this.unreadable(say`it is damaged, or was written by a newer version`);
    return tally;
  }

  private unreadable(reason: Sentence | string): UserError {
    return new UserError(
      'scoreboard-unreadable',
      say`The scoreboard in ${this.file} cannot be read: ${reason}. Nothing is written to it; erase it to start over.`,
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
