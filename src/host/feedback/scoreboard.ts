/**
 * How much help suggestions were, as counts: a day, a language, a proposal and its modules each. No code and no names of
 * files; bounded; two of them can be added up.
 */

import { addLatency, LAST_BIN, type Latencies, mergeLatencies } from '../latencies';
import type { FeedbackEvent } from './feedbackEvents';

export interface Kept {
  /** Accepts that were looked at again. */
  readonly n: number;
  /** Sum over them of the share of the accepted text that was left, by edit distance; 1 each where nothing was changed. */
  readonly left: number;
  /** Those in which nothing was changed. */
  readonly nWhole: number;
}

export interface Counts {
  readonly shown: number;
  /** As a whole, the rest after some words included. */
  readonly accepted: number;
  /** In words or lines only. */
  readonly partly: number;
  readonly undone: number;
  /** Characters that nobody had to type; those of accepts that were undone are taken off. */
  readonly nSaved: number;
  readonly kept30s: Kept;
  readonly kept5min: Kept;
  /** From the key to the answer, of suggestions that were shown and had to be written first. */
  readonly latencies: Latencies;
}

export interface Row extends Counts {
  /** `2025-03-31`, local time. */
  readonly day: string;
  readonly languageId: string;
  readonly proposal: string;
  /** Ids, in the order of the setting. */
  readonly modules: readonly string[];
}

export interface Tally {
  readonly formatVersion: 1;
  readonly rows: readonly Row[];
}

const NOTHING_KEPT: Kept = { n: 0, left: 0, nWhole: 0 };
export const NO_COUNTS: Counts = {
  shown: 0,
  accepted: 0,
  partly: 0,
  undone: 0,
  nSaved: 0,
  kept30s: NOTHING_KEPT,
  kept5min: NOTHING_KEPT,
  latencies: {},
};
export const EMPTY_TALLY: Tally = { formatVersion: 1, rows: [] };

/** What is older is forgotten. */
export const MOST_DAYS = 90;
/** About 400 bytes each. */
export const MOST_ROWS = 2000;
const MOST_CHARS_OF_NAMES = 100;
const MOST_MODULES = 16;

/** @returns the tally with one event more. */
export function count(tally: Tally, event: FeedbackEvent, day: string): Tally {
  const counts = countsOf(event);
  if (counts === undefined) return tally;
  const { origin } = event.offered.suggestion;
  const row = {
    day,
    languageId: event.offered.languageId.slice(0, MOST_CHARS_OF_NAMES),
    proposal: origin.request.proposal.id.slice(0, MOST_CHARS_OF_NAMES),
    modules: origin.request.modules
      .filter(({ strength }) => strength !== 0)
      .map(({ id }) => id.slice(0, MOST_CHARS_OF_NAMES))
      .slice(0, MOST_MODULES),
  };
  return addTallies(tally, { formatVersion: 1, rows: [{ ...row, ...counts }] });
}

/** Rows of the same day, language and models become one; the oldest days and rows go when there are too many. */
export function addTallies(a: Tally, b: Tally): Tally {
  const rows = new Map<string, Row>();
  for (const row of [...a.rows, ...b.rows]) {
    const key = JSON.stringify([row.day, row.languageId, row.proposal, row.modules]);
    const same = rows.get(key);
    rows.set(key, same === undefined ? row : { ...same, ...addCounts(same, row) });
  }
  const sorted = [...rows.values()].sort((x, y) => (x.day < y.day ? -1 : x.day > y.day ? 1 : 0));
  const days = [...new Set(sorted.map(({ day }) => day))].slice(-MOST_DAYS);
  return { formatVersion: 1, rows: sorted.filter(({ day }) => day >= (days[0] ?? '')).slice(-MOST_ROWS) };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    shown: a.shown + b.shown,
    accepted: a.accepted + b.accepted,
    partly: a.partly + b.partly,
    undone: a.undone + b.undone,
    nSaved: a.nSaved + b.nSaved,
    kept30s: addKept(a.kept30s, b.kept30s),
    kept5min: addKept(a.kept5min, b.kept5min),
    latencies: mergeLatencies(a.latencies, b.latencies),
  };
}

function addKept(a: Kept, b: Kept): Kept {
  return { n: a.n + b.n, left: a.left + b.left, nWhole: a.nWhole + b.nWhole };
}

/** @returns undefined for an event that nothing is counted of. Differences may be negative. */
function countsOf(event: FeedbackEvent): Counts | undefined {
  switch (event.kind) {
    case 'shown': {
      const { source, elapsedMs } = event.offered;
      return { ...NO_COUNTS, shown: 1, latencies: source === 'cache' ? {} : addLatency({}, elapsedMs) };
    }
    case 'acceptedPart':
      return { ...NO_COUNTS, partly: event.isFirst ? 1 : 0, nSaved: event.nSaved };
    case 'accepted':
      return { ...NO_COUNTS, accepted: 1, partly: event.hadParts ? -1 : 0, nSaved: event.nSaved };
    case 'undone':
      return { ...NO_COUNTS, undone: 1, nSaved: -event.nSaved };
    case 'kept': {
      const left = Math.max(0, 1 - event.distance / Math.max(1, event.accepted.length));
      const kept = { n: 1, left, nWhole: event.distance === 0 ? 1 : 0 };
      return { ...NO_COUNTS, ...(event.afterMs === 30_000 ? { kept30s: kept } : { kept5min: kept }) };
    }
    case 'ended':
      return undefined;
  }
}

/**
 * A tally from a file. Rows that make no sense are left out.
 * @returns undefined for what is no tally of this version; never throws.
 */
export function parseTally(json: unknown): Tally | undefined {
  const { formatVersion, rows } = fieldsOf(json);
  if (formatVersion !== 1 || !Array.isArray(rows)) return undefined;
  const parsed = rows.slice(-MOST_ROWS).flatMap(row => rowOf(row) ?? []);
  return addTallies(EMPTY_TALLY, { formatVersion: 1, rows: parsed });
}

function rowOf(json: unknown): Row | undefined {
  const { day, languageId, proposal, modules, ...counts } = fieldsOf(json);
  if (typeof day !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(day)) return undefined;
  if (!isName(languageId) || !isName(proposal)) return undefined;
  if (!Array.isArray(modules) || modules.length > MOST_MODULES || !modules.every(isName)) return undefined;
  return {
    day,
    languageId,
    proposal,
    modules,
    shown: numberOf(counts.shown),
    accepted: numberOf(counts.accepted),
    partly: numberOf(counts.partly),
    undone: numberOf(counts.undone),
    nSaved: numberOf(counts.nSaved),
    kept30s: keptOf(counts.kept30s),
    kept5min: keptOf(counts.kept5min),
    latencies: latenciesOf(counts.latencies),
  };
}

function keptOf(json: unknown): Kept {
  const { n, left, nWhole } = fieldsOf(json);
  return { n: numberOf(n), left: numberOf(left), nWhole: numberOf(nWhole) };
}

function latenciesOf(json: unknown): Latencies {
  const isBin = (bin: number) => Number.isInteger(bin) && bin >= 0 && bin <= LAST_BIN;
  const entries = Object.entries(fieldsOf(json)).map(([bin, n]) => [Number(bin), numberOf(n)] as const);
  return Object.fromEntries(entries.filter(([bin, n]) => isBin(bin) && n > 0));
}

/** A row may hold a difference only, so counts may be negative. */
function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MOST_CHARS_OF_NAMES;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
