/**
 * The instant module's model: an n-gram over a workspace's tokens, with the document's own over it, as one more language
 * model. Counting is all the training it gets, so a saved file counts at once.
 */

import type { LanguageModel, SeekReport, Sequence, Tokenizer } from '../model';
import { likeliest } from '../row';
import type { NgramCounts } from './ngramCounts';
import { NgramFloor } from './ngramFloor';
import { readHistory } from './ngramHistory';
import { NgramReading } from './ngramReading';
import { NgramRow, type Recognition } from './ngramRow';
import type { NgramStore } from './ngramStore';

/** Nothing in an n-gram ends with a position; the document's own counts grow slower to read with it. */
const CONTEXT_LENGTH = 32_768;

const LF = 10;
const CR = 13;

export class NgramModel implements LanguageModel {
  readonly contextLength = CONTEXT_LENGTH;
  readonly #floor: NgramFloor;

  constructor(
    readonly store: NgramStore,
    private readonly tokenizer: Tokenizer,
  ) {
    const isBreak = Uint8Array.from({ length: store.vocabSize }, (_, token) => {
      const first = token < tokenizer.vocabSize ? tokenizer.bytes(token)[0] : undefined;
      return first === LF || first === CR ? 1 : 0;
    });
    this.#floor = new NgramFloor(store, isBreak);
  }

  get tokenizerId(): string {
    return this.tokenizer.id;
  }

  get vocabSize(): number {
    return this.store.vocabSize;
  }

  get sizeBytes(): number {
    return this.store.sizeBytes;
  }

  /** Nothing outside memory is held. */
  async close(): Promise<void> {}

  open(): NgramSequence {
    return this.#open(this.store, this.#floor, 'document and workspace');
  }

  /** A sequence over other counts of the same tokens. */
  openOver(counts: NgramCounts): NgramSequence {
    return this.#open(counts, new NgramFloor(counts, this.#floor.isBreak), 'document and workspace');
  }

  /** A sequence whose own tokens are no document: what the workspace alone says. */
  openContext(): NgramSequence {
    return this.#open(this.store, this.#floor, 'workspace');
  }

  #open(counts: NgramCounts, floor: NgramFloor, reading: ConstructorParameters<typeof NgramRow>[3]): NgramSequence {
    const { special } = this.tokenizer;
    const row = new NgramRow(counts, floor, special.endoftext, reading);
    const marks = new Set<number>(Object.values(special) as number[]);
    return new NgramSequence(
      counts,
      row,
      () => new NgramReading(floor),
      tokens => readHistory(tokens, special),
      token => marks.has(token),
    );
  }
}

/** Likely next tokens, each after the one before it. */
export interface Draft {
  readonly tokens: number[];
  /** Probability of each under the n-gram. */
  readonly probs: number[];
}

export class NgramSequence implements Sequence {
  #tokens: number[] = [];
  #history: number[] = [];
  readonly #rows: NgramReading[] = [];
  /** The revision of the counts that row 0 was read at; undefined when it has to be read. */
  #readAt: number | undefined;

  constructor(
    private readonly store: NgramCounts,
    private readonly row: NgramRow,
    private readonly newReading: () => NgramReading,
    private readonly read: (tokens: readonly number[]) => number[],
    private readonly isSpecial: (token: number) => boolean,
  ) {}

  get length(): number {
    return this.#tokens.length;
  }

  async seek(tokens: readonly number[]): Promise<SeekReport> {
    if (tokens.length === 0) throw new Error('A sequence needs at least one token.');
    this.#tokens = [...tokens];
    this.#history = this.read(tokens);
    this.#readAt = undefined;
    return { nCached: 0, nPrefilled: tokens.length };
  }

  logps(): NgramReading {
    const row = this.#buffer(0);
    if (this.#readAt !== this.store.revision) {
      this.row.read(this.#history, row);
      this.#readAt = this.store.revision;
    }
    return row;
  }

  /** How far the context of the current row is known. Valid until the next call. */
  recognition(): Recognition {
    this.logps();
    return this.row.recognition;
  }

  async push(token: number): Promise<void> {
    this.#append(token);
  }

  async verify(draft: readonly number[]): Promise<readonly NgramReading[]> {
    const rows = draft.map((token, i) => {
      this.#append(token);
      const row = this.#buffer(i + 1);
      this.row.read(this.#history, row);
      return row;
    });
    return rows;
  }

  rewind(n: number): void {
    this.#tokens.length -= n;
    // What was written after the last special token is the end of the history too.
    this.#history = this.read(this.#tokens);
    this.#readAt = undefined;
  }

  /** The most likely continuation, token by token, while each is at least `minProb` likely. At most `n` tokens. */
  draft(n: number, minProb: number): Draft {
    const tokens: number[] = [];
    const probs: number[] = [];
    const nHistory = this.#history.length;
    const row = this.#buffer(1);
    while (tokens.length < n) {
      this.row.read(this.#history, row);
      // The likeliest token of all is always listed.
      const token = likeliest(row.listed);
      const prob = Math.exp(row.logp(token));
      if (prob < minProb) break;
      tokens.push(token);
      probs.push(prob);
      this.#history.push(token);
    }
    this.#history.length = nHistory;
    this.#readAt = undefined;
    return { tokens, probs };
  }

  close(): void {
    this.#tokens = [];
    this.#history = [];
    this.#readAt = undefined;
  }

  #append(token: number): void {
    this.#tokens.push(token);
    if (this.isSpecial(token)) this.#history = this.read(this.#tokens);
    else this.#history.push(token);
    this.#readAt = undefined;
  }

  #buffer(i: number): NgramReading {
    this.#rows[i] ??= this.newReading();
    return this.#rows[i];
  }
}
