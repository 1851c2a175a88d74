/** Makes a new proposal the one in use: loaded first, stored only when that worked, without modules that do not fit it. */
import * as vscode from 'vscode';
import { messageOf } from '../../core/errors';
import { INSTANT_ID } from '../../host/modules/instantManifest';
import type { ModuleChoice } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import { localMessageOf } from '../localMessage';
import { levelOf, settingsFor, storeModules, targetFor } from '../settings';

export interface NewProposal {
  readonly id: string;
  readonly title: string;
  readonly tokenizerSha256: string;
}

export interface UseParts {
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly log: vscode.LogOutputChannel;
}

/** Uses it everywhere; where a workspace says what is used there, in that workspace. @returns whether it is used now */
export async function useWhereItCounts(parts: UseParts, proposal: NewProposal): Promise<boolean> {
  const scope = scopeOfEditor();
  // What a workspace says would win over what a person says everywhere.
  return use(parts, proposal, scope, levelOf('proposal', scope) ?? vscode.ConfigurationTarget.Global);
}

/** Says that the proposal is there, and offers to use it. */
export async function offerUse(parts: UseParts, proposal: NewProposal, found: readonly string[]): Promise<void> {
  const here = vscode.l10n.t('Use It Here');
  const everywhere = vscode.l10n.t('Use It Everywhere');
  const scope = scopeOfEditor();
  const level = levelOf('proposal', scope);
  const hasFolder = (vscode.workspace.workspaceFolders ?? []).length > 0;
  // What a workspace says would win over what a person says everywhere.
  const isFree = level === undefined || level === vscode.ConfigurationTarget.Global;
  const message = [vscode.l10n.t('{0} is added.', proposal.title), ...found].join(' ');
  const actions = [...(hasFolder ? [here] : []), ...(isFree ? [everywhere] : [])];
  const chosen = await vscode.window.showInformationMessage(message, ...actions);
  if (chosen === here) await use(parts, proposal, scope, level === undefined || isFree ? targetFor(scope) : level);
  if (chosen === everywhere) await use(parts, proposal, scope, vscode.ConfigurationTarget.Global);
}

async function use(
  { registry, choices, log }: UseParts,
  proposal: NewProposal,
  scope: vscode.Uri | undefined,
  target: vscode.ConfigurationTarget,
): Promise<boolean> {
  const { modules, moduleRules } = settingsFor(scope);
  const known = new Map((await registry.modules()).map(module => [module.id, module.manifest]));
  const fits = ({ id }: { readonly id: string }) => {
    const manifest = known.get(id);
    return manifest === undefined || manifest.tokenizerSha256 === proposal.tokenizerSha256;
  };
  const fitting = modules.filter(fits);
  const unfit = [...modules, ...moduleRules.flatMap(rule => rule.modules)].filter(module => !fits(module));
  if (unfit.length > 0 && !(await confirmWithout(proposal, unfit, fitting.length < modules.length))) return false;
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Residual: loading {0}', proposal.title) },
      () => choices.load(proposal.id, fitting, new AbortController().signal),
    );
    if (fitting.length < modules.length) await storeModules(scope, fitting);
    await vscode.workspace.getConfiguration('residual', scope ?? null).update('proposal', proposal.id, target);
    return true;
  } catch (error) {
    log.error(messageOf(error));
    void vscode.window.showErrorMessage(localMessageOf(error));
    return false;
  }
}

async function confirmWithout(
  { title }: NewProposal,
  unfit: readonly { readonly id: string }[],
  isInSetting: boolean,
): Promise<boolean> {
  const ids = [...new Set(unfit.map(({ id }) => id))];
  const detail = [
    vscode.l10n.t('A module weighs the tokens of the vocabulary that it was made for: {0}.', ids.join(', ')),
    ...(isInSetting ? [vscode.l10n.t('They are taken out of the setting residual.modules here.')] : []),
    vscode.l10n.t('Rules in residual.moduleRules stay as they are; where one names such a module, you will be told.'),
    ...(ids.includes(INSTANT_ID) ? [vscode.l10n.t('The instant module can be built anew for this proposal.')] : []),
  ];
  const action = vscode.l10n.t('Use It Without Them');
  const question = vscode.l10n.t('Modules in use here do not fit {0}.', title);
  const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail: detail.join('\n\n') }, action);
  return chosen === action;
}

function scopeOfEditor(): vscode.Uri | undefined {
  return vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
}
