/** What the settings panel and the extension say to each other: whole states one way, intents the other. */
import type { Comparison, PanelState, Preview } from './settingsState';

export type ToSettingsPage =
  | { readonly kind: 'state'; readonly state: PanelState }
  | { readonly kind: 'preview'; readonly preview: Preview }
  | { readonly kind: 'comparison'; readonly comparison: Comparison }
  /** Brings a part of the page into view. */
  | { readonly kind: 'reveal'; readonly section: Section };

export const SECTIONS = ['alignment', 'modules', 'proposal', 'compare', 'options'] as const;
export type Section = (typeof SECTIONS)[number];

/** Settings that a person can take out of the scope shown, or look at in the file. */
export const SETTING_NAMES = [
  'enable',
  'modules',
  'proposal',
  'languages',
  'debounce',
  'contextTokens',
  'showGate',
  'threads',
  'memoryMiB',
  'learnFromFeedback',
] as const;
export type SettingName = (typeof SETTING_NAMES)[number];

export const NUMBER_NAMES = ['debounce', 'contextTokens', 'showGate', 'threads', 'memoryMiB'] as const;
export type NumberName = (typeof NUMBER_NAMES)[number];

/** Numbers that are `auto` until a person says otherwise. */
export const LEARNED_NAMES = ['debounce', 'contextTokens'] as const;
export type LearnedName = (typeof LEARNED_NAMES)[number];

/** What can be done with one module: `use` takes the place of others, `add` joins them, `drop` stops using it. */
export const MODULE_ACTIONS = [
  'use',
  'add',
  'drop',
  'export',
  'reveal',
  'rename',
  'delete',
  'verify',
  'compareEdits',
] as const;
export type ModuleAction = (typeof MODULE_ACTIONS)[number];

/** What can be done without saying more. */
export const PLAIN_ACTIONS = [
  'pause',
  'resume',
  'importModule',
  'addProposal',
  'installModel',
  'measure',
  'trainModule',
  'buildInstant',
  'cancelBuild',
  'exploreInstant',
  'cancelComparison',
  'addLanguage',
  'manageTrust',
  'showLog',
  'openSettings',
  'improveFromFeedback',
  'exportFeedback',
  'eraseFeedback',
  'openRules',
] as const;
export type PlainAction = (typeof PLAIN_ACTIONS)[number];

export interface DraftStrength {
  readonly id: string;
  readonly strength: number;
}

/** One file that was dropped onto the page, where the page has no path of it. */
export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type FromSettingsPage =
  /** The page is there, with the scope that it showed before it was reloaded. */
  | { readonly kind: 'ready'; readonly scope: string | undefined }
  | { readonly kind: 'selectScope'; readonly scope: string }
  | { readonly kind: 'do'; readonly action: PlainAction }
  | { readonly kind: 'module'; readonly action: ModuleAction; readonly id: string }
  | { readonly kind: 'moveModule'; readonly id: string; readonly to: number }
  /** Without a strength, the calibrated one. */
  | { readonly kind: 'setStrength'; readonly id: string; readonly strength: number | undefined }
  /** While a slider moves: nothing is stored. Empty when nothing is being changed. */
  | { readonly kind: 'draft'; readonly strengths: readonly DraftStrength[] }
  | { readonly kind: 'chooseProposal'; readonly id: string }
  | { readonly kind: 'setEnable'; readonly isOn: boolean }
  | { readonly kind: 'setLearning'; readonly isOn: boolean }
  /** Without a state, what a wider scope says. */
  | { readonly kind: 'setLanguage'; readonly id: string; readonly isOn: boolean | undefined }
  | { readonly kind: 'setNumber'; readonly name: NumberName; readonly value: number | 'auto' }
  | { readonly kind: 'reset'; readonly name: SettingName }
  /** An empty id is the proposal alone. */
  | { readonly kind: 'compare'; readonly a: string; readonly b: string }
  | { readonly kind: 'notice'; readonly id: number; readonly action: string | undefined }
  | { readonly kind: 'droppedPaths'; readonly uris: readonly string[] }
  | { readonly kind: 'droppedFiles'; readonly files: readonly DroppedFile[] };

