/** What the page that compares on edits and the extension say to each other: whole states one way, intents the other. */
import type { Difference, EditFigures, LineFigures, Measured } from '../../core/edits/editFigures';

export type { Difference, EditFigures, LineFigures, Measured };

/** Which edits. */
export type EditSource =
  | { readonly kind: 'working' }
  | { readonly kind: 'last'; readonly n: number }
  /** As git takes it: `A..B`, or one commit. */
  | { readonly kind: 'range'; readonly range: string };

export interface EditsQuestion {
  /** Name of a workspace folder. */
  readonly folder: string;
  readonly source: EditSource;
  /** A module's id, for all files; `''` are in each file those that complete there. */
  readonly module: string;
  readonly nPlaces: number;
}

export interface ComparedModule {
  readonly id: string;
  readonly title: string;
  readonly strength: number;
}

/** Places at which the same modules were compared; none are the proposal alone. */
export interface ComparedPlaces {
  /** Of `residual.moduleRules`, as people read it and counted from 1; absent where none decided. */
  readonly rule?: { readonly number: number; readonly text: string };
  readonly modules: readonly ComparedModule[];
  readonly nPlaces: number;
}

export interface EditsAccount {
  readonly folder: string;
  readonly source: EditSource;
  readonly nCommits: number;
  /** Changed files in all, and of those the ones left alone because completions leave them alone. */
  readonly nFiles: number;
  readonly nExcluded: number;
  /** Places in all; as many as were asked for are replayed. */
  readonly nFound: number;
  readonly proposal: string;
  /** All that were compared, each once. */
  readonly modules: readonly ComparedModule[];
  /** Which of them where, those with most places first. */
  readonly compared: readonly ComparedPlaces[];
  /** Places at which a rule chooses others than the one module that was compared in all files. */
  readonly nRuledOtherwise: number;
  /** Titles of modules that were made where the code is, and may have seen what was written. */
  readonly mayHaveSeen: readonly string[];
}

export interface EditsResult extends EditsAccount {
  readonly figures: EditFigures;
}

export type EditsRun =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'running';
      readonly step: 'listing' | 'reading' | 'loading' | 'writing';
      readonly nDone: number;
      readonly n: number;
    }
  /** Without a result when it was cancelled before anything was written. */
  | { readonly kind: 'cancelled'; readonly result: EditsResult | undefined }
  | { readonly kind: 'done'; readonly result: EditsResult }
  | { readonly kind: 'failed'; readonly problem: string };

export interface EditsState {
  /** Why nothing can be compared in this window. */
  readonly unavailable: 'untrusted' | 'virtual' | 'no-folder' | undefined;
  readonly folders: readonly string[];
  /** Those that can be used; `titles` of the first, which has no id, are of the modules in use. */
  readonly modules: readonly { readonly id: string; readonly title: string }[];
  /** Titles of the modules that the settings name; empty where they name none. */
  readonly inUse: readonly string[];
  /** Whether rules of `residual.moduleRules` choose among them by file. */
  readonly hasRules: boolean;
  /** What was asked for last, or is offered. */
  readonly question: EditsQuestion;
  readonly run: EditsRun;
}

export type ToEditsPage =
  | { readonly kind: 'state'; readonly state: EditsState }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

export type FromEditsPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'run'; readonly question: EditsQuestion }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'export' }
  | { readonly kind: 'manageTrust' }
  /** The line of a difference, in an editor. */
  | { readonly kind: 'open'; readonly list: 'best' | 'worst'; readonly index: number };

export const MOST_COMMITS = 500;
export const MOST_PLACES = 2000;
const MAX_CHARS = 200;
const MOST_DIFFERENCES = 100;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromEditsPage(message: unknown): FromEditsPage | undefined {
  const { kind, ...fields } = fieldsOf(message);
  switch (kind) {
    case 'ready':
    case 'cancel':
    case 'export':
    case 'manageTrust':
      return { kind };
    case 'run': {
      const question = questionOf(fields.question);
      return question && { kind, question };
    }
    case 'open': {
      const { list, index } = fields;
      const isList = list === 'best' || list === 'worst';
      return isList && isCount(index, 0, MOST_DIFFERENCES) ? { kind, list, index } : undefined;
    }
    default:
      return undefined;
  }
}

function questionOf(value: unknown): EditsQuestion | undefined {
  const { folder, source: given, module, nPlaces } = fieldsOf(value);
  const source = sourceOf(given);
  if (!isText(folder) || !isText(module) || source === undefined || !isCount(nPlaces, 1, MOST_PLACES)) return undefined;
  return { folder, source, module, nPlaces };
}

function sourceOf(value: unknown): EditSource | undefined {
  const { kind, n, range } = fieldsOf(value);
  switch (kind) {
    case 'working':
      return { kind };
    case 'last':
      return isCount(n, 1, MOST_COMMITS) ? { kind, n } : undefined;
    case 'range':
      return isText(range) ? { kind, range } : undefined;
    default:
      return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_CHARS;
}

function isCount(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
