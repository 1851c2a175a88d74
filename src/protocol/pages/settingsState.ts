/**
 * All that the settings panel draws. The extension makes it anew at every change and the page keeps none of it: titles,
 * paths and texts in it come from files that somebody shared, and are text, never markup.
 */

export type ScopeKind = 'user' | 'workspace' | 'folder';

/** A place that settings are written to. */
export interface ScopeTab {
  readonly id: string;
  readonly kind: ScopeKind;
  /** A folder's name; empty for the others. */
  readonly name: string;
}

/** A setting as of one scope: what that scope says, or what it gets from a wider one. */
export interface SettingView<T> {
  readonly value: T;
  /** Where the value comes from. */
  readonly source: 'default' | ScopeKind;
  /** Whether the scope shown has a value of its own, which can be taken out again. */
  readonly isSetHere: boolean;
  /** A narrower scope has a value of its own, which is what counts there. */
  readonly overriddenIn?: ScopeKind;
  /** Belongs to the machine: it is written for the user alone. */
  readonly isLocked: boolean;
}

export type ModuleOrigin = 'shipped' | 'personal' | 'team' | 'workspace';

export interface GainView {
  readonly metric: string;
  /** The metric of the proposal alone, and of the aligned pair. */
  readonly proposal: number;
  readonly aligned: number;
  /** Samples it was measured on. */
  readonly n: number;
  readonly dataset: string;
  readonly verdict: 'better' | 'worse' | 'same';
  /** Measured with the proposal that is in use. */
  readonly isThisProposal: boolean;
  /** When, as ISO 8601; of what is measured again and again. */
  readonly measured?: string;
}

export interface ModuleCard {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly domain: string;
  /** Absent when the manifest cannot be read. */
  readonly kind?: 'neural' | 'ngram';
  readonly origin: ModuleOrigin;
  /** The extension that brought it, where that is not ours. */
  readonly extension?: string;
  readonly sizeBytes: number;
  readonly version: string;
  readonly licence: string;
  readonly rule: string;
  readonly training?: { readonly objective: string; readonly base: string; readonly tokens: number };
  /** Those of the proposal in use first. */
  readonly gains: readonly GainView[];
  /** The strength that was measured to be best with the proposal in use. */
  readonly calibrated: number;
  /** The right end of its slider. */
  readonly mostStrength: number;
  readonly isActive: boolean;
  /** Why it cannot be used. */
  readonly problem?: string;
  /** Its files may be renamed or deleted by this person. */
  readonly isOwn: boolean;
  /** Absent where nobody needs to ask: of what ships, and of what is never shared. */
  readonly signature?: SignatureView;
}

export type SignatureView =
  | { readonly kind: 'unsigned' }
  | {
      readonly kind: 'signed';
      readonly signer: string;
      readonly fingerprint: string;
      /** Since when the key is known, and by which name it became so. */
      readonly known?: { readonly since: string; readonly name: string };
    };

export interface ActiveModule {
  readonly id: string;
  readonly title: string;
  readonly strength: number;
  /** Whether the setting names no strength, so that the calibrated one holds. */
  readonly isCalibrated: boolean;
  /** Its weight after the strengths of all were scaled to at most 1; only of the geometric rule. */
  readonly weight?: number;
  /** Absent where no such module is found. */
  readonly card?: ModuleCard;
  readonly problem?: 'not-found' | 'not-built' | 'broken';
}

export interface SpeedView {
  readonly nAnswers: number;
  readonly prefillTokensPerS?: number;
  readonly decodeMsPerToken?: number;
}

export interface ProposalCard {
  readonly id: string;
  readonly title: string;
  readonly licence: string;
  readonly origin: ModuleOrigin;
  /** The extension that brought it, where that is not ours. */
  readonly extension?: string;
  readonly sizeBytes: number;
  /** Of its numbers; empty when not known. */
  readonly dtype: string;
  readonly contextLength?: number;
  readonly isInUse: boolean;
  /** Weights and caches, as the engine reports them; absent while it is not loaded. */
  readonly loadedBytes?: number;
  readonly problem?: string;
  readonly speedAlone?: SpeedView;
  /** With the modules of the scope shown. */
  readonly speedAligned?: SpeedView;
}

