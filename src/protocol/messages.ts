/**
 * What crosses the border between the extension host and the engine.
 * Every request is self-contained: a restarted engine needs no replay, and switching a module is only data.
 */
import type { ExplainedCandidate, Explanation } from '../core/explanation';
import type { CompletionText } from '../core/fim';
import type { RuleName } from '../core/rules';
import type { Sentence } from '../core/sentence';
import type { Extent, StopReason } from '../core/stopping';
import type { ChatMethods } from './chat';
import type { InspectRequest, InspectResult } from './inspection';
import type { NgramQuestionMethods } from './ngramQuestions';

/** A model folder on disk, by id (for messages and logs) and absolute path. */
export interface FolderRef {
  readonly id: string;
  readonly dir: string;
}

export interface ModuleUse extends FolderRef {
  /** b of the geometric rule, β of product, ratio and joint. 0 leaves the module out. */
  readonly strength: number;
}

export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Mass of P's nucleus, in (0, 1]. */
  readonly topP: number;
  readonly repetitionPenalty: number;
  /** 32-bit seed; the same seed, text and models give the same completion. */
  readonly seed: number;
  /** Candidates drawn per position by the `sir` rule. */
  readonly nCandidates: number;
}

export interface CompleteRequest {
  readonly proposal: FolderRef;
  readonly modules: readonly ModuleUse[];
  /** Overrides the rule of the modules' manifests. */
  readonly rule?: RuleName;
  readonly text: CompletionText;
  readonly sampling: Sampling;
  readonly extent: Extent;
  readonly maxTokens: number;
  /** Prompt budget in tokens, prefix, suffix and neighbours together. */
  readonly contextTokens: number;
  /** A smaller budget, for a prompt of which more than this would have to be read: one that comes in time at a new place. */
  readonly coldTokens?: number;
  /** Distinct completions wanted; the others start with the next best aligned tokens. */
  readonly nCompletions: number;
  /**
   * `preview`: to be looked at rather than typed on. It gives way to what is typed at every token and keeps warm caches of
   * its own.
   */
  readonly lane?: 'preview';
  /** Has every token say why it was written; does not change what is written. Costs time only where it is asked for. */
  readonly explain?: { readonly nCandidates: number };
}

export interface CompletionToken {
  readonly id: number;
  readonly text: string;
  /** Probability under P alone, at temperature 1 over the whole vocabulary. */
  readonly p: number;
  /** Probability in the distribution that was drawn from; for a greedy draw, of the aligned distribution at temperature 1. */
  readonly aligned: number;
  /** Where the request asked for it. Aligners are the request's modules, without those of strength 0. */
  readonly why?: TokenReasons;
}

export interface TokenReasons extends Explanation {
  readonly candidates: readonly (ExplainedCandidate & { readonly text: string })[];
}

export interface Completion {
  readonly text: string;
  readonly tokens: readonly CompletionToken[];
  readonly stop: StopReason;
}

export interface CompleteResult {
  readonly completions: readonly Completion[];
  readonly rule: RuleName;
  /** The prompt's budget where it was the request's `coldTokens`. */
  readonly shortenedTo?: number;
  readonly nCached: number;
  readonly nPrefilled: number;
  readonly timesMs: { readonly load: number; readonly prefill: number; readonly decode: number };
}

/** Streamed while the first completion grows: the text so far. */
export interface CompleteProgress {
  readonly text: string;
}

export interface WarmRequest {
  readonly proposal: FolderRef;
  readonly modules: readonly ModuleUse[];
  /** Is read too, for the next completion there, as long as nothing else is asked of the engine. */
  readonly prompt?: Pick<CompleteRequest, 'text' | 'contextTokens' | 'maxTokens'>;
}

export interface WarmResult {
  readonly loadMs: number;
}

export interface EngineStatus {
  readonly loaded: readonly { readonly id: string; readonly kind: 'proposal' | 'module'; readonly sizeBytes: number }[];
  readonly rssBytes: number;
  readonly uptimeMs: number;
}

