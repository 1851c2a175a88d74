/** The chat's side panel: posts what it shows, and does what a person wants there. The page may come and go at any time. */
import * as vscode from 'vscode';
import { type ChatAccount, splitCommand } from '../../core/chat/chat';
import { isAboutProblems } from '../../core/chat/questionWords';
import { isAbortError, messageOf, UserError } from '../../core/errors';
import type { Chat, Question } from '../../host/chat/chat';
import type { Registry } from '../../host/modules/registry';
import {
  type ChatAction,
  type ChatPageState,
  type FromChatPage,
  openableLink,
  type Problem,
  parseFromChatPage,
  type ShownModel,
  type ToChatPage,
} from '../../protocol/pages/chat';
import { localMessageOf } from '../localMessage';
import { listen, pageHtml, webviewOptions } from '../webview';
import type { ChatContext, ContextPiece } from './chatContext';
import type { ChatEdits } from './chatEdits';
import { ChatFiles } from './chatFiles';
import { pickConversation } from './chatHistory';
import { chooseChatModules } from './chatModules';
import { ago, chipsOf, problemOf, shapeOf, shownTurns } from './chatPageState';
import { pickContext, suggestionsFor } from './chatPickers';

export const CHAT_VIEW = 'residual.chat';
/** Whether a conversation is shown that has questions: what can be renamed, exported and deleted. */
const HAS_CHAT = 'residual.hasChat';
/** Conversations that a new one offers to go back to. */
const N_RECENT = 3;
/** Below this, tests, explanations of what is subtle and anything of several steps often come out wrong (`npm run -s chat-check`). */
const SMALL_PARAMETERS = 1e9;

