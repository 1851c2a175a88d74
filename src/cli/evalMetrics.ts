/** Metrics of completed lines. */
import { bootstrapInterval } from '../core/bootstrap';
import { scoreLine } from '../core/lineScore';
import { type Harm, harmOf } from './evalHarm';

/** One line of test/fixtures/eval/cursors.jsonl. */
export interface Cursor {
  readonly id: string;
  readonly package: string;
  readonly path: string;
  readonly language: string;
  readonly domain: readonly string[];
  readonly kind: 'line-start' | 'mid-line' | 'mid-identifier';
  readonly prefix: string;
  /** Starts with the newline that ends the cursor's line: what stood right of the cursor was deleted. */
  readonly suffix: string;
  /** The rest of the cursor's line as its author wrote it. */
  readonly truth: string;
}

export interface Outcome {
  /** What a person would have seen; empty for nothing. */
  readonly shown: string;
  /** Of its first line, as the models estimate it: what `residual.showGate` is compared with. */
  readonly probability: number;
  readonly elapsedMs: number;
}

export interface Score {
  readonly n: number;
  readonly exactMatch: number;
  readonly editSimilarity: number;
}

/** What a person sees when completions less probable than `gate` are held back. */
export interface Gated {
  readonly gate: number;
  /** Share of cursors at which something was shown. */
  readonly shown: number;
  /** Share of all cursors at which the author's line was shown. */
  readonly exactMatch: number;
  /** Share of what was shown that was the author's line. */
  readonly precision: number;
  /** Share of what was shown that repeats a closer or the next line, or makes a new syntax error. */
  readonly harm: number;
  /** Share of what was shown with which the file does not parse (or repeats), though with the author's line it does. */
  readonly unparsed: number;
}

const GATES = [0, 0.02, 0.05, 0.1, 0.2, 0.4];

export interface Summary extends Score {
  /** 95 % of the exact match under resampling of whole packages. */
  readonly exactMatchInterval: readonly [number, number];
  /** The same for the gates one may choose; the first shows all. */
  readonly gates: readonly Gated[];
  /** Cursors whose surroundings parse with the author's line, so that a new syntax error can be told. */
  readonly nParsed: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly byKind: Readonly<Record<string, Score>>;
  readonly byDomain: Readonly<Record<string, Score>>;
  readonly byLanguage: Readonly<Record<string, Score>>;
}

export function summarise(cursors: readonly Cursor[], outcomes: readonly Outcome[]): Summary {
  const rows = cursors.map((cursor, i) => ({
    cursor,
    outcome: outcomes[i],
    ...scoreLine(outcomes[i].shown, cursor.truth),
  }));
  const shown = rows.filter(row => row.outcome.shown !== '');
  const harms = shown.map(row => ({ ...row, ...harmOf(row.cursor, row.outcome.shown) }));
  const times = outcomes.map(o => o.elapsedMs).sort((a, b) => a - b);
  return {
    ...mean(rows),
    exactMatchInterval: interval(rows),
    gates: GATES.map(gate => gated(gate, rows.length, harms)),
    nParsed: harms.filter(h => h.parsed).length,
    p50Ms: round(times[Math.floor(times.length * 0.5)]),
    p90Ms: round(times[Math.floor(times.length * 0.9)]),
    byKind: group(rows, row => [row.cursor.kind]),
    byDomain: group(rows, row => row.cursor.domain),
    byLanguage: group(rows, row => [row.cursor.language]),
  };
}

function gated(gate: number, n: number, rows: readonly (Row & Harm)[]): Gated {
  const seen = rows.filter(row => row.outcome.probability >= gate);
  const share = (part: readonly Row[]) => round(part.length / Math.max(1, seen.length));
  const exact = seen.filter(row => row.exact);
  return {
    gate,
    shown: round(seen.length / n),
    exactMatch: round(exact.length / n),
    precision: share(exact),
    harm: share(seen.filter(row => row.harmful)),
    unparsed: share(seen.filter(row => row.unparsed)),
  };
}

interface Row {
  readonly cursor: Cursor;
  readonly outcome: Outcome;
  readonly exact: boolean;
  readonly similarity: number;
}

function mean(rows: readonly Row[]): Score {
  const n = rows.length;
  return {
    n,
    exactMatch: round(rows.filter(r => r.exact).length / Math.max(1, n)),
    editSimilarity: round(rows.reduce((sum, r) => sum + r.similarity, 0) / Math.max(1, n)),
  };
}

function group<T extends Row>(rows: readonly T[], keysOf: (row: T) => readonly string[]): Record<string, Score> {
  const groups = groupBy(rows, keysOf);
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([key, members]) => [key, mean(members)]),
  );
}

function groupBy<T>(rows: readonly T[], keysOf: (row: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) for (const key of keysOf(row)) groups.set(key, [...(groups.get(key) ?? []), row]);
  return groups;
}

/** Bootstrap over packages: cursors of one package are not independent. */
function interval(rows: readonly Row[]): [number, number] {
  const packages = [...groupBy(rows, r => [r.cursor.package]).values()];
  const [low, high] = bootstrapInterval(packages, sample => sample.filter(r => r.exact).length / sample.length);
  return [round(low), round(high)];
}

function round(x: number): number {
  return Math.round(x * 10000) / 10000;
}
