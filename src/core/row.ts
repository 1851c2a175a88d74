/**
 * Log-probabilities after a token: of the whole vocabulary, or of its likeliest tokens and those that were asked for. A
 * large vocabulary is never walked: whoever reads a row goes through what it lists.
 */

export interface Row {
  /** Tokens listed: the first `n` of `ids`, each once, in no particular order. */
  readonly n: number;
  readonly ids: Int32Array;
  /** log P(token); −∞ for a token about which the source says nothing. */
  logp(token: number): number;
  /** log of the mass of all tokens that are not listed; −∞ for a whole row. */
  readonly logRest: number;
  readonly vocabSize: number;
}

/** Scores of the tokens that are listed, by token; −∞ outside of them. */
export interface Listed {
  readonly n: number;
  readonly ids: Int32Array;
  readonly values: Float32Array;
}

/** A row that lists the vocabulary in its order. The values belong to the caller. */
export class WholeRow implements Row, Listed {
  readonly logRest = -Infinity;
  readonly ids: Int32Array;

  constructor(readonly values: Float32Array) {
    this.ids = identity(values.length);
  }

  get n(): number {
    return this.values.length;
  }

  get vocabSize(): number {
    return this.values.length;
  }

  get sizeBytes(): number {
    return this.values.byteLength;
  }

  logp(token: number): number {
    return this.values[token];
  }
}

const FIRST_LISTED = 512;

/** A row of some tokens, to be filled again and again: what that costs grows with what is listed, not with the vocabulary. */
export class SparseRow implements Row, Listed {
  /** By token; −∞ for what is not listed. */
  readonly values: Float32Array;
  n = 0;
  logRest = -Infinity;
  #ids: Int32Array;
  readonly #isListed: Uint8Array;

  constructor(readonly vocabSize: number) {
    this.values = new Float32Array(vocabSize).fill(-Infinity);
    this.#ids = new Int32Array(Math.min(FIRST_LISTED, vocabSize));
    this.#isListed = new Uint8Array(vocabSize);
  }

  get ids(): Int32Array {
    return this.#ids;
  }

  get sizeBytes(): number {
    return this.values.byteLength + this.#ids.byteLength + this.#isListed.byteLength;
  }

  logp(token: number): number {
    return this.values[token];
  }

  has(token: number): boolean {
    return this.#isListed[token] === 1;
  }

  clear(): void {
    for (let i = 0; i < this.n; i++) {
      this.values[this.#ids[i]] = -Infinity;
      this.#isListed[this.#ids[i]] = 0;
    }
    this.n = 0;
    this.logRest = -Infinity;
  }

  /** Lists a token that is not listed yet. */
  set(token: number, logp: number): void {
    this.values[token] = logp;
    if (this.#isListed[token] === 1) return;
    this.#isListed[token] = 1;
    if (this.n === this.#ids.length) this.#grow();
    this.#ids[this.n++] = token;
  }

  /** Becomes what `row` lists. */
  copy(row: Row): void {
    this.clear();
    const { n, ids } = row;
    for (let i = 0; i < n; i++) this.set(ids[i], row.logp(ids[i]));
    this.logRest = row.logRest;
  }

  #grow(): void {
    const ids = new Int32Array(Math.min(this.vocabSize, 4 * this.#ids.length));
    ids.set(this.#ids);
    this.#ids = ids;
  }
}

/**
 * The values of a row that is known to be whole: of a sequence that was opened so.
 * @returns the row's own array, valid as long as the row
 */
export function valuesOf(row: Row): Float32Array {
  if (row instanceof WholeRow) return row.values;
  throw new Error('The row lists some tokens only: open the sequence with whole rows.');
}

/** The listed token of the largest value, the smallest id among equals; −1 where nothing is listed. */
export function likeliest({ n, ids, values }: Listed): number {
  let best = -1;
  for (let i = 0; i < n; i++) {
    const token = ids[i];
    if (best < 0 || values[token] > values[best] || (values[token] === values[best] && token < best)) best = token;
  }
  return best;
}

/** The `most` listed tokens of the largest probabilities, or all where there are fewer; in no particular order. */
export function likeliestOf(row: Row, most: number): Int32Array {
  const { n, ids } = row;
  if (n <= most) return ids.slice(0, n);
  const values = new Float32Array(n);
  for (let i = 0; i < n; i++) values[i] = row.logp(ids[i]);
  const least = values.slice().sort()[n - most];
  const found = new Int32Array(most);
  let nFound = 0;
  for (let i = 0; i < n; i++) if (values[i] > least) found[nFound++] = ids[i];
  for (let i = 0; i < n && nFound < most; i++) if (values[i] === least) found[nFound++] = ids[i];
  return found;
}

let shared = new Int32Array(0);

/** 0, 1, … n − 1: the beginning of an array that all whole rows share. */
function identity(n: number): Int32Array {
  if (shared.length < n) shared = Int32Array.from({ length: n }, (_, i) => i);
  return shared.length === n ? shared : shared.subarray(0, n);
}
