/** `Residual: Reset…`: back to how it was installed, as far as a person wants that. Asks before it does anything. */
import * as vscode from 'vscode';
import { localMessageOf } from './localMessage';
import { plainMessage } from './plainText';

/** Something of this extension's that can be emptied. */
export interface Resettable {
  readonly label: string;
  /** What is lost; where it is asked for, nothing when there is nothing to empty. */
  readonly detail: string | (() => Promise<string | undefined>);
  /** @throws what a person is told */
  reset(): unknown;
}

/** Levels of settings files, nearest first. */
type Level = 'workspaceFolderValue' | 'workspaceValue' | 'globalValue';

const TARGETS: Readonly<Record<Level, vscode.ConfigurationTarget>> = {
  workspaceFolderValue: vscode.ConfigurationTarget.WorkspaceFolder,
  workspaceValue: vscode.ConfigurationTarget.Workspace,
  globalValue: vscode.ConfigurationTarget.Global,
};

/** @param parts what else can be reset besides the settings. */
export function registerReset(context: vscode.ExtensionContext, parts: readonly Resettable[]): vscode.Disposable {
  const names = Object.keys(context.extension.packageJSON.contributes.configuration.properties);
  return vscode.commands.registerCommand('residual.resetSettings', () => resetSome(names, parts));
}

async function resetSome(names: readonly string[], parts: readonly Resettable[]): Promise<void> {
  const rows = (await Promise.all([...settingParts(names), ...parts].map(rowOf))).flat();
  const picked = await vscode.window.showQuickPick(rows, {
    title: vscode.l10n.t('Reset Residual'),
    placeHolder: vscode.l10n.t('What should be as it was installed? Modules and models stay.'),
    canPickMany: true,
  });
  if (picked === undefined || picked.length === 0) return;
  const action = vscode.l10n.t('Reset');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Reset Residual?'),
    { modal: true, detail: picked.map(({ label, detail }) => `${label}: ${detail}`).join('\n') },
    action,
  );
  if (chosen !== action) return;
  const problems: string[] = [];
  for (const { part } of picked) {
    try {
      await part.reset();
    } catch (error) {
      problems.push(vscode.l10n.t('{0} was not reset: {1}', part.label, localMessageOf(error)));
    }
  }
  // What one part cannot do is no reason to leave out the others.
  if (problems.length > 0) void vscode.window.showErrorMessage(plainMessage(problems.join(' ')));
  else void vscode.window.showInformationMessage(vscode.l10n.t('Residual is reset.'));
}

async function rowOf(part: Resettable) {
  const detail = typeof part.detail === 'string' ? part.detail : await part.detail();
  return detail === undefined ? [] : [{ label: part.label, detail, part }];
}

function settingParts(names: readonly string[]): Resettable[] {
  const hasWorkspace = vscode.workspace.workspaceFolders !== undefined;
  const here: Resettable = {
    label: vscode.l10n.t('Settings of This Workspace'),
    detail: vscode.l10n.t('Takes {0} out of its settings files.', 'residual.*'),
    reset: () => clear(names, ['workspaceFolderValue', 'workspaceValue']),
  };
  const own: Resettable = {
    label: vscode.l10n.t('Your Settings'),
    detail: vscode.l10n.t('Takes {0} out of your settings, which count in every window.', 'residual.*'),
    reset: () => clear(names, ['globalValue']),
  };
  return hasWorkspace ? [here, own] : [own];
}

async function clear(names: readonly string[], levels: readonly Level[]): Promise<void> {
  const folders = vscode.workspace.workspaceFile === undefined ? [] : (vscode.workspace.workspaceFolders ?? []);
  for (const level of levels) {
    const scopes = level === 'workspaceFolderValue' ? folders.map(({ uri }) => uri) : [null];
    for (const scope of scopes) for (const name of names) await clearOne(name, level, scope);
  }
}

async function clearOne(name: string, level: Level, scope: vscode.Uri | null): Promise<void> {
  const section = vscode.workspace.getConfiguration(undefined, scope);
  const found = section.inspect(name);
  if (found?.[level] !== undefined) await section.update(name, undefined, TARGETS[level]);
  for (const languageId of found?.languageIds ?? []) {
    const inLanguage = vscode.workspace.getConfiguration(undefined, { ...(scope && { uri: scope }), languageId });
    const key = level.replace('Value', 'LanguageValue') as 'globalLanguageValue';
    if (inLanguage.inspect(name)?.[key] !== undefined) await inLanguage.update(name, undefined, TARGETS[level], true);
  }
}
