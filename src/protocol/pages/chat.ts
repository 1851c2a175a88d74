/** What crosses between the chat panel and the extension. The page draws what it is told and sends what a person wants. */
import { type ChatCommand, CONTEXT_KINDS, type ContextKind, type ContextUse } from '../../core/chat/chat';

export type { ChatCommand, ContextKind };

/** What a person may do about a failure or a notice; the extension knows how. */
export const CHAT_ACTIONS = [
  'addContext',
  'addProposal',
  'chooseModules',
  'history',
  'newChat',
  'openSettings',
  'showLog',
  'turnOn',
] as const;
export type ChatAction = (typeof CHAT_ACTIONS)[number];

export interface Problem {
  readonly message: string;
  readonly actions: readonly ChatAction[];
}

/** What was given along with a question, and how much of it the model saw. */
export interface UsedContext {
  readonly label: string;
  readonly fit?: ContextUse['fit'];
}

/** `waiting`: nothing has been written yet. */
export type ShownAnswerState = 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';

export interface ShownAnswer {
  /** Markdown. */
  readonly text: string;
  readonly state: ShownAnswerState;
  /** Present when `state` is `failed`. */
  readonly problem?: Problem;
  /** What answered, for people: titles of the proposal and the modules. */
  readonly writers: readonly string[];
  /** Says why the answer ends where it does, when that was not the model's own end. */
  readonly note?: string;
}

export interface ShownTurn {
  /** Of the question; by it a person edits and sends it again. */
  readonly id: string;
  readonly question: string;
  readonly command?: ChatCommand;
  readonly context: readonly UsedContext[];
  readonly answer?: ShownAnswer;
}

/** `tab` stands for all tabs together. `excluded` and `empty` ones are shown so that nobody wonders: nothing of them is used. */
export interface Chip {
  readonly id: string;
  readonly kind: ContextKind;
  readonly label: string;
  /** Says what it is in full: a path, lines, a reason. */
  readonly detail: string;
  readonly fit: ContextUse['fit'] | 'unknown' | 'excluded' | 'empty';
  /** Tokens of it in the prompt; absent until they were counted. */
  readonly nTokens?: number;
}

export interface Budget {
  readonly usedTokens: number;
  readonly limitTokens: number;
  /** Earlier turns that do not fit any more. */
  readonly nTurnsLeftOut: number;
}

export interface ShownModel {
  readonly proposal: string;
  /** Titles in their order; none is the proposal alone. */
  readonly modules: readonly string[];
  /** Whether it was trained to follow instructions; if not, the panel says what it does instead. */
  readonly isInstruct: boolean;
  /** Of those that follow instructions: one that often fails, which the panel says. */
  readonly isSmall: boolean;
  readonly contextLength: number;
}

export interface RecentConversation {
  readonly id: string;
  readonly title: string;
  /** As people read it: "5 min ago". */
  readonly when: string;
}

/** A change of a file that waits for a person's word, or that was made and can be undone. */
export interface ShownEdit {
  readonly id: string;
  readonly file: string;
  readonly state: 'review' | 'applied';
}

/** Everything that the page shows and did not bring itself. */
export interface ChatPageState {
  /** False while the setting `residual.enable` is. */
  readonly isOn: boolean;
  readonly conversation: { readonly id: string; readonly title: string };
  readonly turns: readonly ShownTurn[];
  readonly isAnswering: boolean;
  /** Other conversations, the newest first, as many as a new one offers to go back to. */
  readonly recent: readonly RecentConversation[];
  readonly chips: readonly Chip[];
  readonly budget?: Budget;
  readonly model?: ShownModel;
  readonly edit?: ShownEdit;
  /** Why no question would be answered now. */
  readonly problem?: Problem;
}

/** One row that completes what stands behind an `@`. */
export interface Suggestion {
  readonly kind: ContextKind;
  /** What is put in the text behind the `@`. */
  readonly insert: string;
  readonly label: string;
  readonly detail: string;
}

