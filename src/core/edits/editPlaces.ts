/**
 * Where a person stood while they wrote a change: places in each added line, with the text that was there at that
 * moment. The change is written from top to bottom: above a place the file is new, below it the file is still old.
 */
import { seededRandom } from '../random';
import { SUFFIX_CHARS, shownPrefix } from '../shownText';
import type { Hunk } from './hunks';

/** One file of one commit, or of what is not committed yet. */
export interface FileChange {
  /** Short hash; undefined for what is not committed. */
  readonly commit: string | undefined;
  /** Below the folder, with '/'. */
  readonly file: string;
  /** Both with `\n` alone. */
  readonly oldText: string;
  readonly newText: string;
  readonly hunks: readonly Hunk[];
}

export interface EditPlace {
  readonly commit: string | undefined;
  readonly file: string;
  /** From 1, in the file after the change. */
  readonly line: number;
  /** What stood left of the cursor on its line. */
  readonly head: string;
  /** What was written next, to the end of the line. */
  readonly truth: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Less to write tells nothing, and more is rarely met. */
const LEAST_CHARS = 3;
const MOST_CHARS = 160;
/** Lines with fewer letters and digits are brackets and rules. */
const LEAST_WORD_CHARS = 3;

const WORD_OR_SIGN = /[\p{L}\p{N}_$]+|[^\p{L}\p{N}_$\s]/gu;

/**
 * For each line that was written, its beginning behind the indentation, and one place further on, behind a word or a
 * sign. Where a line took the place of another, what both begin with was not written. Lines that were only moved or
 * indented anew are left out. The same change gives the same places.
 */
export function placesIn(change: FileChange): EditPlace[] {
  const { commit, file, oldText, newText, hunks } = change;
  const old = linesOf(oldText);
  const now = linesOf(newText);
  const removed = new Set(
    hunks.flatMap(({ oldStart, nOld }) => old.lines.slice(oldStart, oldStart + nOld).map(line => line.trim())),
  );
  const places: EditPlace[] = [];
  for (const { oldStart, nOld, newStart, nNew } of hunks) {
    const below = oldText.slice(old.starts[oldStart + nOld] ?? oldText.length);
    const suffix = below.slice(0, SUFFIX_CHARS);
    for (let k = 0; k < nNew; k++) {
      const at = newStart + k;
      const line = now.lines[at] ?? '';
      if (!isWorthWriting(line) || removed.has(line.trim())) continue;
      const before = nOld === nNew ? (old.lines[oldStart + k] ?? '') : '';
      for (const column of columnsIn(line, before, at)) {
        const start = now.starts[at] + column;
        places.push({
          commit,
          file,
          line: at + 1,
          head: line.slice(0, column),
          truth: line.slice(column),
          prefix: shownPrefix(newText.slice(0, start)),
          suffix,
        });
      }
    }
  }
  return places;
}

function columnsIn(line: string, before: string, seed: number): number[] {
  const indent = line.length - line.trimStart().length;
  const ends = [...line.matchAll(WORD_OR_SIGN)].map(match => match.index + match[0].length);
  const kept = sameStart(line, before);
  const first = ends.findLast(end => end <= kept) ?? indent;
  const later = ends.filter(end => end > first && isEnough(line.slice(end)));
  const pick = Math.floor(seededRandom(line.length).uniform(seed, 0) * later.length);
  return [...(isEnough(line.slice(first)) ? [first] : []), ...later.slice(pick, pick + 1)];
}

function isWorthWriting(line: string): boolean {
  return (line.match(/[\p{L}\p{N}]/gu) ?? []).length >= LEAST_WORD_CHARS;
}

function isEnough(truth: string): boolean {
  const n = truth.trim().length;
  return n >= LEAST_CHARS && n <= MOST_CHARS;
}

function sameStart(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}

/** Lines, and where each begins. */
function linesOf(text: string): { readonly lines: readonly string[]; readonly starts: readonly number[] } {
  const lines = text.split('\n');
  const starts: number[] = [];
  let at = 0;
  for (const line of lines) {
    starts.push(at);
    at += line.length + 1;
  }
  return { lines, starts };
}
