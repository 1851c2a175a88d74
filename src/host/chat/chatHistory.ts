/**
 * Conversations as they are kept: one file each, its first line what it is called and then a line a turn, so that a
 * damaged line costs that turn alone. Sizes are capped. Knows no disk.
 */
import { type ChatAccount, CONTEXT_KINDS, type ContextItem, isChatCommand } from '../../core/chat/chat';
import { parseSentence } from '../../core/sentence';
import type {
  AnswerState,
  AssistantTurn,
  Conversation,
  ConversationEntry,
  Turn,
  UserTurn,
} from '../../protocol/chatState';

/** Named texts. `write` replaces a text whole or not at all. */
export interface ChatStore {
  names(): Promise<readonly string[]>;
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

const FORMAT_VERSION = 1;
const ENDING = '.jsonl';
/** Names the conversation that is open. */
const CURRENT = 'current';
const MOST_CONVERSATIONS = 100;
/** Of one conversation; beyond it the context of its oldest questions goes first, then its oldest turns. */
const MOST_CHARS = 512_000;
const LONGEST_TITLE = 120;

export class ChatHistory {
  readonly #entries = new Map<string, ConversationEntry>();
  /** Writes follow each other, so that the last state of a conversation is the one that stays. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: ChatStore,
    private readonly onProblem: (error: unknown) => void,
  ) {}

  /** Newest first. */
  get entries(): readonly ConversationEntry[] {
    return [...this.#entries.values()].sort((a, b) => b.changedMs - a.changedMs);
  }

  /** Reads what there is; a conversation that cannot be read is left alone where it is. */
  async load(): Promise<void> {
    for (const name of await this.store.names().catch(this.#none)) {
      if (!name.endsWith(ENDING)) continue;
      const conversation = await this.#read(name.slice(0, -ENDING.length));
      if (conversation !== undefined && !this.#entries.has(conversation.id)) this.#enter(conversation);
    }
  }

  /** The conversation that was open last. */
  async current(): Promise<string | undefined> {
    const id = (await this.store.read(CURRENT).catch(() => undefined))?.trim();
    return id !== undefined && this.#entries.has(id) ? id : undefined;
  }

  setCurrent(id: string): Promise<void> {
    return this.#inTurn(() => this.store.write(CURRENT, id));
  }

  async open(id: string): Promise<Conversation | undefined> {
    await this.#last;
    return this.#entries.has(id) ? this.#read(id) : undefined;
  }

  save(conversation: Conversation): Promise<void> {
    if (conversation.turns.length === 0) return Promise.resolve();
    this.#enter(conversation);
    return this.#inTurn(async () => {
      // It may have been deleted while it waited.
      if (!this.#entries.has(conversation.id)) return;
      await this.store.write(conversation.id + ENDING, serialised(conversation));
      for (const { id } of this.entries.slice(MOST_CONVERSATIONS)) {
        this.#entries.delete(id);
        await this.store.remove(id + ENDING);
      }
    });
  }

  remove(id: string): Promise<void> {
    this.#entries.delete(id);
    return this.#inTurn(() => this.store.remove(id + ENDING));
  }

  #enter({ id, title, turns, changedMs }: Conversation): void {
    this.#entries.set(id, { id, title, nTurns: turns.length, changedMs });
  }

  async #read(id: string): Promise<Conversation | undefined> {
    const text = await this.store.read(id + ENDING).catch((error: unknown) => void this.onProblem(error));
    return text === undefined ? undefined : parseConversation(id, text);
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#last.then(task).catch(this.onProblem);
    this.#last = done;
    return done;
  }

  readonly #none = (error: unknown): readonly string[] => {
    this.onProblem(error);
    return [];
  };
}

export function serialised(conversation: Conversation): string {
  const { id, title, changedMs } = conversation;
  const lines = withinSize(conversation.turns).map(turn => JSON.stringify(turn));
  return `${[JSON.stringify({ formatVersion: FORMAT_VERSION, id, title, changedMs }), ...lines].join('\n')}\n`;
}

function withinSize(turns: readonly Turn[]): readonly Turn[] {
  const sizes = turns.map(turn => JSON.stringify(turn).length);
  let size = sizes.reduce((sum, each) => sum + each, 0);
  const kept = [...turns];
  for (let i = 0; i < kept.length - 2 && size > MOST_CHARS; i++) {
    const turn = kept[i];
    if (turn.kind !== 'user' || turn.context.length === 0) continue;
    kept[i] = { ...turn, context: turn.context.map(item => ({ ...item, text: '', before: '', after: '' })) };
    const slim = JSON.stringify(kept[i]).length;
    size -= sizes[i] - slim;
    sizes[i] = slim;
  }
  let first = 0;
  while (size > MOST_CHARS && first + 2 < kept.length) {
    size -= sizes[first] + sizes[first + 1];
    first += 2;
  }
  return kept.slice(first);
}

