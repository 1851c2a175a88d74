/**
 * A vocabulary in the order of its bytes, in which the tokens that begin with given bytes stand side by side.
 * Made when it is first asked for: about a fifth of the time that the vocabulary itself takes.
 */
import type { TokenBytes } from './tokenBytes';

/** Tokens are told apart by four bytes first; a number holds those and the token. */
const LEADING_BYTES = 4;
const MAX_TOKENS = 2 ** 21;

export class TokenOrder {
  /** Tokens that have bytes, by their bytes. */
  readonly #sorted: Int32Array;
  readonly #longest: number;

  constructor(private readonly tokens: TokenBytes) {
    const keys = new Float64Array(tokens.vocabSize);
    let n = 0;
    let longest = 0;
    for (let token = 0; token < tokens.vocabSize; token++) {
      const length = tokens.lengthOf(token);
      if (length === 0) continue;
      longest = Math.max(longest, length);
      keys[n++] = leading(tokens, token) * MAX_TOKENS + token;
    }
    keys.subarray(0, n).sort();
    this.#sorted = Int32Array.from(keys.subarray(0, n), key => key % MAX_TOKENS);
    this.#longest = longest;
    // Within those that begin alike, the whole bytes decide.
    for (let from = 0, to = 0; from < n; from = to) {
      const first = Math.floor(keys[from] / MAX_TOKENS);
      for (to = from + 1; to < n && Math.floor(keys[to] / MAX_TOKENS) === first; ) to++;
      if (to - from > 1) this.#sorted.subarray(from, to).sort((a, b) => compare(tokens, a, tokens.of(b)));
    }
  }

  /** Tokens whose bytes begin with `bytes`, and those that are themselves a beginning of it; ascending. */
  startingWith(bytes: Uint8Array): Int32Array {
    const found: number[] = [];
    const longest = Math.min(bytes.length - 1, this.#longest);
    for (let n = 1; n <= longest; n++) {
      const beginning = bytes.subarray(0, n);
      for (let at = this.#lowerBound(beginning); this.#isAt(at, beginning); at++) found.push(this.#sorted[at]);
    }
    let at = this.#lowerBound(bytes);
    for (; at < this.#sorted.length && this.#startsWith(this.#sorted[at], bytes); at++) found.push(this.#sorted[at]);
    return Int32Array.from(found).sort();
  }

  #lowerBound(bytes: Uint8Array): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.tokens, this.#sorted[middle], bytes) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isAt(at: number, bytes: Uint8Array): boolean {
    return at < this.#sorted.length && compare(this.tokens, this.#sorted[at], bytes) === 0;
  }

  #startsWith(token: number, bytes: Uint8Array): boolean {
    if (this.tokens.lengthOf(token) < bytes.length) return false;
    for (let i = 0; i < bytes.length; i++) if (this.tokens.byte(token, i) !== bytes[i]) return false;
    return true;
  }
}

/** The first bytes of a token as one number; absent ones count as 0, and come before what is there. */
function leading(tokens: TokenBytes, token: number): number {
  const length = tokens.lengthOf(token);
  let value = 0;
  for (let i = 0; i < LEADING_BYTES; i++) value = value * 256 + (i < length ? tokens.byte(token, i) : 0);
  return value;
}

function compare(tokens: TokenBytes, token: number, bytes: Uint8Array): number {
  const length = tokens.lengthOf(token);
  const n = Math.min(length, bytes.length);
  for (let i = 0; i < n; i++) {
    const difference = tokens.byte(token, i) - bytes[i];
    if (difference !== 0) return difference;
  }
  return length - bytes.length;
}
