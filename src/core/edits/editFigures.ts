/** What the proposal alone and with modules wrote at the places of edits, as figures, and the differences worth reading. */
import { bootstrapInterval } from '../bootstrap';
import { scoreLine } from '../lineScore';
import type { EditPlace } from './editPlaces';
import { type Keystrokes, keystrokesWith, savedShare } from './keystrokes';

export interface Written {
  /** What a person would have seen; empty for nothing. */
  readonly text: string;
  /** Undefined where the other was asked first: the second finds the prompt evaluated. */
  readonly elapsedMs: number | undefined;
}

export interface AnsweredPlace {
  readonly place: EditPlace;
  readonly alone: Written;
  readonly aligned: Written;
}

export interface Measured {
  readonly value: number;
  /** 95 % under resampling of whole commits or files; undefined for one alone. */
  readonly interval: readonly [number, number] | undefined;
}

/** Shares in [0, 1]; of a gain, in [−1, 1]. */
export interface LineFigures {
  readonly exactMatch: Measured;
  readonly editSimilarity: Measured;
  readonly keystrokesSaved: Measured;
}

export interface SideFigures extends LineFigures {
  /** Undefined where it was never asked first. */
  readonly p50Ms: number | undefined;
  readonly p90Ms: number | undefined;
  readonly nTimes: number;
}

/** A place at which the two differ. */
export interface Difference {
  readonly commit: string | undefined;
  readonly file: string;
  readonly line: number;
  readonly head: string;
  readonly truth: string;
  readonly alone: string;
  readonly aligned: string;
  /** Edit similarity of aligned less that of alone. */
  readonly gain: number;
}

export interface EditFigures {
  readonly n: number;
  readonly groupedBy: 'commits' | 'files';
  readonly nGroups: number;
  readonly alone: SideFigures;
  readonly aligned: SideFigures;
  /** Aligned less alone. */
  readonly gain: LineFigures;
  /** Places at which both wrote the same. */
  readonly nSame: number;
  readonly best: readonly Difference[];
  readonly worst: readonly Difference[];
}

const N_READ = 10;

interface Scored {
  readonly exact: number;
  readonly similarity: number;
  readonly strokes: Keystrokes;
}

interface Row {
  readonly place: EditPlace;
  readonly alone: Scored;
  readonly aligned: Scored;
}

type Side = 'alone' | 'aligned';
type Statistic = (rows: readonly Row[], side: Side) => number;

const STATISTICS: Readonly<Record<keyof LineFigures, Statistic>> = {
  exactMatch: (rows, side) => mean(rows.map(row => row[side].exact)),
  editSimilarity: (rows, side) => mean(rows.map(row => row[side].similarity)),
  keystrokesSaved: (rows, side) => savedShare(rows.map(row => row[side].strokes)),
};

export function figuresOf(answered: readonly AnsweredPlace[]): EditFigures {
  const rows = answered.map(({ place, alone, aligned }) => ({
    place,
    alone: scored(alone.text, place.truth),
    aligned: scored(aligned.text, place.truth),
  }));
  const groupedBy = new Set(rows.map(({ place }) => place.commit)).size > 1 ? 'commits' : 'files';
  const groups = groupsOf(rows, ({ place }) => (groupedBy === 'commits' ? (place.commit ?? '') : place.file));
  const figures = (of: (statistic: Statistic) => (sample: readonly Row[]) => number): LineFigures => {
    const measured = (name: keyof LineFigures) => measure(groups, rows, of(STATISTICS[name]));
    return {
      exactMatch: measured('exactMatch'),
      editSimilarity: measured('editSimilarity'),
      keystrokesSaved: measured('keystrokesSaved'),
    };
  };
  const side = (name: Side): SideFigures => ({
    ...figures(statistic => sample => statistic(sample, name)),
    ...timesOf(answered.map(one => one[name])),
  });
  return {
    n: rows.length,
    groupedBy,
    nGroups: groups.length,
    alone: side('alone'),
    aligned: side('aligned'),
    gain: figures(statistic => sample => statistic(sample, 'aligned') - statistic(sample, 'alone')),
    nSame: answered.filter(({ alone, aligned }) => alone.text === aligned.text).length,
    ...differencesOf(answered, rows),
  };
}

function scored(text: string, truth: string): Scored {
  const { exact, similarity } = scoreLine(text, truth);
  return { exact: exact ? 1 : 0, similarity, strokes: keystrokesWith(text, truth) };
}

function measure(
  groups: readonly (readonly Row[])[],
  rows: readonly Row[],
  statistic: (rows: readonly Row[]) => number,
): Measured {
  const value = round(statistic(rows));
  if (groups.length < 2) return { value, interval: undefined };
  const [low, high] = bootstrapInterval(groups, statistic);
  return { value, interval: [round(low), round(high)] };
}

function timesOf(written: readonly Written[]): Pick<SideFigures, 'p50Ms' | 'p90Ms' | 'nTimes'> {
  const times = written.flatMap(({ elapsedMs }) => elapsedMs ?? []).sort((a, b) => a - b);
  const at = (share: number) => {
    const ms = times[Math.floor(times.length * share)];
    return ms === undefined ? undefined : Math.round(ms * 10) / 10;
  };
  return { p50Ms: at(0.5), p90Ms: at(0.9), nTimes: times.length };
}

/** Those in which alignment brought most, and those in which it cost most; the first place of those that are equal. */
function differencesOf(answered: readonly AnsweredPlace[], rows: readonly Row[]): Pick<EditFigures, 'best' | 'worst'> {
  const all = answered.map(
    ({ place: { commit, file, line, head, truth }, alone, aligned }, i): Difference => ({
      commit,
      file,
      line,
      head,
      truth,
      alone: alone.text,
      aligned: aligned.text,
      gain: round(rows[i].aligned.similarity - rows[i].alone.similarity),
    }),
  );
  return {
    best: all
      .filter(({ gain }) => gain > 0)
      .sort((a, b) => b.gain - a.gain)
      .slice(0, N_READ),
    worst: all
      .filter(({ gain }) => gain < 0)
      .sort((a, b) => a.gain - b.gain)
      .slice(0, N_READ),
  };
}

function groupsOf(rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function round(x: number): number {
  return Math.round(x * 10000) / 10000;
}
