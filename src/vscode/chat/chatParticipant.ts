/** `@residual` in VS Code's own chat: the same models and questions as in the side panel, in the conversation there. */
import * as vscode from 'vscode';
import { type ChatAccount, type ChatTurn, isChatCommand, splitCommand } from '../../core/chat/chat';
import { withClosedFence } from '../../core/chat/chatAnswer';
import { isAbortError, messageOf } from '../../core/errors';
import { Answering, type ChatEngine } from '../../host/chat/chatAnswering';
import type { Registry } from '../../host/modules/registry';
import { abortSignalOf } from '../cancellation';
import { localMessageOf } from '../localMessage';
import { settingsFor } from '../settings';
import { chatChoice, chatLimits } from './chatChoice';
import { type Attached, attachedTo } from './participantContext';

const PARTICIPANT = 'residual.participant';

export interface ParticipantParts {
  readonly engine: ChatEngine;
  readonly registry: Registry;
  readonly log: vscode.LogOutputChannel;
}

export function createParticipant(extensionUri: vscode.Uri, parts: ParticipantParts): vscode.Disposable {
  const participant = vscode.chat.createChatParticipant(PARTICIPANT, (request, context, stream, token) =>
    answer(parts, request, context, stream, token),
  );
  participant.iconPath = vscode.Uri.joinPath(extensionUri, 'media/icon.png');
  return participant;
}

async function answer(
  { engine, registry, log }: ParticipantParts,
  request: vscode.ChatRequest,
  { history }: vscode.ChatContext,
  stream: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<vscode.ChatResult> {
  if (!settingsFor(undefined).enable) return failed(vscode.l10n.t('Residual is switched off: see "residual.enable".'));
  const signal = abortSignalOf(token);
  // A command may also be typed into the prompt.
  const split = isChatCommand(request.command)
    ? { command: request.command, text: request.prompt.trim() }
    : splitCommand(request.prompt);
  const attached = await attachedTo(request.references, split);
  const question: ChatTurn = { role: 'user', ...split, context: attached.map(({ item }) => item) };
  const asked = {
    turns: [...past(history), question],
    ...chatLimits(),
    sampling: { seed: Math.floor(Math.random() * 2 ** 31) },
  };
  const answering = new Answering(engine, () => chatChoice(registry), asked, {
    writer: () => {},
    began: account => showUsed(stream, attached, account),
    text: piece => stream.markdown(piece),
  });
  try {
    const { proposal } = await chatChoice(registry);
    const { instructionTuned, title } = await engine.capabilities(proposal, signal);
    const { text } = await answering.run(signal);
    stream.markdown(withClosedFence(text).slice(answering.heard.length));
    if (text.trim() === '') stream.markdown(vscode.l10n.t('The model had nothing to say.'));
    if (!instructionTuned && past(history).length === 0) await sayWhatItCanDo(stream, title);
    return {};
  } catch (error) {
    if (isAbortError(error) || token.isCancellationRequested) return {};
    log.warn(`@residual: ${messageOf(error)}`);
    return failed(localMessageOf(error));
  }
}

function failed(message: string): vscode.ChatResult {
  return { errorDetails: { message } };
}

/** Names the code that the model has seen beside the answer. */
function showUsed(stream: vscode.ChatResponseStream, attached: readonly Attached[], { context }: ChatAccount): void {
  for (const [i, { at, item }] of attached.entries())
    if (item.kind !== 'diagnostics' && context[i]?.fit !== 'left-out') stream.reference(at);
}

/** Once in a conversation, so that nobody takes a small model for a large one. */
async function sayWhatItCanDo(stream: vscode.ChatResponseStream, title: string): Promise<void> {
  const said = vscode.l10n.t(
    '{0} is a small model that continues code: it was not taught to converse and knows no facts. It does best with code beside a question and /doc, /test or "write a function that …".',
    title,
  );
  stream.markdown(`\n\n---\n\n*${said}*`);
  const commands = await vscode.commands.getCommands(true);
  if (commands.includes('residual.addProposal'))
    stream.button({ command: 'residual.addProposal', title: vscode.l10n.t('Add a Bigger Model…') });
}

/** What this participant says of itself below an answer. */
const NOTE = /\n\n---\n\n\*[^\n]*\*\s*$/;

/** Earlier turns with this participant; the code beside their questions is not kept there. */
function past(history: vscode.ChatContext['history']): ChatTurn[] {
  return history.flatMap((turn): ChatTurn[] => {
    if (turn.participant !== PARTICIPANT) return [];
    if (turn instanceof vscode.ChatRequestTurn) {
      const command = isChatCommand(turn.command) ? { command: turn.command } : {};
      return [{ role: 'user', text: turn.prompt, ...command }];
    }
    const parts = turn.response.filter(part => part instanceof vscode.ChatResponseMarkdownPart);
    const text = parts.map(({ value }) => value.value).join('');
    return [{ role: 'assistant', text: text.replace(NOTE, '') }];
  });
}
