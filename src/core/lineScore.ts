/** What was written held against what its author wrote: the metrics of CrossCodeEval (Ding et al., 2310.11248) for one line. */
import { levenshtein } from './editDistance';

export interface LineScore {
  readonly exact: boolean;
  /** 1 − Levenshtein / the longer length, in [0, 1]. */
  readonly similarity: number;
}

/** White space at the end counts for neither; of several lines that are shown, the first counts. */
export function scoreLine(shown: string, truth: string): LineScore {
  const written = shown.split('\n', 1)[0].trimEnd();
  const author = truth.trimEnd();
  return {
    exact: written === author,
    similarity: 1 - levenshtein(written, author) / Math.max(written.length, author.length, 1),
  };
}
