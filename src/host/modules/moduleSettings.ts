/**
 * What settings say of modules: a list of them, and rules by glob or language that come before the list. The first rule
 * that matches decides. Knows no editor and no globs: who asks says what matches.
 */
import type { ModuleSetting } from './moduleChoice';

/** One entry of `residual.moduleRules` that can be used. */
export interface ModuleRule {
  /** Its place in the setting as it is written, entries that cannot be used included; from 0. */
  readonly index: number;
  /** With both a glob and a language, both must match. */
  readonly glob?: string;
  readonly language?: string;
  /** None is the proposal alone. */
  readonly modules: readonly ModuleSetting[];
}

/** What completes somewhere, and why. */
export interface Decision {
  readonly modules: readonly ModuleSetting[];
  /** Absent when no rule matches: `residual.modules` decides. */
  readonly rule?: ModuleRule;
}

const MOST_STRENGTH = 4;

/** The first rule that matches, else `residual.modules`. */
export function decide(
  settings: { readonly modules: readonly ModuleSetting[]; readonly moduleRules: readonly ModuleRule[] },
  languageId: string,
  matches: (glob: string) => boolean,
): Decision {
  const rule = settings.moduleRules.find(
    ({ glob, language }) =>
      (language === undefined || language === languageId) && (glob === undefined || matches(glob)),
  );
  return rule === undefined ? { modules: settings.modules } : { modules: rule.modules, rule };
}

/** Entries that are no module are left out; a bare string is an id. */
export function modulesOf(value: unknown): ModuleSetting[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): ModuleSetting[] => {
    if (typeof entry === 'string') return [{ id: entry }];
    const { id, strength } = fieldsOf(entry);
    if (typeof id !== 'string') return [];
    if (typeof strength !== 'number' || Number.isNaN(strength)) return [{ id }];
    return [{ id, strength: Math.min(MOST_STRENGTH, Math.max(0, strength)) }];
  });
}

/** Entries that are no rule are left out: a slip in one must not make it match everything, or switch modules off. */
export function rulesOf(value: unknown): ModuleRule[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown, index): ModuleRule[] => {
    const { glob, language, modules } = fieldsOf(entry);
    const isPattern = (pattern: unknown) => pattern === undefined || (typeof pattern === 'string' && pattern !== '');
    if (!isPattern(glob) || !isPattern(language) || (glob === undefined && language === undefined)) return [];
    const parsed = modulesOf(modules);
    if (!Array.isArray(modules) || (parsed.length === 0 && modules.length > 0)) return [];
    return [
      {
        index,
        ...(glob !== undefined && { glob: glob as string }),
        ...(language !== undefined && { language: language as string }),
        modules: parsed,
      },
    ];
  });
}

/**
 * The setting as it is written, with other modules in one rule; everything else in it stays, what cannot be used included.
 * @param value what is written, of which `index` is a rule.
 */
export function withRuleModules(value: unknown, index: number, modules: readonly ModuleSetting[]): readonly unknown[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries.map((entry, i) => (i === index ? { ...fieldsOf(entry), modules } : entry));
}

/** The setting residual.modules as it is written, without one module; everything else in it stays. */
export function modulesWithout(value: unknown, id: string): unknown {
  return Array.isArray(value) ? value.filter(entry => entry !== id && fieldsOf(entry).id !== id) : value;
}

/** As `modulesWithout` for residual.moduleRules. A rule that loses its last module stays, as the proposal alone. */
export function rulesWithout(value: unknown, id: string): unknown {
  if (!Array.isArray(value)) return value;
  return value.map(entry => {
    const { modules } = fieldsOf(entry);
    return Array.isArray(modules) ? { ...fieldsOf(entry), modules: modulesWithout(modules, id) } : entry;
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
