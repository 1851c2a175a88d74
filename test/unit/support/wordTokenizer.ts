/** A tokenizer as ours is in kind: a word with the space before it, a run of white space, or one sign is a token. */
import type { Tokenizer } from '../../../src/core/model';
import { scanStartingWith } from './startingWith';

const PIECES = / ?[\p{L}\p{N}_$]+|\n\s*|[ \t]+|./gsu;

/** Its vocabulary are the pieces of `text`; it encodes nothing else. */
export function wordTokenizer(text: string): Tokenizer {
  const words = [...new Set(text.match(PIECES) ?? []), '<|endoftext|>'];
  const ids = new Map(words.map((word, id) => [word, id]));
  const end = words.length - 1;
  const bytes = words.map((word, id) => (id === end ? new Uint8Array() : new TextEncoder().encode(word)));
  return {
    id: 'words',
    vocabSize: words.length,
    special: { endoftext: end },
    specialTexts: new Map([[words[end], end]]),
    encode: piece => (piece.match(PIECES) ?? []).map(word => ids.get(word) ?? end),
    decode: tokens => tokens.map(token => (token === end ? '' : words[token])).join(''),
    bytes: token => bytes[token],
    startingWith: owed => scanStartingWith({ vocabSize: words.length, bytes: token => bytes[token] }, owed),
    lastPreTokenStart: piece => piece.length - (piece.match(PIECES)?.at(-1)?.length ?? 0),
  };
}
