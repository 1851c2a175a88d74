/**
 * The bytes of every token of a vocabulary, in one buffer, and the way back from bytes to a token. A vocabulary has up to
 * 150,000 tokens of about six bytes: an array of arrays would take ten times as much memory, and ten times as long.
 * Knows nothing of merges or of text.
 */
import { unspellInto } from './byteAlphabet';

export class TokenBytes {
  #vocabSize = 0;
  #data: Uint8Array;
  #nUsed = 0;
  /** Per token, where its bytes start and end in `#data`. */
  #starts: Int32Array;
  #ends: Int32Array;
  /** Open addressing: a token + 1, or 0 for free. Holds what `addSpelled` brought. */
  #slots: Int32Array;
  #nIndexed = 0;

  /** @param nExpected tokens, about; growing on the way costs as much again as adding them */
  constructor(nExpected: number) {
    this.#data = new Uint8Array(8 * nExpected + 64);
    this.#starts = new Int32Array(nExpected + 64);
    this.#ends = new Int32Array(nExpected + 64);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * nExpected + 64)));
  }

  /** One more than the highest token. */
  get vocabSize(): number {
    return this.#vocabSize;
  }

  /** Counts the token in without giving it bytes. */
  reserve(token: number): void {
    if (token < this.#vocabSize) return;
    this.#vocabSize = token + 1;
    if (token < this.#starts.length) return;
    this.#starts = grown(this.#starts, token + 1);
    this.#ends = grown(this.#ends, token + 1);
  }

  /** A token of the vocabulary, in the byte alphabet; one that is not written in it stays without bytes. */
  addSpelled(token: number, spelled: string): void {
    this.reserve(token);
    this.#makeRoom(spelled.length);
    const n = unspellInto(spelled, this.#data, this.#nUsed);
    if (n <= 0) return;
    this.#place(token, n);
    this.#index(token);
  }

  /** A token that `idOf` does not find: what is cut out of a text by itself is no part of the merging. */
  addApart(token: number, bytes: Uint8Array): void {
    this.reserve(token);
    this.#makeRoom(bytes.length);
    this.#data.set(bytes, this.#nUsed);
    this.#place(token, bytes.length);
  }

  /** A view of the token's bytes; empty for one that has none. */
  of(token: number): Uint8Array {
    return this.#data.subarray(this.#starts[token] ?? 0, this.#ends[token] ?? 0);
  }

  lengthOf(token: number): number {
    return this.#ends[token] - this.#starts[token];
  }

  /** Byte `i` of the token, which must have that many. */
  byte(token: number, i: number): number {
    return this.#data[this.#starts[token] + i];
  }

  /** The token of the vocabulary that stands for `bytes[start…end)`, or −1. */
  idOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const token = this.#slots[slot] - 1;
      if (token < 0 || this.#equals(token, bytes, start, end)) return token;
    }
  }

  #place(token: number, n: number): void {
    this.#starts[token] = this.#nUsed;
    this.#nUsed += n;
    this.#ends[token] = this.#nUsed;
  }

  #makeRoom(n: number): void {
    if (this.#nUsed + n > this.#data.length) this.#data = grown(this.#data, this.#nUsed + n);
  }

  #index(token: number): void {
    if (2 * ++this.#nIndexed > this.#slots.length) {
      const old = this.#slots;
      this.#slots = new Int32Array(2 * old.length);
      for (const entry of old) if (entry > 0) this.#insert(entry - 1);
    }
    this.#insert(token);
  }

  #insert(token: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.#data, this.#starts[token], this.#ends[token]) & mask;
    while (this.#slots[slot] > 0) slot = (slot + 1) & mask;
    this.#slots[slot] = token + 1;
  }

  #equals(token: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[token];
    if (this.#ends[token] - from !== end - start) return false;
    for (let i = end - start - 1; i >= 0; i--) if (this.#data[from + i] !== bytes[start + i]) return false;
    return true;
  }
}

/** FNV-1a (Fowler, Noll, Vo), with its high bits folded into the low ones, which alone choose the slot. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return h ^ (h >>> 15);
}

function grown<T extends Uint8Array | Int32Array>(array: T, needed: number): T {
  const larger = new (array.constructor as new (length: number) => T)(Math.max(needed, 2 * array.length));
  larger.set(array);
  return larger;
}
