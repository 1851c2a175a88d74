/**
 * The files of a workspace as n-gram counts: add one, replace it, take it out. A large segment holds the files as of the
 * last merge and never changes in between; two small ones, sorted anew at every change, hold what came since and what
 * left. A count is that of the first two less that of the third. Knows tokens and names, no text.
 */
import { NgramAttic } from './ngramAttic';
import {
  type Content,
  type Contents,
  contentsOf,
  type Difference,
  differing,
  type NamedFile,
  nTokensOf,
  overlaid,
  type StoredFile,
} from './ngramContents';
import type { MergedCounts, NgramCounts, Segments } from './ngramCounts';
import { NgramSegment } from './ngramSegment';
import { CHUNK, finish } from './ngramSort';
import { Tally, type TokenArray, tokenArray } from './ngramTally';

/** Lets others run between two steps of long work. */
export type Pause = () => Promise<void>;

/** Tokens that came or left since the last merge: with more, a save should follow soon, and a change takes longer. */
const MANY_CHANGED = 1 << 17;
/** Bytes a token takes: itself twice and its place in the order. */
const BYTES_PER_TOKEN = 8;

export class NgramStore implements NgramCounts {
  #base: NgramSegment;
  #segments: Segments;
  /** What is counted. */
  readonly #files = new Map<string, Content>();
  /** What the large segment holds, in its order. */
  #baseFiles: Contents;
  /** What the small segments hold. */
  #changed: Difference = { names: new Set(), left: [], came: [] };
  /** Changes not counted yet; undefined takes a file out. */
  readonly #staged = new Map<string, Content | undefined>();
  readonly #attic = new NgramAttic();
  #unigrams: Int32Array;
  #nTokens = 0;
  /** Tokens there will be when everything staged is counted. */
  #nComing = 0;
  #isMerging = false;
  /** Grows with every change of the counts. */
  revision = 0;

