/** The conversations of one window: asking, streaming, stopping, asking again, and the history. Knows no editor and no page. */
import { randomUUID } from 'node:crypto';
import type { ChatTurn } from '../../core/chat/chat';
import { EngineGone, isAbortError, messageOf, sentenceOf, UserError } from '../../core/errors';
import type { ChatCapabilities } from '../../protocol/chat';
import type {
  AnswerState,
  AssistantTurn,
  ChatChange,
  ChatState,
  Conversation,
  Turn,
  UserTurn,
} from '../../protocol/chatState';
import type { Chat, Question } from './chat';
import { Answering, type Asked, type ChatEngine, type Choose } from './chatAnswering';
import { ChatHistory, type ChatStore, titleOf } from './chatHistory';
import { conversationMarkdown } from './chatMarkdown';

export interface ChatSessionParts {
  readonly engine: ChatEngine;
  /** Which models write now; the choice of the chat's own setting. */
  readonly choose: Choose;
  /** Where history is kept; absent where nothing may be kept. */
  readonly store: ChatStore | undefined;
  /** Tokens of an answer and of a prompt, as the settings say now. */
  readonly limits: () => ChatLimits;
  /** What went wrong with the history; never code. */
  readonly onProblem: (error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly newId?: () => string;
  /** 32-bit. */
  readonly newSeed?: () => number;
}

export interface ChatLimits {
  readonly maxTokens: number;
  readonly contextTokens: number;
}

/** One context item holds at most this; a model sees far less. */
const MOST_ITEM_CHARS = 65_536;
/** A streaming answer is kept each time it grew by this. */
const SAVED_EVERY_CHARS = 400;
const LONGEST_TITLE = 120;

/** A conversation that may grow while another is shown. */
interface Live {
  conversation: Conversation;
}

interface Running {
  readonly live: Live;
  readonly turnId: string;
  readonly controller: AbortController;
  readonly answering: Answering;
}

export class ChatSession implements Chat {
  #live: Live;
  #running: Running | undefined;
  #capabilities: ChatCapabilities | undefined;
  #loading: Promise<void> | undefined;
  readonly #history: ChatHistory | undefined;
  readonly #listeners = new Set<(change: ChatChange) => void>();

  constructor(private readonly parts: ChatSessionParts) {
    this.#live = this.#empty();
    this.#history = parts.store && new ChatHistory(parts.store, parts.onProblem);
  }

