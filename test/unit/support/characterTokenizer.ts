/** A token is a code point, or one of `special`, which stands behind all code points. */
import type { Tokenizer } from '../../../src/core/model';

const N_CODE_POINTS = 0x110000;

export interface CharacterTokenizer extends Tokenizer {
  /** With special tokens as they are spelled. */
  spelled(tokens: readonly number[]): string;
}

export function characterTokenizer(special: readonly string[]): CharacterTokenizer {
  const text = (token: number) => (token < N_CODE_POINTS ? String.fromCodePoint(token) : '');
  return {
    id: 'characters',
    vocabSize: N_CODE_POINTS + special.length,
    special: { endoftext: N_CODE_POINTS },
    specialTexts: new Map(special.map((spelling, i) => [spelling, N_CODE_POINTS + i])),
    encode: of => [...of].map(character => character.codePointAt(0)!),
    decode: tokens => tokens.map(text).join(''),
    bytes: token => new TextEncoder().encode(text(token)),
    startingWith: () => new Int32Array(0),
    lastPreTokenStart: of => of.search(/\S*\s*$/),
    spelled: tokens => tokens.map(token => special[token - N_CODE_POINTS] ?? text(token)).join(''),
  };
}
