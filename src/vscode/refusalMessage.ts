/** The one message a person gets when a module or proposal they chose cannot be loaded. */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../core/errors';
import type { Choice } from '../host/modules/moduleChoice';
import { installModel } from './installModel';
import { localMessageOf } from './localMessage';
import { plainMessage } from './plainText';

/** Refusals of what an untrusted workspace may name without having it. */
const OF_THE_WORKSPACE: ReadonlySet<string | undefined> = new Set([
  'unknown-module',
  'unknown-proposal',
  'instant-not-built',
]);

export function refusalMessage(log: vscode.LogOutputChannel, reason: unknown, kept: Choice | undefined): void {
  const code = reason instanceof UserError ? reason.code : undefined;
  // VS Code's own banner says that a workspace is not trusted; what it shares is looked for when it is.
  if (!vscode.workspace.isTrusted && OF_THE_WORKSPACE.has(code)) {
    log.info(`${messageOf(reason)} This workspace is not trusted, so what it shares is not looked at.`);
    return;
  }
  log.error(messageOf(reason));
  const inUse = whatGoesOn(kept);
  const switchAction = vscode.l10n.t('Switch Module…');
  const buildAction = vscode.l10n.t('Build It');
  const logAction = vscode.l10n.t('Show Log');
  const installAction = vscode.l10n.t('Install from VSIX…');
  const addAction = vscode.l10n.t('Add a Model…');
  const actions =
    code === 'instant-not-built'
      ? [buildAction, switchAction]
      : code === 'runtime-missing'
        ? [logAction]
        : code === 'no-proposal'
          ? [installAction, addAction]
          : [switchAction, logAction];
  // Without a runtime or a model there is nothing to go on with, and the reason says what to do.
  const saysAll = code === 'runtime-missing' || code === 'no-proposal';
  const message = saysAll ? localMessageOf(reason) : `${localMessageOf(reason)} ${inUse}`;
  void vscode.window.showErrorMessage(plainMessage(message), ...actions).then(chosen => {
    if (chosen === buildAction) void vscode.commands.executeCommand('residual.buildInstantModule');
    if (chosen === switchAction) void vscode.commands.executeCommand('residual.switchModule');
    if (chosen === logAction) log.show();
    if (chosen === installAction) void installModel();
    if (chosen === addAction) void vscode.commands.executeCommand('residual.addProposal');
  });
}

function whatGoesOn(kept: Choice | undefined): string {
  if (kept === undefined) return vscode.l10n.t('There are no completions until this is mended.');
  return kept.titles.length === 0
    ? vscode.l10n.t('Completions go on with the proposal alone.')
    : vscode.l10n.t('Completions go on with {0}.', kept.titles.join(' + '));
}
