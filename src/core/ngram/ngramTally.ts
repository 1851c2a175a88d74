/** Counting tokens: the arrays that hold them, and a tally that is made once and reused. Knows nothing of contexts. */

export type TokenArray = Uint16Array | Uint32Array;

/** An array that holds every token of the vocabulary and the separator beyond it. */
export function tokenArray(vocabSize: number, length: number): TokenArray {
  return vocabSize + 1 <= 0x10000 ? new Uint16Array(length) : new Uint32Array(length);
}

/** Distinct continuations of one context, in no order; each was counted at least once. */
export interface Continuations {
  readonly ids: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  readonly nDistinct: number;
  readonly total: number;
}

export const NOTHING: Continuations = { ids: [], counts: [], nDistinct: 0, total: 0 };

export class Tally {
  readonly #counts: Int32Array;
  readonly #ids: Int32Array;
  readonly #dense: Int32Array;
  #n = 0;

  constructor(vocabSize: number) {
    this.#counts = new Int32Array(vocabSize);
    this.#ids = new Int32Array(vocabSize);
    this.#dense = new Int32Array(vocabSize);
  }

  clear(): void {
    for (let i = 0; i < this.#n; i++) this.#counts[this.#ids[i]] = 0;
    this.#n = 0;
  }

  add(token: number, count = 1): void {
    if (this.#counts[token] === 0) this.#ids[this.#n++] = token;
    this.#counts[token] += count;
  }

  /** Adds tokens[lo] … tokens[hi − 1]. */
  addAll(tokens: TokenArray, lo: number, hi: number): void {
    for (let i = lo; i < hi; i++) this.add(tokens[i]);
  }

  addCounts({ ids, counts, nDistinct }: Continuations): void {
    for (let i = 0; i < nDistinct; i++) this.add(ids[i], counts[i]);
  }

  /** Takes counts out again; after everything was added. */
  subtractCounts({ ids, counts, nDistinct }: Continuations): void {
    for (let i = 0; i < nDistinct; i++) this.#counts[ids[i]] = Math.max(0, this.#counts[ids[i]] - counts[i]);
  }

  /** What was counted; valid until the tally is used again. */
  read(): Continuations {
    let n = 0;
    let total = 0;
    for (let i = 0; i < this.#n; i++) {
      const id = this.#ids[i];
      const count = this.#counts[id];
      if (count === 0) continue;
      this.#ids[n] = id;
      this.#dense[n++] = count;
      total += count;
    }
    this.#n = n;
    return { ids: this.#ids, counts: this.#dense, nDistinct: n, total };
  }
}
