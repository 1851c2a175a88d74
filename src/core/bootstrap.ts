/** How sure a mean is when its rows come in groups that are not independent: whole groups are drawn again and again. */

const N_SAMPLES = 1000;

/**
 * The middle 95 % of a statistic under resampling of groups (Efron's percentile bootstrap). The same rows give the same
 * interval.
 * @param statistic of the rows of as many groups as there are, some of them several times and some never
 */
export function bootstrapInterval<T>(
  groups: readonly (readonly T[])[],
  statistic: (rows: readonly T[]) => number,
): [number, number] {
  const random = lehmer(1);
  const values = Array.from({ length: N_SAMPLES }, () =>
    statistic(groups.flatMap(() => groups[Math.floor(random() * groups.length)])),
  ).sort((a, b) => a - b);
  return [values[25], values[974]];
}

function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
