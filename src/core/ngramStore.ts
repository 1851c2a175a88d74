/**
 * The files of a workspace as n-gram counts: add one, replace it, take it out. Files that changed since the last merge
 * live in a small segment that is sorted anew at every change; the large one only marks what left it. Knows tokens and
 * names, no text.
 */
import { MAX_ORDER, NgramSegment, sortByContext, type TokenArray, tokenArray } from './ngramSegment';

export interface StoredFile {
  /** The host's own mark for the content, so that it can tell later whether the file changed. */
  readonly stamp: string;
  readonly nTokens: number;
}

interface Place extends StoredFile {
  readonly isRecent: boolean;
  readonly start: number;
}

interface Staged {
  readonly stamp: string;
  readonly tokens: TokenArray;
}

/** Lets others run between two steps of a long merge. */
export type Pause = () => Promise<void>;

/** Tokens that changed since the last merge: sorting so many takes about 20 ms. */
const MAX_RECENT_TOKENS = 1 << 17;
/** Bytes a token takes: itself twice and its place in the order. */
const BYTES_PER_TOKEN = 8;

export class NgramStore {
  #base: NgramSegment;
  #recent: NgramSegment;
  #segments: readonly NgramSegment[];
  readonly #files = new Map<string, Place>();
  /** Changes not counted yet; undefined takes a file out. */
  readonly #staged = new Map<string, Staged | undefined>();
  readonly unigrams: Int32Array;
  #nTokens = 0;
  #nStagedTokens = 0;
  /** Tokens of stored files that are staged to be replaced or taken out. */
  #nLeavingTokens = 0;
  /** Grows with every change of the counts. */
  revision = 0;

  constructor(
    readonly vocabSize: number,
    private readonly maxBytes: number,
    base?: NgramSegment,
    files: readonly (StoredFile & { readonly name: string })[] = [],
  ) {
    this.#base = base ?? emptySegment(vocabSize);
    this.#recent = emptySegment(vocabSize);
    this.#segments = [this.#base];
    this.unigrams = new Int32Array(vocabSize);
    let start = MAX_ORDER;
    for (const { name, stamp, nTokens } of files) {
      this.#files.set(name, { stamp, nTokens, isRecent: false, start });
      start += nTokens + 1;
    }
    const { tokens, separator } = this.#base;
    for (let i = MAX_ORDER; i < tokens.length; i++) if (tokens[i] !== separator) this.unigrams[tokens[i]]++;
    this.#nTokens = this.#base.nTokens;
  }

  get nTokens(): number {
    return this.#nTokens;
  }

  get sizeBytes(): number {
    return this.#base.sizeBytes + this.#recent.sizeBytes + this.unigrams.byteLength;
  }

  get files(): ReadonlyMap<string, StoredFile> {
    return this.#files;
  }

  /** What changed lately and the rest; a count is the sum over them. */
  get segments(): readonly NgramSegment[] {
    return this.#segments;
  }

  /**
   * Adds or replaces a file; counted from the next `settle` on.
   * @returns false when it does not fit: the file is then left out, also its old content.
   */
  put(name: string, stamp: string, ids: readonly number[]): boolean {
    this.remove(name);
    const nTokens = this.#nTokens - this.#nLeavingTokens + this.#nStagedTokens + ids.length;
    if (nTokens * BYTES_PER_TOKEN > this.maxBytes) return false;
    const tokens = tokenArray(this.vocabSize, ids.length);
    tokens.set(ids);
    this.#staged.set(name, { stamp, tokens });
    this.#nStagedTokens += tokens.length;
    return true;
  }

  /** Takes a file out; counted from the next `settle` on. */
  remove(name: string): void {
    const isStaged = this.#staged.has(name);
    this.#nStagedTokens -= this.#staged.get(name)?.tokens.length ?? 0;
    this.#staged.delete(name);
    const place = this.#files.get(name);
    if (place === undefined) return;
    this.#staged.set(name, undefined);
    if (!isStaged) this.#nLeavingTokens += place.nTokens;
  }

