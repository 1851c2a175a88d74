/**
 * The phrases of a workspace, for a person to read: runs of several tokens within a line that occur again and again, read
 * off the sorted positions of a segment, where equal contexts lie side by side.
 */
import type { Tokenizer } from '../model';
import { isKeyword } from './ngramNames';
import type { NgramSegment } from './ngramSegment';
import { CHUNK, MAX_ORDER } from './ngramSort';

export interface PhraseCount {
  readonly text: string;
  readonly count: number;
  readonly nTokens: number;
}

const LEAST_TOKENS = 3;
const LEAST_COUNT = 3;
/** A phrase that goes on the same way everywhere is shown as far as this. */
const MOST_TOKENS = 40;
/** Candidates kept while looking, per phrase that is wanted. */
const KEPT_PER_PHRASE = 12;
/** Of two phrases of which one holds the other, the second says nothing new unless it is this much more frequent. */
const ANOTHER = 1.5;

interface Run {
  /** In the order of the segment, [lo, hi). */
  readonly lo: number;
  readonly hi: number;
  readonly order: number;
  readonly score: number;
}

const LINE_BREAK = 1;
const STARTS_WORD = 2;
const ENDS_WORD = 4;
const BLANK = 8;
const NAMED = 16;
const OPENS = 32;

/** @returns the phrases that save most typing first, `nPhrases` at most; yields every few milliseconds. */
export function* findPhrases(
  segment: NgramSegment,
  tokenizer: Tokenizer,
  nPhrases: number,
): Generator<void, readonly PhraseCount[]> {
  const kinds = Uint8Array.from({ length: segment.vocabSize + 1 }, (_, token) => kindOf(token, tokenizer));
  const runs = yield* frequentRuns(segment, kinds, nPhrases * KEPT_PER_PHRASE);
  const found: PhraseCount[] = [];
  let nRead = 0;
  for (const run of runs) {
    if (found.length === nPhrases) break;
    nRead += (run.hi - run.lo) * (MOST_TOKENS - MAX_ORDER);
    if (nRead > CHUNK) {
      nRead = 0;
      yield;
    }
    const tokens = phraseOf(segment, kinds, run);
    const text = tokenizer.decode([...tokens]).trim();
    const count = run.hi - run.lo;
    if (!hasName(text) || found.some(other => isTold(text, count, other))) continue;
    found.push({ text, count, nTokens: tokens.length });
  }
  return found;
}

/** Runs of positions with the same 3 to 6 tokens before them, those that save most first. */
function* frequentRuns(
  { tokens, order, vocabSize }: NgramSegment,
  kinds: Uint8Array,
  nRuns: number,
): Generator<void, readonly Run[]> {
  let kept: Run[] = [];
  let least = 0;
  const starts = new Int32Array(MAX_ORDER + 1);
  const consider = (lo: number, hi: number, length: number) => {
    const score = (hi - lo) * (length - 1);
    if (hi - lo < LEAST_COUNT || score <= least || !isPhrase(tokens, kinds, order[lo], length)) return;
    kept.push({ lo, hi, order: length, score });
    if (kept.length < 2 * nRuns) return;
    kept = kept.sort((a, b) => b.score - a.score).slice(0, nRuns);
    least = kept[kept.length - 1].score;
  };
  for (let i = 1; i <= order.length; i++) {
    let same = 0;
    if (i < order.length) {
      const [a, b] = [order[i - 1], order[i]];
      while (same < MAX_ORDER && tokens[a - 1 - same] === tokens[b - 1 - same] && tokens[a - 1 - same] !== vocabSize)
        same++;
    }
    for (let length = Math.max(LEAST_TOKENS, same + 1); length <= MAX_ORDER; length++) {
      consider(starts[length], i, length);
      starts[length] = i;
    }
    if (i % CHUNK === 0) yield;
  }
  return kept.sort((a, b) => b.score - a.score).slice(0, nRuns);
}

/** Whether the `length` tokens before a position are whole words within a line, and name something. */
function isPhrase(tokens: Readonly<NgramSegment['tokens']>, kinds: Uint8Array, end: number, length: number): boolean {
  let hasNames = false;
  for (let at = end - length; at < end; at++) {
    const kind = kinds[tokens[at]];
    if ((kind & LINE_BREAK) !== 0) return false;
    hasNames ||= (kind & NAMED) !== 0;
  }
  const [first, last] = [kinds[tokens[end - length]], kinds[tokens[end - 1]]];
  if (!hasNames || (last & BLANK) !== 0 || !opens(first, kinds[tokens[end - length - 1]])) return false;
  const isCutBehind = (last & ENDS_WORD) !== 0 && (kinds[tokens[end]] & STARTS_WORD) !== 0;
  return length === MAX_ORDER || !isCutBehind;
}

/** The run's tokens; the longest ones go on, to both sides, for as long as all of their places do. */
function phraseOf({ tokens, order }: NgramSegment, kinds: Uint8Array, { lo, hi, order: length }: Run) {
  const at = order[lo];
  if (length < MAX_ORDER) return tokens.subarray(at - length, at);
  const isShared = (k: number) => {
    if ((kinds[tokens[at + k]] & LINE_BREAK) !== 0) return false;
    for (let i = lo + 1; i < hi; i++) if (tokens[order[i] + k] !== tokens[at + k]) return false;
    return true;
  };
  let start = -length;
  let end = 0;
  while (end - start < MOST_TOKENS && isShared(end)) end++;
  while (end - start < MOST_TOKENS && isShared(start - 1)) start--;
  // What came at the left may be an indentation, or the end of a word.
  while (start < -length && !opens(kinds[tokens[at + start]], kinds[tokens[at + start - 1]])) start++;
  return tokens.subarray(at + start, at + end);
}

/** Whether a phrase can begin with a token of one kind behind one of another. */
function opens(first: number, before: number): boolean {
  return (first & OPENS) !== 0 && ((first & STARTS_WORD) === 0 || (before & ENDS_WORD) === 0);
}

/** A phrase has two words, and one of them is a name. */
function hasName(text: string): boolean {
  const words = text.match(/[\p{L}\p{N}_$]{2,}/gu) ?? [];
  return words.length >= 2 && words.some(word => word.length >= 3 && /^\D/.test(word) && !isKeyword(word));
}

function isTold(text: string, count: number, other: PhraseCount): boolean {
  if (other.text.includes(text)) return count < ANOTHER * other.count;
  return text.includes(other.text) && other.count < ANOTHER * count;
}

function kindOf(token: number, tokenizer: Tokenizer): number {
  // The separator between files, and tokens that stand for no text, end a phrase.
  const text = token < tokenizer.vocabSize ? tokenizer.decode([token]) : '';
  if (text === '' || /[\r\n]/.test(text)) return LINE_BREAK;
  return (
    (/^[\p{L}\p{N}_$]/u.test(text) ? STARTS_WORD : 0) |
    (/[\p{L}\p{N}_$]$/u.test(text) ? ENDS_WORD : 0) |
    (text.trim() === '' ? BLANK : 0) |
    (/^\s*[\p{L}\p{N}_$<{[("'`@#/]/u.test(text) ? OPENS : 0) |
    (/\p{L}{2}/u.test(text) ? NAMED : 0)
  );
}
