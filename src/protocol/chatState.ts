/** The state of a chat as a surface draws it. The host owns it; a page gets it whole or by changes, and sends intents. */
import type { ChatAccount, ChatCommand, ChatStop, ContextItem } from '../core/chat/chat';
import type { Sentence } from '../core/sentence';
import type { ChatCapabilities } from './chat';

export interface UserTurn {
  readonly kind: 'user';
  readonly id: string;
  /** Without the slash command. */
  readonly text: string;
  readonly command?: ChatCommand;
  readonly context: readonly ContextItem[];
  readonly atMs: number;
}

export type AnswerState =
  /** Asked for; a model may be loading. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'streaming' }
  | { readonly kind: 'done'; readonly stop: ChatStop }
  /** By the person, or by a window that closed in the middle. */
  | { readonly kind: 'stopped' }
  /** `message` is for people; `code` chooses an action, as of `UserError`. */
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      /** `message` in a form that can be translated, where it has one. */
      readonly sentence?: Sentence;
    };

export interface AssistantTurn {
  readonly kind: 'assistant';
  readonly id: string;
  /** Markdown, as far as it has come. */
  readonly text: string;
  readonly state: AnswerState;
  /** Id of the proposal, then the titles of the modules that wrote it; those after a switch in the middle come last. */
  readonly writers: readonly string[];
  readonly account?: ChatAccount;
  readonly atMs: number;
}

export type Turn = UserTurn | AssistantTurn;

export interface Conversation {
  readonly id: string;
  /** The first question, until a person names it. */
  readonly title: string;
  /** Alternating, a user's first. An answer that waits, streams or failed is the last. */
  readonly turns: readonly Turn[];
  readonly changedMs: number;
}

export interface ConversationEntry {
  readonly id: string;
  readonly title: string;
  readonly nTurns: number;
  readonly changedMs: number;
}

export interface ChatState {
  readonly conversation: Conversation;
  /** Newest first, the current one included once it has a turn. */
  readonly history: readonly ConversationEntry[];
  /** Whether history is kept beyond this window; without a workspace there is no place for it. */
  readonly isKept: boolean;
  /** Whether an answer is on its way. */
  readonly isAnswering: boolean;
  /** Absent until the engine was asked. */
  readonly capabilities?: ChatCapabilities;
}

/** `text` is appended to the answer's text; after any other change the state is to be taken whole. */
export type ChatChange =
  | { readonly kind: 'state' }
  | { readonly kind: 'text'; readonly turnId: string; readonly text: string };
