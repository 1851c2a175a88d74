/** What the page that shows a module trained on feedback and the extension say to each other, before it is used anywhere. */

/**
 * What became of a suggestion that was recorded.
 *
 * `accepted`   as it was, and it stands
 * `edited`     accepted as a whole, and something else stands there
 * `partly`     accepted in words or lines
 * `typedOver`  something else was typed in its place
 * `ignored`    it went away
 */
export const RECORDED_OUTCOMES = ['accepted', 'edited', 'partly', 'typedOver', 'ignored'] as const;
export type RecordedOutcome = (typeof RECORDED_OUTCOMES)[number];

/** One suggestion of before, asked for again. */
export interface ChangedRow {
  /** Path as the models saw it. */
  readonly file: string;
  /** The line up to where the suggestion began. */
  readonly head: string;
  readonly outcome: RecordedOutcome;
  /** What is suggested there with the modules in use, and with the new one; empty for nothing. */
  readonly before: string;
  readonly after: string;
  /** What stood there in the end; empty where nothing did. */
  readonly stood: string;
}

export interface ImprovementView {
  readonly id: string;
  readonly title: string;
  readonly nPairs: number;
  /** Shares of pairs whose kept side is the likelier one, for the proposal alone and with the module. */
  readonly preferred: { readonly proposal: number; readonly aligned: number; readonly n: number };
  /** Whether those pairs were never trained on. */
  readonly isHeldOut: boolean;
  /** Nats a token of what was kept; absent where it was not measured. */
  readonly kept?: { readonly proposal: number; readonly aligned: number };
  /** Shares of the tokens of other code that are the first choice; absent where nothing was measured. */
  readonly elsewhere?: { readonly proposal: number; readonly aligned: number };
  /** Whether what was kept is likelier with the module than with the proposal alone, and preferred at least as often. */
  readonly gains: boolean;
  readonly strength: number;
  readonly seconds: number;
  /** Latest first. */
  readonly rows: readonly ChangedRow[];
}

export type ToImprovementPage =
  /** Nothing waits to be decided. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'state'; readonly view: ImprovementView }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

/** `use` it from now on, keep it `aside` among the modules, or `discard` it. */
export const DECISIONS = ['use', 'aside', 'discard'] as const;
export type Decision = (typeof DECISIONS)[number];

export type FromImprovementPage = { readonly kind: 'ready' } | { readonly kind: 'decide'; readonly decision: Decision };

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromImprovementPage(message: unknown): FromImprovementPage | undefined {
  const fields = typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {};
  if (fields.kind === 'ready') return { kind: 'ready' };
  const decision = DECISIONS.find(known => known === fields.decision);
  return fields.kind === 'decide' && decision !== undefined ? { kind: 'decide', decision } : undefined;
}
