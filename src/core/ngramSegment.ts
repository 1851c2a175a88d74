/**
 * The n-grams of a set of files as one sorted list of positions, so that every order shares the same bytes: positions
 * are sorted by the tokens before them, read backwards, hence all positions that follow a given context of 0 to 6 tokens
 * lie side by side and a longer context is a narrower range (the suffix array of Manber & Myers 1993 over reversed
 * text, cut at six tokens). Counts of every order are read off the ranges; nothing is stored per order.
 */

/** Longest context in tokens. */
export const MAX_ORDER = 6;

export type TokenArray = Uint16Array | Uint32Array;

/** An array that holds every token of the vocabulary and two marks beyond it. */
export function tokenArray(vocabSize: number, length: number): TokenArray {
  return vocabSize + 2 <= 0x10000 ? new Uint16Array(length) : new Uint32Array(length);
}

/** Distinct continuations of one context, in no order. */
export interface Continuations {
  readonly ids: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  readonly nDistinct: number;
  readonly total: number;
}

/** Ranges longer than this are counted once and remembered. */
const REMEMBERED_FROM = 192;
/** Distinct continuations remembered in all: 8 bytes each. */
const MAX_REMEMBERED = 1 << 20;

export class NgramSegment {
  /** Token that stands between files and before the first; no context contains it. */
  readonly separator: number;
  readonly #removed: number;
  /** Start of the range of each last token. */
  readonly #starts: Int32Array;
  readonly #remembered = new Map<number, Continuations>();
  #nRemembered = 0;
  #nRemoved = 0;

  /**
   * @param tokens six separators, then each file's tokens and a separator.
   * @param order positions in `tokens`, sorted by their contexts; see `sortByContext`.
   */
  constructor(
    readonly vocabSize: number,
    readonly tokens: TokenArray,
    readonly order: Int32Array,
    /** The token at each position of `order`. */
    private readonly next: TokenArray = gather(vocabSize, tokens, order),
  ) {
    this.separator = vocabSize;
    this.#removed = vocabSize + 1;
    this.#starts = new Int32Array(vocabSize + 2);
    for (let i = 0; i < order.length; i++) this.#starts[tokens[order[i] - 1] + 1]++;
    for (let token = 0; token <= vocabSize; token++) this.#starts[token + 1] += this.#starts[token];
  }

  get nTokens(): number {
    return this.order.length - this.#nRemoved;
  }

  get nRemoved(): number {
    return this.#nRemoved;
  }

  get sizeBytes(): number {
    return this.tokens.byteLength + this.order.byteLength + this.next.byteLength + this.#nRemembered * 8;
  }

  /** Narrows `range`, of the contexts of `order` − 1 tokens, to those with `token` as the one `order` tokens back. */
  narrow(range: Range, order: number, token: number): void {
    if (order === 1) {
      range.lo = this.#starts[token];
      range.hi = this.#starts[token + 1];
      return;
    }
    const lo = this.#bound(range.lo, range.hi, order, token);
    range.hi = this.#bound(lo, range.hi, order, token + 1);
    range.lo = lo;
  }

