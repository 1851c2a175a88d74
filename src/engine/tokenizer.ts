/**
 * A byte-level BPE tokenizer.json behind the core's `Tokenizer`. The library normalises and cuts the text; this file keeps
 * the tokens per pre-token, because a prompt is encoded at every key.
 */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { UserError } from '../core/errors';
import type { SpecialTokens, Tokenizer } from '../core/model';
import { say } from '../core/sentence';
import { BytePairs, type Merge } from './bytePairs';
import { IncrementalEncoding } from './incrementalEncoding';
import { parsePreTokenizer, type Split } from './preTokenizer';
import { findSpecialTokens, type SpecialIds } from './specialTokens';
import { TokenBytes } from './tokenBytes';
import { TokenOrder } from './tokenOrder';

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** The fields of tokenizer.json that are read. */
interface TokenizerJson {
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges?: readonly Merge[];
    readonly ignore_merges?: boolean;
  };
  readonly pre_tokenizer: unknown;
  readonly normalizer: { readonly type: string } | null;
  readonly added_tokens: readonly AddedToken[];
}

export interface TokenizerSource {
  /** sha256 (hex) of tokenizer.json. */
  readonly id: string;
  /** tokenizer.json, parsed. */
  readonly json: unknown;
  /** tokenizer_config.json, parsed; `{}` when there is none. */
  readonly config: unknown;
  /** Special tokens by role; when absent they are found by the names that known model families use. */
  readonly special: SpecialIds | undefined;
}

/** @throws UserError when this kind of tokenizer is not supported. */
export function createTokenizer(source: TokenizerSource): Tokenizer {
  const json = checkJson(source.json);
  return new ByteLevelTokenizer(source.id, json, specialTokens(json, source.config, source.special));
}

function specialTokens(json: TokenizerJson, config: unknown, listed: SpecialIds | undefined): SpecialTokens {
  const idOfAdded = new Map(json.added_tokens.map(token => [token.content, token.id]));
  const { eos_token, bos_token, add_bos_token } = config as TokenizerConfig;
  const { bos: knownBos, ...found } = listed ?? findSpecialTokens(text => idOfAdded.get(text));
  const endoftext = found.endoftext ?? idOfAdded.get(tokenText(eos_token) ?? '');
  if (endoftext === undefined) {
    throw new UserError(
      'tokenizer-unsupported',
      say`tokenizer.json names no end-of-text token, so a completion could not end. Name it as eos_token in tokenizer_config.json.`,
    );
  }
  const bos = add_bos_token === false ? undefined : (idOfAdded.get(tokenText(bos_token) ?? '') ?? knownBos);
  // Qwen2 names a beginning token that its models were not trained with; only an explicit wish or a known name counts.
  const wantsBos = add_bos_token === true || (add_bos_token === undefined && bos !== undefined && bos === knownBos);
  return { ...found, endoftext, ...(wantsBos && bos !== undefined ? { bos } : {}) };
}

interface TokenizerConfig {
  readonly eos_token?: unknown;
  readonly bos_token?: unknown;
  readonly add_bos_token?: unknown;
}

/** Texts longer than this go through the incremental encoding and are remembered whole. */
const LONG_TEXT_LENGTH = 256;
const MAX_REMEMBERED_TEXTS = 32;
const MAX_REMEMBERED_PIECES = 65_536;
const MAX_REMEMBERED_PIECE_LENGTH = 256;

