/** The one message a person gets when a module or proposal they chose cannot be loaded. */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../core/errors';
import type { Choice } from '../host/moduleChoice';

export function refusalMessage(log: vscode.LogOutputChannel, reason: unknown, kept: Choice | undefined): void {
  log.error(messageOf(reason));
  const inUse =
    kept === undefined
      ? vscode.l10n.t('There are no completions until this is mended.')
      : vscode.l10n.t('Completions go on with {0}.', kept.titles.join(' + ') || vscode.l10n.t('the proposal alone'));
  const switchAction = vscode.l10n.t('Switch Module…');
  const buildAction = vscode.l10n.t('Build It');
  const logAction = vscode.l10n.t('Show Log');
  const isUnbuilt = reason instanceof UserError && reason.code === 'instant-not-built';
  const actions = isUnbuilt ? [buildAction, switchAction] : [switchAction, logAction];
  void vscode.window.showErrorMessage(`${messageOf(reason)} ${inUse}`, ...actions).then(chosen => {
    if (chosen === buildAction) void vscode.commands.executeCommand('residual.buildInstantModule');
    if (chosen === switchAction) void vscode.commands.executeCommand('residual.switchModule');
    if (chosen === logAction) log.show();
  });
}
