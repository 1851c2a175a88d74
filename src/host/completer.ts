/**
 * From text around a cursor to suggestions: remembered ones first, then the engine, then tidying.
 * Knows no editor; a surface hands over the text and shows what comes back.
 */
import { CompletionCache } from '../core/completionCache';
import type { CompletionText } from '../core/fim';
import type { Extent } from '../core/stopping';
import { type Tidied, tidy } from '../core/tidy';
import type { CompleteRequest, CompleteResult } from '../protocol/messages';
import type { Choice } from './moduleChoice';

export interface CompletionEngine {
  complete(request: CompleteRequest, signal: AbortSignal): Promise<CompleteResult>;
}

export interface Question {
  /** Identifies the document. */
  readonly document: string;
  readonly text: CompletionText;
  readonly choice: Choice;
  readonly contextTokens: number;
  /** 1 while typing; a person who invokes completion sees several. */
  readonly nCompletions: number;
}

/** One line a request for the log: counts and times, never code. */
export interface Account {
  readonly source: 'cache' | 'engine';
  readonly nShown: number;
  readonly nTokens: number;
  readonly nCached: number;
  readonly nPrefilled: number;
  readonly stop: string;
  readonly elapsedMs: number;
}

/** A completion that goes on is rarely wanted beyond this. */
const MAX_TOKENS: Record<Extent, number> = { line: 48, block: 128 };

export class Completer {
  private readonly cache = new CompletionCache();

  constructor(
    private readonly engine: CompletionEngine,
    private readonly onAnswer: (account: Account) => void,
    private readonly now: () => number,
  ) {}

  /** @returns what is worth showing, best first; empty when nothing is. @throws AbortError, EngineGone, UserError */
  async complete(question: Question, signal: AbortSignal): Promise<Tidied[]> {
    const startMs = this.now();
    const { text } = question;
    const scope = JSON.stringify([question.document, question.choice.proposal.dir, question.choice.modules]);
    const remembered = this.cache.find(scope, text.prefix, text.suffix);
    if (remembered !== undefined && (question.nCompletions === 1 || remembered.length >= question.nCompletions)) {
      const shown = tidyAll(remembered, text);
      this.onAnswer({
        source: 'cache',
        nShown: shown.length,
        nTokens: 0,
        nCached: 0,
        nPrefilled: 0,
        stop: '',
        elapsedMs: this.now() - startMs,
      });
      return shown;
    }
    const result = await this.engine.complete(requestOf(question), signal);
    const texts = result.completions.map(c => c.text);
    this.cache.add({ scope, prefix: text.prefix, suffix: text.suffix, texts });
    const shown = tidyAll(texts, text);
    this.onAnswer({
      source: 'engine',
      nShown: shown.length,
      nTokens: result.completions.reduce((sum, c) => sum + c.tokens.length, 0),
      nCached: result.nCached,
      nPrefilled: result.nPrefilled,
      stop: result.completions[0]?.stop ?? '',
      elapsedMs: this.now() - startMs,
    });
    return shown;
  }

  /** Forgets what was suggested, as after a module was changed on disk. */
  forget(): void {
    this.cache.clear();
  }
}

/** The request for a question, greedy: the aligned distribution's best continuation. */
export function requestOf(question: Question): CompleteRequest {
  const { choice, text, contextTokens, nCompletions } = question;
  const extent = extentOf(text);
  return {
    proposal: choice.proposal,
    modules: choice.modules,
    text,
    sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 0, nCandidates: 8 },
    extent,
    maxTokens: MAX_TOKENS[extent],
    contextTokens,
    nCompletions,
  };
}

/** A block may follow only where nothing but closers stands right of the cursor. */
export function extentOf(text: CompletionText): Extent {
  return /^[)\]}'"`>;,\s]*$/.test(text.lineRest) ? 'block' : 'line';
}

function tidyAll(texts: readonly string[], around: CompletionText): Tidied[] {
  const shown: Tidied[] = [];
  for (const text of texts) {
    const tidied = tidy(text, around);
    if (tidied !== undefined && !shown.some(s => s.text === tidied.text)) shown.push(tidied);
  }
  return shown;
}
