/**
 * Texts that left lately, by their digest, so that what comes back need not be read again: switching to a branch and back
 * counts the same tokens twice, and turns them into tokens once.
 */
import type { Content } from './ngramContents';
import type { TokenArray } from './ngramTally';

/** About 12 MB of source. */
const MAX_TOKENS = 1 << 22;

export class NgramAttic {
  readonly #texts = new Map<string, TokenArray>();
  #nTokens = 0;

  get sizeBytes(): number {
    let sizeBytes = 0;
    for (const tokens of this.#texts.values()) sizeBytes += tokens.byteLength;
    return sizeBytes;
  }

  find(digest: string): TokenArray | undefined {
    return this.#texts.get(digest);
  }

  /** What was put longest ago makes room. */
  put({ digest, tokens }: Content): void {
    if (digest === '' || tokens.length > MAX_TOKENS) return;
    this.#drop(digest);
    // A view would keep everything that it is a part of.
    this.#texts.set(digest, tokens.byteLength === tokens.buffer.byteLength ? tokens : tokens.slice());
    this.#nTokens += tokens.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#nTokens <= MAX_TOKENS) return;
      this.#drop(oldest);
    }
  }

  #drop(digest: string): void {
    this.#nTokens -= this.#texts.get(digest)?.length ?? 0;
    this.#texts.delete(digest);
  }
}
