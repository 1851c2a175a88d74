/** What the surfaces of a chat may do with it. `ChatSession` is the real one; a test or a page under work may bring its own. */
import type { AnswerShape, ChatAccount, ChatCommand, ContextItem } from '../../core/chat/chat';
import type { ChatChange, ChatState } from '../../protocol/chatState';

export interface Question {
  /** Without the slash command. */
  readonly text: string;
  readonly command?: ChatCommand;
  readonly context: readonly ContextItem[];
}

export interface Chat {
  readonly state: ChatState;
  /** Hears each change after it happened. */
  onDidChange(listener: (change: ChatChange) => void): { dispose(): void };

  /** Asks and streams the answer into `state`. Does nothing while an answer is on its way. Settles when it is over; never rejects. */
  send(question: Question): Promise<void>;
  /** Stops the answer on its way; what was written stays. */
  stop(): void;
  /** Drops the last answer and asks its question again, with another seed. */
  retry(): Promise<void>;
  /** Replaces a question and drops every turn after it. An unknown id does nothing. */
  resend(turnId: string, question: Question): Promise<void>;
  /** What of a question would be shown to the model now, for the token budget. Rejects as the engine does. */
  measure(question: Question, signal: AbortSignal): Promise<{ account: ChatAccount; shape: AnswerShape }>;

  /** A new, empty conversation; an answer on its way is stopped. */
  startNew(): void;
  /** Shows a conversation of the history. */
  open(id: string): Promise<void>;
  rename(id: string, title: string): Promise<void>;
  /** Deletes a conversation; the current one gives way to an empty one. Returns what puts it back. */
  delete(id: string): Promise<() => Promise<void>>;
  /** Undefined when there is no such conversation. */
  exportMarkdown(id: string): Promise<string | undefined>;

  /** Asks the engine what the proposal in use can do; at the view's first showing and after settings changed. */
  refreshCapabilities(): Promise<void>;
  /** Modules, proposal or settings changed: an answer on its way goes on with the new ones from where it is. */
  choiceChanged(): Promise<void>;
}
