/**
 * Remembers what was suggested where, so that typing what a suggestion says, undoing and retyping never ask the engine.
 * Keeps what the model wrote, not what was shown: the text around the cursor may have changed since (an auto-closed
 * bracket, say), so tidying is done afresh.
 */
import { type Remembered, remainder } from './remembered';

export interface CacheEntry {
  /** Document, models, strengths: everything but the text that decides a completion. */
  readonly scope: string;
  readonly prefix: string;
  /** Text from the line after the cursor on. */
  readonly suffix: string;
  /** Completions as written by the model, best first. */
  readonly completions: readonly Remembered[];
  /** How many were asked for; fewer than that means that there are no more. */
  readonly nWanted: number;
}

export class CompletionCache {
  private entries: CacheEntry[] = [];

  constructor(private readonly capacity = 64) {}

  add(entry: CacheEntry): void {
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
  find(scope: string, prefix: string, suffix: string, nWanted: number): Remembered[] | undefined {
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
      if (typed === '') return [...entry.completions];
      const rest = entry.completions
        .filter(c => c.text.startsWith(typed) && c.text.length > typed.length)
        .map(c => remainder(c, typed.length));
      if (rest.length > 0) return rest;
    }
    return undefined;
  }

  clear(): void {
    this.entries = [];
  }
}