/**
 * @param text anything at all
 * @returns what of it can be read; undefined when that is nothing, or it was written by another version
 */
export function parseConversation(id: string, text: string): Conversation | undefined {
  const lines = text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(parseJson);
  const header = fieldsOf(lines[0]);
  if (typeof header.formatVersion === 'number' && header.formatVersion !== FORMAT_VERSION) return undefined;
  const turns: Turn[] = [];
  for (const line of lines) {
    const turn = parseTurn(line);
    if (turn === undefined) continue;
    // An answer whose question was lost, or a question whose answer was, would break the order of turns.
    const wanted = turns.length % 2 === 0 ? 'user' : 'assistant';
    if (turn.kind === wanted) turns.push(turn);
    else if (turn.kind === 'user') turns[turns.length - 1] = turn;
  }
  if (turns.length === 0) return undefined;
  if (turns.length % 2 === 1) turns.push(unanswered(turns[turns.length - 1]));
  const changedMs = finite(header.changedMs) ?? turns[turns.length - 1].atMs;
  const title =
    typeof header.title === 'string' && header.title.trim() !== '' ? header.title : titleOf(turns[0] as UserTurn);
  return { id, title: title.slice(0, LONGEST_TITLE), turns, changedMs };
}

/** What a conversation is called until a person names it. */
export function titleOf({ text, command, context }: Pick<UserTurn, 'text' | 'command' | 'context'>): string {
  const words = [command === undefined ? '' : `/${command}`, text.split('\n', 1)[0]].filter(Boolean);
  if (text === '' && context.length > 0) words.push(context[0].path);
  const title = words.join(' ').trim() || '…';
  return title.length <= 60 ? title : `${title.slice(0, 59)}…`;
}

function unanswered({ id, atMs }: Turn): AssistantTurn {
  return { kind: 'assistant', id: `${id}-answer`, text: '', state: { kind: 'stopped' }, writers: [], atMs };
}

function parseTurn(value: unknown): Turn | undefined {
  const { kind, id, text, atMs, command, context, state, writers, account } = fieldsOf(value);
  if (typeof id !== 'string' || typeof text !== 'string') return undefined;
  const base = { id, text, atMs: finite(atMs) ?? 0 };
  if (kind === 'user') {
    const items = Array.isArray(context) ? context.flatMap(parseItem) : [];
    return { kind, ...base, context: items, ...(isChatCommand(command) && { command }) };
  }
  if (kind !== 'assistant') return undefined;
  const names = Array.isArray(writers) ? writers.filter(name => typeof name === 'string') : [];
  const seen = isAccount(account) ? { account } : {};
  return { kind, ...base, state: parseState(state), writers: names, ...seen };
}

function isAccount(value: unknown): value is ChatAccount {
  const { context, budgetTokens, promptTokens, answerTokens, nTurnsLeftOut } = fieldsOf(value);
  const isCounted = [budgetTokens, promptTokens, answerTokens, nTurnsLeftOut].every(n => finite(n) !== undefined);
  return isCounted && Array.isArray(context) && context.every(use => finite(fieldsOf(use).nTokens) !== undefined);
}

/** An answer that was on its way when the window closed is one that was stopped. */
function parseState(value: unknown): AnswerState {
  const { kind, stop, code, message, sentence: said } = fieldsOf(value);
  if (kind === 'done' && (stop === 'end' || stop === 'stop' || stop === 'repeat' || stop === 'length'))
    return { kind, stop };
  if (kind === 'failed' && typeof code === 'string' && typeof message === 'string') {
    const sentence = parseSentence(said);
    return { kind, code, message, ...(sentence && { sentence }) };
  }
  return { kind: 'stopped' };
}

function parseItem(value: unknown): ContextItem[] {
  const { kind, path, languageId, text, firstLine, before, after } = fieldsOf(value);
  const known = CONTEXT_KINDS.find(each => each === kind);
  if (known === undefined || typeof path !== 'string' || typeof languageId !== 'string' || typeof text !== 'string')
    return [];
  return [
    {
      kind: known,
      path,
      languageId,
      text,
      ...(finite(firstLine) !== undefined && { firstLine: firstLine as number }),
      ...(typeof before === 'string' && { before }),
      ...(typeof after === 'string' && { after }),
    },
  ];
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
