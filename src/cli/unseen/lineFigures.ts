/** Results at places as figures: how often the line is right, what a gate would show, and what two proposals differ in. */
import { bootstrapInterval } from '../../core/bootstrap';
import { type Keystrokes, keystrokesWith, savedShare } from '../../core/edits/keystrokes';
import { scoreLine } from '../../core/lineScore';
import { GATE_SCORES, type GateScore, isFirstTokenRight, type LineResult } from './lineResult';

/** A share or a difference of shares, and the middle 95 % of it under resampling of whole packages. */
export interface Figure {
  readonly value: number;
  readonly interval: readonly [number, number];
}

export interface LineFigures {
  readonly n: number;
  readonly exactMatch: Figure;
  readonly editSimilarity: Figure;
  /** Of places, at which the first token goes on as the author did. */
  readonly firstToken: Figure;
  /** Without a gate. */
  readonly keystrokesSaved: Figure;
}

/** What is seen where scores below `gate` are held back. */
export interface GateFigures {
  readonly gate: number;
  /** Of all places, at which something is shown. */
  readonly shown: number;
  /** Of what is shown, that is the author's line to the letter. */
  readonly right: Figure;
  /** Of all places, at which the author's line is shown. */
  readonly exactMatch: number;
}

export interface UnseenFigures extends LineFigures {
  readonly nPackages: number;
  readonly byLanguage: Readonly<Record<string, LineFigures>>;
  readonly byKind: Readonly<Record<string, LineFigures>>;
  /** Lines that stand nowhere else in their file, and others. */
  readonly byRepetition: Readonly<Record<string, LineFigures>>;
  /** The product's own score at fixed gates. */
  readonly gates: readonly GateFigures[];
  /** Every score at gates that show these shares of the places, so that scores can be compared. */
  readonly scores: Readonly<Record<string, readonly GateFigures[]>>;
  readonly p50Ms: number;
  readonly p90Ms: number;
}

const GATES = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7];
const SHARES = [0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4];

/** Judged once, because every interval draws it a thousand times. */
interface Row {
  readonly result: LineResult;
  readonly package: string;
  readonly exact: boolean;
  readonly similarity: number;
  readonly firstToken: boolean;
  readonly strokes: Keystrokes;
}

type Statistic = (rows: readonly Row[]) => number;

const exactShare: Statistic = rows => mean(rows.map(row => Number(row.exact)));
const similarity: Statistic = rows => mean(rows.map(row => row.similarity));
const saved: Statistic = rows => savedShare(rows.map(row => row.strokes));

function judged(result: LineResult): Row {
  const { shown, truth } = result;
  return {
    ...{ result, package: result.package, ...scoreLine(shown, truth) },
    firstToken: isFirstTokenRight(result),
    strokes: keystrokesWith(shown, truth),
  };
}

export function unseenFigures(results: readonly LineResult[]): UnseenFigures {
  const rows = results.map(judged);
  const times = results.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b);
  return {
    ...lineFigures(rows),
    nPackages: grouped(rows, row => row.package).size,
    byLanguage: groups(rows, ({ result }) => result.language),
    byKind: groups(rows, ({ result }) => result.kind),
    byRepetition: groups(rows, ({ result }) => (result.isRepeated ? 'repeated' : 'unique')),
    gates: GATES.map(gate => gateFigures(rows, gate, GATE_SCORES.product)),
    scores: Object.fromEntries(
      Object.entries(GATE_SCORES).map(([name, score]) => [
        name,
        SHARES.map(wanted => gateFigures(rows, gateFor(rows, wanted, score), score)),
      ]),
    ),
    p50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
    p90Ms: times[Math.floor(times.length * 0.9)] ?? 0,
  };
}

function lineFigures(rows: readonly Row[]): LineFigures {
  return {
    n: rows.length,
    exactMatch: figure(rows, exactShare),
    editSimilarity: figure(rows, similarity),
    firstToken: figure(rows, some => mean(some.map(row => Number(row.firstToken)))),
    keystrokesSaved: figure(rows, saved),
  };
}

function gateFigures(rows: readonly Row[], gate: number, score: GateScore): GateFigures {
  const seen = rows.filter(({ result }) => result.shown !== '' && score(result) >= gate);
  return {
    gate: Number(gate.toPrecision(4)),
    shown: round(seen.length / Math.max(1, rows.length)),
    right: figure(seen, exactShare),
    exactMatch: round(seen.filter(row => row.exact).length / Math.max(1, rows.length)),
  };
}

/** The highest gate that shows at least `wanted` of the places; 0 where not as many have anything to show. */
function gateFor(rows: readonly Row[], wanted: number, score: GateScore): number {
  const shown = rows.filter(({ result }) => result.shown !== '');
  const scores = shown.map(({ result }) => score(result)).sort((a, b) => b - a);
  return scores[Math.ceil(wanted * rows.length) - 1] ?? 0;
}

export interface LineComparison {
  /** Places that both have. */
  readonly n: number;
  /** Places at which only this one wrote the author's line, and at which only the other did. */
  readonly won: number;
  readonly lost: number;
  /** This less the other. */
  readonly exactMatch: Figure;
  readonly editSimilarity: Figure;
  readonly keystrokesSaved: Figure;
  readonly differences: readonly Difference[];
}

export interface Difference extends Pick<LineResult, 'id' | 'package' | 'path' | 'truth'> {
  readonly this: string;
  readonly other: string;
}

/** @param others by id */
export function compareLines(results: readonly LineResult[], others: ReadonlyMap<string, LineResult>): LineComparison {
  const pairs = results.flatMap(result => {
    const other = others.get(result.id);
    return other === undefined ? [] : [{ package: result.package, one: judged(result), other: judged(other) }];
  });
  const gain = (statistic: Statistic) =>
    figure(pairs, some => statistic(some.map(({ one }) => one)) - statistic(some.map(({ other }) => other)));
  const differing = pairs.filter(({ one, other }) => one.exact !== other.exact);
  const won = differing.filter(({ one }) => one.exact).length;
  return {
    ...{ n: pairs.length, won, lost: differing.length - won },
    exactMatch: gain(exactShare),
    editSimilarity: gain(similarity),
    keystrokesSaved: gain(saved),
    differences: differing.map(({ one: { result }, other }) => ({
      ...{ id: result.id, package: result.package, path: result.path, truth: result.truth },
      ...{ this: result.shown, other: other.result.shown },
    })),
  };
}

/** Bootstrap over packages: places of one package are not independent. */
export function figure<T extends { readonly package: string }>(
  rows: readonly T[],
  statistic: (rows: readonly T[]) => number,
): Figure {
  if (rows.length === 0) return { value: 0, interval: [0, 0] };
  const [low, high] = bootstrapInterval([...grouped(rows, row => row.package).values()], statistic);
  return { value: round(statistic(rows)), interval: [round(low), round(high)] };
}

export function grouped<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group === undefined) found.set(keyOf(row), [row]);
    else group.push(row);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function groups(rows: readonly Row[], keyOf: (row: Row) => string): Record<string, LineFigures> {
  return Object.fromEntries([...grouped(rows, keyOf)].map(([key, some]) => [key, lineFigures(some)]));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function round(x: number): number {
  return Math.round(x * 10000) / 10000;
}
