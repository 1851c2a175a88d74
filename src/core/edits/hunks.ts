/** Reads which lines a patch without context replaces: the `@@` lines of `git diff --unified=0`. */

/** Lines from 0. Without old lines, the new ones are put before line `oldStart`. */
export interface Hunk {
  readonly oldStart: number;
  readonly nOld: number;
  readonly newStart: number;
  readonly nNew: number;
}

/** Hunks of one file's patch, from top to bottom. A line of a file never begins with `@@`: it has a sign before it. */
export function parseHunks(patch: string): Hunk[] {
  return [...patch.matchAll(/^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/gm)].map(([, a, nA = '1', b, nB = '1']) => ({
    oldStart: startOf(Number(a), Number(nA)),
    nOld: Number(nA),
    newStart: startOf(Number(b), Number(nB)),
    nNew: Number(nB),
  }));
}

/** Of a range without lines, git names the line before it. */
function startOf(line: number, n: number): number {
  return n === 0 ? line : line - 1;
}
