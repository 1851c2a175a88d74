/**
 * The sequences of the last places that were completed, as one: a prompt goes on where the most of it is cached, and going
 * back to a file is warm. Knows tokens and no files: prompts are of one place when most of them is the same from their
 * beginning and from their end on, for typing changes them at the end, or in the middle where a suffix comes last.
 */
import type { SeekOptions, SeekReport, Sequence, Wanted } from '../core/model';
import type { Row } from '../core/row';

/** A sequence with a cache that can be shared. */
export interface CachingSequence extends Sequence {
  /** How many tokens from the first on it has in common with `tokens`. */
  sharedLength(tokens: readonly number[]): number;
  /** Becomes the first `n` tokens of another sequence of the same model by copying what that has cached. */
  adopt(from: CachingSequence, n: number): void;
}

export function isCaching(sequence: Sequence): sequence is CachingSequence {
  return 'sharedLength' in sequence;
}

interface Place {
  readonly sequence: CachingSequence;
  /** What it was last brought to. */
  prompt: readonly number[];
}

export class WarmSequences implements Sequence {
  /** The most recently used first; that one is where the sequence stands. */
  readonly #places: Place[];

  /** @param nMost places that are kept warm, at least one */
  constructor(
    first: CachingSequence,
    private readonly open: () => CachingSequence,
    private readonly nMost: number,
  ) {
    this.#places = [{ sequence: first, prompt: [] }];
  }

  get length(): number {
    return this.#current.length;
  }

  get #current(): CachingSequence {
    return this.#places[0].sequence;
  }

  async seek(tokens: readonly number[], signal: AbortSignal, options?: SeekOptions): Promise<SeekReport> {
    const place = this.#placeFor(tokens);
    const nShared = place.sequence.sharedLength(tokens);
    let longest = { sequence: place.sequence, nShared };
    for (const { sequence } of this.#places) {
      const n = sequence.sharedLength(tokens);
      if (n > longest.nShared) longest = { sequence, nShared: n };
    }
    if (longest.nShared > nShared) place.sequence.adopt(longest.sequence, longest.nShared);
    place.prompt = tokens;
    this.#places.splice(this.#places.indexOf(place), 1);
    this.#places.unshift(place);
    return place.sequence.seek(tokens, signal, options);
  }

  /** How many of the tokens, from the first on, are cached at one of the places. */
  sharedLength(tokens: readonly number[]): number {
    return Math.max(...this.#places.map(({ sequence }) => sequence.sharedLength(tokens)));
  }

  logps(): Row {
    return this.#current.logps();
  }

  push(token: number, signal: AbortSignal, wanted?: Wanted): Promise<void> {
    return this.#current.push(token, signal, wanted);
  }

  verify(draft: readonly number[], signal: AbortSignal, wanted?: Wanted): Promise<readonly Row[]> {
    return this.#current.verify(draft, signal, wanted);
  }

  rewind(n: number): void {
    this.#current.rewind(n);
  }

  close(): void {
    for (const { sequence } of this.#places) sequence.close();
  }

  /** Gives back the place that was left longest ago. @returns whether there was one */
  closeSpare(): boolean {
    if (this.#places.length === 1) return false;
    this.#places.pop()?.sequence.close();
    return true;
  }

  /** The same place as before, an unused sequence, or the one that was used longest ago. */
  #placeFor(tokens: readonly number[]): Place {
    let best: Place | undefined;
    let most = 0;
    for (const place of this.#places) {
      const n = inCommon(place.prompt, tokens);
      if (n <= most) continue;
      most = n;
      best = place;
    }
    if (best !== undefined && 2 * most >= tokens.length) return best;
    const [current] = this.#places;
    if (current.sequence.length === 0) return current;
    if (this.#places.length === this.nMost) return this.#places[this.nMost - 1];
    const opened = { sequence: this.open(), prompt: [] };
    this.#places.push(opened);
    return opened;
  }
}

/** Tokens that two prompts share at their beginnings and at their ends. */
function inCommon(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let nFirst = 0;
  while (nFirst < most && a[nFirst] === b[nFirst]) nFirst++;
  let nLast = 0;
  while (nLast < most - nFirst && a[a.length - 1 - nLast] === b[b.length - 1 - nLast]) nLast++;
  return nFirst + nLast;
}