  /** @param files what `base` was made of, in its order. */
  constructor(
    readonly vocabSize: number,
    private readonly maxBytes: number,
    base: NgramSegment = finish(NgramSegment.of(vocabSize, [])),
    files: readonly NamedFile[] = [],
  ) {
    this.#base = base;
    this.#baseFiles = contentsOf(base, files);
    for (const [name, content] of this.#baseFiles) this.#files.set(name, content);
    this.#segments = { added: [base], removed: undefined };
    this.#unigrams = finish(countTokens(base));
    this.#nTokens = base.nTokens;
    this.#nComing = base.nTokens;
  }

  get nTokens(): number {
    return this.#nTokens;
  }

  get sizeBytes(): number {
    const { added, removed } = this.#segments;
    const small = (removed?.sizeBytes ?? 0) + this.#attic.sizeBytes;
    return added.reduce((sum, segment) => sum + segment.sizeBytes, small + this.#unigrams.byteLength);
  }

  get files(): ReadonlyMap<string, StoredFile> {
    return this.#files;
  }

  get segments(): Segments {
    return this.#segments;
  }

  /** How often each token occurs. */
  get unigrams(): Int32Array {
    return this.#unigrams;
  }

  /** The large segment and the files in it: everything, as of the last merge. */
  get base(): { readonly segment: NgramSegment; readonly files: Contents } {
    return { segment: this.#base, files: this.#baseFiles };
  }

  /** Everything, once it is merged; stays as it is when the store changes. */
  merged(): MergedCounts {
    if (!this.isMerged) throw new Error('The counts have to be merged first.');
    return { segment: this.#base, files: this.#baseFiles, unigrams: this.#unigrams.slice() };
  }

  get isMerged(): boolean {
    return this.#staged.size === 0 && this.#changed.names.size === 0;
  }

  /** Whether so much has changed since the last merge that every further change takes long. */
  get isCrowded(): boolean {
    return nTokensOf(this.#changed) > MANY_CHANGED;
  }

  /**
   * Adds or replaces a file; counted from the next `settle` on.
   * @returns false when it does not fit: the file is then left out, also its old content.
   */
  put(name: string, stamp: string, ids: ArrayLike<number>, digest = ''): boolean {
    this.remove(name);
    if ((this.#nComing + ids.length) * BYTES_PER_TOKEN > this.maxBytes) return false;
    const tokens = tokenArray(this.vocabSize, ids.length);
    tokens.set(ids);
    this.#staged.set(name, { stamp, digest, nTokens: tokens.length, tokens });
    this.#nComing += tokens.length;
    return true;
  }

  /**
   * Adds or replaces files whose texts are known by their digests: what they hold already, what another file holds, or
   * what left lately. The same text under the same name only gets the new stamp.
   * @returns those whose texts are not known.
   */
  recall<T extends Omit<NamedFile, 'nTokens'>>(files: readonly T[]): T[] {
    const held = new Map<string, TokenArray>();
    for (const contents of [this.#files.values(), this.#staged.values()])
      for (const content of contents) if (content !== undefined) held.set(content.digest, content.tokens);
    return files.filter(({ name, stamp, digest }) => {
      const coming = this.#coming(name);
      if (digest === '') return true;
      if (coming?.digest === digest) {
        coming.stamp = stamp;
        return false;
      }
      const tokens = held.get(digest) ?? this.#attic.find(digest);
      return tokens === undefined || !this.put(name, stamp, tokens, digest);
    });
  }

  /** Takes a file out; counted from the next `settle` on. */
  remove(name: string): void {
    const known = this.#files.get(name);
    const coming = this.#coming(name);
    if (coming !== undefined) this.#attic.put(coming);
    this.#nComing -= coming?.nTokens ?? 0;
    if (known === undefined) this.#staged.delete(name);
    else this.#staged.set(name, undefined);
  }

  /**
   * Counts what was put and removed: by itself, or, when that is much, by merging everything. The old counts serve until
   * it is done.
   */
  async settle(pause: Pause): Promise<void> {
    if (this.#staged.size === 0) return;
    const staged = new Map(this.#staged);
    const candidates = [...this.#changed.names, ...staged.keys()];
    const changed = differing(this.#baseFiles, overlaid(this.#files, staged), candidates);
    const isMuch = nTokensOf(changed) > Math.max(MANY_CHANGED, this.#base.nTokens / 2);
    // A merge that pauses just now would not know of these; it keeps what changed meanwhile apart.
    if (isMuch && !this.#isMerging) return this.merge(pause);
    const segments = await inSteps(this.#smallSegments(changed), pause);
    for (const [name, content] of staged) {
      addCounts(this.#unigrams, this.#files.get(name)?.tokens, -1);
      addCounts(this.#unigrams, content?.tokens, 1);
      this.#count(name, content);
    }
    this.#show(segments, changed);
  }

  /**
   * Sorts everything into one segment, files by name, so that the same files give the same bytes whatever happened
   * before. The old counts serve until it is done. While it pauses, files may be put and settled.
   */
  async merge(pause: Pause): Promise<void> {
    this.#isMerging = true;
    try {
      const staged = new Map(this.#staged);
      const merged = [...overlaid(this.#files, staged)].sort(([a], [b]) => (a < b ? -1 : 1));
      const texts = merged.map(([, { tokens }]) => tokens);
      const base = await inSteps(NgramSegment.of(this.vocabSize, texts), pause);
      await inSteps(base.countFrequent(new Tally(this.vocabSize)), pause);
      const unigrams = await inSteps(countTokens(base), pause);

      // Unless something newer came meanwhile.
      for (const [name, content] of staged)
        if (this.#staged.has(name) && this.#staged.get(name) === content) this.#count(name, content);
      this.#base = base;
      this.#baseFiles = contentsOf(
        base,
        merged.map(([name, file]) => ({ ...file, name })),
      );
      // What is as it was merged lets go of the memory it was merged from.
      for (const [name, old] of merged)
        if (this.#files.get(name) === old) this.#files.set(name, this.#baseFiles.get(name)!);
      const names = [...this.#files.keys(), ...this.#baseFiles.keys()];
      const changed = differing(this.#baseFiles, this.#files, names);
      this.#unigrams = unigrams;
      for (const { tokens } of changed.left) addCounts(this.#unigrams, tokens, -1);
      for (const { tokens } of changed.came) addCounts(this.#unigrams, tokens, 1);
      this.#show(finish(this.#smallSegments(changed)), changed);
    } finally {
      this.#isMerging = false;
    }
  }

  /** What a file holds, also when that is not counted yet. */
  #coming(name: string): Content | undefined {
    return this.#staged.has(name) ? this.#staged.get(name) : this.#files.get(name);
  }

  #count(name: string, content: Content | undefined): void {
    if (content === undefined) this.#files.delete(name);
    else this.#files.set(name, content);
    // It may have been put once more meanwhile.
    if (this.#staged.get(name) === content) this.#staged.delete(name);
  }

  /** A list that stays as it is, as what left does while one file is saved again and again, is not sorted anew. */
  *#smallSegments({ left, came }: Difference): Generator<void, Segments> {
    const base = this.#base;
    const { added, removed } = this.#segments;
    const recent = isSame(came, this.#changed.came) ? added[1] : yield* segmentOf(this.vocabSize, came);
    const old = isSame(left, this.#changed.left) ? removed : yield* segmentOf(this.vocabSize, left);
    return { added: recent === undefined ? [base] : [base, recent], removed: old };
  }

  #show(segments: Segments, changed: Difference): void {
    this.#segments = segments;
    this.#changed = changed;
    this.#nTokens = segments.added.reduce((sum, { nTokens }) => sum + nTokens, -(segments.removed?.nTokens ?? 0));
    this.revision++;
  }
}

function isSame(a: readonly Content[], b: readonly Content[]): boolean {
  return a.length === b.length && a.every((content, i) => content === b[i]);
}

function* segmentOf(vocabSize: number, contents: readonly Content[]): Generator<void, NgramSegment | undefined> {
  if (contents.length === 0) return undefined;
  const texts = contents.map(({ tokens }) => tokens);
  return yield* NgramSegment.of(vocabSize, texts);
}

function* countTokens({ vocabSize, tokens }: NgramSegment): Generator<void, Int32Array> {
  // One more for the separators.
  const counts = new Int32Array(vocabSize + 1);
  for (let start = 0; start < tokens.length; start += CHUNK) {
    addCounts(counts, tokens.subarray(start, start + CHUNK), 1);
    yield;
  }
  return counts.subarray(0, vocabSize);
}

function addCounts(counts: Int32Array, tokens: TokenArray | undefined, sign: 1 | -1): void {
  if (tokens === undefined) return;
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]] += sign;
}

export async function inSteps<T>(steps: Generator<void, T>, pause: Pause): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    await pause();
    step = steps.next();
  }
  return step.value;
}