/** Limits that come from settings; sent once after the start and whenever they change. */
export interface EngineLimits {
  /** Threads of one forward pass; 0 leaves the choice to the engine. */
  readonly threads: number;
  readonly memoryMiB: number;
}

/** A sign of life from an engine that works. */
export interface EnginePulse {
  /** How long one step may block the engine, so that it answers nothing: a pass or a load of its largest model. */
  readonly blockedMs: number;
}

/** An n-gram module's folder, and the proposal whose tokenizer it is made for. */
export interface NgramTarget {
  readonly proposal: FolderRef;
  readonly module: FolderRef;
}

/** One workspace file. The engine keeps its tokens, name and stamp. */
export interface NgramFile {
  readonly name: string;
  /** The host's own mark for the file; comes back from `ngramFiles` as it was. */
  readonly stamp: string;
  /** The host's own mark for the text, by which `ngramRecall` knows it again; absent where it will not be asked. */
  readonly digest?: string;
  readonly text: string;
}

export interface NgramBegin extends NgramTarget {
  /** Memory the counts may take; files beyond it are left out. */
  readonly maxMiB: number;
}

export interface NgramAdd extends NgramTarget {
  readonly files: readonly NgramFile[];
}

export interface NgramFinish extends NgramTarget {
  /** What module.json says besides what the engine knows: id, kind, tokenizer and hashes are added. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

export interface NgramSave extends NgramTarget {
  /** What module.json is to say besides from now on, in the place of what it said. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

export interface NgramUpdate extends NgramTarget {
  readonly put: readonly NgramFile[];
  readonly remove: readonly string[];
}

export interface NgramFiles {
  readonly files: readonly { readonly name: string; readonly stamp: string }[];
  /** Hash of the counts that were read or written last: another one than before was written by somebody else. */
  readonly written: string;
}

export interface NgramRecall extends NgramTarget {
  readonly files: readonly { readonly name: string; readonly stamp: string; readonly digest: string }[];
}

export interface NgramUnknown {
  /** Names of files whose texts have to be sent. */
  readonly unknown: readonly string[];
}

export interface NgramAccount {
  readonly nFiles: number;
  readonly nTokens: number;
  /** Files that this call, or this build, left out because memory was used up. */
  readonly nLeftOut: number;
  /** Memory the counts take. */
  readonly sizeBytes: number;
  /** So much is counted that is not saved yet that every further change takes longer: save at once. */
  readonly isCrowded: boolean;
}

export interface NgramWritten extends NgramAccount {
  /** Hash of the counts that are on disk now. */
  readonly written: string;
}

/** Method name → parameters, result and streamed progress. */
export interface EngineMethods extends ChatMethods, NgramQuestionMethods {
  complete: { params: CompleteRequest; result: CompleteResult; progress: CompleteProgress };
  warm: { params: WarmRequest; result: WarmResult; progress: never };
  inspectProposal: { params: InspectRequest; result: InspectResult; progress: never };
  limits: { params: EngineLimits; result: null; progress: never };
  status: { params: null; result: EngineStatus; progress: never };
  /** Streams signs of life for as long as the connection lasts. */
  pulse: { params: null; result: null; progress: EnginePulse };
  ngramBegin: { params: NgramBegin; result: null; progress: never };
  ngramAdd: { params: NgramAdd; result: NgramAccount; progress: never };
  ngramFinish: { params: NgramFinish; result: NgramWritten; progress: never };
  ngramAbandon: { params: NgramTarget; result: null; progress: never };
  ngramFiles: { params: NgramTarget; result: NgramFiles; progress: never };
  ngramRecall: { params: NgramRecall; result: NgramUnknown; progress: never };
  ngramUpdate: { params: NgramUpdate; result: NgramAccount; progress: never };
  ngramSave: { params: NgramSave; result: NgramWritten; progress: never };
}

/** A failure a person can do something about, as it crosses the border. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  /** The message in a form that can be translated. */
  readonly sentence?: Sentence;
}
