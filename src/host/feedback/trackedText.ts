/** Accepted text in a document that is being edited: where it stands now, and how much of it is left. Knows no editor. */
import { levenshtein } from '../../core/editDistance';

/** One edit, in offsets of the document before it. */
export interface Edit {
  readonly offset: number;
  readonly nRemoved: number;
  readonly text: string;
}

/** Text beyond this is not compared: a paste into the middle of it must not cost seconds. */
const MOST_CHARS = 2000;

export class TrackedText {
  /** @param accepted what stood in [from, to) when it was accepted. */
  constructor(
    public from: number,
    public to: number,
    public accepted: string,
  ) {}

  get length(): number {
    return this.to - this.from;
  }

  /** Follows an edit; text that is added at either end does not belong to it. */
  apply({ offset, nRemoved, text }: Edit): void {
    const end = offset + nRemoved;
    const delta = text.length - nRemoved;
    if (offset >= this.to && this.to > this.from) return;
    if (end <= this.from) {
      this.from += delta;
      this.to += delta;
      return;
    }
    // What an edit takes along on either side, it mostly writes again: an editor replaces more than it changes.
    const from = Math.min(this.from, offset + text.length);
    const nAfter = Math.max(0, end - this.to);
    this.to = Math.max(from, nAfter > 0 ? offset + text.length - nAfter : this.to + delta);
    this.from = from;
  }

  /** @param standing what is in [from, to) now. */
  distance(standing: string): number {
    return levenshtein(this.accepted.slice(0, MOST_CHARS), standing.slice(0, MOST_CHARS));
  }
}
