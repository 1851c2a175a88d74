/** What a person would have pressed at one place with a suggestion there. */

export interface Keystrokes {
  /** Characters typed one by one. */
  readonly keys: number;
  /** Times that a suggestion, or a word of it, was taken. */
  readonly accepts: number;
  /** Characters that had to be written. */
  readonly nChars: number;
}

const WORD = /\s*(?:[\p{L}\p{N}_$]+|[^\p{L}\p{N}_$\s])/gu;

/**
 * A suggestion that is right as far as it goes is taken as a whole by one key. Of another, words are taken one by one
 * while they are right and longer than the key that takes them; the rest is typed.
 */
export function keystrokesWith(shown: string, truth: string): Keystrokes {
  const wanted = truth.trimEnd();
  const written = shown.split('\n', 1)[0].trimEnd();
  const nChars = wanted.length;
  if (written !== '' && wanted.startsWith(written)) return { keys: nChars - written.length, accepts: 1, nChars };
  let at = 0;
  let accepts = 0;
  let nTaken = 0;
  for (const [word] of written.matchAll(WORD)) {
    if (!wanted.startsWith(word, at) || splitsWord(wanted, at + word.length)) break;
    at += word.length;
    if (word.length === 1) continue;
    accepts++;
    nTaken += word.length;
  }
  return { keys: nChars - nTaken, accepts, nChars };
}

/** 1 − (keys + accepts) / characters, over all places together; 0 where nothing had to be written. */
export function savedShare(all: readonly Keystrokes[]): number {
  const sum = (of: (one: Keystrokes) => number) => all.reduce((total, one) => total + of(one), 0);
  const nChars = sum(one => one.nChars);
  return nChars === 0 ? 0 : 1 - sum(one => one.keys + one.accepts) / nChars;
}

/** `val` of `value` is not a word of it. */
function splitsWord(text: string, at: number): boolean {
  return /[\p{L}\p{N}_$]/u.test(text[at - 1] ?? '') && /[\p{L}\p{N}_$]/u.test(text[at] ?? '');
}