  /** Counts what was put and removed: a few files at once, many by merging everything in steps. */
  async settle(pause: Pause): Promise<void> {
    if (this.#staged.size === 0) return;
    const nLeaving = this.#base.nRemoved + this.#nLeavingTokens;
    const nRecent = this.#recent.order.length + this.#nStagedTokens;
    if (nRecent > MAX_RECENT_TOKENS || nLeaving > MAX_RECENT_TOKENS) return this.merge(pause);
    for (const name of this.#staged.keys()) {
      const place = this.#files.get(name);
      if (place === undefined) continue;
      const segment = place.isRecent ? this.#recent : this.#base;
      this.#addUnigrams(segment.tokens.subarray(place.start, place.start + place.nTokens), -1);
      if (!place.isRecent) segment.remove(place.start, place.nTokens);
    }
    const kept = this.#parts(name => this.#files.get(name)!.isRecent);
    for (const { tokens } of this.#stagedFiles()) this.#addUnigrams(tokens, 1);
    const parts = [...kept, ...this.#stagedFiles()];
    const arena = concatenate(this.vocabSize, parts);
    this.#recent = new NgramSegment(
      this.vocabSize,
      arena.tokens,
      finish(sortByContext(this.vocabSize, arena.tokens, arena.nTokens)),
    );
    this.#place(parts, true);
    this.#settled();
  }

  /**
   * Sorts everything into one segment, files by name, so that the same files give the same bytes whatever happened
   * before. The old counts serve until it is done.
   */
  async merge(pause: Pause): Promise<void> {
    const parts = [...this.#parts(() => true), ...this.#stagedFiles()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const arena = concatenate(this.vocabSize, parts);
    const steps = sortByContext(this.vocabSize, arena.tokens, arena.nTokens);
    let step = steps.next();
    while (step.done !== true) {
      await pause();
      step = steps.next();
    }
    this.#base = new NgramSegment(this.vocabSize, arena.tokens, step.value);
    this.#recent = emptySegment(this.vocabSize);
    this.unigrams.fill(0);
    this.#nTokens = 0;
    for (const { tokens } of parts) this.#addUnigrams(tokens, 1);
    this.#place(parts, false);
    this.#settled();
  }

  /** Whether everything lies in one segment as `merge` leaves it. */
  get isMerged(): boolean {
    return this.#staged.size === 0 && this.#recent.order.length === 0 && this.#base.nRemoved === 0;
  }

  get base(): NgramSegment {
    return this.#base;
  }

  /** Files that stay, with their tokens. */
  #parts(wanted: (name: string) => boolean): Part[] {
    return [...this.#files].flatMap(([name, { stamp, isRecent, start, nTokens }]) => {
      if (this.#staged.has(name) || !wanted(name)) return [];
      const { tokens } = isRecent ? this.#recent : this.#base;
      return [{ name, stamp, tokens: tokens.subarray(start, start + nTokens) }];
    });
  }

  #stagedFiles(): Part[] {
    return [...this.#staged].flatMap(([name, staged]) => (staged === undefined ? [] : [{ name, ...staged }]));
  }

  #addUnigrams(tokens: TokenArray, sign: 1 | -1): void {
    for (let i = 0; i < tokens.length; i++) this.unigrams[tokens[i]] += sign;
    this.#nTokens += sign * tokens.length;
  }

  #place(parts: readonly Part[], isRecent: boolean): void {
    for (const name of this.#staged.keys()) this.#files.delete(name);
    let start = MAX_ORDER;
    for (const { name, stamp, tokens } of parts) {
      // Taken out first, so that the files of a merged store are listed in the order of their tokens.
      this.#files.delete(name);
      this.#files.set(name, { stamp, nTokens: tokens.length, isRecent, start });
      start += tokens.length + 1;
    }
  }

  #settled(): void {
    this.#segments = this.#recent.order.length === 0 ? [this.#base] : [this.#base, this.#recent];
    this.#staged.clear();
    this.#nStagedTokens = 0;
    this.#nLeavingTokens = 0;
    this.revision++;
  }
}

interface Part extends Staged {
  readonly name: string;
}

function concatenate(vocabSize: number, parts: readonly Part[]): { tokens: TokenArray; nTokens: number } {
  const nTokens = parts.reduce((sum, part) => sum + part.tokens.length, 0);
  const tokens = tokenArray(vocabSize, MAX_ORDER + nTokens + parts.length).fill(vocabSize);
  let at = MAX_ORDER;
  for (const part of parts) {
    tokens.set(part.tokens, at);
    at += part.tokens.length + 1;
  }
  return { tokens, nTokens };
}

function emptySegment(vocabSize: number): NgramSegment {
  return new NgramSegment(vocabSize, tokenArray(vocabSize, MAX_ORDER).fill(vocabSize), new Int32Array(0));
}

function finish<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
