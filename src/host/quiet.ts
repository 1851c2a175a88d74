/**
 * Work that is only looked at, kept out of the way of typing: it begins when nobody has typed for a while, is given up at
 * the next key, and begins anew. Knows no editor.
 */
import { isAbortError, throwIfAborted } from '../core/errors';
import type { Clock } from './completer';

export class Quiet {
  #lastKeyMs = Number.NEGATIVE_INFINITY;
  readonly #running = new Set<AbortController>();

  constructor(
    private readonly clock: Clock,
    /** Time without a key after which work may begin. */
    private readonly quietMs: number,
  ) {}

  /** A key was pressed: whatever runs makes room at once. */
  touch(): void {
    this.#lastKeyMs = this.clock.now();
    for (const controller of this.#running) controller.abort();
  }

  /**
   * @param work may be begun several times, and must stop soon when its signal aborts.
   * @throws AbortError when `signal` aborts; what the work throws.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      throwIfAborted(signal);
      const waitMs = this.#lastKeyMs + this.quietMs - this.clock.now();
      if (waitMs > 0) {
        await this.clock.sleep(waitMs, signal);
        continue;
      }
      const typed = new AbortController();
      this.#running.add(typed);
      try {
        return await work(AbortSignal.any([signal, typed.signal]));
      } catch (error) {
        if (!typed.signal.aborted || signal.aborted || !isAbortError(error)) throw error;
      } finally {
        this.#running.delete(typed);
      }
    }
  }
}
