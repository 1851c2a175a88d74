/** From what a settings file holds, which may be anything, to values that can be used. Knows no editor. */
import type { EngineLimits } from '../protocol/messages';
import type { ModuleSetting } from './modules/moduleChoice';
import { type ModuleRule, modulesOf, rulesOf } from './modules/moduleSettings';

export interface Settings {
  readonly enable: boolean;
  readonly proposal: string;
  /** Where no rule decides. */
  readonly modules: readonly ModuleSetting[];
  readonly moduleRules: readonly ModuleRule[];
  /** What answers in the chat. */
  readonly 'chat.modules': readonly ModuleSetting[];
  /** Tokens of a question with its context, and of an answer. */
  readonly 'chat.contextTokens': number;
  readonly 'chat.maxTokens': number;
  readonly languages: Readonly<Record<string, boolean>>;
  /** Globs of files to leave alone. */
  readonly exclude: Readonly<Record<string, boolean>>;
  /** Tokens, or `auto` for what comes in time on this machine. */
  readonly contextTokens: number | 'auto';
  /** Milliseconds, or `auto` for what is learned from typing and answers. */
  readonly debounce: number | 'auto';
  readonly showGate: number;
  /** Whether it is recorded what becomes of suggestions. */
  readonly learnFromFeedback: boolean;
}

/** A value of the wrong type gives way to the default; a number out of range to the nearest that is allowed. */
export interface Source {
  value(name: string): unknown;
  default(name: string): unknown;
}

export function readSettings(source: Source): Settings {
  const debounce = source.value('debounce');
  const contextTokens = source.value('contextTokens');
  return {
    enable: flag(source, 'enable', true),
    proposal: text(source, 'proposal', 'auto'),
    modules: modulesOf(source.value('modules')),
    moduleRules: rulesOf(source.value('moduleRules')),
    'chat.modules': modulesOf(source.value('chat.modules')),
    'chat.contextTokens': Math.round(
      number(source, 'chat.contextTokens', { least: 256, most: 131_072, otherwise: 4096 }),
    ),
    'chat.maxTokens': Math.round(number(source, 'chat.maxTokens', { least: 16, most: 32_768, otherwise: 1024 })),
    languages: flags(source, 'languages'),
    exclude: flags(source, 'exclude'),
    contextTokens:
      typeof contextTokens === 'number' && !Number.isNaN(contextTokens)
        ? Math.round(clamp(contextTokens, 64, 32_768))
        : 'auto',
    debounce:
      typeof debounce === 'number' ? number(source, 'debounce', { least: 0, most: 5000, otherwise: 0 }) : 'auto',
    showGate: number(source, 'showGate', { least: 0, most: 1, otherwise: 0.05 }),
    learnFromFeedback: flag(source, 'learnFromFeedback', true),
  };
}

export function readEngineLimits(source: Source): EngineLimits {
  return {
    threads: Math.round(number(source, 'threads', { least: 0, most: 64, otherwise: 0 })),
    memoryMiB: number(source, 'memoryMiB', { least: 64, most: Number.MAX_SAFE_INTEGER, otherwise: 1024 }),
  };
}

function flag(source: Source, name: string, otherwise: boolean): boolean {
  const value = source.value(name);
  return typeof value === 'boolean' ? value : otherwise;
}

function text(source: Source, name: string, otherwise: string): string {
  const value = source.value(name);
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

function number(
  source: Source,
  name: string,
  { least, most, otherwise }: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const value = source.value(name);
  return typeof value === 'number' && !Number.isNaN(value) ? clamp(value, least, most) : otherwise;
}

/** Whole objects of the wrong type give way to the default, so that a slip never opens up secrets. */
function flags(source: Source, name: string): Record<string, boolean> {
  const value = source.value(name);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const fields = fieldsOf(isObject ? value : source.default(name));
  const defaults = fieldsOf(source.default(name));
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, entry]) => {
      const chosen = typeof entry === 'boolean' ? entry : defaults[key];
      return typeof chosen === 'boolean' ? [[key, chosen]] : [];
    }),
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