  get state(): ChatState {
    return {
      conversation: this.#live.conversation,
      history: this.#history?.entries ?? [],
      isKept: this.#history !== undefined,
      isAnswering: this.#running !== undefined,
      ...(this.#capabilities && { capabilities: this.#capabilities }),
    };
  }

  /** The first listener lets the history be read, and the conversation be opened that was open last. */
  onDidChange(listener: (change: ChatChange) => void): { dispose(): void } {
    this.#listeners.add(listener);
    void this.load();
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Reads the history once. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async send(question: Question): Promise<void> {
    if (this.#running !== undefined) return;
    await this.#ask(this.#live.conversation.turns, question, this.#newId());
  }

  stop(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { live, turnId } = running;
    const text = running.answering.soFar;
    running.controller.abort();
    this.#finish(live, turnId, { state: { kind: 'stopped' }, text });
  }

  async retry(): Promise<void> {
    const { turns } = this.#live.conversation;
    const asked = turns.findLastIndex(turn => turn.kind === 'user');
    const turn = turns[asked];
    if (this.#running !== undefined || turn?.kind !== 'user') return;
    await this.#ask(turns.slice(0, asked), turn, turn.id);
  }

  async resend(turnId: string, question: Question): Promise<void> {
    const asked = this.#live.conversation.turns.findIndex(turn => turn.id === turnId && turn.kind === 'user');
    if (asked < 0) return;
    this.stop();
    await this.#ask(this.#live.conversation.turns.slice(0, asked), question, turnId);
  }

  async measure(question: Question, signal: AbortSignal): ReturnType<Chat['measure']> {
    const { proposal, modules } = await this.parts.choose(signal);
    const asked = this.#asked([...this.#live.conversation.turns, this.#userTurn(question, 'measured')]);
    return this.parts.engine.account({ ...asked, proposal, modules, written: '' }, signal);
  }

  startNew(): void {
    this.stop();
    this.#show(this.#empty());
  }

  async open(id: string): Promise<void> {
    if (id === this.#live.conversation.id) return;
    const conversation = await this.#history?.open(id);
    if (conversation === undefined) return;
    this.stop();
    this.#show({ conversation });
  }

  async rename(id: string, title: string): Promise<void> {
    const named = title.trim().slice(0, LONGEST_TITLE);
    const live = this.#live.conversation.id === id ? this.#live : undefined;
    const conversation = live?.conversation ?? (await this.#history?.open(id));
    if (named === '' || conversation === undefined) return;
    const renamed = { ...conversation, title: named };
    if (live) live.conversation = renamed;
    const saving = this.#history?.save(renamed);
    this.#changed();
    await saving;
  }

  async delete(id: string): Promise<() => Promise<void>> {
    const isShown = this.#live.conversation.id === id;
    if (isShown) this.stop();
    const live = this.#live;
    const conversation = isShown ? live.conversation : await this.#history?.open(id);
    if (conversation === undefined || conversation.turns.length === 0) return async () => {};
    const removing = this.#history?.remove(id);
    if (isShown) this.#show(this.#empty());
    else this.#changed();
    await removing;
    return async () => {
      const saving = this.#history?.save(conversation);
      const isUnused = this.#running === undefined && this.#live.conversation.turns.length === 0;
      if (isShown && isUnused) this.#show({ conversation });
      else this.#changed();
      await saving;
    };
  }

  async exportMarkdown(id: string): Promise<string | undefined> {
    const { conversation } = this.#live;
    const exported = conversation.id === id ? conversation : await this.#history?.open(id);
    return exported && conversationMarkdown(exported);
  }

  async refreshCapabilities(): Promise<void> {
    const { signal } = new AbortController();
    try {
      const { proposal } = await this.parts.choose(signal);
      this.#capabilities = await this.parts.engine.capabilities(proposal, signal);
      this.#changed();
    } catch (error) {
      if (!isAbortError(error)) this.parts.onProblem(error);
    }
  }

  async choiceChanged(): Promise<void> {
    const running = this.#running;
    // What does not load is said where it was chosen; the answer goes on as it began.
    await Promise.all([
      running?.answering.choiceChanged(running.controller.signal).catch(() => {}),
      this.#capabilities && this.refreshCapabilities(),
    ]);
  }

  dispose(): void {
    this.stop();
    this.#listeners.clear();
  }

  async #load(): Promise<void> {
    const history = this.#history;
    if (history === undefined) return;
    await history.load();
    const current = await history.current();
    const isUnused = this.#running === undefined && this.#live.conversation.turns.length === 0;
    const conversation = current !== undefined && isUnused ? await history.open(current) : undefined;
    if (conversation !== undefined && this.#live.conversation.turns.length === 0) this.#live = { conversation };
    this.#changed();
  }

  /** Drops what follows `before`, asks, and streams the answer. */
  async #ask(before: readonly Turn[], question: Question, id: string): Promise<void> {
    const live = this.#live;
    const asked = this.#userTurn(question, id);
    const answer: AssistantTurn = {
      kind: 'assistant',
      id: this.#newId(),
      text: '',
      state: { kind: 'waiting' },
      writers: [],
      atMs: this.#now(),
    };
    const isFirst = before.length === 0 && live.conversation.turns.length === 0;
    live.conversation = {
      ...live.conversation,
      turns: [...before, asked, answer],
      ...(isFirst && { title: titleOf(asked) }),
      changedMs: this.#now(),
    };
    const turnId = answer.id;
    const controller = new AbortController();
    // What is still on its way when an answer is stopped changes nothing, and writes nothing that was deleted meanwhile.
    const isOn = () => this.#running?.turnId === turnId;
    const hear = (change: (turn: AssistantTurn) => Partial<AssistantTurn>, said: ChatChange) => {
      if (isOn()) this.#alter(live, turnId, change, said);
    };
    let nUnsaved = 0;
    const answering = new Answering(this.parts.engine, this.parts.choose, this.#asked([...before, asked]), {
      writer: choice => hear(turn => ({ writers: withWriters(turn.writers, choice) }), { kind: 'state' }),
      refused: this.parts.onProblem,
      began: account => hear(() => ({ account, state: { kind: 'streaming' } }), { kind: 'state' }),
      text: piece => {
        hear(turn => ({ text: turn.text + piece }), { kind: 'text', turnId, text: piece });
        nUnsaved += piece.length;
        if (nUnsaved < SAVED_EVERY_CHARS || !isOn()) return;
        nUnsaved = 0;
        void this.#save(live);
      },
    });
    const running: Running = { live, turnId, controller, answering };
    this.#running = running;
    void this.#save(live);
    void this.#history?.setCurrent(live.conversation.id);
    this.#changed();
    const ended = await answering.run(controller.signal).then(
      ({ text, result: { stop } }): Ending => ({ state: { kind: 'done', stop }, text }),
      (error: unknown): Ending => ({ state: failure(error), text: answering.soFar }),
    );
    // One that was stopped is finished already.
    if (this.#running !== running) return;
    this.#running = undefined;
    await this.#finish(live, turnId, ended);
  }

  #finish(live: Live, turnId: string, ending: Ending): Promise<void> {
    live.conversation = { ...live.conversation, changedMs: this.#now() };
    this.#alter(live, turnId, () => ending, { kind: 'state' });
    return this.#save(live);
  }

  #alter(live: Live, turnId: string, change: (turn: AssistantTurn) => Partial<AssistantTurn>, said: ChatChange): void {
    const turns = live.conversation.turns.map(turn =>
      turn.id === turnId && turn.kind === 'assistant' ? { ...turn, ...change(turn) } : turn,
    );
    live.conversation = { ...live.conversation, turns };
    if (live === this.#live) this.#say(said);
  }

  #save(live: Live): Promise<void> {
    return this.#history?.save(live.conversation) ?? Promise.resolve();
  }

  #show(live: Live): void {
    this.#live = live;
    void this.#history?.setCurrent(live.conversation.id);
    this.#changed();
  }

  #asked(turns: readonly Turn[]): Asked {
    return { ...this.parts.limits(), turns: shownTurns(turns), sampling: { seed: this.#newSeed() } };
  }

  #userTurn({ text, command, context }: Question, id: string): UserTurn {
    const items = context.map(item =>
      item.text.length <= MOST_ITEM_CHARS ? item : { ...item, text: item.text.slice(0, MOST_ITEM_CHARS) },
    );
    return { kind: 'user', id, text, ...(command && { command }), context: items, atMs: this.#now() };
  }

  #empty(): Live {
    return { conversation: { id: this.#newId(), title: '', turns: [], changedMs: this.#now() } };
  }

  #changed(): void {
    this.#say({ kind: 'state' });
  }

  #say(change: ChatChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #now(): number {
    return this.parts.now?.() ?? Date.now();
  }

  #newId(): string {
    return this.parts.newId?.() ?? randomUUID();
  }

  #newSeed(): number {
    return this.parts.newSeed?.() ?? Math.floor(Math.random() * 2 ** 31);
  }
}

interface Ending {
  readonly state: AnswerState;
  readonly text: string;
}

/** Turns as the model is shown them: a question that got no answer is not one of them, but for the last. */
function shownTurns(turns: readonly Turn[]): ChatTurn[] {
  const shown: ChatTurn[] = [];
  for (const [i, turn] of turns.entries()) {
    const answer = turns[i + 1];
    if (turn.kind === 'assistant') {
      if (turn.text !== '') shown.push({ role: 'assistant', text: turn.text });
    } else if (answer === undefined || answer.text !== '') {
      const { text, command, context } = turn;
      shown.push({ role: 'user', text, ...(command && { command }), context });
    }
  }
  return shown;
}

function withWriters(
  writers: readonly string[],
  choice: { readonly proposal: { id: string }; readonly titles: readonly string[] },
): readonly string[] {
  const names = [choice.proposal.id, ...choice.titles];
  return [...writers, ...names.filter(name => !writers.includes(name))];
}

function failure(error: unknown): AnswerState {
  if (isAbortError(error)) return { kind: 'stopped' };
  const code = error instanceof UserError ? error.code : error instanceof EngineGone ? 'engine-gone' : 'internal';
  const sentence = sentenceOf(error);
  return { kind: 'failed', code, message: messageOf(error), ...(typeof sentence !== 'string' && { sentence }) };
}
