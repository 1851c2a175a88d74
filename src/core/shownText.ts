/** How much text around a cursor a completion is asked with, before the tokenizer has seen it. */

/** More is never shown to a model: its context holds fewer characters than this. */
export const PREFIX_CHARS = 8192;
export const SUFFIX_CHARS = 4096;
/** The left edge stays put while a person types, and moves in steps: otherwise every key would shift the whole prompt. */
const LEFT_EDGE_STEP_CHARS = 2048;

/** Where the text shown begins, for a cursor behind so many characters. */
export function leftEdge(nBefore: number): number {
  return Math.max(0, Math.ceil((nBefore - PREFIX_CHARS) / LEFT_EDGE_STEP_CHARS)) * LEFT_EDGE_STEP_CHARS;
}

/** A whole line reads better than half of one, unless the line is all that there is. */
export function fromWholeLine(text: string): string {
  const nextLine = text.indexOf('\n') + 1;
  return nextLine > 0 && nextLine < text.length ? text.slice(nextLine) : text;
}

/** Of the text before a cursor, what is shown. */
export function shownPrefix(before: string): string {
  const edge = leftEdge(before.length);
  return edge === 0 ? before : fromWholeLine(before.slice(edge));
}
