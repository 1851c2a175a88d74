/**
 * What a chat is made of: turns, the code a person puts beside a question, and the account of what of it the model saw.
 * Knows no tokens (chatPrompt.ts makes them) and no surface.
 */

/** Slash commands, in the order in which they are offered. */
export const CHAT_COMMANDS = ['explain', 'doc', 'test', 'fix', 'types'] as const;

export type ChatCommand = (typeof CHAT_COMMANDS)[number];

export function isChatCommand(word: unknown): word is ChatCommand {
  return CHAT_COMMANDS.some(command => command === word);
}

/** The command that a message begins with, and the rest of it; any other word after a slash is ordinary text. */
export function splitCommand(message: string): { readonly command?: ChatCommand; readonly text: string } {
  const [, word, rest] = /^\s*\/([a-z]+)(?:\s+|$)([\s\S]*)$/.exec(message) ?? [];
  return isChatCommand(word) ? { command: word, text: rest.trim() } : { text: message.trim() };
}

/** `tab` is a file that is open in an editor; `file` one that was named. Earlier kinds matter more when room is short. */
export const CONTEXT_KINDS = ['selection', 'diagnostics', 'file', 'mention', 'tab'] as const;

export type ContextKind = (typeof CONTEXT_KINDS)[number];

/** A piece of the workspace that a person puts beside a question. Newlines are \n. */
export interface ContextItem {
  /** `file` is the current file, `mention` one named with @. */
  readonly kind: ContextKind;
  /** Path for people and models: relative to the workspace folder, parts joined by '/'. */
  readonly path: string;
  /** As the editor names the language: `typescript`, `python`, … */
  readonly languageId: string;
  /** The code; of diagnostics one a line, as `12: message`. */
  readonly text: string;
  /** 1-based line of the file at which `text` begins. */
  readonly firstLine?: number;
  /** Of a selection: what stands before and after it in its file, as far as it is worth showing. */
  readonly before?: string;
  readonly after?: string;
}

/** Context in the order in which it is given room, however it was chosen. */
export function byRank(context: readonly ContextItem[]): { readonly item: ContextItem; readonly index: number }[] {
  return CONTEXT_KINDS.flatMap(kind => context.flatMap((item, index) => (item.kind === kind ? [{ item, index }] : [])));
}

export type ChatRole = 'system' | 'user' | 'assistant';

/** One turn as the model is shown it. */
export interface ChatTurn {
  readonly role: ChatRole;
  /** Without the slash command. */
  readonly text: string;
  readonly command?: ChatCommand;
  readonly context?: readonly ContextItem[];
}

/** How much of a piece of context the model saw. */
export interface ContextUse {
  readonly fit: 'whole' | 'cut' | 'left-out';
  /** Tokens of it in the prompt. */
  readonly nTokens: number;
}

/** What of the question the model saw, so that a person can see it too. */
export interface ChatAccount {
  /** Tokens that the prompt may take. */
  readonly budgetTokens: number;
  /** Tokens that it takes. */
  readonly promptTokens: number;
  /** Tokens kept free for the answer. */
  readonly answerTokens: number;
  /** One entry for each context item of the last turn, in its order. */
  readonly context: readonly ContextUse[];
  /** Earlier turns that did not fit; the oldest go first. */
  readonly nTurnsLeftOut: number;
}

/** How the model is asked: by the template of its conversations, or by a comment that its code goes on from. */
export type ChatStyle = 'template' | 'comment';

/**
 * What the model's text is, so that it can be shown while it grows.
 * `plain`: Markdown. `code`: the continuation of `opening`, code in that language that `closing` ends. `prose`: the inside
 * of a comment.
 */
export type AnswerShape =
  | { readonly kind: 'plain' }
  | { readonly kind: 'code'; readonly languageId: string; readonly opening: string; readonly closing?: string }
  | { readonly kind: 'prose' };

/** Why an answer ended: the model ended it, a text that was to end it came, it went round in circles, or it was long enough. */
export type ChatStop = 'end' | 'stop' | 'repeat' | 'length';
