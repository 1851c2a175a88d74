/** Accepted text in a document that is being edited: where it stands now, and how much of it is left. Knows no editor. */
import { levenshtein } from '../core/editDistance';

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
    } else if (offset >= this.from && end <= this.to) {
      this.to += delta;
    } else if (offset < this.from && end < this.to) {
      this.from = offset + text.length;
      this.to += delta;
    } else {
      this.from = Math.min(this.from, offset);
      this.to = offset + text.length;
    }
  }

  /** @param standing what is in [from, to) now. */
  distance(standing: string): number {
    return levenshtein(this.accepted.slice(0, MOST_CHARS), standing.slice(0, MOST_CHARS));
  }
}