  /**
   * Counts what follows the contexts of a range.
   * @param tally scratch of the caller; the result is valid until it is used again.
   */
  continuations(range: Range, order: number, tally: Tally): Continuations {
    if (range.hi - range.lo < REMEMBERED_FROM) return this.#count(range, tally);
    // A start and an order name a range: ranges of one order never overlap.
    const key = range.lo * (MAX_ORDER + 1) + order;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const { ids, counts, nDistinct, total } = this.#count(range, tally);
    if (this.#nRemembered + nDistinct > MAX_REMEMBERED) this.#forget();
    const kept = {
      ids: Int32Array.from({ length: nDistinct }, (_, i) => ids[i]),
      counts: Int32Array.from({ length: nDistinct }, (_, i) => counts[i]),
      nDistinct,
      total,
    };
    this.#remembered.set(key, kept);
    this.#nRemembered += nDistinct;
    return kept;
  }

  /** Takes the tokens at `start` … `start + length` out of every count. */
  remove(start: number, length: number): void {
    for (let position = start; position < start + length; position++) {
      const i = this.#indexOf(position);
      if (this.next[i] === this.#removed) continue;
      this.next[i] = this.#removed;
      this.#nRemoved++;
    }
    this.#forget();
  }

  #count(range: Range, tally: Tally): Continuations {
    const { next } = this;
    tally.clear();
    for (let i = range.lo; i < range.hi; i++) if (next[i] !== this.#removed) tally.add(next[i]);
    return tally.read();
  }

  #forget(): void {
    this.#remembered.clear();
    this.#nRemembered = 0;
  }

  /** First index in [lo, hi) whose token `k` back is at least `token`. */
  #bound(lo: number, hi: number, k: number, token: number): number {
    const { tokens, order } = this;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if (tokens[order[middle] - k] < token) lo = middle + 1;
      else hi = middle;
    }
    return lo;
  }

  #indexOf(position: number): number {
    const { tokens, order } = this;
    const range = { lo: 0, hi: order.length };
    for (let k = 1; k <= MAX_ORDER && range.hi - range.lo > 1; k++) this.narrow(range, k, tokens[position - k]);
    let { lo, hi } = range;
    // Equal contexts keep the order of their positions.
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if (order[middle] < position) lo = middle + 1;
      else hi = middle;
    }
    return lo;
  }
}

/** A range of sorted positions, [lo, hi). */
export interface Range {
  lo: number;
  hi: number;
}

/** Counts tokens; made once and reused. */
export class Tally {
  readonly #counts: Int32Array;
  readonly #ids: Int32Array;
  readonly #dense: Int32Array;
  #n = 0;
  #total = 0;

  constructor(vocabSize: number) {
    this.#counts = new Int32Array(vocabSize);
    this.#ids = new Int32Array(vocabSize);
    this.#dense = new Int32Array(vocabSize);
  }

  clear(): void {
    for (let i = 0; i < this.#n; i++) this.#counts[this.#ids[i]] = 0;
    this.#n = 0;
    this.#total = 0;
  }

  add(token: number, count = 1): void {
    if (this.#counts[token] === 0) this.#ids[this.#n++] = token;
    this.#counts[token] += count;
    this.#total += count;
  }

  read(): Continuations {
    for (let i = 0; i < this.#n; i++) this.#dense[i] = this.#counts[this.#ids[i]];
    return { ids: this.#ids, counts: this.#dense, nDistinct: this.#n, total: this.#total };
  }
}

/**
 * Positions of every token but separators, sorted by context: a radix sort from the token six back to the last one.
 * Stable, so equal contexts stay in the order of their positions. Yields between passes, because a pass over ten
 * million tokens takes a noticeable time.
 */
export function* sortByContext(vocabSize: number, tokens: TokenArray, nTokens: number): Generator<void, Int32Array> {
  let from = new Int32Array(nTokens);
  let to = new Int32Array(nTokens);
  for (let i = MAX_ORDER, n = 0; i < tokens.length; i++) if (tokens[i] !== vocabSize) from[n++] = i;
  const starts = new Int32Array(vocabSize + 2);
  for (let back = MAX_ORDER; back >= 1; back--) {
    starts.fill(0);
    for (let i = 0; i < nTokens; i++) starts[tokens[from[i] - back] + 1]++;
    for (let token = 0; token <= vocabSize; token++) starts[token + 1] += starts[token];
    for (let i = 0; i < nTokens; i++) to[starts[tokens[from[i] - back]]++] = from[i];
    [from, to] = [to, from];
    yield;
  }
  return from;
}

function gather(vocabSize: number, tokens: TokenArray, order: Int32Array): TokenArray {
  const next = tokenArray(vocabSize, order.length);
  for (let i = 0; i < order.length; i++) next[i] = tokens[order[i]];
  return next;
}
