/**
 * Where a person has paused completions: in a file, in a language, in the window, or in the window for some minutes. All
 * of it lives in memory and ends with the window: what is off for good is a setting. Knows no editor.
 */
import { isAbortError } from '../core/errors';
import type { Clock } from './completer';

export type Pause =
  | { readonly kind: 'file'; readonly document: string }
  | { readonly kind: 'language'; readonly languageId: string }
  /** Without `untilMs` it lasts until somebody resumes. */
  | { readonly kind: 'window'; readonly untilMs?: number };

/** A document that may be completed in. */
export interface PausedPlace {
  readonly document: string;
  readonly languageId: string;
}

export class Pauses {
  #all: Pause[] = [];
  #timer = new AbortController();

  constructor(
    /** Its `now` is the time of day: a machine that slept through a pause has served it. */
    private readonly clock: Clock,
    /** Hears of every change, the end of a pause by itself included. */
    private readonly onChange: () => void,
  ) {}

  get all(): readonly Pause[] {
    this.#dropServed();
    return this.#all;
  }

  /** The pause that holds in a place, the widest where there are several; undefined where completions are wanted. */
  at({ document, languageId }: PausedPlace): Pause | undefined {
    const all = this.all;
    return (
      this.window ??
      all.find(pause => pause.kind === 'language' && pause.languageId === languageId) ??
      all.find(pause => pause.kind === 'file' && pause.document === document)
    );
  }

  /** The pause of the whole window. */
  get window(): Pause | undefined {
    return this.all.find(({ kind }) => kind === 'window');
  }

  /** A pause of the same place, such as another number of minutes, takes the place of the one before. */
  pause(pause: Pause): void {
    this.#all = [...this.#all.filter(other => !isSamePlace(other, pause)), pause];
    this.#changed();
  }

  /** Pauses the window for some time from now on. */
  pauseFor(durationMs: number): void {
    this.pause({ kind: 'window', untilMs: this.clock.now() + durationMs });
  }

  resume(pause: Pause): void {
    this.#all = this.#all.filter(other => !isSamePlace(other, pause));
    this.#changed();
  }

  resumeAll(): void {
    this.#all = [];
    this.#changed();
  }

  dispose(): void {
    this.#timer.abort();
  }

  #changed(): void {
    this.#timer.abort();
    this.#timer = new AbortController();
    const [next] = this.#all.flatMap(pause => (pause.kind === 'window' ? (pause.untilMs ?? []) : []));
    if (next !== undefined) void this.#wakeAt(next, this.#timer.signal);
    this.onChange();
  }

  async #wakeAt(untilMs: number, signal: AbortSignal): Promise<void> {
    try {
      // The time of day may be set back while it waits.
      while (this.clock.now() < untilMs) await this.clock.sleep(untilMs - this.clock.now(), signal);
      this.#dropServed();
    } catch (error) {
      if (!isAbortError(error)) throw error;
    }
  }

  #dropServed(): void {
    const nowMs = this.clock.now();
    const left = this.#all.filter(pause => pause.kind !== 'window' || (pause.untilMs ?? Infinity) > nowMs);
    if (left.length === this.#all.length) return;
    this.#all = left;
    this.#changed();
  }
}

function isSamePlace(a: Pause, b: Pause): boolean {
  switch (a.kind) {
    case 'file':
      return b.kind === 'file' && a.document === b.document;
    case 'language':
      return b.kind === 'language' && a.languageId === b.languageId;
    case 'window':
      return b.kind === 'window';
  }
}
