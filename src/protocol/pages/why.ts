/** What the page that explains a suggestion and the extension say to each other: whole views one way, intents the other. */
import type { TokenReasons } from '../messages';

/** What became of the characters of a token: typed by the person before, shown as ghost text, or cut off. */
export interface WhyToken {
  readonly id: number;
  /** Empty for a token that ends a text. The first ones may begin with what stood before the cursor. */
  readonly text: string;
  /** How many of its characters stood there already. */
  readonly nTyped: number;
  /** How many of its characters were part of the suggestion; the rest was written, and cut off. */
  readonly nShown: number;
  /** P(token) at temperature 1 over the whole vocabulary. */
  readonly p: number;
  /** Probability in the distribution that it was drawn from. */
  readonly aligned: number;
  readonly why: TokenReasons;
}

export interface WhyModule {
  readonly id: string;
  readonly title: string;
  readonly strength: number;
}

export interface WhyView {
  readonly state: 'shown' | 'partly' | 'accepted';
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly languageId: string;
  readonly proposal: string;
  /** Those that took part, in the order of every token's numbers. */
  readonly modules: readonly WhyModule[];
  readonly rule: string;
  /** First lines of what was offered side by side. */
  readonly choices: readonly string[];
  /** Which of them is explained. */
  readonly index: number;
  readonly tokens: readonly WhyToken[];
  /** Why writing ended, as the engine says it. */
  readonly stop: string;
  /** What the proposal alone writes at the same place; undefined where no module took part. */
  readonly alone: { readonly text: string; readonly nSame: number } | undefined;
  /** Index of the first token that the replay wrote differently than what was shown; undefined where it is the same. */
  readonly differsAt: number | undefined;
}

export type ToWhyPage =
  /** Nothing was suggested in this window yet. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'working' }
  | { readonly kind: 'explained'; readonly view: WhyView }
  | { readonly kind: 'failed'; readonly message: string }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

export type FromWhyPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'export' }
  | { readonly kind: 'switchModule' }
  /** Another of what was offered side by side. */
  | { readonly kind: 'choose'; readonly index: number };

const MOST_CHOICES = 16;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromWhyPage(message: unknown): FromWhyPage | undefined {
  const { kind, index } = fieldsOf(message);
  switch (kind) {
    case 'ready':
    case 'retry':
    case 'export':
    case 'switchModule':
      return { kind };
    case 'choose':
      return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < MOST_CHOICES
        ? { kind, index }
        : undefined;
    default:
      return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
