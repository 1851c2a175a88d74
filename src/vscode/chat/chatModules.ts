/** What answers in the chat: its own modules, apart from those that complete code. */
import * as vscode from 'vscode';
import type { ModuleSetting } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import { localText } from '../localMessage';
import { sizeText } from '../modules/moduleCommands';
import { plainLabel } from '../plainText';
import { settingsFor, targetFor } from '../settings';

interface Row extends vscode.QuickPickItem {
  readonly id: string;
}

/** Several may be picked: they are composed. */
export async function chooseChatModules(registry: Registry): Promise<void> {
  const current = settingsFor(undefined)['chat.modules'];
  const rows = (await registry.modules()).map(
    ({ id, manifest, problem, sizeBytes }): Row => ({
      id,
      ...(manifest === undefined || problem !== undefined
        ? {
            label: `$(warning) ${plainLabel(manifest?.title ?? id)}`,
            description: vscode.l10n.t('cannot be used'),
            detail: plainLabel(localText(problem ?? '')),
          }
        : {
            label: plainLabel(manifest.title),
            description: `${plainLabel(manifest.domain)} · ${sizeText(sizeBytes)}`,
            detail: plainLabel(manifest.description),
          }),
      picked: current.some(module => module.id === id),
    }),
  );
  const picked = await vscode.window.showQuickPick(rows, {
    canPickMany: true,
    title: vscode.l10n.t('Modules of the Chat'),
    placeHolder: vscode.l10n.t('None is the proposal alone. Completions keep their own modules.'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked === undefined) return;
  const modules = picked.map(({ id }): ModuleSetting => current.find(module => module.id === id) ?? { id });
  const folder = vscode.workspace.workspaceFolders?.length === 1 ? vscode.workspace.workspaceFolders[0].uri : undefined;
  await vscode.workspace.getConfiguration('residual').update('chat.modules', modules, targetFor(folder));
}