export type InstantView =
  | { readonly kind: 'unavailable'; readonly reason: 'untrusted' | 'no-folder' | 'virtual' }
  | { readonly kind: 'offered' }
  | { readonly kind: 'building'; readonly nFiles: number; readonly nDone: number }
  | { readonly kind: 'built'; readonly nFiles?: number; readonly nTokens?: number };

/** What is recorded of suggestions in this workspace. */
export type LearningView =
  | { readonly kind: 'no-workspace' }
  | { readonly kind: 'trusted' | 'untrusted'; readonly nRecords: number; readonly sizeBytes: number };

export interface LanguageRow {
  readonly id: string;
  readonly name: string;
  readonly isOn: boolean;
  readonly source: 'default' | ScopeKind;
  readonly isSetHere: boolean;
}

export interface OptionViews {
  readonly enable: SettingView<boolean>;
  readonly debounce: SettingView<number | 'auto'>;
  readonly contextTokens: SettingView<number | 'auto'>;
  readonly showGate: SettingView<number>;
  readonly threads: SettingView<number>;
  readonly memoryMiB: SettingView<number>;
  readonly languages: SettingView<readonly LanguageRow[]>;
  readonly learnFromFeedback: SettingView<boolean>;
}

export interface EngineView {
  readonly state: 'idle' | 'starting' | 'ready' | 'stopped' | 'failed';
  readonly rssBytes?: number;
}

/** What happened and what can be done about it; stays until it is dismissed. */
export interface Notice {
  readonly id: number;
  readonly kind: 'error' | 'warning' | 'info';
  readonly text: string;
  readonly actions: readonly { readonly id: string; readonly label: string }[];
}

export interface PanelState {
  readonly scopes: readonly ScopeTab[];
  /** Id of the scope shown. */
  readonly scope: string;
  readonly isTrusted: boolean;
  readonly engine: EngineView;
  /** What is paused, in words. */
  readonly pauses: readonly string[];
  readonly notices: readonly Notice[];
  /** Id of a module or proposal that is being loaded before it is stored. */
  readonly loading?: string;
  readonly proposal: SettingView<string>;
  readonly proposals: readonly ProposalCard[];
  /** The extension that brings a proposal, by its title. */
  readonly modelExtension: string;
  readonly isMeasuring: boolean;
  readonly modules: SettingView<readonly ActiveModule[]>;
  /** Modules whose rule decides alone stand beside others: completions fail until one is left. */
  readonly soleRule?: string;
  /** In the file of the preview, a rule decides instead of `modules`; without titles, for the proposal alone. */
  readonly rule?: {
    readonly file: string;
    /** Its place in the setting, from 1. */
    readonly number: number;
    readonly text: string;
    readonly titles: readonly string[];
  };
  readonly library: readonly ModuleCard[];
  readonly instant: InstantView;
  readonly learning: LearningView;
  readonly options: OptionViews;
  /** Tokens of context that come in time with the proposal in use. */
  readonly contextInTime?: number;
}

/** One completion of a preview. */
export interface PreviewSide {
  readonly isWorking: boolean;
  /** Empty when nothing is suggested; absent when there is no answer yet. */
  readonly text?: string;
  readonly problem?: string;
}

export type Preview =
  | { readonly kind: 'none'; readonly reason: 'no-editor' | 'no-proposal' }
  /** Completions are not wanted there, for a reason in words. */
  | { readonly kind: 'refused'; readonly file: string; readonly reason: string }
  | {
      readonly kind: 'shown';
      readonly file: string;
      /** Of the cursor, from 1. */
      readonly line: number;
      /** The cursor's line and some above it, up to the cursor. */
      readonly before: string;
      readonly lineRest: string;
      readonly alone: PreviewSide;
      readonly aligned: PreviewSide;
    };

export interface ComparedRow {
  /** From 1. */
  readonly line: number;
  /** The line up to where it was completed. */
  readonly head: string;
  /** The rest as the author wrote it. */
  readonly author: string;
  readonly a: string;
  readonly b: string;
}

export type Comparison =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'running' | 'done' | 'cancelled' | 'failed';
      readonly file: string;
      /** Titles of the two sides. */
      readonly a: string;
      readonly b: string;
      readonly nRows: number;
      readonly rows: readonly ComparedRow[];
      readonly problem?: string;
    };
