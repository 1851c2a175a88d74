/**
 * From text around a cursor to suggestions: remembered ones first, then one that is being written already, then the
 * engine, after a wait that fits the typing; tidied at the end. Knows no editor.
 */
import { CompletionCache, type Recalled } from '../core/completionCache';
import { AbortError, isAbortError, throwIfAborted } from '../core/errors';
import type { CompletionText } from '../core/fim';
import { lineProbability, remember } from '../core/remembered';
import type { Extent } from '../core/stopping';
import { tidy } from '../core/tidy';
import type { CompleteProgress, CompleteRequest, CompleteResult } from '../protocol/messages';
import { Flight, type Place } from './flight';
import type { Choice } from './modules/moduleChoice';
import { Pace } from './pace';
import type { Answer, Origin, Suggestion } from './suggestion';

export interface CompletionEngine {
  complete(
    request: CompleteRequest,
    onProgress: (progress: CompleteProgress) => void,
    signal: AbortSignal,
  ): Promise<CompleteResult>;
}

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** @throws AbortError when `signal` aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Question {
  /** Identifies the document. */
  readonly document: string;
  readonly text: CompletionText;
  readonly choice: Choice;
  readonly contextTokens: number;
  /** Those that a completion at a new place has time for. */
  readonly coldTokens?: number;
  /** 1 while typing; a person who invokes completion sees several. */
  readonly nCompletions: number;
  /** Milliseconds to wait for a pause in typing, or `auto` for what was learned. */
  readonly debounce: number | 'auto';
  /** Completions whose first line is less probable than this are held back while typing; 0 shows all. */
  readonly showGate: number;
}

/** One line a request for the log: counts and times, never code. */
export interface Account {
  /** `cancelled`: what was written had become useless. */
  readonly source: 'cache' | 'joined' | 'engine' | 'cancelled';
  readonly nShown: number;
  /** Held back for being improbable. */
  readonly nHeldBack: number;
  readonly nTokens: number;
  readonly nCached: number;
  readonly nPrefilled: number;
  readonly stop: string;
  /** From the question to the answer, the wait for a pause included. */
  readonly elapsedMs: number;
}

/** A completion that goes on is rarely wanted beyond this. */
const MAX_TOKENS: Record<Extent, number> = { line: 48, block: 128 };

export class Completer {
  private readonly cache = new CompletionCache<Origin>();
  private readonly pace = new Pace();
  private nStops = 0;
  private nRequests = 0;
  private flight: { readonly flight: Flight; readonly landed: Promise<CompleteResult | undefined> } | undefined;

  constructor(
    private readonly engine: CompletionEngine,
    private readonly onAnswer: (account: Account) => void,
    private readonly clock: Clock,
    /** Hears of a completion that only saw what it had time for; its whole prompt is better read before the next one. */
    private readonly onShortened: (request: CompleteRequest) => void = () => {},
  ) {}

  /** @throws AbortError, EngineGone, UserError */
  async complete(question: Question, signal: AbortSignal): Promise<Answer> {
    const startMs = this.clock.now();
    const { text, nCompletions } = question;
    if (nCompletions === 1) this.pace.onKey(startMs);
    const scope = JSON.stringify([question.document, question.choice.proposal.dir, question.choice.modules]);
    const place: Place = { scope, prefix: text.prefix, suffix: text.suffix };
    let source: Answer['source'] = 'cache';
    let result: CompleteResult | undefined;
    const { nStops } = this;

    for (;;) {
      const remembered = this.cache.find(scope, text.prefix, text.suffix, nCompletions);
      if (remembered !== undefined) {
        const sure = nCompletions > 1 ? remembered : remembered.filter(c => lineProbability(c) >= question.showGate);
        const suggestions = tidyAll(sure, text);
        const elapsedMs = this.clock.now() - startMs;
        const account = accountOf(source, suggestions.length, result, elapsedMs);
        this.onAnswer({ ...account, nHeldBack: remembered.length - sure.length });
        return { suggestions, source, elapsedMs };
      }
      if (this.flight?.flight.serves(place, nCompletions)) {
        source = 'joined';
        await unlessAborted(this.flight.landed, signal);
        continue;
      }
      this.flight?.flight.abort();
      if (nCompletions === 1) {
        const waitMs = question.debounce === 'auto' ? this.pace.delayMs() : question.debounce;
        if (waitMs > 0) await this.clock.sleep(waitMs - (this.clock.now() - startMs), signal);
      }
      throwIfAborted(signal);
      if (this.nStops !== nStops) throw new AbortError();
      source = 'engine';
      result = await unlessAborted(this.send(question, place), signal);
      // Somebody asked for something else meanwhile: asking again would only take turns with them.
      if (result === undefined) throw new AbortError();
    }
  }