export interface ChatViewParts {
  readonly extensionUri: vscode.Uri;
  readonly chat: Chat;
  readonly context: ChatContext;
  readonly edits: ChatEdits;
  readonly registry: Registry;
  readonly log: vscode.LogOutputChannel;
  /** Titles of the modules that the chat is set to answer with. */
  readonly moduleTitles: () => Promise<readonly string[]>;
}

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private readonly files = new ChatFiles();
  private readonly disposable: vscode.Disposable;
  private listening: { dispose(): void } | undefined;
  private pieces: readonly ContextPiece[] = [];
  private account: ChatAccount | undefined;
  private titles: readonly string[] = [];
  private draft = '';
  /** Why the next question would not be answered. */
  private problem: Problem | undefined;
  /** Cancels the count of a question that has changed since. */
  private counting = new AbortController();
  /** To be put into the question once there is a page. */
  private toCompose: string | undefined;

  constructor(private readonly parts: ChatViewParts) {
    const { context, edits } = parts;
    this.disposable = vscode.Disposable.from(
      context.onDidChange(() => this.refreshContext()),
      edits.onDidChange(() => this.postState()),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('residual')) void this.settingsChanged(event);
      }),
    );
  }

  /** Listens from the first showing on: nothing is read from disk for a chat that nobody opens. */
  private listenToChat(): void {
    if (this.listening !== undefined) return;
    const { chat } = this.parts;
    this.listening = chat.onDidChange(change => {
      if (change.kind === 'text') return this.postDelta(change.turnId, change.text);
      const has = chat.state.conversation.turns.length > 0;
      void vscode.commands.executeCommand('setContext', HAS_CHAT, has);
      this.postState();
      if (!chat.state.isAnswering) void this.count();
    });
  }

  async resolveWebviewView(view: vscode.WebviewView): Promise<void> {
    const { extensionUri } = this.parts;
    this.view = view;
    this.listenToChat();
    view.webview.options = webviewOptions(extensionUri);
    const listening = listen(view.webview, parseFromChatPage, message => this.hear(message));
    view.onDidDispose(() => {
      listening.dispose();
      if (this.view === view) this.view = undefined;
    });
    view.onDidChangeVisibility(() => view.visible && this.refresh());
    view.webview.html = pageHtml(view.webview, extensionUri, 'chat', vscode.l10n.t('Residual chat'));
    await this.refresh();
  }

  /** Brings up the panel, with `text` in the question when there is some. */
  async open(text = ''): Promise<void> {
    this.toCompose = text;
    await vscode.commands.executeCommand(`${CHAT_VIEW}.focus`);
    if (this.view?.visible) this.compose();
  }

  dispose(): void {
    this.counting.abort();
    this.listening?.dispose();
    this.disposable.dispose();
  }

  private hear(message: FromChatPage): void {
    this.act(message).catch(error => {
      if (isAbortError(error)) return;
      this.parts.log.error(`chat: ${messageOf(error)}`);
      void vscode.window.showErrorMessage(localMessageOf(error));
    });
  }

  private async act(message: FromChatPage): Promise<void> {
    const { chat, context, edits } = this.parts;
    switch (message.kind) {
      case 'ready':
        this.postState();
        if (this.toCompose !== undefined) this.compose();
        return;
      case 'ask':
        return this.ask(message.text, message.turn);
      case 'draft':
        this.draft = message.text;
        return this.refreshContext();
      case 'stop':
        return chat.stop();
      case 'retry':
        return chat.retry();
      case 'openConversation':
        return chat.open(message.id);
      case 'copy':
        return vscode.env.clipboard.writeText(message.text);
      case 'apply':
        if (message.to === 'insert') return edits.insert(message.code, message.language);
        if (message.to === 'replace') return edits.replace(message.code);
        return edits.newFile(message.code, message.language);
      case 'decide':
        return edits.decide(message.edit, message.how);
      case 'openLink': {
        const address = openableLink(message.href);
        if (address !== undefined) await vscode.env.openExternal(vscode.Uri.parse(address, true));
        return;
      }
      case 'suggest':
        return this.suggest(message.request, message.query);
      case 'addContext':
        if (message.context !== 'mention') return context.add(message.context);
        return this.mention(message.path);
      case 'removeContext':
        return context.remove(message.id);
      case 'act':
        return this.run(message.action);
    }
  }

  /** Whether anything may be asked of a model. */
  private get isOn(): boolean {
    return vscode.workspace.getConfiguration('residual').get('enable', true);
  }

  private async ask(text: string, turn: string | undefined): Promise<void> {
    const { chat, context } = this.parts;
    if (!this.isOn || text.trim() === '') return;
    await this.mentionTyped(text);
    const question = await this.questionOf(text);
    this.draft = '';
    context.dropMentions();
    await (turn === undefined ? chat.send(question) : chat.resend(turn, question));
  }

  private async questionOf(text: string): Promise<Question> {
    const split = splitCommand(text);
    this.pieces = await this.parts.context.pieces({ wantsProblems: isAboutProblems(split) });
    return { ...split, context: this.pieces.flatMap(({ items }) => items) };
  }

  /** Files named with an `@` that nobody chose from the list. */
  private async mentionTyped(text: string): Promise<void> {
    for (const [, path] of text.matchAll(/(?:^|[\s(])@([^\s@]+)/g)) await this.mention(path.replace(/[.,;:!?)]+$/, ''));
  }

  private async mention(path: string): Promise<void> {
    const uri = await this.files.find(path);
    if (uri !== undefined) this.parts.context.mention(uri);
  }

  private async suggest(request: number, query: string): Promise<void> {
    const items = await suggestionsFor(query, this.files);
    this.post({ kind: 'suggestions', request, items });
  }

  private async run(action: ChatAction): Promise<void> {
    const { chat, log, registry } = this.parts;
    const commands = vscode.commands;
    switch (action) {
      case 'addContext':
        return pickContext(this.parts.context, this.files, path => this.mention(path));
      case 'addProposal':
        return commands.executeCommand('residual.addProposal');
      case 'chooseModules':
        return chooseChatModules(registry);
      case 'history':
        return pickConversation(chat);
      case 'newChat':
        return chat.startNew();
      case 'openSettings':
        return commands.executeCommand('workbench.action.openSettings', 'residual');
      case 'showLog':
        return log.show();
      case 'turnOn':
        return vscode.workspace.getConfiguration('residual').update('enable', true, enableTarget());
    }
  }

  private compose(): void {
    this.post({ kind: 'compose', text: this.toCompose ?? '' });
    this.toCompose = undefined;
  }

  private async settingsChanged(event: vscode.ConfigurationChangeEvent): Promise<void> {
    const { chat } = this.parts;
    if (!this.isOn) chat.stop();
    const isOfModels = ['proposal', 'chat', 'contextTokens', 'enable'].some(name =>
      event.affectsConfiguration(`residual.${name}`),
    );
    if (isOfModels && this.isOn) await chat.choiceChanged();
    await this.refresh();
  }

  /** Everything that is asked for and not just known. */
  private async refresh(): Promise<void> {
    this.postState();
    if (this.view === undefined || !this.isOn) return;
    const { chat, log, moduleTitles } = this.parts;
    try {
      this.titles = await moduleTitles();
      await chat.refreshCapabilities();
    } catch (error) {
      if (!isAbortError(error)) log.warn(`chat: ${messageOf(error)}`);
    }
    this.refreshContext();
  }

  private refreshContext(): void {
    if (this.view === undefined || !this.isOn) return;
    void this.count();
  }

  /** Shows the pieces at once, and how much of each fits when the engine has said so. */
  private async count(): Promise<void> {
    const { chat, log } = this.parts;
    this.counting.abort();
    this.counting = new AbortController();
    const { signal } = this.counting;
    try {
      const before = shapeOf(this.pieces);
      const question = await this.questionOf(this.draft);
      if (signal.aborted || this.view === undefined || !this.isOn) return;
      // While the pieces are the same ones, older numbers are better than none.
      if (shapeOf(this.pieces) !== before) this.account = undefined;
      this.postState();
      if (chat.state.isAnswering) return;
      const { account } = await chat.measure(question, signal);
      if (signal.aborted) return;
      this.account = account;
      this.problem = undefined;
      this.postState();
    } catch (error) {
      if (isAbortError(error) || signal.aborted) return;
      log.debug(`chat: the prompt was not counted: ${messageOf(error)}`);
      // Without the numbers the panel does; what a person can mend it says before it is asked.
      if (!(error instanceof UserError)) return;
      this.problem = problemOf(error);
      this.postState();
    }
  }

  private get pageState(): ChatPageState {
    const { chat, edits } = this.parts;
    const { conversation, history, isAnswering, capabilities } = chat.state;
    const { account, problem } = this;
    const last = conversation.turns.at(-1);
    const isSaid =
      last?.kind === 'assistant' && last.state.kind === 'failed' && problemOf(last.state).message === problem?.message;
    const model = this.shownModel;
    const titles = new Map(capabilities === undefined ? [] : [[capabilities.proposalId, capabilities.title]]);
    return {
      isOn: this.isOn,
      conversation: { id: conversation.id, title: conversation.title },
      turns: shownTurns(conversation.turns, titles),
      isAnswering,
      recent: history
        .filter(({ id }) => id !== conversation.id)
        .slice(0, N_RECENT)
        .map(({ id, title, changedMs }) => ({ id, title, when: ago(changedMs, Date.now()) })),
      chips: chipsOf(this.pieces, account),
      ...(account !== undefined && {
        budget: {
          usedTokens: account.promptTokens,
          limitTokens: account.budgetTokens,
          nTurnsLeftOut: account.nTurnsLeftOut,
        },
      }),
      ...(model !== undefined && { model }),
      ...(edits.shown !== undefined && { edit: edits.shown }),
      ...(problem !== undefined && !isSaid && { problem }),
    };
  }

  private get shownModel(): ShownModel | undefined {
    const { capabilities } = this.parts.chat.state;
    if (capabilities === undefined) return undefined;
    const { title, instructionTuned: isInstruct, contextLength, nParameters } = capabilities;
    const isSmall = nParameters < SMALL_PARAMETERS;
    return { proposal: title, modules: this.titles, isInstruct, isSmall, contextLength };
  }

  private postState(): void {
    this.post({ kind: 'state', state: this.pageState });
  }

  private postDelta(turnId: string, text: string): void {
    const { turns } = this.parts.chat.state.conversation;
    const at = turns.findIndex(({ id }) => id === turnId);
    const [question, answer] = [turns[at - 1], turns[at]];
    if (question === undefined || answer?.kind !== 'assistant') return;
    this.post({ kind: 'delta', turn: question.id, at: answer.text.length - text.length, text });
  }

  private post(message: ToChatPage): void {
    void this.view?.webview.postMessage(message);
  }
}

/** Where the setting is switched off, there it is switched on. */
function enableTarget(): vscode.ConfigurationTarget {
  const found = vscode.workspace.getConfiguration('residual').inspect('enable');
  return found?.workspaceValue === false ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
}
