/**
 * One answer from question to end, whatever happens to the engine and the choice of modules meanwhile: what was written
 * stays, and the rest is asked for from there. Knows no conversation.
 */
import type { AnswerShape, ChatAccount, ChatTurn } from '../../core/chat/chat';
import { isWhole, shownAnswer } from '../../core/chat/chatAnswer';
import { AbortError, EngineGone, isAbortError, UserError } from '../../core/errors';
import type { ChatCapabilities, ChatProgress, ChatRequest, ChatResult, ChatSampling } from '../../protocol/chat';
import type { FolderRef } from '../../protocol/messages';
import type { Choice } from '../modules/moduleChoice';

/** The engine's methods of a chat. */
export interface ChatEngine {
  chat(request: ChatRequest, onProgress: (progress: ChatProgress) => void, signal: AbortSignal): Promise<ChatResult>;
  account(request: ChatRequest, signal: AbortSignal): Promise<{ account: ChatAccount; shape: AnswerShape }>;
  capabilities(proposal: FolderRef, signal: AbortSignal): Promise<ChatCapabilities>;
  countTokens(proposal: FolderRef, texts: readonly string[], signal: AbortSignal): Promise<readonly number[]>;
}

/** Which models write. */
export type Choose = (signal: AbortSignal) => Promise<Choice>;

export interface Asked {
  readonly turns: readonly ChatTurn[];
  readonly sampling: ChatSampling;
  readonly maxTokens: number;
  readonly contextTokens: number;
  readonly stopTexts?: readonly string[];
}

export interface Hearing {
  /** The models that write from now on. */
  writer(choice: Choice): void;
  began(account: ChatAccount): void;
  /** Modules that were chosen in the middle do not load; those from before go on. */
  refused?(reason: UserError): void;
  /** A piece of Markdown that is added to what was heard before. */
  text(piece: string): void;
}

export interface Answer {
  /** Markdown, whole. It begins with what was heard, and a little more may follow. */
  readonly text: string;
  readonly result: ChatResult;
}

/** An engine that ends again and again while it writes one answer is not asked for ever. */
const MOST_REPEATS = 1;

export class Answering {
  #written = '';
  #shown = '';
  #shape: AnswerShape = { kind: 'plain' };
  #choice: Choice | undefined;
  #call: AbortController | undefined;

  constructor(
    private readonly engine: ChatEngine,
    private readonly choose: Choose,
    private readonly asked: Asked,
    private readonly hearing: Hearing,
  ) {}

  /** The pieces that were heard so far. */
  get heard(): string {
    return this.#shown;
  }

  /** What was heard so far, without the white space at its end: a code block that was begun stays open. */
  get soFar(): string {
    return this.#shown.trimEnd();
  }

  /** @throws UserError; EngineGone when the engine ended twice; AbortError when `signal` aborts. */
  async run(signal: AbortSignal): Promise<Answer> {
    let nRepeats = 0;
    let working: Choice | undefined;
    this.#choice = await this.choose(signal);
    for (;;) {
      const choice: Choice = this.#choice;
      this.hearing.writer(choice);
      const call = new AbortController();
      this.#call = call;
      try {
        const onProgress = (progress: ChatProgress) => {
          working = choice;
          this.#hear(progress);
        };
        const result = await this.engine.chat(
          this.#request(choice),
          onProgress,
          AbortSignal.any([signal, call.signal]),
        );
        const state = isWhole(result.stop) ? 'over' : 'streaming';
        return { text: shownAnswer(result.shape, result.text, state).trimEnd(), result };
      } catch (error) {
        if (signal.aborted) throw new AbortError();
        // The choice changed: the new models go on from here.
        if (isAbortError(error) && call.signal.aborted) continue;
        if (error instanceof UserError && working !== undefined && working !== choice) {
          // A choice that does not load never replaces one that works.
          this.#choice = working;
          this.hearing.refused?.(error);
          continue;
        }
        if (!(error instanceof EngineGone) || nRepeats >= MOST_REPEATS) throw error;
        nRepeats++;
      }
    }
  }

  /** Other modules may be chosen now. Another proposal is not taken up in the middle of an answer: it would have said otherwise. */
  async choiceChanged(signal: AbortSignal): Promise<void> {
    const before = this.#choice;
    if (before === undefined) return;
    const choice = await this.choose(signal);
    if (choice.proposal.dir !== before.proposal.dir) return;
    if (JSON.stringify(choice.modules) === JSON.stringify(before.modules)) return;
    this.#choice = choice;
    this.#call?.abort();
  }

  #request({ proposal, modules }: Choice): ChatRequest {
    return { ...this.asked, proposal, modules, written: this.#written };
  }

  #hear(progress: ChatProgress): void {
    if (progress.kind === 'began') {
      this.#shape = progress.shape;
      this.hearing.began(progress.account);
      return;
    }
    this.#written += progress.text;
    const shown = shownAnswer(this.#shape, this.#written, 'streaming');
    if (shown.length === this.#shown.length) return;
    this.hearing.text(shown.slice(this.#shown.length));
    this.#shown = shown;
  }
}
