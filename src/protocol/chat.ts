/** What crosses the border between the extension host and the engine for a chat. Self-contained, as every request. */
import type { AnswerShape, ChatAccount, ChatStop, ChatStyle, ChatTurn } from '../core/chat/chat';
import type { RuleName } from '../core/rules';
import type { FolderRef, ModuleUse } from './messages';

export interface ChatRequest {
  readonly proposal: FolderRef;
  readonly modules: readonly ModuleUse[];
  /** Overrides the rule of the modules' manifests. */
  readonly rule?: RuleName;
  /** The last is the one to answer. */
  readonly turns: readonly ChatTurn[];
  /** What the model has written of the answer before, as `ChatResult.text`; '' at first. It is gone on from there. */
  readonly written: string;
  readonly sampling: ChatSampling;
  /** Tokens of the answer, `written` not counted. */
  readonly maxTokens: number;
  /** Prompt budget in tokens; a model's own context may allow less. */
  readonly contextTokens: number;
  /** Texts that end the answer, and are not part of it. */
  readonly stopTexts?: readonly string[];
}

export interface ChatSampling {
  /** 0 is greedy; absent leaves it to the kind of question. */
  readonly temperature?: number;
  readonly topP?: number;
  /** 32-bit seed. */
  readonly seed: number;
}

/** `began` comes once and first, then the model's text piece by piece. No piece is ever taken back. */
export type ChatProgress =
  | { readonly kind: 'began'; readonly account: ChatAccount; readonly shape: AnswerShape }
  | { readonly kind: 'text'; readonly text: string };

export interface ChatResult {
  /** All that the model wrote, `written` included; shown through `shape`. */
  readonly text: string;
  readonly stop: ChatStop;
  readonly account: ChatAccount;
  readonly shape: AnswerShape;
  readonly nTokens: number;
  readonly nCached: number;
  readonly nPrefilled: number;
  readonly timesMs: { readonly load: number; readonly prefill: number; readonly decode: number };
}

/** What a proposal can be asked. */
export interface ChatCapabilities {
  readonly proposalId: string;
  readonly title: string;
  readonly style: ChatStyle;
  /** False for a model that only continues code: it answers by a comment and code, and knows no facts. */
  readonly instructionTuned: boolean;
  /** Positions for prompt and answer together. */
  readonly contextLength: number;
  readonly sizeBytes: number;
  /** About, by the size of its files and the format of its weights. */
  readonly nParameters: number;
}

export interface CountTokensRequest {
  readonly proposal: FolderRef;
  readonly texts: readonly string[];
}

/** Method name → parameters, result and streamed progress. */
export interface ChatMethods {
  chat: { params: ChatRequest; result: ChatResult; progress: ChatProgress };
  /** What of a request would be shown to the model; writes nothing. */
  chatAccount: { params: ChatRequest; result: { account: ChatAccount; shape: AnswerShape }; progress: never };
  chatCapabilities: { params: { proposal: FolderRef }; result: ChatCapabilities; progress: never };
  countTokens: { params: CountTokensRequest; result: { counts: readonly number[] }; progress: never };
}
