/** What can go along with a question: the list that opens under an @, and the pick behind the button. */
import * as vscode from 'vscode';
import type { Suggestion } from '../../protocol/pages/chat';
import type { ChatContext } from './chatContext';
import type { ChatFiles } from './chatFiles';

const N_SUGGESTIONS = 12;

export async function suggestionsFor(query: string, files: ChatFiles): Promise<readonly Suggestion[]> {
  const special: readonly Suggestion[] = [
    { kind: 'selection', insert: 'selection', label: 'selection', detail: vscode.l10n.t('What is selected') },
    { kind: 'file', insert: 'file', label: 'file', detail: vscode.l10n.t('The file in front of you') },
    { kind: 'diagnostics', insert: 'problems', label: 'problems', detail: vscode.l10n.t('Problems in it') },
    { kind: 'tab', insert: 'tabs', label: 'tabs', detail: vscode.l10n.t('All open tabs') },
  ];
  const paths = await files.like(query, N_SUGGESTIONS);
  const named = paths.map((path): Suggestion => {
    const slash = path.lastIndexOf('/');
    return { kind: 'mention', insert: path, label: path.slice(slash + 1), detail: path.slice(0, Math.max(0, slash)) };
  });
  return [...special.filter(({ insert }) => insert.startsWith(query.toLowerCase())), ...named];
}

export async function pickContext(
  context: ChatContext,
  files: ChatFiles,
  mention: (path: string) => Promise<void>,
): Promise<void> {
  const rows = [
    { label: `$(list-selection) ${vscode.l10n.t('Selection')}`, add: () => context.add('selection') },
    { label: `$(file-code) ${vscode.l10n.t('Current File')}`, add: () => context.add('file') },
    { label: `$(warning) ${vscode.l10n.t('Problems')}`, add: () => context.add('diagnostics') },
    { label: `$(files) ${vscode.l10n.t('Open Tabs')}`, add: () => context.add('tab') },
    { label: vscode.l10n.t('Files'), kind: vscode.QuickPickItemKind.Separator },
    ...(await files.like('', 200)).map(path => ({
      label: `$(file) ${path.slice(path.lastIndexOf('/') + 1)}`,
      description: path,
      add: () => void mention(path),
    })),
  ];
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & { readonly add?: () => void }>(rows, {
    title: vscode.l10n.t('Add Context'),
    placeHolder: vscode.l10n.t('What goes along with the next question'),
    matchOnDescription: true,
  });
  picked?.add?.();
}
