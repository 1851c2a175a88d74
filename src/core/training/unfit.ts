/** Which files are no good training text, whatever language they are in: what nobody wrote by hand, or nobody reads. */

export type Unfit = 'empty' | 'long' | 'lock' | 'binary' | 'minified' | 'generated';

const MOST_CHARS = 200_000;
const FEWEST_CHARS = 40;
const LONGEST_LINE = 1000;
const LONGEST_MEAN_LINE = 200;
/** A file says at its beginning that it is generated. */
const HEAD_CHARS = 1500;

const LOCK =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|bun\.lockb?|composer\.lock|go\.sum|flake\.lock|[\w.-]+\.lock|yarn\.lock)$/i;
const BUILT = /\.min\.\w+$|\.map$|\.snap$/i;
const GENERATED =
  /@generated\b|\bauto-?generated (?:file|by|from|code)|\b(?:code|file|this) (?:is |was )?(?:auto(?:matically)?[- ]?)?generated (?:by|from|code|file)|\bdo not edit\b|automatically generated/i;
const SOURCE_MAP = /^\s*(?:\/\/|\/\*)[#@] sourceMappingURL=/m;

/** @returns why the text, its newlines normalised, is left out, or undefined. */
export function unfit(name: string, text: string): Unfit | undefined {
  if (text.trim().length < FEWEST_CHARS) return 'empty';
  if (LOCK.test(name)) return 'lock';
  if (text.length > MOST_CHARS) return 'long';
  if (text.includes('\0') || nReplacements(text) > text.length / 200) return 'binary';
  if (BUILT.test(name) || hasLongLines(text)) return 'minified';
  if (GENERATED.test(text.slice(0, HEAD_CHARS)) || SOURCE_MAP.test(text)) return 'generated';
  return undefined;
}

function hasLongLines(text: string): boolean {
  let nLines = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (end - start > LONGEST_LINE) return true;
    nLines++;
    start = end + 1;
  }
  return text.length / nLines > LONGEST_MEAN_LINE;
}

/** Bytes that were no UTF-8 when the text was read. */
function nReplacements(text: string): number {
  let n = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) n++;
  return n;
}
