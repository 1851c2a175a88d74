/**
 * From the text around the cursor to the tokens a proposal is asked with.
 * Suffix-first (ours): a keystroke appends to the prompt, so its KV cache holds but for the changed tokens.
 * Prefix-first (most public models): typing shifts the suffix, which is therefore kept short.
 * Suffix, prefix, middle (Mellum, Seed-Coder): a keystroke costs what was typed and the middle's mark.
 */
import type { FimOrder as TrainedOrder } from './manifest';
import type { SpecialTokens, Tokenizer } from './model';

export interface TextChunk {
  /** Path as shown to the model: at most its last three parts, joined with '/'. */
  readonly path: string;
  readonly text: string;
}

/** Text around the cursor, newlines normalised to \n. */
export interface CompletionText {
  readonly path: string;
  /** Everything before the cursor that may be shown. */
  readonly prefix: string;
  /** What stands right of the cursor on its line; never shown to the model, used to stop and to tidy. */
  readonly lineRest: string;
  /** Text from the next line on. */
  readonly suffix: string;
  /** The most useful first. */
  readonly neighbours: readonly TextChunk[];
}

/** `none` for a proposal that was not trained to fill in a middle. */
export type FimOrder = TrainedOrder | 'none';

export interface Prompt {
  readonly tokens: readonly number[];
  /** UTF-8 bytes at the end of the prefix that were backed over; the completion must begin with them. */
  readonly owed: Uint8Array;
  /** How many tokens of the prefix are shown, for the log. */
  readonly nPrefixTokens: number;
}

/** The left edge of a prefix that does not fit moves in steps, so that typing does not shift every position at each key. */
export const LEFT_EDGE_STEP = 256;
/** A prefix-first suffix is evaluated again at every key. */
export const PREFIX_FIRST_SUFFIX_TOKENS = 128;

/**
 * Builds the prompt within `budget` tokens: at most a quarter for neighbours, a fifth for the suffix, the rest for the
 * prefix, whose left edge is cut. The neighbours' and the suffix's shares depend on their own text alone: if they
 * depended on the prefix, typing would shift them and lose the KV cache.
 */
export function buildPrompt(text: CompletionText, tokenizer: Tokenizer, order: FimOrder, budget: number): Prompt {
  const { special } = tokenizer;
  const healAt = tokenizer.lastPreTokenStart(text.prefix);
  const owed = new TextEncoder().encode(text.prefix.slice(healAt));
  const header = tokenizer.encode(`${text.path}\n`);
  const prefix = tokenizer.encode(text.prefix.slice(0, healAt));

  const neighbours = neighbourTokens(text.neighbours, tokenizer, Math.floor(budget / 4));
  const suffixRoom = Math.floor(budget / 5);
  const suffix = suffixTokens(
    text.suffix,
    tokenizer,
    order === 'none' ? 0 : order === 'prefix-first' ? Math.min(PREFIX_FIRST_SUFFIX_TOKENS, suffixRoom) : suffixRoom,
  );
  const room = Math.max(1, budget - neighbours.length - suffix.length - header.length - 4);
  const shown = cutLeftEdge(prefix, room);

  return { tokens: arrange(order, special, neighbours, header, shown, suffix), owed, nPrefixTokens: shown.length };
}

export function arrange(
  order: FimOrder,
  special: SpecialTokens,
  neighbours: readonly number[],
  header: readonly number[],
  prefix: readonly number[],
  suffix: readonly number[],
): number[] {
  const { bos, fimPrefix, fimSuffix, fimMiddle, fileSep } = special;
  const start = bos === undefined ? [] : [bos];
  if (order === 'none' || fimPrefix === undefined || fimSuffix === undefined || fimMiddle === undefined) {
    return [...start, ...neighbours, ...(fileSep === undefined ? [] : [fileSep]), ...header, ...prefix];
  }
  switch (order) {
    case 'suffix-first':
      return [...start, ...neighbours, fimPrefix, fimSuffix, ...suffix, fimMiddle, ...header, ...prefix];
    case 'prefix-first':
      return [...start, ...neighbours, fimPrefix, ...header, ...prefix, fimSuffix, ...suffix, fimMiddle];
    case 'suffix-prefix-middle': {
      // The name of the file stands before both parts where there is a mark for it (model card of Mellum-4b).
      const [named, unnamed] = fileSep === undefined ? [[], header] : [[fileSep, ...header], []];
      return [...start, ...neighbours, ...named, fimSuffix, ...suffix, fimPrefix, ...unnamed, ...prefix, fimMiddle];
    }
  }
}

/** Drops whole steps from the left until at most `room` tokens are left; small rooms get smaller steps. */
function cutLeftEdge(tokens: readonly number[], room: number): readonly number[] {
  if (tokens.length <= room) return tokens;
  const step = Math.max(1, Math.min(LEFT_EDGE_STEP, room >> 2));
  return tokens.slice(Math.ceil((tokens.length - room) / step) * step);
}

function suffixTokens(suffix: string, tokenizer: Tokenizer, room: number): readonly number[] {
  if (room === 0 || suffix.trim() === '') return [];
  // A token is rarely longer than 16 characters: do not tokenize what cannot be shown.
  return wholeLines(tokenizer.encode(suffix.slice(0, room * 16)), tokenizer, room);
}

/** The first whole lines within `room` tokens; without one newline in reach, the first tokens. */
export function wholeLines(tokens: readonly number[], tokenizer: Tokenizer, room: number): readonly number[] {
  if (tokens.length <= room) return tokens;
  for (let end = room; end > room >> 1; end--)
    if (tokenizer.bytes(tokens[end]).includes(NEWLINE)) return tokens.slice(0, end);
  return tokens.slice(0, room);
}

/** The chunks that fit, the most useful one, which comes first in `chunks`, closest to the cursor. */
function neighbourTokens(chunks: readonly TextChunk[], tokenizer: Tokenizer, room: number): readonly number[] {
  const { fileSep } = tokenizer.special;
  if (fileSep === undefined) return [];
  let out: number[] = [];
  for (const chunk of chunks) {
    // Path and text are encoded apart, as in training, so that a newline never merges with what follows it.
    const tokens = [fileSep, ...tokenizer.encode(`${chunk.path}\n`), ...tokenizer.encode(chunk.text)];
    if (out.length + tokens.length <= room) out = [...tokens, ...out];
  }
  return out;
}

const NEWLINE = 10;
