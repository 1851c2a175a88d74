/**
 * The n-grams of a set of files as one sorted list of positions, so that every order shares the same bytes: positions
 * are sorted by the tokens before them, read backwards, hence all positions that follow a given context of 0 to 6 tokens
 * lie side by side and a longer context is a narrower range (the suffix array of Manber & Myers 1993 over reversed
 * text, cut at six tokens). Counts of every order are read off the ranges. A segment never changes.
 */
import { CHUNK, MAX_ORDER, sortByContext } from './ngramSort';
import { type Continuations, type Tally, type TokenArray, tokenArray } from './ngramTally';

/** Ranges at least this long are counted when the segment is made: reading any other one takes about 10 µs. */
const FREQUENT_FROM = 4096;
/** Distinct continuations kept of frequent contexts: 8 bytes each. Beyond them, ranges are counted whenever asked for. */
const MAX_KEPT = 1 << 20;
/** A range of sorted positions, [lo, hi). */
export interface Range {
  lo: number;
  hi: number;
}

export class NgramSegment {
  #nKept = 0;
  readonly #frequent = new Map<number, Continuations>();

  private constructor(
    readonly vocabSize: number,
    readonly tokens: TokenArray,
    readonly order: Int32Array,
    /** The token at each position of `order`. */
    private readonly next: TokenArray,
    /** Start of the range of each last token. */
    private readonly starts: Int32Array,
  ) {}

  /** The segment of some texts; yields every few milliseconds. */
  static *of(vocabSize: number, texts: readonly TokenArray[]): Generator<void, NgramSegment> {
    const nTokens = texts.reduce((sum, text) => sum + text.length, 0);
    const tokens = tokenArray(vocabSize, MAX_ORDER + nTokens + texts.length).fill(vocabSize);
    let at = MAX_ORDER;
    let nCopied = 0;
    for (const text of texts) {
      tokens.set(text, at);
      at += text.length + 1;
      nCopied += text.length;
      if (nCopied < CHUNK) continue;
      nCopied = 0;
      yield;
    }
    return yield* NgramSegment.index(vocabSize, tokens, yield* sortByContext(vocabSize, tokens, nTokens));
  }

  /**
   * The segment of positions that are sorted already; yields every few milliseconds.
   * @param tokens six separators (`vocabSize`, which no context contains), then each text's tokens and a separator.
   * @param order positions in `tokens`, sorted by their contexts as `sortByContext` does it.
   * @throws Error unless every position stands there at most once and those after the same token are neighbours. Then a
   * count can only be wrong where the order is, and none leads out of the segment.
   */
  static *index(vocabSize: number, tokens: TokenArray, order: Int32Array): Generator<void, NgramSegment> {
    const next = tokenArray(vocabSize, order.length);
    const starts = new Int32Array(vocabSize + 2);
    const seen = new Int32Array((tokens.length >> 5) + 1);
    for (let from = 0; from < order.length; from += CHUNK) {
      gather(vocabSize, tokens, order, from, next, starts, seen);
      yield;
    }
    for (let token = 0; token <= vocabSize; token++) starts[token + 1] += starts[token];
    return new NgramSegment(vocabSize, tokens, order, next, starts);
  }

  get nTokens(): number {
    return this.order.length;
  }

  get sizeBytes(): number {
    const { tokens, order, next, starts } = this;
    return tokens.byteLength + order.byteLength + next.byteLength + starts.byteLength + this.#nKept * 8;
  }

  /** Narrows `range`, of the contexts of `order` − 1 tokens, to those with `token` as the one `order` tokens back. */
  narrow(range: Range, order: number, token: number): void {
    if (order === 1) {
      range.lo = this.starts[token];
      range.hi = this.starts[token + 1];
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
    const kept = range.hi - range.lo < FREQUENT_FROM ? undefined : this.#frequent.get(keyOf(range, order));
    if (kept !== undefined) return kept;
    tally.clear();
    tally.addAll(this.next, range.lo, range.hi);
    return tally.read();
  }

  /**
   * Counts the contexts that ranges are long of, shortest contexts first; yields every few milliseconds. Whether it has
   * run changes how long a row takes and nothing else.
   */
  *countFrequent(tally: Tally): Generator<void, void> {
    let ranges: Range[] = [{ lo: 0, hi: this.order.length }];
    let nCounted = 0;
    for (let order = 1; order <= MAX_ORDER; order++) {
      const longer: Range[] = [];
      for (const range of ranges) this.#findFrequent(range, order, longer);
      for (const range of longer) {
        const kept = compact(this.continuations(range, order, tally));
        if (this.#nKept + kept.nDistinct > MAX_KEPT) return;
        this.#frequent.set(keyOf(range, order), kept);
        this.#nKept += kept.nDistinct;
        nCounted += range.hi - range.lo;
        if (nCounted < CHUNK) continue;
        nCounted = 0;
        yield;
      }
      ranges = longer;
    }
  }

  /** Adds the frequent contexts of `order` tokens within a range of those one shorter. */
  #findFrequent({ lo, hi }: Range, order: number, found: Range[]): void {
    // A frequent range covers one of every FREQUENT_FROM positions.
    for (let probe = lo + FREQUENT_FROM - 1; probe < hi; probe += FREQUENT_FROM) {
      const token = this.tokens[this.order[probe] - order];
      const range = { lo, hi };
      this.narrow(range, order, token);
      const isFrequent = range.hi - range.lo >= FREQUENT_FROM;
      if (isFrequent && token !== this.vocabSize) found.push(range);
      if (isFrequent) probe = Math.max(probe, range.hi - 1);
    }
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
}

/** A start and an order name a range: ranges of one order never overlap. */
function keyOf({ lo }: Range, order: number): number {
  return lo * (MAX_ORDER + 1) + order;
}

/** What follows the positions `from` … `from` + CHUNK, and how often each last token occurs among them. */
function gather(
  separator: number,
  tokens: TokenArray,
  order: Int32Array,
  from: number,
  next: TokenArray,
  starts: Int32Array,
  seen: Int32Array,
): void {
  const end = Math.min(order.length, from + CHUNK);
  let before = from === 0 ? -1 : tokens[order[from - 1] - 1];
  for (let i = from; i < end; i++) {
    const position = order[i];
    if (!(position >= MAX_ORDER && position < tokens.length)) throw new Error('A position lies outside the text.');
    const token = tokens[position];
    const last = tokens[position - 1];
    const bit = 1 << (position & 31);
    if (token === separator || (seen[position >> 5] & bit) !== 0) throw new Error('A position is wrong.');
    if (last < before) throw new Error('The positions are not sorted.');
    seen[position >> 5] |= bit;
    before = last;
    next[i] = token;
    starts[last + 1]++;
  }
}

function compact({ ids, counts, nDistinct, total }: Continuations): Continuations {
  const kept = { ids: new Int32Array(nDistinct), counts: new Int32Array(nDistinct), nDistinct, total };
  for (let i = 0; i < nDistinct; i++) {
    kept.ids[i] = ids[i];
    kept.counts[i] = counts[i];
  }
  return kept;
}
