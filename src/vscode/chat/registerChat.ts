/** The chat's parts, its view and its commands. */
import * as vscode from 'vscode';
import type { Chat } from '../../host/chat/chat';
import { chatEngine } from '../../host/chat/chatEngine';
import { chatFiles } from '../../host/chat/chatFiles';
import { ChatSession } from '../../host/chat/chatSession';
import type { EngineClient } from '../../host/engineClient';
import type { Registry } from '../../host/modules/registry';
import type { ConversationEntry } from '../../protocol/chatState';
import { chatChoice, chatLimits } from './chatChoice';
import { ChatContext } from './chatContext';
import { ChatEdits } from './chatEdits';
import { deleteConversation, exportConversation, pickConversation, renameConversation } from './chatHistory';
import { chooseChatModules } from './chatModules';
import { CHAT_VIEW, ChatView } from './chatView';

export interface ChatParts {
  readonly context: vscode.ExtensionContext;
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly log: vscode.LogOutputChannel;
}

export function registerChat({ context, engine, registry, log }: ChatParts): vscode.Disposable {
  const choice = () => chatChoice(registry);
  const chat = new ChatSession({
    engine: chatEngine(engine),
    choose: choice,
    store: context.storageUri && chatFiles(vscode.Uri.joinPath(context.storageUri, 'chats').fsPath),
    limits: chatLimits,
    onProblem: error => log.warn(`chat: ${error instanceof Error ? error.message : String(error)}`),
  });
  const chatContext = new ChatContext(context.workspaceState);
  const edits = new ChatEdits();
  const view = new ChatView({
    extensionUri: context.extensionUri,
    chat,
    context: chatContext,
    edits,
    registry,
    log,
    moduleTitles: async () => (await choice()).titles,
  });
  return vscode.Disposable.from(
    chat,
    chatContext,
    edits,
    view,
    vscode.window.registerWebviewViewProvider(CHAT_VIEW, view),
    ...commands({ chat, chatContext, view, registry }),
  );
}

function commands({
  chat,
  chatContext,
  view,
  registry,
}: {
  readonly chat: Chat;
  readonly chatContext: ChatContext;
  readonly view: ChatView;
  readonly registry: Registry;
}): vscode.Disposable[] {
  const current = (run: (chat: Chat, entry: ConversationEntry) => Promise<void>) => async () => {
    const { conversation, history } = chat.state;
    const entry = history.find(({ id }) => id === conversation.id);
    if (entry !== undefined) await run(chat, entry);
  };
  const all: Readonly<Record<string, () => unknown>> = {
    'residual.openChat': () => view.open(),
    'residual.addSelectionToChat': () => {
      chatContext.add('selection');
      return view.open();
    },
    'residual.newChat': () => {
      chat.startNew();
      return view.open();
    },
    'residual.chatHistory': () => pickConversation(chat),
    'residual.renameChat': current(renameConversation),
    'residual.exportChat': current(exportConversation),
    'residual.deleteChat': current(deleteConversation),
    'residual.chooseChatModules': () => chooseChatModules(registry),
  };
  return Object.entries(all).map(([id, run]) => vscode.commands.registerCommand(id, run));
}
