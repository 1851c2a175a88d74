/** What may be asked of an instant module besides completions: what it learned, and what it expects where. */
import type { Expectation } from '../core/ngram/ngramExpectation';
import type { NameCount } from '../core/ngram/ngramNames';
import type { PhraseCount } from '../core/ngram/ngramPhrases';
import type { NgramTarget } from './messages';

export interface NgramSurveyRequest extends NgramTarget {
  readonly nNames: number;
  readonly nPhrases: number;
}

/** All of it is the workspace's text: it is shown, and neither kept nor logged. */
export interface NgramSurvey {
  readonly nTokens: number;
  /** Memory the counts take. */
  readonly sizeBytes: number;
  /** Every file that is counted. `textBytes` is of its text, with line breaks of one byte. */
  readonly files: readonly { readonly name: string; readonly nTokens: number; readonly textBytes: number }[];
  /** How many different names were found; `names` holds the most used. */
  readonly nNames: number;
  readonly names: readonly NameCount[];
  readonly phrases: readonly PhraseCount[];
}

export interface NgramExpectRequest extends NgramTarget {
  readonly text: string;
  readonly nExpected: number;
  readonly nNames: number;
}

export interface NgramExpectation extends Expectation {
  /** The most used names that begin with the last word of the text; none before a survey was made. */
  readonly names: readonly NameCount[];
}

export interface NgramMeasureRequest extends NgramTarget {
  /** Lines that are completed at most. */
  readonly nPlaces: number;
}

export interface NgramMeasureProgress {
  readonly nDone: number;
  readonly nPlaces: number;
}

/** How many lines, each in a file whose own counts were taken off, are written to the letter. */
export interface NgramMeasurement {
  readonly nPlaces: number;
  readonly nFiles: number;
  /** By the proposal alone. */
  readonly nAlone: number;
  /** By the proposal with the module. */
  readonly nWith: number;
}

/** Method name → parameters, result and streamed progress. */
export interface NgramQuestionMethods {
  ngramSurvey: { params: NgramSurveyRequest; result: NgramSurvey; progress: never };
  ngramExpect: { params: NgramExpectRequest; result: NgramExpectation; progress: never };
  ngramMeasure: { params: NgramMeasureRequest; result: NgramMeasurement; progress: NgramMeasureProgress };
}
