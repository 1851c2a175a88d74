/**
 * Token healing: a prompt that ends inside a token's worth of text is backed up to the start of its last pre-token, and
 * the completion must then begin with the bytes that were backed over. Bytes and not characters, because a byte-level
 * token may end inside a character.
 */
import type { Tokenizer } from './model';

export class ByteConstraint {
  private remaining: Uint8Array;

  constructor(
    private readonly tokenizer: Tokenizer,
    bytes: Uint8Array,
  ) {
    this.remaining = bytes;
  }

  get isMet(): boolean {
    return this.remaining.length === 0;
  }

  /**
   * Sets every token to −∞ that contradicts the bytes still owed: allowed are tokens that start with them, and tokens
   * that are a beginning of them.
   * @returns whether a constraint was in force.
   */
  mask(row: Float32Array): boolean {
    if (this.isMet) return false;
    for (let token = 0; token < row.length; token++) {
      if (row[token] !== -Infinity && !this.allows(token)) row[token] = -Infinity;
    }
    return true;
  }

  consume(token: number): void {
    this.remaining = this.remaining.subarray(Math.min(this.remaining.length, this.tokenizer.bytes(token).length));
  }

  private allows(token: number): boolean {
    const bytes = this.tokenizer.bytes(token);
    const n = Math.min(bytes.length, this.remaining.length);
    if (n === 0) return false; // special tokens have no bytes
    for (let i = 0; i < n; i++) if (bytes[i] !== this.remaining[i]) return false;
    return true;
  }
}