class ByteLevelTokenizer implements Tokenizer {
  readonly specialTexts: ReadonlyMap<string, number>;
  readonly #normalize: (text: string) => string;
  readonly #split: Split;
  readonly #encoding: IncrementalEncoding;
  readonly #tokens: TokenBytes;
  readonly #pairs: BytePairs;
  #order: TokenOrder | undefined;
  /** Added tokens that are not special; a piece that equals one was cut out as one. */
  readonly #addedIds = new Map<string, readonly number[]>();
  readonly #idsOfPiece = new Map<string, readonly number[]>();
  readonly #idsOfText = new Map<string, readonly number[]>();
  readonly #textEncoder = new TextEncoder();
  readonly #textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(
    readonly id: string,
    json: TokenizerJson,
    readonly special: SpecialTokens,
  ) {
    const specialIds = new Set<number>(Object.values(special) as number[]);
    for (const token of json.added_tokens) if (token.special) specialIds.add(token.id);
    const specialTexts = new Map<string, number>();
    // The library is not to see the vocabulary, of which it would make tables of its own.
    const { normalizer } = new Library({ ...json, added_tokens: [], model: EMPTY_MODEL } as never, {});
    this.#normalize = normalizer ? text => normalizer(text) : text => text;

    const { vocab, merges = [], ignore_merges = false } = json.model;
    // A merge makes a token, and every byte is one.
    this.#tokens = new TokenBytes(merges.length + 256);
    for (const spelled in vocab) {
      const token = vocab[spelled];
      if (specialIds.has(token)) {
        this.#tokens.reserve(token);
        specialTexts.set(spelled, token);
      } else this.#tokens.addSpelled(token, spelled);
    }
    this.specialTexts = specialTexts;
    this.#pairs = new BytePairs(this.#tokens, merges, ignore_merges);
    for (const { id: token, content } of json.added_tokens) {
      this.#tokens.reserve(token);
      if (specialIds.has(token)) {
        specialTexts.set(content, token);
        continue;
      }
      this.#tokens.addApart(token, this.#textEncoder.encode(content));
      this.#addedIds.set(content, [token]);
    }

    const { split, isShortSighted } = parsePreTokenizer(json.pre_tokenizer);
    const added = [...this.#addedIds.keys()];
    this.#split = splitAround(added, split);
    this.#encoding = new IncrementalEncoding({
      split: this.#split,
      isShortSighted,
      longestApart: Math.max(0, ...added.map(content => content.length)),
      encodePiece: piece => this.#encodePiece(piece),
    });
  }

  get vocabSize(): number {
    return this.#tokens.vocabSize;
  }

  encode(text: string): readonly number[] {
    const remembered = this.#idsOfText.get(text);
    if (remembered) return remembered;
    const normal = this.#normalize(text);
    if (text.length < LONG_TEXT_LENGTH) return this.#split(normal).flatMap(piece => this.#encodePiece(piece));
    const ids = this.#encoding.encode(normal);
    if (this.#idsOfText.size >= MAX_REMEMBERED_TEXTS) forgetOldest(this.#idsOfText);
    this.#idsOfText.set(text, ids);
    return ids;
  }

  decode(tokens: readonly number[]): string {
    const pieces = tokens.map(token => this.bytes(token));
    const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return this.#textDecoder.decode(joined);
  }

  bytes(token: number): Uint8Array {
    return this.#tokens.of(token);
  }

  startingWith(bytes: Uint8Array): Int32Array {
    this.#order ??= new TokenOrder(this.#tokens);
    return this.#order.startingWith(bytes);
  }

  lastPreTokenStart(text: string): number {
    const normal = this.#normalize(text);
    const start = this.#encoding.lastPieceStart(normal);
    if (normal === text) return start;
    // Normalisation moved offsets: find the shortest tail that normalises to the same piece.
    const piece = normal.slice(start);
    for (let at = text.length; at >= 0 && text.length - at <= 4 * piece.length; at--)
      if (this.#normalize(text.slice(at)) === piece) return at;
    return text.length;
  }

  #encodePiece(piece: string): readonly number[] {
    const remembered = this.#idsOfPiece.get(piece) ?? this.#addedIds.get(piece);
    if (remembered) return remembered;
    const ids = this.#pairs.encode(this.#textEncoder.encode(piece));
    // Every byte is in a byte-level vocabulary, so this is a broken tokenizer.json.
    if (ids.includes(-1)) throw new UserError('tokenizer-unsupported', say`tokenizer.json does not know every byte.`);
    if (piece.length > MAX_REMEMBERED_PIECE_LENGTH) return ids;
    if (this.#idsOfPiece.size >= MAX_REMEMBERED_PIECES) this.#idsOfPiece.clear();
    // A piece is a slice of a whole prompt; the copy keeps the map from holding that prompt in memory.
    this.#idsOfPiece.set(Buffer.from(piece, 'utf16le').toString('utf16le'), ids);
    return ids;
  }
}

const EMPTY_MODEL = { type: 'BPE', vocab: {}, merges: [] };

function forgetOldest<K>(map: Map<K, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}

/** Cuts added tokens that are not special (runs of spaces, `<tool_call>`) out first; the longest match wins. */
function splitAround(contents: readonly string[], split: Split): Split {
  if (contents.length === 0) return split;
  const longestFirst = [...contents].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${longestFirst.map(escapePattern).join('|')})`);
  return text =>
    text.split(pattern).flatMap((section, i) => (i % 2 === 1 ? [section] : section.length > 0 ? split(section) : []));
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function tokenText(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : undefined;
  return typeof content === 'string' ? content : undefined;
}

function checkJson(json: unknown): TokenizerJson {
  const { model, added_tokens } = (typeof json === 'object' && json !== null ? json : {}) as Partial<TokenizerJson>;
  if (typeof model?.vocab !== 'object' || Array.isArray(model.vocab) || (model.type ?? 'BPE') !== 'BPE') {
    throw new UserError(
      'tokenizer-unsupported',
      say`tokenizer.json: a ${model?.type ?? 'missing'} model is not supported, only byte-level BPE.`,
    );
  }
  return { ...(json as TokenizerJson), added_tokens: added_tokens ?? [] };
}
