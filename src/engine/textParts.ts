/** Cutting a long text so that it can be encoded bit by bit. Knows lines, no tokenizer. */

/**
 * The text in parts of at least `minChars`, the last one but for what is left. Each begins with the line break that ends
 * a line with something on it: tokenizers take a line break and the white space after it together, and few take it
 * together with what is before it.
 */
export function* textParts(text: string, minChars: number): Generator<string> {
  let start = 0;
  let end = text.indexOf('\n', minChars);
  while (end >= 0) {
    const isAfterText = text[end - 1].trim() !== '';
    if (isAfterText) {
      yield text.slice(start, end);
      start = end;
    }
    end = text.indexOf('\n', isAfterText ? start + minChars : end + 1);
  }
  yield text.slice(start);
}
