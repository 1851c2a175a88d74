/** Reads `residual.*` settings into typed values, per resource. The only place that knows their names. */
import * as vscode from 'vscode';
import type { ModuleSetting } from '../host/moduleChoice';

export interface Settings {
  readonly enable: boolean;
  readonly proposal: string;
  readonly modules: readonly ModuleSetting[];
  readonly languages: Readonly<Record<string, boolean>>;
  /** Globs of files to leave alone. */
  readonly exclude: Readonly<Record<string, boolean>>;
  readonly contextTokens: number;
  /** Milliseconds, or `auto` for what is learnt from typing and answers. */
  readonly debounce: number | 'auto';
  readonly showGate: number;
}

export function settingsFor(scope: vscode.ConfigurationScope | undefined): Settings {
  const section = vscode.workspace.getConfiguration('residual', scope);
  return {
    enable: section.get('enable', true),
    proposal: section.get('proposal', 'auto'),
    modules: parseModules(section.get<unknown>('modules')),
    languages: section.get('languages', { '*': true }),
    exclude: section.get('exclude', {}),
    contextTokens: section.get('contextTokens', 768),
    debounce: section.get<number | 'auto'>('debounce', 'auto'),
    showGate: section.get('showGate', 0),
  };
}

export function engineLimits(): { threads: number; memoryMiB: number } {
  const section = vscode.workspace.getConfiguration('residual');
  return { threads: section.get('threads', 0), memoryMiB: section.get('memoryMiB', 1024) };
}

/** Whether a language is switched on: by its own entry, else by `*`. */
export function isLanguageOn(languages: Settings['languages'], languageId: string): boolean {
  return languages[languageId] ?? languages['*'] ?? true;
}

/**
 * Stores the modules where a team would look for them: in the folder or workspace when one is open, for the person
 * otherwise. In a workspace of several folders each folder keeps its own.
 */
export async function storeModules(scope: vscode.Uri | undefined, modules: readonly ModuleSetting[]): Promise<void> {
  const section = vscode.workspace.getConfiguration('residual', scope);
  await section.update('modules', modules, targetFor(scope));
}

export function targetFor(scope: vscode.Uri | undefined): vscode.ConfigurationTarget {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) return vscode.ConfigurationTarget.Global;
  const inFolder = scope !== undefined && vscode.workspace.getWorkspaceFolder(scope) !== undefined;
  return folders.length > 1 && inFolder
    ? vscode.ConfigurationTarget.WorkspaceFolder
    : vscode.ConfigurationTarget.Workspace;
}

/** A hand-written setting may hold anything: entries that are no module are left out, a bare string is an id. */
function parseModules(value: unknown): ModuleSetting[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): ModuleSetting[] => {
    if (typeof entry === 'string') return [{ id: entry }];
    if (typeof entry !== 'object' || entry === null || !('id' in entry) || typeof entry.id !== 'string') return [];
    const strength = 'strength' in entry && typeof entry.strength === 'number' ? entry.strength : undefined;
    return [strength === undefined ? { id: entry.id } : { id: entry.id, strength: Math.max(0, strength) }];
  });
}
