/** Which of many paths a person means by a few letters: what completes `@file`. */

/** How well a path fits; lower is better, and among equals the shorter path comes first. */
const FITS = [
  (name: string, _path: string, query: string) => name === query,
  (name: string, _path: string, query: string) => name.startsWith(query),
  (name: string, _path: string, query: string) => name.includes(query),
  (_name: string, path: string, query: string) => path.includes(query),
  (name: string, _path: string, query: string) => isSubsequence(query, name),
  (_name: string, path: string, query: string) => isSubsequence(query, path),
];

/**
 * @param paths with '/', in the order in which they are offered when nothing tells them apart.
 * @returns at most `n` paths that fit, the best first; upper and lower case are the same.
 */
export function rankFiles(paths: readonly string[], query: string, n: number): string[] {
  const wanted = query.toLowerCase();
  if (wanted === '') return paths.slice(0, n);
  const found = paths.flatMap((path, index) => {
    const lower = path.toLowerCase();
    const name = lower.slice(lower.lastIndexOf('/') + 1);
    const rank = FITS.findIndex(fits => fits(name, lower, wanted));
    return rank < 0 ? [] : [{ path, rank, index }];
  });
  found.sort((a, b) => a.rank - b.rank || a.path.length - b.path.length || a.index - b.index);
  return found.slice(0, n).map(({ path }) => path);
}

function isSubsequence(query: string, text: string): boolean {
  let at = 0;
  for (const char of text) {
    if (char === query[at]) at++;
    if (at === query.length) return true;
  }
  return false;
}
