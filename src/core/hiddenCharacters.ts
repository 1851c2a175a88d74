/** Characters that nobody sees and that make a text read as another: controls, directions of writing, invisible tags. */

/** Bidi controls (UAX #9), zero-width spaces, line separators, and tag characters, besides controls. */
const HIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

export function hasHidden(text: string): boolean {
  return HIDDEN.test(text);
}

/** The text with each of them as its code, so that a message about it cannot be turned around by it. */
export function withoutHidden(text: string): string {
  return text.replace(new RegExp(HIDDEN, 'gu'), char => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
