/** Reads `residual.*` settings into typed values, per resource. The only place that knows their names. */
import * as vscode from 'vscode';
import type { ModuleSetting } from '../host/modules/moduleChoice';
import { readEngineLimits, readSettings, type Settings, type Source } from '../host/settingValues';
import type { EngineLimits } from '../protocol/messages';

export type { Settings };

export function settingsFor(scope: vscode.ConfigurationScope | undefined): Settings {
  return readSettings(sourceOf(scope));
}

export function engineLimits(): EngineLimits {
  return readEngineLimits(sourceOf(undefined));
}

function sourceOf(scope: vscode.ConfigurationScope | undefined): Source {
  // `null` is a question for no resource on purpose; without it VS Code warns in the log at every key.
  const section = vscode.workspace.getConfiguration('residual', scope ?? null);
  return { value: name => section.get(name), default: name => section.inspect(name)?.defaultValue };
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
  const isOfFolder = levelOf('modules', scope) === vscode.ConfigurationTarget.WorkspaceFolder;
  await section.update('modules', modules, isOfFolder ? vscode.ConfigurationTarget.WorkspaceFolder : targetFor(scope));
}

export function targetFor(scope: vscode.Uri | undefined): vscode.ConfigurationTarget {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) return vscode.ConfigurationTarget.Global;
  const inFolder = scope !== undefined && vscode.workspace.getWorkspaceFolder(scope) !== undefined;
  return folders.length > 1 && inFolder
    ? vscode.ConfigurationTarget.WorkspaceFolder
    : vscode.ConfigurationTarget.Workspace;
}

/** The level whose value of a setting counts, the one nearest to the resource; undefined when none has one. */
export function levelOf(name: string, scope: vscode.Uri | undefined): vscode.ConfigurationTarget | undefined {
  const found = vscode.workspace.getConfiguration('residual', scope ?? null).inspect(name);
  // A folder that is opened by itself is both: its settings are the workspace's.
  const hasFolders = vscode.workspace.workspaceFile !== undefined;
  if (hasFolders && found?.workspaceFolderValue !== undefined) return vscode.ConfigurationTarget.WorkspaceFolder;
  if (found?.workspaceValue !== undefined) return vscode.ConfigurationTarget.Workspace;
  return found?.globalValue === undefined ? undefined : vscode.ConfigurationTarget.Global;
}

/** Whether it is counted what becomes of suggestions. A person's own choice, the same in every workspace. */
export function isScoreboardOn(): boolean {
  return vscode.workspace.getConfiguration('residual').get('scoreboard') !== false;
}

export async function switchScoreboard(isOn: boolean): Promise<void> {
  await vscode.workspace.getConfiguration('residual').update('scoreboard', isOn, vscode.ConfigurationTarget.Global);
}

/**
 * Whether it is recorded what becomes of suggestions, so that a module may learn from it. In a workspace that is not
 * trusted only where the person's own settings say so: its files may be made to be learned.
 */
export function isLearningOn(scope: vscode.Uri | undefined): boolean {
  const section = vscode.workspace.getConfiguration('residual', scope ?? null);
  if (vscode.workspace.isTrusted) return section.get('learnFromFeedback') !== false;
  return section.inspect('learnFromFeedback')?.globalValue === true;
}
