/**
 * Byte-pair encoding (Sennrich et al., 1508.07909) over bytes: the pair of neighbours with the lowest rank is merged, the
 * leftmost of several, until no neighbours can be. Knows nothing of text: pieces are cut before.
 */
import { unspellInto } from './byteAlphabet';
import type { TokenBytes } from './tokenBytes';

/** `left right` in the byte alphabet, which has no space; newer files have the two apart. */
export type Merge = string | readonly [string, string];

/** Positions of a piece must fit below it, and ranks times it into a double. */
const MAX_PIECE_BYTES = 2 ** 26;
const LONGEST_MERGE = 1 << 12;

export class BytePairs {
  /** Open addressing, three numbers a slot: left token, right token, rank + 1 (0 for free). */
  readonly #pairs: Int32Array;
  readonly #mask: number;
  /** Per rank, the token that the merge makes. */
  readonly #made: Int32Array;
  readonly #tokenOfByte = new Int32Array(256);
  /** Per position of the piece in work: its token, the positions left and right; scratch, grown as needed. */
  #tokens = new Int32Array(256);
  #left = new Int32Array(256);
  #right = new Int32Array(256);
  /** Candidates as rank · 2²⁶ + position, the least on top. */
  readonly #heap = new Heap();

  /** Merges of or into what `vocabulary` does not have are left out: such text is not to become one token. */
  constructor(
    private readonly vocabulary: TokenBytes,
    merges: readonly Merge[],
    /** A piece that is a token as a whole is that token, whatever the merges would make of it. */
    private readonly prefersWhole: boolean,
  ) {
    const nSlots = 2 ** Math.ceil(Math.log2(2 * merges.length + 2));
    this.#mask = nSlots - 1;
    this.#pairs = new Int32Array(3 * nSlots);
    this.#made = new Int32Array(merges.length).fill(-1);
    const scratch = new Uint8Array(LONGEST_MERGE);
    for (let rank = 0; rank < merges.length; rank++) this.#addMerge(merges[rank], rank, scratch);
    for (let byte = 0; byte < 256; byte++) {
      scratch[0] = byte;
      this.#tokenOfByte[byte] = vocabulary.idOf(scratch, 0, 1);
    }
  }

  /** @returns tokens of the piece; −1 stands for a byte that the vocabulary does not have. */
  encode(bytes: Uint8Array): number[] {
    const n = bytes.length;
    if (n === 0) return [];
    if (this.prefersWhole || n === 1) {
      const whole = this.vocabulary.idOf(bytes, 0, n);
      if (whole >= 0 || n === 1) return [whole];
    }
    if (n > MAX_PIECE_BYTES) throw new RangeError(`A piece of ${n} bytes is too long to be encoded.`);
    this.#begin(bytes);
    while (this.#heap.size > 0) {
      const candidate = this.#heap.pop();
      const at = candidate % MAX_PIECE_BYTES;
      this.#mergeAt(at, Math.floor(candidate / MAX_PIECE_BYTES), n);
    }
    const out: number[] = [];
    for (let at = 0; at < n; at = this.#right[at]) out.push(this.#tokens[at]);
    return out;
  }

  #begin(bytes: Uint8Array): void {
    const n = bytes.length;
    if (n > this.#tokens.length) {
      this.#tokens = new Int32Array(2 * n);
      this.#left = new Int32Array(2 * n);
      this.#right = new Int32Array(2 * n);
    }
    for (let at = 0; at < n; at++) {
      this.#tokens[at] = this.#tokenOfByte[bytes[at]];
      this.#left[at] = at - 1;
      this.#right[at] = at + 1;
      if (at > 0) this.#propose(at - 1, at);
    }
  }

  #mergeAt(at: number, rank: number, n: number): void {
    const right = this.#right[at];
    if (this.#tokens[at] < 0 || right >= n) return;
    // What was proposed may have been merged otherwise; the same token by another merge counts as the same, as in the
    // reference implementation (tokenizers, models/bpe/word.rs).
    const rankNow = this.#rankOf(this.#tokens[at], this.#tokens[right]);
    if (rankNow < 0 || this.#made[rankNow] !== this.#made[rank]) return;
    this.#tokens[at] = this.#made[rank];
    this.#tokens[right] = -1;
    const behind = this.#right[right];
    this.#right[at] = behind;
    if (behind < n) {
      this.#left[behind] = at;
      this.#propose(at, behind);
    }
    if (this.#left[at] >= 0) this.#propose(this.#left[at], at);
  }

  #propose(at: number, right: number): void {
    const rank = this.#rankOf(this.#tokens[at], this.#tokens[right]);
    if (rank >= 0) this.#heap.push(rank * MAX_PIECE_BYTES + at);
  }

  #rankOf(left: number, right: number): number {
    return this.#pairs[this.#slotOf(left, right) + 2] - 1;
  }

  /** Where the pair stands, or the free slot where it would. */
  #slotOf(left: number, right: number): number {
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    for (slot = (slot ^ (slot >>> 15)) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = 3 * slot;
      if (this.#pairs[at + 2] === 0 || (this.#pairs[at] === left && this.#pairs[at + 1] === right)) return at;
    }
  }

  #addMerge(merge: Merge, rank: number, scratch: Uint8Array): void {
    const space = typeof merge === 'string' ? merge.indexOf(' ', 1) : 0;
    const left = typeof merge === 'string' ? merge.slice(0, space) : merge[0];
    const right = typeof merge === 'string' ? merge.slice(space + 1) : merge[1];
    if (left.length + right.length > LONGEST_MERGE) return;
    const nLeft = unspellInto(left, scratch, 0);
    const nRight = unspellInto(right, scratch, left.length);
    if (nLeft <= 0 || nRight <= 0) return;
    const leftToken = this.vocabulary.idOf(scratch, 0, nLeft);
    const rightToken = this.vocabulary.idOf(scratch, nLeft, nLeft + nRight);
    const made = this.vocabulary.idOf(scratch, 0, nLeft + nRight);
    if (leftToken < 0 || rightToken < 0 || made < 0) return;
    this.#made[rank] = made;
    const at = this.#slotOf(leftToken, rightToken);
    this.#pairs[at] = leftToken;
    this.#pairs[at + 1] = rightToken;
    this.#pairs[at + 2] = rank + 1;
  }
}

/** A binary heap of numbers, the least first. */
class Heap {
  #values: number[] = [];

  get size(): number {
    return this.#values.length;
  }

  push(value: number): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (values[parent] <= value) break;
      values[at] = values[parent];
      at = parent;
    }
    values[at] = value;
  }

  /** There must be one. */
  pop(): number {
    const values = this.#values;
    const least = values[0];
    const moved = values.pop()!;
    const n = values.length;
    if (n === 0) return least;
    let at = 0;
    for (let child = 1; child < n; child = 2 * at + 1) {
      if (child + 1 < n && values[child + 1] < values[child]) child++;
      if (values[child] >= moved) break;
      values[at] = values[child];
      at = child;
    }
    values[at] = moved;
    return least;
  }
}
