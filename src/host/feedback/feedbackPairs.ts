/** From what became of suggestions to preference pairs: what was kept against what was shown. */
import type { PreferencePair } from '../../protocol/training';
import type { FeedbackRecord } from './feedbackRecord';

/** An accepted suggestion, and the place where the proposal alone is asked for what it would have written. */
export interface OpenPair {
  readonly record: FeedbackRecord;
  readonly text: PreferencePair['text'];
  readonly chosen: string;
}

export interface Learnable {
  readonly pairs: readonly PreferencePair[];
  /** Pairs once it is known what the proposal alone writes there, if that is something else. */
  readonly open: readonly OpenPair[];
}

/**
 * Oldest first, each pair once. Where its two sides come from:
 *
 * - `typedOver`: chosen is what the person wrote there instead, to the end of as many lines as were shown; rejected is what
 *   was shown. The plainest sign that there is.
 * - `edited`: chosen is what stands there after the person's edits; rejected is what was accepted.
 * - `partly`: as `typedOver`: what was not taken was not wanted.
 * - `accepted`: chosen is what was shown and stands. Nothing was turned down, so rejected is what the proposal alone writes
 *   there (`open`), where that differs: what the modules in use have brought is kept.
 * - `ignored`: says little, since people look away for many reasons. Chosen is what was typed there later, where that is
 *   known and has something in common with what was shown: then it was read, and something else was meant.
 */
export function learnableOf(records: readonly FeedbackRecord[]): Learnable {
  const pairs = new Map<string, PreferencePair>();
  const open = new Map<string, OpenPair>();
  for (const record of records) {
    const { text, shown, stood } = record;
    const key = JSON.stringify([text.path, text.prefix, shown, stood]);
    if (record.outcome === 'accepted') {
      if (record.modules.some(({ strength }) => strength > 0)) open.set(key, { record, text, chosen: shown });
      continue;
    }
    if (stood.trim() === '' || !differ(shown, stood)) continue;
    if (record.outcome === 'ignored' && !isRelated(shown, stood)) continue;
    pairs.set(key, { text, chosen: stood, rejected: shown });
  }
  return { pairs: [...pairs.values()], open: [...open.values()] };
}

/** @param alone what the proposal alone writes at the open pair's place. */
export function closePair({ text, chosen }: OpenPair, alone: string): PreferencePair | undefined {
  return alone.trim() !== '' && differ(chosen, alone) ? { text, chosen, rejected: alone } : undefined;
}

/** White space at the end is no preference. */
function differ(a: string, b: string): boolean {
  return a.trimEnd() !== b.trimEnd();
}

/** A word or the first sign in common. */
function isRelated(a: string, b: string): boolean {
  const words = new Set(a.match(/\w{2,}/g) ?? []);
  return a.trim()[0] === b.trim()[0] || (b.match(/\w{2,}/g) ?? []).some(word => words.has(word));
}
