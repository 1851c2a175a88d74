/** The scopes that the settings panel shows, what each says of a setting, and writing there. */
import * as vscode from 'vscode';
import type { Inspected } from '../host/panelState';
import type { ScopeTab } from '../protocol/pages/settingsState';

const FOLDER = 'folder:';

/** For this person, for the workspace where there is one, and for each of its folders where it is made of folders. */
export function scopesOfWindow(): ScopeTab[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const scopes: ScopeTab[] = [{ id: 'user', kind: 'user', name: '' }];
  if (folders.length > 0) scopes.push({ id: 'workspace', kind: 'workspace', name: vscode.workspace.name ?? '' });
  // A folder that is opened by itself is the workspace.
  if (vscode.workspace.workspaceFile !== undefined)
    scopes.push(...folders.map(({ uri, name }): ScopeTab => ({ id: FOLDER + uri, kind: 'folder', name })));
  return scopes;
}

/** The scope that what a person is looking at takes its settings from. */
export function scopeToBeginWith(document: vscode.TextDocument | undefined): string {
  const scopes = scopesOfWindow();
  const folder = document && vscode.workspace.getWorkspaceFolder(document.uri);
  const ofFolder = folder && scopes.find(({ id }) => id === FOLDER + folder.uri);
  return (ofFolder ?? scopes.find(({ kind }) => kind === 'workspace') ?? scopes[0]).id;
}

export function inspectIn(scope: string, name: string): Inspected {
  // `null` is a question for no resource on purpose.
  const found = vscode.workspace.getConfiguration('residual', folderOf(scope) ?? null).inspect(name);
  return {
    default: found?.defaultValue,
    user: found?.globalValue,
    workspace: found?.workspaceValue,
    // The settings of a single folder are those of the workspace, and are reported as both.
    ...(folderOf(scope) !== undefined && { folder: found?.workspaceFolderValue }),
  };
}

/**
 * Writes a setting in a scope, or takes it out when there is no value.
 * @throws when the settings file cannot be written, such as one with a mistake in it.
 */
export async function writeIn(scope: string, name: string, value: unknown): Promise<void> {
  const section = vscode.workspace.getConfiguration('residual', folderOf(scope) ?? null);
  await section.update(name, value, targetOf(scope));
}

/** The folder that a scope is of; undefined for the wider ones. */
export function folderOf(scope: string): vscode.Uri | undefined {
  return scope.startsWith(FOLDER) ? vscode.Uri.parse(scope.slice(FOLDER.length)) : undefined;
}

function targetOf(scope: string): vscode.ConfigurationTarget {
  if (scope === 'user') return vscode.ConfigurationTarget.Global;
  return scope === 'workspace' ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.WorkspaceFolder;
}
