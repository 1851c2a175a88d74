/** A suggestion with where it comes from: enough to know it again, to explain it, and to learn from what became of it. */
import type { Tidied } from '../core/tidy';
import type { CompleteRequest, Completion } from '../protocol/messages';

/** The request that wrote a suggestion, and all that it wrote. */
export interface Origin {
  /** Counts requests; what is left of a suggestion that is typed through keeps its own. */
  readonly requestId: number;
  readonly request: CompleteRequest;
  readonly completions: readonly Completion[];
  /** Titles of the request's modules, for people. */
  readonly titles: readonly string[];
}

export interface Suggestion extends Tidied {
  readonly origin: Origin;
  /** Which of `origin.completions` it is made from. */
  readonly index: number;
  /** Characters of that completion that stood there already. */
  readonly nTyped: number;
}

/** What a question was answered with. */
export interface Answer {
  /** What is worth showing, best first. */
  readonly suggestions: readonly Suggestion[];
  readonly source: 'cache' | 'joined' | 'engine';
  /** From the question to the answer, the wait for a pause included. */
  readonly elapsedMs: number;
}
