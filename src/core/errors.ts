/** The three failures that every layer tells apart: a person can fix it, somebody cancelled, the engine died. */

import { type Sentence, say, spoken } from './sentence';

/** A failure a person can do something about. What it says names the value, the alternatives and the next step. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** `message` in a form that can be translated. */
  readonly sentence: Sentence;

  constructor(
    /** Stable kebab-case word by which surfaces choose an action button; never shown. */
    readonly code: string,
    said: Sentence | string,
  ) {
    const sentence = typeof said === 'string' ? say`${said}` : said;
    super(spoken(sentence));
    this.sentence = sentence;
  }
}

/** Cancellation. Swallowed in one place per surface, never shown. */
export class AbortError extends Error {
  override readonly name = 'AbortError';

  constructor() {
    super('The operation was cancelled.');
  }
}

/** The engine's channel closed while a call was pending, or the engine may not restart yet. Asking again later may work. */
export class EngineGone extends Error {
  override readonly name = 'EngineGone';

  /** `message` in a form that can be translated. */
  readonly sentence: Sentence;

  constructor(said: Sentence | string) {
    const sentence = typeof said === 'string' ? say`${said}` : said;
    super(spoken(sentence));
    this.sentence = sentence;
  }
}

export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** @throws AbortError when `signal` has aborted. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AbortError();
}

/** What an unknown thrown value says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same, in a form that can be translated where it can, as a value of another sentence. */
export function sentenceOf(error: unknown): Sentence | string {
  return error instanceof UserError || error instanceof EngineGone ? error.sentence : messageOf(error);
}
