/**
 * The names in a workspace's tokens, for a person to read: identifiers as code uses them, with how often and in how many
 * files. Read off the text that the tokens stand for; an n-gram itself knows no names.
 */
import type { Tokenizer } from '../model';
import type { TokenArray } from './ngramTally';

export interface NameCount {
  readonly text: string;
  readonly count: number;
  readonly nFiles: number;
}

/** Tokens that become text between two pauses: about 3 ms. */
const TOKENS_AT_ONCE = 4096;
/** Distinct names held while counting; beyond it those seen once make room, and may then be counted low. */
const MAX_DISTINCT = 1 << 18;

/** What stands between two names that belong together is code; between two words of prose there is a space. */
const NAME =
  /(?<![\w$\u0080-\uffff])(?:(?<=[.([{<@!&|*])[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]{2,}|[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]{2,}(?=[ \t]?[=(.:;,)\]}<>?[]))/g;
/** What a text may end with that its next piece goes on with. */
const UNFINISHED = /[\w$\u0080-\uffff.([{<@!&|*]+$/;
const MAX_UNFINISHED_CHARS = 200;

const KEYWORDS = new Set(
  `abstract alignas and any assert async auto await bool boolean break byte case catch char class const constexpr continue
   debugger declare def default del delete double elif else end enum except explicit export extends extern false final
   finally float fn for foreach from func function get global goto if impl implements import in inline instanceof int
   interface internal is lambda let long loop match mod module mut namespace native never new nil none None not null
   nullptr number object of operator or override package pass private protected pub public raise readonly ref register
   require return self sealed set short signed sizeof static string struct super switch symbol synchronized template then
   this throw throws transient True False true try type typedef typename typeof undefined union unknown unless unsafe
   unsigned until use using var virtual void volatile when where while with yield`.split(/\s+/),
);

export function isKeyword(word: string): boolean {
  return KEYWORDS.has(word);
}

/**
 * Counts names file by file; yields every few milliseconds.
 * @returns the most used first, `nNames` at most, and how many bytes each file's text has, in the order of `files`.
 */
export function* countNames(
  files: Iterable<TokenArray>,
  tokenizer: Tokenizer,
  nNames: number,
): Generator<void, { readonly names: readonly NameCount[]; readonly sizesBytes: readonly number[] }> {
  const counts = new Map<string, { count: number; nFiles: number; last: number }>();
  const sizesBytes: number[] = [];
  let nTokens = 0;
  for (const tokens of files) {
    const file = sizesBytes.length;
    const decoder = new TextDecoder();
    let sizeBytes = 0;
    let left = '';
    for (let start = 0; start < tokens.length; start += TOKENS_AT_ONCE) {
      const piece = bytesOf(tokens.subarray(start, start + TOKENS_AT_ONCE), tokenizer);
      sizeBytes += piece.length;
      const isLast = start + TOKENS_AT_ONCE >= tokens.length;
      const text = left + decoder.decode(piece, { stream: !isLast });
      left = isLast ? '' : (UNFINISHED.exec(text.slice(-MAX_UNFINISHED_CHARS))?.[0] ?? '');
      for (const [name] of text.slice(0, text.length - left.length).matchAll(NAME)) {
        if (KEYWORDS.has(name)) continue;
        const known = counts.get(name);
        if (known === undefined) counts.set(name, { count: 1, nFiles: 1, last: file });
        else {
          known.count++;
          if (known.last !== file) known.nFiles++;
          known.last = file;
        }
      }
      if (counts.size > MAX_DISTINCT) for (const [name, { count }] of counts) if (count === 1) counts.delete(name);
      nTokens += TOKENS_AT_ONCE;
      if (tokens.length >= TOKENS_AT_ONCE) yield;
    }
    sizesBytes.push(sizeBytes);
    if (nTokens < TOKENS_AT_ONCE) continue;
    nTokens = 0;
    yield;
  }
  const names = [...counts]
    .map(([text, { count, nFiles }]) => ({ text, count, nFiles }))
    .sort((a, b) => b.count - a.count || b.nFiles - a.nFiles || (a.text < b.text ? -1 : 1))
    .slice(0, nNames);
  return { names, sizesBytes };
}

function bytesOf(tokens: TokenArray, tokenizer: Tokenizer): Uint8Array {
  let length = 0;
  for (const token of tokens) length += tokenizer.bytes(token).length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const token of tokens) {
    const piece = tokenizer.bytes(token);
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
