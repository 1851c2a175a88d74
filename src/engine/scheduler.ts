/**
 * One decode at a time: two at once would only slow each other down on the same cores. Completions go before
 * previews, these before chat, chat before warming up and that before what is idle, which can wait for all of them; within
 * a kind, first come first served. Knows nothing of models.
 */
import { AbortError } from '../core/errors';

export type Priority = 'completion' | 'preview' | 'chat' | 'warm' | 'idle';

const ORDER: readonly Priority[] = ['completion', 'preview', 'chat', 'warm', 'idle'];

/** What a running task may do about those that wait. */
export interface Turn {
  /** Lets everything of a higher priority that waits go first; returns at once when nothing does. */
  giveWay(): Promise<void>;
  /** Whether something of a higher priority waits. */
  isInTheWay(): boolean;
}

interface Waiting {
  readonly priority: Priority;
  readonly start: () => void;
}

export class Scheduler {
  readonly #waiting: Waiting[] = [];
  #isBusy = false;

  /** @param onStep hears that a task goes on, at each point where it would give way. */
  constructor(private readonly onStep: (weightsBytes: number) => void = () => {}) {}

  /**
   * Runs `task` when its turn comes.
   * @throws AbortError when `signal` aborts while waiting; later, what the task throws.
   */
  async run<T>(priority: Priority, task: (turn: Turn) => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(priority, signal);
    try {
      return await task({
        giveWay: () => this.#giveWay(priority, signal),
        isInTheWay: () => this.#isInTheWay(priority),
      });
    } finally {
      this.#leave();
    }
  }

  #enter(priority: Priority, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(new AbortError());
    if (!this.#isBusy) {
      this.#isBusy = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        priority,
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new AbortError());
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  /** The turn passes on without a gap in which a newcomer could slip in. */
  #leave(): void {
    const next = ORDER.map(priority => this.#waiting.find(waiting => waiting.priority === priority)).find(Boolean);
    if (!next) {
      this.#isBusy = false;
      return;
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.start();
  }

  #isInTheWay(priority: Priority): boolean {
    const rank = ORDER.indexOf(priority);
    return this.#waiting.some(waiting => ORDER.indexOf(waiting.priority) < rank);
  }

  async #giveWay(priority: Priority, signal: AbortSignal): Promise<void> {
    this.onStep(0);
    if (!this.#isInTheWay(priority)) return;
    const turn = new Promise<void>(resolve => {
      this.#waiting.unshift({ priority, start: resolve });
    });
    this.#leave();
    await turn;
    if (signal.aborted) throw new AbortError();
  }
}