  /** Stops what is being written or waited for, and forgets what was suggested, as when completions are switched off. */
  stop(): void {
    this.nStops++;
    this.flight?.flight.abort();
    this.cache.clear();
  }

  /** The request goes on when its asker is cancelled: the next key often wants the very same answer. */
  private async send(question: Question, place: Place): Promise<CompleteResult | undefined> {
    const flight = new Flight(place, question.nCompletions);
    const sentMs = this.clock.now();
    const request = requestOf(question);
    const requestId = ++this.nRequests;
    const answer = this.engine.complete(request, flight.onProgress, flight.signal).then(result => {
      this.pace.onAnswer(this.clock.now() - sentMs);
      if (result.shortenedTo !== undefined) this.onShortened(request);
      this.cache.add({
        ...place,
        completions: result.completions.map(c => remember(c.text, c.tokens)),
        nWanted: question.nCompletions,
        origin: {
          requestId,
          request: shown(request, result),
          completions: result.completions,
          titles: question.choice.titles,
        },
      });
      return result;
    });
    const landed = answer.catch(error => {
      if (!isAbortError(error)) throw error;
      // Contradicted by what was typed: whoever waits asks anew.
      this.onAnswer({ ...accountOf('cancelled', 0, undefined, this.clock.now() - sentMs), nTokens: flight.nTokens });
      return undefined;
    });
    landed.catch(() => {}); // the asker may be gone; whoever still waits hears of it
    const current = { flight, landed };
    this.flight = current;
    try {
      return await landed;
    } finally {
      if (this.flight === current) this.flight = undefined;
    }
  }
}

/** The request for a question, greedy: the aligned distribution's best continuation. */
export function requestOf(
  question: Pick<Question, 'choice' | 'text' | 'contextTokens' | 'coldTokens' | 'nCompletions'>,
): CompleteRequest {
  const { choice, text, contextTokens, coldTokens, nCompletions } = question;
  const extent = extentOf(text);
  return {
    proposal: choice.proposal,
    modules: choice.modules,
    text,
    sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 0, nCandidates: 8 },
    extent,
    maxTokens: MAX_TOKENS[extent],
    contextTokens,
    ...(coldTokens !== undefined && { coldTokens }),
    nCompletions,
  };
}

/** The request that has the same answer whatever is cached. */
function shown(request: CompleteRequest, { shortenedTo }: CompleteResult): CompleteRequest {
  if (request.coldTokens === undefined) return request;
  const { coldTokens: _, ...rest } = request;
  return { ...rest, contextTokens: shortenedTo ?? rest.contextTokens };
}

/** A block may follow only where nothing but closers stands right of the cursor. */
export function extentOf(text: CompletionText): Extent {
  return /^[)\]}'"`>;,\s]*$/.test(text.lineRest) ? 'block' : 'line';
}

function tidyAll(completions: readonly Recalled<Origin>[], around: CompletionText): Suggestion[] {
  const shown: Suggestion[] = [];
  for (const { text, origin, index, nTyped } of completions) {
    const tidied = tidy(text, around);
    if (tidied !== undefined && !shown.some(s => s.text === tidied.text))
      shown.push({ ...tidied, origin, index, nTyped });
  }
  return shown;
}

function accountOf(
  source: Account['source'],
  nShown: number,
  result: CompleteResult | undefined,
  elapsedMs: number,
): Account {
  return {
    source,
    nShown,
    nHeldBack: 0,
    nTokens: result?.completions.reduce((sum, c) => sum + c.tokens.length, 0) ?? 0,
    nCached: result?.nCached ?? 0,
    nPrefilled: result?.nPrefilled ?? 0,
    stop: result?.completions[0]?.stop ?? '',
    elapsedMs,
  };
}

/** Waits for `work`, but no longer than the signal allows; the work itself goes on. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AbortError());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
