/** Times as a histogram with logarithmic bins: bounded, mergeable, and exact enough for percentiles. */

/** Bin → count. Bins are 8 % wide, so a percentile is at most 4 % off. */
export type Latencies = Readonly<Record<number, number>>;

const WIDTH = Math.log(1.08);
/** Two minutes: nothing that takes longer is a suggestion. */
export const LAST_BIN = binOf(120_000);

function binOf(ms: number): number {
  return Math.floor(Math.log(Math.max(1, ms)) / WIDTH);
}

export function addLatency(latencies: Latencies, ms: number): Latencies {
  const bin = Math.min(LAST_BIN, binOf(ms));
  return { ...latencies, [bin]: (latencies[bin] ?? 0) + 1 };
}

export function mergeLatencies(a: Latencies, b: Latencies): Latencies {
  const merged: Record<number, number> = { ...a };
  for (const [bin, n] of Object.entries(b)) merged[Number(bin)] = (merged[Number(bin)] ?? 0) + n;
  return merged;
}

/** @param share in (0, 1]. @returns the middle of the bin in which that share is reached; undefined without times. */
export function percentileMs(latencies: Latencies, share: number): number | undefined {
  const bins = Object.entries(latencies)
    .map(([bin, n]) => ({ bin: Number(bin), n }))
    .sort((a, b) => a.bin - b.bin);
  const wanted = share * bins.reduce((sum, { n }) => sum + n, 0);
  let seen = 0;
  for (const { bin, n } of bins) {
    seen += n;
    if (seen >= wanted && n > 0) return Math.exp((bin + 0.5) * WIDTH);
  }
  return undefined;
}
