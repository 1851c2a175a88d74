/** Which modules complete in a document, why, and where another choice of them is written. */
import * as vscode from 'vscode';
import type { ModuleSetting } from '../../host/modules/moduleChoice';
import { type Decision, decide, type ModuleRule, withRuleModules } from '../../host/modules/moduleSettings';
import { notebookOf } from '../documentText';
import { matchesGlob } from '../globs';
import { levelOf, type Settings, settingsFor, storeModules, targetFor } from '../settings';

/** The document's modules, by the first rule that matches or by `residual.modules`. Without a document, by the latter. */
export function decisionFor(
  document: vscode.TextDocument | undefined,
  settings: Settings = settingsFor(document),
): Decision {
  if (document === undefined) return { modules: settings.modules };
  // The cells of a notebook are one file.
  const uri = notebookOf(document)?.uri ?? document.uri;
  return decide(settings, document.languageId, glob => matchesGlob(uri, glob));
}

/** Whether the settings of any folder of this window name a module. */
export function settingsName(id: string): boolean {
  const scopes = [undefined, ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri)];
  return scopes.some(scope => {
    const { modules, moduleRules } = settingsFor(scope);
    return [{ modules }, ...moduleRules].some(choice => choice.modules.some(module => module.id === id));
  });
}

/** Where a choice of modules holds: a folder or the window, and in it the rule that decides. */
export function scopeOf(document: vscode.TextDocument | undefined, { rule }: Decision): string {
  const folder = document && vscode.workspace.getWorkspaceFolder(document.uri);
  return `${folder?.uri.toString() ?? ''}${rule === undefined ? '' : `#${rule.index}`}`;
}

/** Why these modules complete here, as a sentence for people. */
export function reasonFor(document: vscode.TextDocument | undefined, { rule }: Decision): string {
  if (rule !== undefined)
    return vscode.l10n.t('Chosen by rule {0} of residual.moduleRules: {1}.', rule.index + 1, ruleText(rule));
  switch (levelOf('modules', document?.uri)) {
    case vscode.ConfigurationTarget.WorkspaceFolder:
      return vscode.l10n.t('Chosen by the settings of this folder.');
    case vscode.ConfigurationTarget.Workspace:
      return vscode.l10n.t('Chosen by the settings of this workspace.');
    case vscode.ConfigurationTarget.Global:
      return vscode.l10n.t('Chosen by your settings.');
    default:
      return vscode.l10n.t('No setting names a module.');
  }
}

/** What a rule is about: `tests/**`, or the typescript files in it. */
export function ruleText({ glob, language }: ModuleRule): string {
  if (glob === undefined) return vscode.l10n.t('{0} files', language ?? '');
  return language === undefined ? glob : vscode.l10n.t('{0} files in {1}', language, glob);
}

/**
 * Stores modules so that they complete in the document: in the setting, or where a rule decides, in what the person
 * then chooses.
 * @returns whether anything was stored.
 */
export async function storeDecision(
  document: vscode.TextDocument | undefined,
  modules: readonly ModuleSetting[],
): Promise<boolean> {
  const scope = document?.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  const { rule } = decisionFor(document);
  if (rule === undefined) {
    await storeModules(scope, modules);
    return true;
  }
  const place = await pickPlace(rule);
  if (place === 'rule') await storeInRule(scope, rule, modules);
  if (place === 'setting') await storeModules(scope, modules);
  if (place === 'open') await openRules(scope);
  return place === 'rule' || place === 'setting';
}

type Place = 'rule' | 'setting' | 'open';

async function pickPlace(rule: ModuleRule): Promise<Place | undefined> {
  const rows: (vscode.QuickPickItem & { readonly place: Place })[] = [
    {
      label: `$(list-ordered) ${vscode.l10n.t('Change This Rule')}`,
      detail: vscode.l10n.t('For {0}, wherever the rule is written.', ruleText(rule)),
      place: 'rule',
    },
    {
      label: `$(globe) ${vscode.l10n.t('Change What No Rule Decides')}`,
      detail: vscode.l10n.t('The setting residual.modules. This file keeps what its rule says.'),
      place: 'setting',
    },
    {
      label: `$(go-to-file) ${vscode.l10n.t('Open the Rules')}`,
      detail: vscode.l10n.t('The setting residual.moduleRules. Nothing is changed.'),
      place: 'open',
    },
  ];
  const picked = await vscode.window.showQuickPick(rows, {
    title: vscode.l10n.t('Rule {0} Decides Here: {1}', rule.index + 1, ruleText(rule)),
    placeHolder: vscode.l10n.t('What should be changed?'),
  });
  return picked?.place;
}

async function storeInRule(
  scope: vscode.Uri | undefined,
  rule: ModuleRule,
  modules: readonly ModuleSetting[],
): Promise<void> {
  const section = vscode.workspace.getConfiguration('residual', scope ?? null);
  const written = withRuleModules(section.get('moduleRules'), rule.index, modules);
  await section.update('moduleRules', written, levelOf('moduleRules', scope) ?? targetFor(scope));
}

/** Opens the settings file that the rules are written in, at the rules. */
export async function openRules(scope: vscode.Uri | undefined): Promise<void> {
  const commands = {
    [vscode.ConfigurationTarget.WorkspaceFolder]: 'workbench.action.openFolderSettingsFile',
    [vscode.ConfigurationTarget.Workspace]: 'workbench.action.openWorkspaceSettingsFile',
    [vscode.ConfigurationTarget.Global]: 'workbench.action.openSettingsJson',
  };
  const target = levelOf('moduleRules', scope) ?? targetFor(scope);
  const revealSetting = { key: 'residual.moduleRules', edit: false };
  await vscode.commands.executeCommand(commands[target], { revealSetting });
}
