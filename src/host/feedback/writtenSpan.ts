/**
 * What is written where a suggestion began: a stretch of a document, from there to what was the end of its line, that
 * grows and shrinks with the edits in it. Knows no editor.
 */
import type { Edit } from './trackedText';

export class WrittenSpan {
  /** @param from where the suggestion began @param to the end of that line; both offsets in the document */
  constructor(
    public from: number,
    public to: number,
  ) {}

  /** Unlike accepted text, what is added at either end belongs to it. */
  apply({ offset, nRemoved, text }: Edit): void {
    const end = offset + nRemoved;
    const delta = text.length - nRemoved;
    if (offset > this.to) return;
    const isBefore = nRemoved === 0 ? end < this.from : end <= this.from;
    if (isBefore) {
      this.from += delta;
      this.to += delta;
      return;
    }
    this.from = Math.min(this.from, offset);
    this.to = Math.max(this.to, end) + delta;
  }
}
