/** What becomes of suggestions, as events: what the scoreboard counts and a module may learn from. Held in memory alone. */
import type { Answer, Suggestion } from '../suggestion';

/** A suggestion as it was handed to the editor. */
export interface Offered {
  readonly suggestion: Suggestion;
  /** Identifies the document. */
  readonly document: string;
  readonly languageId: string;
  /** What it inserts, with the document's line ends. */
  readonly text: string;
  /** How the question was answered that brought it first. */
  readonly source: Answer['source'];
  readonly elapsedMs: number;
}

/**
 * How a suggestion that was shown ended. `partly`: in words or lines; `typed`: a person wrote all of it; `typedOver`: or
 * something else; `ignored`: went away; `replaced`: another was asked for at the same place.
 */
export type Outcome = 'accepted' | 'partly' | 'typed' | 'typedOver' | 'ignored' | 'replaced';

/** When it is looked at what stands where a suggestion was accepted. */
export const KEPT_AFTER_MS = [30_000, 300_000] as const;
export type KeptAfterMs = (typeof KEPT_AFTER_MS)[number];

/** When it is looked at what stands where a suggestion ended, whatever became of it. */
export const STOOD_AFTER_MS = 30_000;

/**
 * A suggestion that comes back after it ended, as when a person undoes, is the same one by its `origin.requestId`: it is
 * not shown twice, but may still be accepted.
 */
export type FeedbackEvent = { readonly offered: Offered } & (
  | { readonly kind: 'shown' }
  /** A word or a line of it. `nSaved`: characters that nobody typed. */
  | { readonly kind: 'acceptedPart'; readonly text: string; readonly nSaved: number; readonly isFirst: boolean }
  /** All that was left of it. */
  | { readonly kind: 'accepted'; readonly text: string; readonly nSaved: number; readonly hadParts: boolean }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  /** The accept was taken back by undo. */
  | { readonly kind: 'undone'; readonly nSaved: number }
  /** What stands there some time after the accept, or when the document was closed before. `distance` in edits. */
  | {
      readonly kind: 'kept';
      readonly afterMs: KeptAfterMs;
      readonly accepted: string;
      readonly standing: string;
      readonly distance: number;
    }
  /** What stands later from where it began to what was the end of its line, or when the document was closed before. */
  | { readonly kind: 'stood'; readonly outcome: Outcome; readonly standing: string }
);
