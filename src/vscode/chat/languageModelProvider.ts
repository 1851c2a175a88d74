/**
 * The proposals of this machine, aligned by the chat's modules, as language models of VS Code: for its own chat, and for
 * other extensions that ask `vscode.lm` for the vendor `residual`.
 */
import * as vscode from 'vscode';
import type { ChatTurn } from '../../core/chat/chat';
import { withClosedFence } from '../../core/chat/chatAnswer';
import { messageOf } from '../../core/errors';
import { Answering, type ChatEngine } from '../../host/chat/chatAnswering';
import { type Choice, chooseProposal } from '../../host/modules/moduleChoice';
import type { FoundProposal, Registry } from '../../host/modules/registry';
import { abortSignalOf } from '../cancellation';
import { settingsFor } from '../settings';
import { chatChoice, chatLimits } from './chatChoice';

export const VENDOR = 'residual';

/** Positions of a proposal that brings no manifest, until it is loaded. */
const ASSUMED_CONTEXT_LENGTH = 2048;

interface ModelInformation extends vscode.LanguageModelChatInformation {
  readonly dir: string;
}

/** What a caller may ask for under `modelOptions`, by the names that are usual. */
interface ModelOptions {
  readonly temperature?: unknown;
  readonly top_p?: unknown;
  readonly seed?: unknown;
  readonly max_tokens?: unknown;
  readonly stop?: unknown;
}

export class ModelProvider implements vscode.LanguageModelChatProvider<ModelInformation>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeLanguageModelChatInformation = this.#changed.event;

  constructor(
    private readonly engine: ChatEngine,
    private readonly registry: Registry,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Proposals or settings changed. */
  refresh(): void {
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** The proposal in use comes first. Nothing is loaded and nothing asked. */
  async provideLanguageModelChatInformation(): Promise<ModelInformation[]> {
    const { enable, proposal } = settingsFor(undefined);
    if (!enable) return [];
    const found = await this.registry.proposals();
    const chosen = chooseProposal(proposal, found);
    const usable = found.filter(({ problem }) => problem === undefined);
    return usable.sort((a, b) => Number(b.id === chosen?.id) - Number(a.id === chosen?.id)).map(information);
  }

  async provideLanguageModelChatResponse(
    { id, dir }: ModelInformation,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    options: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const turns = turnsOf(messages);
    if (turns.at(-1)?.role !== 'user') {
      throw new Error(vscode.l10n.t('The last message of a request to {0} must be a question of the user.', id));
    }
    const asked = { turns, ...chatLimits(), ...askedFor(options.modelOptions ?? {}) };
    const answering = new Answering(this.engine, () => this.#choice({ id, dir }), asked, {
      writer: () => {},
      began: () => {},
      text: piece => progress.report(new vscode.LanguageModelTextPart(piece)),
    });
    try {
      const { text } = await answering.run(abortSignalOf(token));
      // A fence that the end closes.
      const rest = withClosedFence(text).slice(answering.heard.length);
      if (rest !== '') progress.report(new vscode.LanguageModelTextPart(rest));
    } catch (error) {
      if (token.isCancellationRequested) throw new vscode.CancellationError();
      this.log.warn(`language model: ${messageOf(error)}`);
      throw error;
    }
  }

  async provideTokenCount(
    { id, dir }: ModelInformation,
    text: string | vscode.LanguageModelChatRequestMessage,
    token: vscode.CancellationToken,
  ): Promise<number> {
    const counted = typeof text === 'string' ? text : textOf(text.content);
    const [count] = await this.engine.countTokens({ id, dir }, [counted], abortSignalOf(token));
    return count;
  }

  /** The chat's modules are made for the proposal in use; another proposal is asked alone. */
  async #choice(proposal: Choice['proposal']): Promise<Choice> {
    const choice = await chatChoice(this.registry);
    return choice.proposal.dir === proposal.dir ? choice : { proposal, modules: [], titles: [] };
  }
}

function information({ id, dir, manifest, sizeBytes }: FoundProposal): ModelInformation {
  const contextLength = manifest?.contextLength ?? ASSUMED_CONTEXT_LENGTH;
  const maxOutputTokens = Math.max(1, Math.min(chatLimits().maxTokens, contextLength >> 1));
  return {
    id,
    dir,
    name: manifest?.title ?? id,
    family: id,
    version: `${manifest?.formatVersion ?? 1}`,
    maxInputTokens: contextLength - maxOutputTokens,
    maxOutputTokens,
    detail: vscode.l10n.t('on this machine'),
    tooltip: vscode.l10n.t('{0}, {1} MB. Runs on this machine; nothing leaves it.', id, (sizeBytes / 1e6).toFixed(0)),
    capabilities: {},
  };
}

function askedFor({ temperature, top_p, seed, max_tokens, stop }: ModelOptions) {
  const stopTexts = [stop].flat().filter((text): text is string => typeof text === 'string' && text !== '');
  return {
    sampling: {
      seed: isNumber(seed) ? seed >>> 0 : Math.floor(Math.random() * 2 ** 31),
      ...(isNumber(temperature) && { temperature: Math.min(2, Math.max(0, temperature)) }),
      ...(isNumber(top_p) && top_p > 0 && { topP: Math.min(1, top_p) }),
    },
    ...(isNumber(max_tokens) && max_tokens >= 1 && { maxTokens: Math.floor(max_tokens) }),
    ...(stopTexts.length > 0 && { stopTexts }),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function turnsOf(messages: readonly vscode.LanguageModelChatRequestMessage[]): ChatTurn[] {
  const { User, Assistant } = vscode.LanguageModelChatMessageRole;
  const turns: ChatTurn[] = [];
  for (const { role, content } of messages) {
    // VS Code itself sends instructions with a role of its own that is not in its stable types.
    const as = role === User ? 'user' : role === Assistant ? 'assistant' : 'system';
    const text = textOf(content);
    const last = turns.at(-1);
    // Messages of one speaker that follow each other are one turn.
    if (last?.role === as) turns[turns.length - 1] = { role: as, text: `${last.text}\n\n${text}` };
    else turns.push({ role: as, text });
  }
  return turns;
}

/** The text in a message; results of tools count as text, and what is no text is left out. */
function textOf(content: readonly unknown[]): string {
  return content
    .map(part => {
      if (part instanceof vscode.LanguageModelTextPart) return part.value;
      return part instanceof vscode.LanguageModelToolResultPart ? textOf(part.content) : '';
    })
    .join('');
}
