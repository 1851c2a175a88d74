/**
 * Token healing: a prompt that ends inside a token's worth of text is backed up to the start of its last pre-token, and
 * the completion must then begin with the bytes that were backed over. Bytes and not characters, because a byte-level
 * token may end inside a character.
 */
import type { Tokenizer, Wanted } from './model';
import type { Listed } from './row';

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
   * Sets every listed token to −∞ that contradicts the bytes still owed: allowed are tokens that start with them, and
   * tokens that are a beginning of them.
   * @returns whether a constraint was in force.
   */
  mask({ n, ids, values }: Listed): boolean {
    if (this.isMet) return false;
    for (let i = 0; i < n; i++) {
      if (values[ids[i]] !== -Infinity && !this.allows(ids[i])) values[ids[i]] = -Infinity;
    }
    return true;
  }

  /**
   * Tokens that `mask` would leave; none where nothing is owed. Of more than `most` those of the smallest ids, because
   * byte-level vocabularies are in the order of their merges, the commoner ones first.
   */
  allowed(most: number): Wanted {
    if (this.isMet) return [];
    return this.tokenizer.startingWith(this.remaining).subarray(0, most);
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
