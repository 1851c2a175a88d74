/** Fits pieces of text into a number of tokens, by whole lines, and keeps the account of what fitted. */
import type { ContextUse } from './chat/chat';
import type { Tokenizer } from './model';

/** A piece that would be cut to fewer tokens than this is left out: it would say nothing. */
const LEAST_TOKENS = 24;
/** A token is rarely longer than 16 characters: what cannot fit is not tokenized. */
const LONGEST_TOKEN_CHARS = 16;

export class Packing {
  readonly #uses: ContextUse[];

  /**
   * @param room tokens that are left
   * @param nItems context items whose use is asked for; one that is never packed was left out
   */
  constructor(
    private readonly tokenizer: Tokenizer,
    public room: number,
    nItems: number,
  ) {
    this.#uses = Array.from({ length: nItems }, () => ({ fit: 'left-out', nTokens: 0 }));
  }

  get uses(): readonly ContextUse[] {
    return this.#uses;
  }

  /**
   * Takes room for `text`, or for as many of its lines as fit within `most` tokens.
   * @param keep which end of a text that is too long stays
   * @returns what fitted; '' when nothing worth showing did
   */
  take(text: string, keep: 'head' | 'tail', { item, most = this.room }: { item?: number; most?: number } = {}): string {
    const room = Math.min(this.room, most);
    const fitted = this.#fit(text, keep, room);
    const nTokens = fitted === '' ? 0 : this.count(fitted);
    this.room -= nTokens;
    if (item !== undefined && fitted !== '') {
      const before = this.#uses[item];
      const isWhole = fitted === text && before.fit !== 'cut';
      this.#uses[item] = { fit: isWhole ? 'whole' : 'cut', nTokens: before.nTokens + nTokens };
    }
    return fitted;
  }

  /** Takes room for `text` if it fits whole. */
  takeWhole(text: string): boolean {
    const nTokens = text.length > this.room * LONGEST_TOKEN_CHARS ? Number.POSITIVE_INFINITY : this.count(text);
    if (nTokens > this.room) return false;
    this.room -= nTokens;
    return true;
  }

  count(text: string): number {
    return this.tokenizer.encode(text).length;
  }

  #fit(text: string, keep: 'head' | 'tail', room: number): string {
    const isSmall = text.length <= room * LONGEST_TOKEN_CHARS;
    if (isSmall && this.count(text) <= room) return text;
    if (room < LEAST_TOKENS) return '';
    return keep === 'head' ? this.#headLines(text, room) : this.#tailLines(text, room);
  }

  #headLines(text: string, room: number): string {
    const lines = text.slice(0, room * LONGEST_TOKEN_CHARS).split(/(?<=\n)/);
    return this.#mostLines(lines.length, n => lines.slice(0, n).join(''), room);
  }

  #tailLines(text: string, room: number): string {
    const lines = text.slice(-room * LONGEST_TOKEN_CHARS).split(/(?<=\n)/);
    return this.#mostLines(lines.length, n => lines.slice(lines.length - n).join(''), room);
  }

  /** The longest of the texts of 1, 2, … lines that fits; tokens grow with lines. */
  #mostLines(nLines: number, textOf: (n: number) => string, room: number): string {
    let low = 0;
    let high = nLines;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.count(textOf(middle)) <= room) low = middle;
      else high = middle - 1;
    }
    return textOf(low);
  }
}
