/** Fewer of many, spread over all of them. */

/** At most `n` of the items, in their order and equally far apart. The same items give the same choice. */
export function evenly<T>(items: readonly T[], n: number): readonly T[] {
  if (items.length <= n) return items;
  return Array.from({ length: n }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / n)]);
}