export type ToChatPage =
  | { readonly kind: 'state'; readonly state: ChatPageState }
  /** `text` goes behind the first `at` UTF-16 units of the turn's answer; a page that has more or fewer asks for the state. */
  | {
      readonly kind: 'delta';
      readonly turn: string;
      readonly at: number;
      readonly text: string;
    }
  | { readonly kind: 'suggestions'; readonly request: number; readonly items: readonly Suggestion[] }
  /** Puts the cursor into the question, with `text` before it when there is some. */
  | { readonly kind: 'compose'; readonly text: string };

/** Where code from an answer goes. */
export type Destination = 'insert' | 'replace' | 'newFile';

export type FromChatPage =
  | { readonly kind: 'ready' }
  /** With `turn`, the question takes that turn's place and what followed is gone. */
  | { readonly kind: 'ask'; readonly text: string; readonly turn?: string }
  /** What is being typed, so that the budget can be counted. */
  | { readonly kind: 'draft'; readonly text: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'openConversation'; readonly id: string }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'apply'; readonly to: Destination; readonly code: string; readonly language: string }
  | { readonly kind: 'decide'; readonly edit: string; readonly how: 'accept' | 'reject' | 'undo' | 'show' }
  | { readonly kind: 'openLink'; readonly href: string }
  | { readonly kind: 'suggest'; readonly request: number; readonly query: string }
  | { readonly kind: 'addContext'; readonly context: ContextKind; readonly path: string }
  | { readonly kind: 'removeContext'; readonly id: string }
  | { readonly kind: 'act'; readonly action: ChatAction };

/** Longer is nothing that a person typed or a model of this size wrote. */
const MAX_TEXT_CHARS = 200_000;
const MAX_NAME_CHARS = 4096;

/** @returns undefined for anything that is no message of the chat page. */
export function parseFromChatPage(message: unknown): FromChatPage | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const fields = message as Readonly<Record<string, unknown>>;
  switch (fields.kind) {
    case 'ready':
    case 'stop':
    case 'retry':
      return { kind: fields.kind };
    case 'ask':
      if (!isText(fields.text)) return undefined;
      if (fields.turn === undefined) return { kind: 'ask', text: fields.text };
      return isName(fields.turn) ? { kind: 'ask', text: fields.text, turn: fields.turn } : undefined;
    case 'draft':
    case 'copy':
      return isText(fields.text) ? { kind: fields.kind, text: fields.text } : undefined;
    case 'openConversation':
    case 'removeContext':
      return isName(fields.id) ? { kind: fields.kind, id: fields.id } : undefined;
    case 'apply':
      return isOneOf(fields.to, ['insert', 'replace', 'newFile']) && isText(fields.code) && isName(fields.language)
        ? { kind: 'apply', to: fields.to, code: fields.code, language: fields.language }
        : undefined;
    case 'decide':
      return isName(fields.edit) && isOneOf(fields.how, ['accept', 'reject', 'undo', 'show'])
        ? { kind: 'decide', edit: fields.edit, how: fields.how }
        : undefined;
    case 'openLink':
      return isName(fields.href) ? { kind: 'openLink', href: fields.href } : undefined;
    case 'suggest':
      return isIndex(fields.request) && isName(fields.query)
        ? { kind: 'suggest', request: fields.request, query: fields.query }
        : undefined;
    case 'addContext':
      return isOneOf(fields.context, CONTEXT_KINDS) && isName(fields.path)
        ? { kind: 'addContext', context: fields.context, path: fields.path }
        : undefined;
    case 'act':
      return isOneOf(fields.action, CHAT_ACTIONS) ? { kind: 'act', action: fields.action } : undefined;
    default:
      return undefined;
  }
}

/** @returns the address when a person may be sent there from a model's text; scripts, commands and files are not. */
export function openableLink(href: string): string | undefined {
  try {
    const { protocol, href: whole } = new URL(href);
    return protocol === 'https:' || protocol === 'http:' ? whole : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_CHARS;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_CHARS;
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isOneOf<T extends string>(value: unknown, allowed: readonly T[]): value is T {
  return typeof value === 'string' && (allowed as readonly string[]).includes(value);
}
