/**
 * Remembers what was suggested where, so that typing what a suggestion says, undoing and retyping never ask the engine.
 * Keeps what the model wrote, not what was shown: the text around the cursor may have changed since (an auto-closed
 * bracket, say), so tidying is done afresh.
 */
import { type Remembered, remainder } from './remembered';

export interface CacheEntry<Origin> {
  /** Document, models, strengths: everything but the text that decides a completion. */
  readonly scope: string;
  readonly prefix: string;
  /** Text from the line after the cursor on. */
  readonly suffix: string;
  /** Completions as written by the model, best first. */
  readonly completions: readonly Remembered[];
  /** How many were asked for; fewer than that means that there are no more. */
  readonly nWanted: number;
  /** Whatever whoever remembers wants to find again beside the text. */
  readonly origin: Origin;
}

/** What is left of a remembered completion. */
export interface Recalled<Origin> extends Remembered {
  readonly origin: Origin;
  /** Which of the entry's completions. */
  readonly index: number;
  /** How much of it had been typed. */
  readonly nTyped: number;
}

export class CompletionCache<Origin> {
  private entries: CacheEntry<Origin>[] = [];

  constructor(private readonly capacity = 64) {}

  add(entry: CacheEntry<Origin>): void {
    this.entries = this.entries.filter(
      e => !(e.scope === entry.scope && e.prefix === entry.prefix && e.suffix === entry.suffix),
    );
    this.entries.push(entry);
    if (this.entries.length > this.capacity) this.entries.shift();
  }

  /**
   * What is left of remembered completions once `prefix` has been typed: exactly here, or further back where what was
   * typed since is what a completion said. The newest entry that fits is taken.
   * @param nWanted entries that were asked for fewer do not count.
   */
  find(scope: string, prefix: string, suffix: string, nWanted: number): Recalled<Origin>[] | undefined {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i];
      if (
        entry.scope !== scope ||
        entry.suffix !== suffix ||
        entry.nWanted < nWanted ||
        !prefix.startsWith(entry.prefix)
      )
        continue;
      const typed = prefix.slice(entry.prefix.length);
      const nTyped = typed.length;
      const fits = ({ text }: Remembered) => nTyped === 0 || (text.startsWith(typed) && text.length > nTyped);
      const rest = entry.completions
        .map((completion, index) => ({ completion, index }))
        .filter(({ completion }) => fits(completion))
        .map(({ completion, index }) => {
          const left = nTyped === 0 ? completion : remainder(completion, nTyped);
          return { ...left, origin: entry.origin, index, nTyped };
        });
      if (rest.length > 0 || nTyped === 0) return rest;
    }
    return undefined;
  }

  clear(): void {
    this.entries = [];
  }
}
