/**
 * What the decoder needs to know of a language model and of a tokenizer.
 * Rows are log-probabilities ("logps"), never logits, so that a remote source which reports only its top k fits too.
 */
import type { Row } from './row';

/** Ids of the special tokens a proposal names in residual.json; a token the model does not know is undefined. */
export interface SpecialTokens {
  readonly endoftext: number;
  /** First token of every prompt, for the model families that were trained with one. */
  readonly bos?: number;
  readonly fimPrefix?: number;
  readonly fimSuffix?: number;
  readonly fimMiddle?: number;
  readonly fimPad?: number;
  readonly repoName?: number;
  readonly fileSep?: number;
  readonly imStart?: number;
  readonly imEnd?: number;
}

export interface Tokenizer {
  /** sha256 (hex) of tokenizer.json: two models share a vocabulary exactly when their ids are equal. */
  readonly id: string;
  readonly vocabSize: number;
  readonly special: SpecialTokens;
  /** All special tokens, by how they are spelled where a text may name them, as chat templates do. */
  readonly specialTexts: ReadonlyMap<string, number>;
  /** Token ids of `text`; text that spells a special token is encoded as ordinary text. */
  encode(text: string): readonly number[];
  /** Text of `tokens`; special tokens decode to nothing, incomplete UTF-8 to U+FFFD. */
  decode(tokens: readonly number[]): string;
  /** The raw bytes a token stands for; empty for special tokens. The array belongs to the tokenizer. */
  bytes(token: number): Uint8Array;
  /**
   * Tokens that may come next where `bytes` are owed: those whose bytes begin with all of it, and those whose bytes are a
   * beginning of it. Ascending; tokens without bytes are never among them. The array is the caller's.
   */
  startingWith(bytes: Uint8Array): Int32Array;
  /** UTF-16 offset in `text` at which its last pre-token starts (`text.length` when empty): where token healing backs up to. */
  lastPreTokenStart(text: string): number;
}

export interface SeekReport {
  /** Tokens found in the KV cache. */
  readonly nCached: number;
  /** Tokens evaluated by this call. */
  readonly nPrefilled: number;
}

/** Tokens whose log-probabilities are needed whatever their rank. Whole rows have them anyway. */
export type Wanted = ArrayLike<number>;

export interface SeekOptions {
  /** Awaited between prefill chunks, so that what is more urgent can go first. */
  readonly between?: () => Promise<void>;
  /** Tokens of a prefill chunk; as many as are read fastest when absent. */
  readonly chunk?: number;
  /** To be listed in the row after the last token. */
  readonly wanted?: Wanted;
}

/** One stream of tokens with its KV cache. Only one asynchronous call may be in flight at a time. Rows are normalised. */
export interface Sequence {
  /** Number of tokens in the sequence. */
  readonly length: number;
  /**
   * Makes the sequence exactly `tokens` (at least one), reusing the longest common prefix.
   * @throws AbortError between prefill chunks when `signal` aborts; what was evaluated stays cached.
   */
  seek(tokens: readonly number[], signal: AbortSignal, options?: SeekOptions): Promise<SeekReport>;
  /** The row after the last token. Belongs to the sequence and is valid until its next asynchronous call. */
  logps(): Row;
  /** Appends one token and evaluates it; the row after it lists what is `wanted`. */
  push(token: number, signal: AbortSignal, wanted?: Wanted): Promise<void>;
  /**
   * Appends `draft` (at least one token) in a single pass. Each of its rows lists what is `wanted`.
   * @returns one row per draft token: row i is the distribution after draft[0..i]. Valid until the next asynchronous call.
   */
  verify(draft: readonly number[], signal: AbortSignal, wanted?: Wanted): Promise<readonly Row[]>;
  /** Drops the last `n` tokens. `logps()` stays valid only when the new end lies inside the last verify pass. */
  rewind(n: number): void;
  close(): void;
}

export interface OpenOptions {
  /** Rows of the whole vocabulary, also from a source that would list some tokens only. */
  readonly rows?: 'whole';
}

export interface LanguageModel {
  readonly tokenizerId: string;
  readonly vocabSize: number;
  /** Positions the model was made for, prompt and completion together. */
  readonly contextLength: number;
  open(options?: OpenOptions): Sequence;
}
