/** From counts to the figures that a person reads. */
import type { DayFigures, Figures, GroupFigures, KeptFigures, ScoreboardFilter } from '../../protocol/pages/scoreboard';
import { percentileMs } from '../latencies';
import { addCounts, type Counts, type Kept, NO_COUNTS, type Row } from './scoreboard';

/** The chart's width. */
export const N_DAYS = 30;

export function figuresOf(counts: Counts): Figures {
  const { latencies } = counts;
  const least0 = (n: number) => Math.max(0, n);
  return {
    shown: least0(counts.shown),
    accepted: least0(counts.accepted),
    partly: least0(counts.partly),
    undone: least0(counts.undone),
    nSaved: least0(counts.nSaved),
    kept30s: keptFiguresOf(counts.kept30s),
    kept5min: keptFiguresOf(counts.kept5min),
    p50Ms: percentileMs(latencies, 0.5),
    p95Ms: percentileMs(latencies, 0.95),
  };
}

function keptFiguresOf({ n, left, nWhole }: Kept): KeptFigures {
  return { n: Math.max(0, n), share: n > 0 ? Math.min(1, left / n) : undefined, nWhole: Math.max(0, nWhole) };
}

export function totalOf(rows: readonly Row[]): Figures {
  return figuresOf(rows.reduce<Counts>(addCounts, NO_COUNTS));
}

export function filtered(rows: readonly Row[], { languageId, modules }: ScoreboardFilter): Row[] {
  const wanted = modules === undefined ? undefined : keyOf(modules);
  return rows.filter(
    row =>
      (languageId === undefined || row.languageId === languageId) &&
      (wanted === undefined || keyOf(row.modules) === wanted),
  );
}

/** By language and modules, the most shown first. */
export function groupsOf(
  rows: readonly Row[],
  names: { readonly language: (id: string) => string; readonly module: (id: string) => string },
): GroupFigures[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.languageId, row.modules]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()]
    .map(group => ({
      ...totalOf(group),
      languageId: group[0].languageId,
      language: names.language(group[0].languageId),
      modules: group[0].modules,
      titles: group[0].modules.map(names.module),
    }))
    .sort((a, b) => b.shown - a.shown || a.language.localeCompare(b.language));
}

/** The days up to `today`, also those on which nothing was shown. */
export function daysOf(rows: readonly Row[], today: string): DayFigures[] {
  return Array.from({ length: N_DAYS }, (_, i) => dayBefore(today, N_DAYS - 1 - i)).map(day => {
    const { shown, accepted, partly } = totalOf(rows.filter(row => row.day === day));
    return { day, shown, accepted: accepted + partly };
  });
}

function dayBefore(day: string, nDays: number): string {
  const date = new Date(`${day}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() - nDays);
  return date.toISOString().slice(0, 10);
}

/** Distinct sets of modules, as they were composed. */
export function moduleSetsOf(rows: readonly Row[]): (readonly string[])[] {
  return [...new Map(rows.map(({ modules }) => [keyOf(modules), modules])).values()];
}

function keyOf(modules: readonly string[]): string {
  return JSON.stringify(modules);
}
