/** What the instant module's page and the extension say to each other: whole states one way, intents the other. */
import type { NgramExpectation, NgramMeasureProgress, NgramSurvey } from '../ngramQuestions';

/**
 * Why a file is not counted: its kind, by its name (binary, generated, locked); what a person or Residual keeps out
 * (secrets); its size; its content (no UTF-8, or lines that nobody writes); a limit on all of them together; or nobody has
 * counted it yet.
 */
export type LeftOutReason = 'kind' | 'excluded' | 'large' | 'empty' | 'content' | 'limit' | 'waiting';

export interface LearnedFile {
  /** The folder's name and the path in it. */
  readonly name: string;
  readonly nTokens: number;
  readonly textBytes: number;
}

export interface LanguageShare {
  /** As people call it; of files of no known language, their ending. */
  readonly name: string;
  readonly nFiles: number;
  readonly nTokens: number;
  readonly textBytes: number;
}

/** What was measured with the proposal in use. */
export interface MeasuredHere {
  /** Shares of lines that are written to the letter. */
  readonly alone: number;
  readonly aligned: number;
  readonly nPlaces: number;
  /** ISO 8601. */
  readonly measured: string | undefined;
}

export interface LeftOutGroup {
  readonly reason: LeftOutReason;
  readonly nFiles: number;
  /** The first of them. */
  readonly names: readonly string[];
}

/** What the module learned. It is the workspace's text: it is shown, and neither kept nor logged. */
export interface Learned extends Pick<NgramSurvey, 'nTokens' | 'nNames' | 'names' | 'phrases'> {
  readonly nFiles: number;
  readonly textBytes: number;
  /** Memory the counts take. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** ISO 8601; undefined for a module that an older version built. */
  readonly built: string | undefined;
  /** When the counts were written last, ISO 8601. */
  readonly written: string | undefined;
  /** Files that were counted since. */
  readonly nUnsaved: number;
  readonly isUsed: boolean;
  /** Undefined until it is measured. */
  readonly measured: MeasuredHere | undefined;
  readonly languages: readonly LanguageShare[];
  readonly largest: readonly LearnedFile[];
  readonly leftOut: readonly LeftOutGroup[];
}

export type ExplorerState =
  | { readonly kind: 'unavailable'; readonly reason: 'untrusted' | 'no-folder' | 'virtual' }
  | { readonly kind: 'notBuilt' }
  | { readonly kind: 'building'; readonly nFiles: number; readonly nDone: number }
  | { readonly kind: 'learned'; readonly learned: Learned }
  | { readonly kind: 'failed'; readonly message: string };

export type ToExplorerPage =
  /** What is shown stays until the next state. */
  | { readonly kind: 'working' }
  | { readonly kind: 'state'; readonly state: ExplorerState }
  /** How far a measurement is; undefined when none runs. */
  | { readonly kind: 'measuring'; readonly progress: NgramMeasureProgress | undefined }
  | { readonly kind: 'expected'; readonly text: string; readonly expectation: NgramExpectation }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

export type FromExplorerPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'build' }
  | { readonly kind: 'cancelBuild' }
  | { readonly kind: 'manageTrust' }
  | { readonly kind: 'measure' }
  | { readonly kind: 'cancelMeasuring' }
  /** What follows this text? */
  | { readonly kind: 'ask'; readonly text: string }
  /** Shows a file of the module in an editor. */
  | { readonly kind: 'open'; readonly name: string };

const MAX_TEXT_CHARS = 500;
const MAX_NAME_CHARS = 4096;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromExplorerPage(message: unknown): FromExplorerPage | undefined {
  const { kind, text, name } = fieldsOf(message);
  switch (kind) {
    case 'ready':
    case 'refresh':
    case 'build':
    case 'cancelBuild':
    case 'manageTrust':
    case 'measure':
    case 'cancelMeasuring':
      return { kind };
    case 'ask':
      return typeof text === 'string' && text.length <= MAX_TEXT_CHARS ? { kind, text } : undefined;
    case 'open':
      return typeof name === 'string' && name !== '' && name.length <= MAX_NAME_CHARS ? { kind, name } : undefined;
    default:
      return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
