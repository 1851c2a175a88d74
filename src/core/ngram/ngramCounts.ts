/** What a row is read from: all that a store counts, or what it would count without one of its files. */
import type { Contents } from './ngramContents';
import { NgramSegment } from './ngramSegment';
import { finish } from './ngramSort';

/** The segments that a count is taken from. */
export interface Segments {
  readonly added: readonly NgramSegment[];
  readonly removed: NgramSegment | undefined;
}

export interface NgramCounts {
  readonly vocabSize: number;
  readonly nTokens: number;
  readonly segments: Segments;
  /** How often each token occurs. */
  readonly unigrams: Int32Array;
  /** Grows with every change of the counts. */
  readonly revision: number;
}

/** Counts as of a merge, which do not change with the store. */
export interface MergedCounts {
  readonly segment: NgramSegment;
  readonly files: Contents;
  readonly unigrams: Int32Array;
}

/**
 * As if a file had never been counted: its own counts are taken off all others'.
 * @returns undefined where there is no such file.
 */
export function countsWithout({ segment, files, unigrams }: MergedCounts, name: string): NgramCounts | undefined {
  const file = files.get(name);
  if (file === undefined) return undefined;
  const { vocabSize } = segment;
  const rest = unigrams.slice();
  for (const token of file.tokens) rest[token]--;
  const removed = finish(NgramSegment.of(vocabSize, [file.tokens]));
  const nTokens = segment.nTokens - file.nTokens;
  return { vocabSize, nTokens, segments: { added: [segment], removed }, unigrams: rest, revision: 0 };
}