/** Longer ids and addresses than these name nothing. */
const MAX_ID_CHARS = 200;
const MAX_URI_CHARS = 4096;
/** Files, or addresses of files, in one drop. */
export const MAX_DROPPED = 16;
/** Modules are small models: more is a mistake, and would only fill the memory. */
export const MAX_DROPPED_BYTES = 512 * 1024 * 1024;
const MAX_DRAFTS = 32;
const MOST_STRENGTH = 4;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromSettingsPage(message: unknown): FromSettingsPage | undefined {
  const { kind, ...fields } = fieldsOf(message);
  switch (kind) {
    case 'ready':
      return { kind, scope: uriOf(fields.scope) };
    case 'selectScope': {
      const scope = uriOf(fields.scope);
      return scope === undefined ? undefined : { kind, scope };
    }
    case 'do': {
      const action = PLAIN_ACTIONS.find(known => known === fields.action);
      return action && { kind, action };
    }
    case 'module': {
      const action = MODULE_ACTIONS.find(known => known === fields.action);
      const id = idOf(fields.id);
      return action && id !== undefined ? { kind, action, id } : undefined;
    }
    case 'moveModule': {
      const id = idOf(fields.id);
      return id !== undefined && isIndex(fields.to) ? { kind, id, to: fields.to } : undefined;
    }
    case 'setStrength': {
      const id = idOf(fields.id);
      if (id === undefined) return undefined;
      if (fields.strength === undefined) return { kind, id, strength: undefined };
      return isStrength(fields.strength) ? { kind, id, strength: fields.strength } : undefined;
    }
    case 'draft': {
      const strengths = listOf(fields.strengths, MAX_DRAFTS, draftOf);
      return strengths && { kind, strengths };
    }
    case 'chooseProposal': {
      const id = idOf(fields.id);
      return id === undefined ? undefined : { kind, id };
    }
    case 'setEnable':
    case 'setLearning':
      return typeof fields.isOn === 'boolean' ? { kind, isOn: fields.isOn } : undefined;
    case 'setLanguage': {
      const id = idOf(fields.id);
      const { isOn } = fields;
      return id !== undefined && (isOn === undefined || typeof isOn === 'boolean') ? { kind, id, isOn } : undefined;
    }
    case 'setNumber': {
      const name = NUMBER_NAMES.find(known => known === fields.name);
      const isAuto = fields.value === 'auto' && LEARNED_NAMES.some(learned => learned === name);
      const value = isAuto ? ('auto' as const) : finiteOf(fields.value);
      return name && value !== undefined ? { kind, name, value } : undefined;
    }
    case 'reset': {
      const name = SETTING_NAMES.find(known => known === fields.name);
      return name && { kind, name };
    }
    case 'compare': {
      const [a, b] = [fields.a, fields.b].map(side => (side === '' ? '' : idOf(side)));
      return a !== undefined && b !== undefined ? { kind, a, b } : undefined;
    }
    case 'notice': {
      const action = fields.action === undefined ? undefined : idOf(fields.action);
      return isIndex(fields.id) && (fields.action === undefined || action !== undefined)
        ? { kind, id: fields.id, action }
        : undefined;
    }
    case 'droppedPaths': {
      const uris = listOf(fields.uris, MAX_DROPPED, uriOf);
      return uris && { kind, uris };
    }
    case 'droppedFiles': {
      const files = listOf(fields.files, MAX_DROPPED, fileOf);
      if (files === undefined) return undefined;
      const nBytes = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
      return nBytes <= MAX_DROPPED_BYTES ? { kind, files } : undefined;
    }
    default:
      return undefined;
  }
}

function draftOf(value: unknown): DraftStrength | undefined {
  const { id: given, strength } = fieldsOf(value);
  const id = idOf(given);
  return id !== undefined && isStrength(strength) ? { id, strength } : undefined;
}

/** A name without a folder: where the file is put is the extension's to decide. */
function fileOf(value: unknown): DroppedFile | undefined {
  const { name, bytes } = fieldsOf(value);
  if (typeof name !== 'string' || name === '' || name.length > MAX_ID_CHARS || /[/\\\0]/.test(name)) return undefined;
  if (name === '.' || name === '..' || !(bytes instanceof Uint8Array)) return undefined;
  return { name, bytes };
}

function listOf<T>(value: unknown, most: number, parse: (entry: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const parsed = value.map(parse);
  return parsed.every((entry): entry is Awaited<T> & T => entry !== undefined) ? parsed : undefined;
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARS ? value : undefined;
}

function uriOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_URI_CHARS ? value : undefined;
}

function finiteOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isStrength(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOST_STRENGTH;
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
