/** Earlier conversations of this workspace: shown, named, deleted with a way back, exported as Markdown. */
import * as vscode from 'vscode';
import type { Chat } from '../../host/chat/chat';
import type { ConversationEntry } from '../../protocol/chatState';
import { ago } from './chatPageState';

interface Row extends vscode.QuickPickItem {
  readonly entry: ConversationEntry;
}

/** Each row opens; its buttons rename, export and delete. */
export function pickConversation(chat: Chat): void {
  const pick = vscode.window.createQuickPick<Row>();
  const buttons = {
    rename: { iconPath: new vscode.ThemeIcon('edit'), tooltip: vscode.l10n.t('Rename') },
    export: { iconPath: new vscode.ThemeIcon('export'), tooltip: vscode.l10n.t('Export as Markdown') },
    delete: { iconPath: new vscode.ThemeIcon('trash'), tooltip: vscode.l10n.t('Delete') },
  };
  const fill = () => {
    const { history, conversation } = chat.state;
    pick.items = history.map(entry => ({
      label: `${entry.id === conversation.id ? '$(check)' : '$(blank)'} ${entry.title}`,
      description: [ago(entry.changedMs, Date.now()), vscode.l10n.t('{0} questions', Math.ceil(entry.nTurns / 2))].join(
        ' · ',
      ),
      buttons: Object.values(buttons),
      entry,
    }));
    pick.placeholder =
      history.length === 0
        ? vscode.l10n.t('There are no chats in this workspace yet.')
        : vscode.l10n.t('The chats of this workspace');
  };
  pick.title = vscode.l10n.t('Chat History');
  pick.matchOnDescription = true;
  fill();
  const subscription = chat.onDidChange(({ kind }) => kind === 'state' && fill());
  pick.onDidAccept(() => {
    const [row] = pick.selectedItems;
    pick.hide();
    if (row !== undefined) void chat.open(row.entry.id);
  });
  pick.onDidTriggerItemButton(({ button, item: { entry } }) => {
    if (button === buttons.delete) void deleteConversation(chat, entry);
    else {
      pick.hide();
      void (button === buttons.rename ? renameConversation(chat, entry) : exportConversation(chat, entry));
    }
  });
  pick.onDidHide(() => {
    subscription.dispose();
    pick.dispose();
  });
  pick.show();
}

export async function renameConversation(chat: Chat, { id, title }: ConversationEntry): Promise<void> {
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename Chat'),
    value: title,
    validateInput: value => (value.trim() === '' ? vscode.l10n.t('A chat needs a name.') : undefined),
  });
  if (name !== undefined) await chat.rename(id, name.trim());
}

export async function deleteConversation(chat: Chat, { id, title }: ConversationEntry): Promise<void> {
  const putBack = await chat.delete(id);
  const undo = vscode.l10n.t('Undo');
  const chosen = await vscode.window.showInformationMessage(vscode.l10n.t('Deleted the chat "{0}".', title), undo);
  if (chosen === undo) await putBack();
}

/** Asks where to; offers to open what was written. */
export async function exportConversation(chat: Chat, { id, title }: ConversationEntry): Promise<void> {
  const markdown = await chat.exportMarkdown(id);
  if (markdown === undefined) return;
  const name = `${fileNameFrom(title)}.md`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Chat as Markdown'),
    filters: { Markdown: ['md'] },
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (target === undefined) return;
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(markdown));
  const open = vscode.l10n.t('Open');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('The chat is in {0}.', vscode.workspace.asRelativePath(target)),
    open,
  );
  if (chosen === open) await vscode.window.showTextDocument(target);
}

/** A name that every file system takes. */
function fileNameFrom(title: string): string {
  const name = title
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'chat' : name;
}
