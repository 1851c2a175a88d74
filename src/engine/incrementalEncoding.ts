/**
 * The encoding of the text seen last, extended or cut to the text asked for now. A keystroke at the end of a long prefix
 * then costs a few pre-tokens instead of the whole prefix. Knows nothing of vocabularies or patterns.
 */
import type { Split } from './preTokenizer';

/** Pieces dropped before an edit: twice what a short-sighted pattern needs. */
const N_PIECES_BACK = 4;

export interface Cutting {
  readonly split: Split;
  /**
   * Whether cutting may begin anew at every piece, and a piece is decided by its own characters and the two pieces after
   * it; without that promise every new text is cut whole.
   */
  readonly isShortSighted: boolean;
  /** UTF-16 length of the longest text that `split` cuts out as it stands, wherever it stands; 0 without any. */
  readonly longestApart: number;
  readonly encodePiece: (piece: string) => readonly number[];
}

export class IncrementalEncoding {
  #text = '';
  /** Start of each piece in `#text`, in UTF-16 units. */
  #starts: number[] = [];
  /** Where each piece's ids start in `#ids`. */
  #idStarts: number[] = [];
  #ids: number[] = [];

  constructor(private readonly cutting: Cutting) {}

  /** Ids of `text`, exactly those of cutting it whole. The array is the caller's. */
  encode(text: string): number[] {
    this.#show(text);
    return this.#ids.slice();
  }

  /** UTF-16 offset of the last piece of `text`; its length when it is empty. */
  lastPieceStart(text: string): number {
    this.#show(text);
    return this.#starts.length > 0 ? this.#starts[this.#starts.length - 1] : text.length;
  }

  #show(text: string): void {
    if (text === this.#text) return;
    const { split, isShortSighted, encodePiece } = this.cutting;
    const nKept = isShortSighted ? this.#nReusable(text) : 0;
    let at = nKept > 0 ? this.#starts[nKept] : 0;
    this.#ids.length = nKept > 0 ? this.#idStarts[nKept] : 0;
    this.#starts.length = nKept;
    this.#idStarts.length = nKept;
    for (const piece of at < text.length ? split(text.slice(at)) : []) {
      this.#starts.push(at);
      this.#idStarts.push(this.#ids.length);
      for (const id of encodePiece(piece)) this.#ids.push(id);
      at += piece.length;
    }
    this.#text = text;
  }

  /** Pieces that both texts begin with, whatever follows; always fewer than there are. */
  #nReusable(text: string): number {
    // What is cut out as it stands may begin that far before the edit that completes it.
    const nCommon = commonPrefixLength(this.#text, text) - Math.max(0, this.cutting.longestApart - 1);
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] <= nCommon) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1 - N_PIECES_BACK);
  }
}

function commonPrefixLength(a: string, b: string): number {
  if (b.startsWith(a)) return a.length;
  const n = Math.min(a.length, b.length);
  let i = 0;
  while (i < n && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return i;
}
