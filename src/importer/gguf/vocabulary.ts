/**
 * The vocabulary of a GGUF's metadata in the terms of a tokenizer.json: texts that merge, texts that are cut out, and
 * merges. Key names and token types are those of the format (ggml docs/gguf.md; llama.cpp src/llama-vocab.cpp).
 */
import { UserError } from '../../core/errors';
import { type Sentence, say } from '../../core/sentence';
import { spellBytes } from '../../engine/byteAlphabet';
import { isSpecialName } from '../../engine/specialTokens';
import type { GgufMetadata } from './ggufMetadata';

export interface AddedToken {
  readonly id: number;
  /** As it stands in text, not in the byte alphabet. */
  readonly content: string;
  /** Whether a text that spells it is text all the same. */
  readonly special: boolean;
}

export interface Vocabulary {
  /** Text → id, ascending by id; the added tokens are in it too. */
  readonly ids: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
  /** `left right`, the first to be done first. */
  readonly merges: readonly string[];
  /** The last token that has a text, plus 1: what follows pads the table. */
  readonly nTokens: number;
}

/** The space between the two of a merge: the first one that is not the first character. */
const SEPARATOR = /^(.[^ ]*) /su;

const TYPES = { unknown: 2, control: 3, user: 4, unused: 5 };

/** @throws UserError when lists are missing or contradict each other */
export function readVocabulary(metadata: GgufMetadata): Vocabulary {
  const tokens = listOf(metadata.strings('tokenizer.ggml.tokens'), 'tokenizer.ggml.tokens');
  const types = metadata.numbers('tokenizer.ggml.token_type') ?? [];
  const merges = listOf(metadata.strings('tokenizer.ggml.merges'), 'tokenizer.ggml.merges');
  if (types.length > 0 && types.length !== tokens.length)
    throw contradictory(say`it has ${tokens.length} tokens, but ${types.length} token types`);

  let made: ReadonlySet<string> | undefined;
  /** Converters now and then give a token of a known role the type of text; but text it is where merges make it. */
  const isSpecial = (text: string) => {
    if (!isSpecialName(text)) return false;
    made ??= new Set(merges.map(merge => merge.replace(SEPARATOR, '$1')));
    return !made.has(text);
  };
  const ids = new Map<string, number>();
  const added: AddedToken[] = [];
  let nTokens = 0;
  for (let id = 0; id < tokens.length; id++) {
    const text = tokens[id];
    if (text === '' || types[id] === TYPES.unused || isPadding(text, id)) continue;
    if (ids.has(text)) throw contradictory(say`the tokens ${ids.get(text)!} and ${id} have the same text`);
    ids.set(text, id);
    nTokens = id + 1;
    const special = types[id] === TYPES.control || types[id] === TYPES.unknown || isSpecial(text);
    if (special || types[id] === TYPES.user) added.push({ id, content: text, special });
  }
  return { ids: withMerged(ids, added, merges), added, merges, nTokens };
}

/** What a converter fills a table with whose rows are more than there are tokens; older ones call it the user's. */
function isPadding(text: string, id: number): boolean {
  return text === `[PAD${id}]`;
}

/** A token that is cut out may be made by merges as well, in the alphabet's spelling. */
function withMerged(
  ids: Map<string, number>,
  added: readonly AddedToken[],
  merges: readonly string[],
): ReadonlyMap<string, number> {
  let spelled: Map<string, number> | undefined;
  const check = (text: string) => {
    if (ids.has(text)) return;
    spelled ??= new Map(added.map(({ id, content }) => [spellBytes(new TextEncoder().encode(content)), id]));
    const id = spelled.get(text);
    if (id === undefined) throw contradictory(say`its merges make "${text}", which is no token`);
    ids.set(text, id);
  };
  for (const merge of merges) {
    const space = merge.indexOf(' ', 1);
    if (space < 0) throw contradictory(say`"${merge}" is no merge of two tokens`);
    const left = merge.slice(0, space);
    const right = merge.slice(space + 1);
    check(left);
    check(right);
    check(left + right);
  }
  return ids;
}

function listOf(list: readonly string[] | undefined, key: string): readonly string[] {
  if (list !== undefined && list.length > 0) return list;
  throw contradictory(say`"${key}" is missing`);
}

function contradictory(reason: Sentence): UserError {
  return new UserError(
    'tokenizer-damaged',
    say`The file's tokenizer is incomplete: ${reason}. Get the file again, or choose another conversion of the model.`,
  );
}
