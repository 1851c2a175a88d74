/** How many whole rows of logps are held at once. */

const MOST_ROWS = 128;
const MOST_VALUES = 1 << 22;

/** Tokens of one pass whose rows are read whole: those of a large vocabulary take more than half a megabyte each. */
export function rowsAtOnce(vocabSize: number): number {
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / vocabSize)));
}
