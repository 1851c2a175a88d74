/**
 * Cuts completions out of tokenised files: a middle, what stands around it, and sometimes lines of files nearby.
 * Lengths are drawn as in models/train/rows.py; prompts are arranged as they are served (fim.ts).
 */
import { type FimOrder, wholeLines } from '../fim';
import type { Tokenizer } from '../model';
import type { Dice } from './dice';
import type { Spot, TokenStore } from './tokenStore';

/** One completion as tokens. `middle` follows `prefix` in the file and ends at a line's end, without its newline. */
export interface Cut {
  readonly file: number;
  /** Where the middle begins and ends in the file. */
  readonly begin: number;
  readonly end: number;
  readonly neighbours: readonly number[];
  readonly header: readonly number[];
  readonly prefix: readonly number[];
  readonly middle: readonly number[];
  readonly suffix: readonly number[];
}

/** How many lines a middle has: the rest of one, or up to eight. */
export type Extent = 'line' | 'lines';

/** Middles that end with their line; the others go on for one to seven more. */
const ONE_LINE_SHARE = 0.6;
const NO_SUFFIX_SHARE = 0.15;
const NEIGHBOURS_SHARE = 0.25;
/** Below it neighbours would leave no room for the file itself. */
const LEAST_ROOM_WITH_NEIGHBOURS = 200;
const SUFFIX_TOKENS = { least: 16, most: 192 };
const SHORTEST_PREFIX = 24;

export class Cutter {
  readonly #startsLine: Uint8Array;
  readonly #isBlank: Uint8Array;

  constructor(
    private readonly store: TokenStore,
    private readonly tokenizer: Tokenizer,
    private readonly order: FimOrder,
  ) {
    const { vocabSize } = tokenizer;
    this.#startsLine = new Uint8Array(vocabSize);
    this.#isBlank = new Uint8Array(vocabSize);
    for (let token = 0; token < vocabSize; token++) {
      const bytes = tokenizer.bytes(token);
      this.#startsLine[token] = bytes[0] === NEWLINE ? 1 : 0;
      this.#isBlank[token] = bytes.length > 0 && bytes.every(isSpace) ? 1 : 0;
    }
  }

  startsLine(token: number): boolean {
    return this.#startsLine[token] === 1;
  }

  /**
   * A cut in the line at `spot`, all of it and its prompt's special tokens within `room` tokens.
   * @returns undefined where the middle does not fit.
   */
  cut({ file, at }: Spot, extent: Extent, dice: Dice, room: number): Cut | undefined {
    const tokens = this.store.tokens(file);
    const header = this.store.header(file);
    const neighbours = this.#neighbours(file, dice, room);
    let end = this.#lineEnd(tokens, at);
    const lineBegin = this.#lineBegin(tokens, end);
    const begin = lineBegin + dice.below(end - lineBegin);
    if (extent === 'lines' && dice.next() >= ONE_LINE_SHARE) {
      for (let more = dice.between(1, 7); more > 0 && end < tokens.length; more--) {
        const next = this.#lineEnd(tokens, end + 1);
        // What ends a file is no line end of its own.
        if (next >= tokens.length) break;
        end = next;
      }
    }
    const left = room - neighbours.length - header.length - 5;
    const nMiddle = end - begin;
    if (nMiddle <= 0 || nMiddle >= left) return undefined;
    const suffixRoom = this.#suffixRoom(dice, left - nMiddle);
    const suffix = this.#textFrom(tokens, end, suffixRoom);
    const longest = left - nMiddle - suffixRoom;
    // Log-uniform: short prefixes are what a new file has, long ones what an old one has.
    const least = Math.log(SHORTEST_PREFIX);
    const most = Math.log(Math.max(SHORTEST_PREFIX + 1, 1.6 * longest));
    const wanted = Math.floor(Math.exp(least + dice.next() * (most - least)));
    const nPrefix = Math.max(0, Math.min(begin, longest, wanted));
    return {
      file,
      begin,
      end,
      neighbours,
      header,
      prefix: [...tokens.subarray(begin - nPrefix, begin)],
      middle: [...tokens.subarray(begin, end)],
      suffix,
    };
  }

  #suffixRoom(dice: Dice, room: number): number {
    const share = dice.next();
    const wanted = dice.between(SUFFIX_TOKENS.least, SUFFIX_TOKENS.most);
    if (this.order === 'none' || share < NO_SUFFIX_SHARE) return 0;
    return Math.min(wanted, Math.floor((room * 2) / 3));
  }

  /** Index of the newline that ends the first line at or after `at` with something on it; the file's length without one. */
  #lineEnd(tokens: Uint16Array, at: number): number {
    let i = Math.max(1, at);
    while (i < tokens.length && !(this.#startsLine[tokens[i]] && !this.#isBlank[tokens[i - 1]])) i++;
    return i;
  }

  /** Index after the newline, and the indentation that is one token with it, that the line which ends at `end` begins with. */
  #lineBegin(tokens: Uint16Array, end: number): number {
    let i = end - 1;
    while (i >= 0 && !this.#startsLine[tokens[i]]) i--;
    return Math.min(i + 1, Math.max(0, end - 1));
  }

  /** What is served of the text below the line that ends at `end`: encoded by itself, cut to whole lines. */
  #textFrom(tokens: Uint16Array, end: number, room: number): readonly number[] {
    if (room <= 0 || end + 1 >= tokens.length) return [];
    const text = this.tokenizer.decode([...tokens.subarray(end, end + room + 8)]).slice(1);
    if (text.trim() === '') return [];
    return wholeLines(this.tokenizer.encode(text), this.tokenizer, room);
  }

  /** Now and then one or two pieces of files nearby. */
  #neighbours(file: number, dice: Dice, room: number): readonly number[] {
    const { fileSep } = this.tokenizer.special;
    if (room < LEAST_ROOM_WITH_NEIGHBOURS || fileSep === undefined || dice.next() >= NEIGHBOURS_SHARE) return [];
    const [fewest, most] = room < 400 ? [4, 10] : [10, 40];
    let context: number[] = [];
    for (let left = dice.between(1, 2); left > 0; left--) {
      const other = file + dice.between(1, 8) * (dice.next() < 0.5 ? 1 : -1);
      const nLines = dice.between(fewest, most);
      const place = dice.next();
      if (other < 0 || other >= this.store.nFiles || other === file) continue;
      const piece = this.#lines(this.store.tokens(other), place, nLines);
      const tokens = [fileSep, ...this.store.header(other), ...piece];
      if (piece.length > 0 && context.length + tokens.length < room / 3) context = [...context, ...tokens];
    }
    return context;
  }

  /** `nLines` lines from about `place` of the file on, encoded by themselves. */
  #lines(tokens: Uint16Array, place: number, nLines: number): readonly number[] {
    let from = Math.floor(place * tokens.length);
    while (from > 0 && !this.#startsLine[tokens[from]]) from--;
    let to = from + 1;
    for (let n = 0; to < tokens.length; to++) if (this.#startsLine[tokens[to]] && ++n === nLines) break;
    const text = this.tokenizer.decode([...tokens.subarray(from, to)]);
    return this.tokenizer.encode(from > 0 ? text.slice(1) : text);
  }
}

const NEWLINE = 10;

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
