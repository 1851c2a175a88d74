/** Levenshtein's distance: the fewest characters inserted, deleted or replaced that make one text of the other. */
export function levenshtein(a: string, b: string): number {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  let row = Array.from({ length: endB - start + 1 }, (_, j) => j);
  for (let i = start; i < endA; i++) {
    const next = [i - start + 1];
    for (let j = start; j < endB; j++) {
      const at = j - start;
      next[at + 1] = Math.min(row[at + 1] + 1, next[at] + 1, row[at] + (a[i] === b[j] ? 0 : 1));
    }
    row = next;
  }
  return row[endB - start];
}
