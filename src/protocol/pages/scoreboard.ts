/** What the scoreboard's page and the extension say to each other: whole states one way, intents the other. */

/** How much help suggestions were. */
export interface Figures {
  readonly shown: number;
  /** As a whole. */
  readonly accepted: number;
  /** In words or lines only. */
  readonly partly: number;
  readonly undone: number;
  /** Characters that nobody had to type. */
  readonly nSaved: number;
  readonly kept30s: KeptFigures;
  readonly kept5min: KeptFigures;
  /** From the key to the suggestion; undefined where none had to be written. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

export interface KeptFigures {
  /** Accepts that were looked at again. */
  readonly n: number;
  /** Mean share of the accepted text that was left, by edit distance; undefined without accepts. */
  readonly share: number | undefined;
  /** Accepts in which nothing was changed. */
  readonly nWhole: number;
}

export interface DayFigures {
  /** `2025-03-31`. */
  readonly day: string;
  readonly shown: number;
  /** In whole or in part. */
  readonly accepted: number;
}

export interface GroupFigures extends Figures {
  readonly languageId: string;
  /** As people call it. */
  readonly language: string;
  /** Ids; empty for the proposal alone. */
  readonly modules: readonly string[];
  /** Titles, or ids of modules that are gone. */
  readonly titles: readonly string[];
}

/** `[]` is the proposal alone; undefined is all there is. */
export interface ScoreboardFilter {
  readonly languageId: string | undefined;
  readonly modules: readonly string[] | undefined;
}

export interface ScoreboardState {
  readonly isOn: boolean;
  /** Why the file cannot be used; nothing is counted into it meanwhile. */
  readonly problem: string | undefined;
  readonly filter: ScoreboardFilter;
  readonly languages: readonly { readonly id: string; readonly name: string }[];
  readonly moduleSets: readonly { readonly ids: readonly string[]; readonly titles: readonly string[] }[];
  /** Of what the filter lets through. */
  readonly total: Figures;
  /** The last 30 days, every day of them. */
  readonly days: readonly DayFigures[];
  readonly groups: readonly GroupFigures[];
  /** The first day that is counted; undefined where nothing is. */
  readonly since: string | undefined;
}

export type ToScoreboardPage =
  | { readonly kind: 'state'; readonly state: ScoreboardState }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

export type FromScoreboardPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'setOn'; readonly isOn: boolean }
  | { readonly kind: 'filter'; readonly filter: ScoreboardFilter }
  | { readonly kind: 'export' }
  /** The page has asked back. */
  | { readonly kind: 'erase' };

const MAX_ID_CHARS = 200;
const MAX_MODULES = 16;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromScoreboardPage(message: unknown): FromScoreboardPage | undefined {
  const { kind, ...fields } = fieldsOf(message);
  switch (kind) {
    case 'ready':
    case 'export':
    case 'erase':
      return { kind };
    case 'setOn':
      return typeof fields.isOn === 'boolean' ? { kind, isOn: fields.isOn } : undefined;
    case 'filter': {
      const { languageId, modules } = fieldsOf(fields.filter);
      if (languageId !== undefined && !isId(languageId)) return undefined;
      if (modules === undefined) return { kind, filter: { languageId, modules } };
      const isList = Array.isArray(modules) && modules.length <= MAX_MODULES && modules.every(isId);
      return isList ? { kind, filter: { languageId, modules: [...modules] } } : undefined;
    }
    default:
      return undefined;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARS;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
