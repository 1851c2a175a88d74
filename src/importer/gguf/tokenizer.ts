/**
 * From a GGUF's metadata to the files in which Hugging Face describes text. Only byte-level BPE, whose pre-tokenizer
 * `tokenizer.ggml.pre` names: an unknown one is refused, because a wrong one gives plausible tokens and a confused model.
 */
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import { findSpecialTokens } from '../../engine/specialTokens';
import { type PreTokenizerName, SPLIT_PATTERNS } from '../../engine/splitPatterns';
import type { TextFiles } from '../sourceModel';
import type { GgufMetadata } from './ggufMetadata';
import { type AddedToken, readVocabulary, type Vocabulary } from './vocabulary';

export interface TextOfGguf {
  readonly text: TextFiles;
  /** The last token that has a text, plus 1. */
  readonly nTokens: number;
}

/** @throws UserError when the tokenizer is of an unknown kind, or incomplete */
export function textFilesOf(metadata: GgufMetadata): TextOfGguf {
  const whole = metadata.string('tokenizer.huggingface.json');
  const { json, nTokens, added } = whole === undefined ? madeTokenizer(metadata) : broughtTokenizer(whole);
  return {
    text: {
      'tokenizer.json': json,
      'tokenizer_config.json': `${JSON.stringify(configOf(metadata, added), null, 2)}\n`,
      'generation_config.json': `${JSON.stringify(generationOf(metadata, added), null, 2)}\n`,
    },
    nTokens,
  };
}

interface OwnTokenizer {
  readonly json: string;
  readonly nTokens: number;
  readonly added: readonly Pick<AddedToken, 'id' | 'content'>[];
}

function madeTokenizer(metadata: GgufMetadata): OwnTokenizer {
  const pre = preTokenizerOf(metadata);
  const vocabulary = readVocabulary(metadata);
  return { json: tokenizerJson(pre, vocabulary), nTokens: vocabulary.nTokens, added: vocabulary.added };
}

function preTokenizerOf(metadata: GgufMetadata): PreTokenizerName {
  const known = Object.keys(SPLIT_PATTERNS).join(', ');
  const model = metadata.string('tokenizer.ggml.model');
  if (model !== 'gpt2') {
    throw new UserError(
      'tokenizer-unsupported',
      model === 'llama'
        ? say`The model's tokenizer is of the kind "llama" (SentencePiece), which Residual does not read. Choose a model with a byte-level BPE tokenizer, such as Qwen2.5-Coder, Granite or SmolLM2.`
        : say`The model's tokenizer is of the kind "${model ?? ''}", which Residual does not read. Choose a model with a byte-level BPE tokenizer, such as Qwen2.5-Coder, Granite or SmolLM2.`,
    );
  }
  const pre = metadata.string('tokenizer.ggml.pre');
  if (pre === undefined || pre === '') {
    throw new UserError(
      'tokenizer-unsupported',
      say`The file does not say how its tokenizer cuts text (tokenizer.ggml.pre), as files made before May 2024 do not. Get a newer conversion of the model.`,
    );
  }
  const name = SAME_AS[pre] ?? pre;
  if (Object.hasOwn(SPLIT_PATTERNS, name)) return name as PreTokenizerName;
  throw new UserError(
    'tokenizer-unsupported',
    say`The model's tokenizer cuts text as "${pre}", which Residual does not know. It knows ${known}. Choose a model of one of these kinds, or its Hugging Face folder.`,
  );
}

/** Other names that llama.cpp reads as the same. */
const SAME_AS: Readonly<Record<string, PreTokenizerName>> = { llama3: 'llama-bpe', 'llama-v3': 'llama-bpe' };

/** The vocabulary is written piece by piece: an object would reorder tokens that are numbers, and know `__proto__`. */
function tokenizerJson(pre: PreTokenizerName, { ids, added, merges }: Vocabulary): string {
  const vocab = Array.from(ids, ([text, id]) => `${JSON.stringify(text)}:${id}`).join(',');
  const addedTokens = added.map(token => ({
    id: token.id,
    content: token.content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: token.special,
  }));
  const stages = SPLIT_PATTERNS[pre].map(Regex => ({
    type: 'Split',
    pattern: { Regex },
    behavior: 'Isolated',
    invert: false,
  }));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const model = {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: pre === 'llama-bpe',
  };
  const head = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: pre === 'qwen2' ? { type: 'NFC' } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...stages, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
  };
  const opening = JSON.stringify(head).slice(0, -1);
  const openingOfModel = JSON.stringify(model).slice(0, -1);
  return `${opening},"model":${openingOfModel},"vocab":{${vocab}},"merges":${JSON.stringify(merges)}}}\n`;
}

/** A file may bring the tokenizer.json it was made with. */
function broughtTokenizer(json: string): OwnTokenizer {
  try {
    const { model, added_tokens } = JSON.parse(json) as {
      readonly model: { readonly vocab: Readonly<Record<string, number>> };
      readonly added_tokens?: OwnTokenizer['added'];
    };
    const added = added_tokens ?? [];
    const ids = [...Object.values(model.vocab), ...added.map(({ id }) => id)];
    return { json, added, nTokens: 1 + ids.reduce((most, id) => Math.max(most, id), -1) };
  } catch {
    throw new UserError(
      'tokenizer-damaged',
      say`The file's tokenizer.huggingface.json cannot be read. Get the file again, or choose another conversion of the model.`,
    );
  }
}

function configOf(metadata: GgufMetadata, added: OwnTokenizer['added']): object {
  const text = (role: string) => {
    const id = metadata.number(`tokenizer.ggml.${role}_token_id`);
    return id === undefined ? undefined : added.find(token => token.id === id)?.content;
  };
  const pre = metadata.string('tokenizer.ggml.pre') ?? '';
  const bos = text('bos');
  // Only this kind adds one where the file does not say (llama-vocab.cpp, load of `tokenizer_pre`).
  const addsBos = metadata.boolean('tokenizer.ggml.add_bos_token') ?? (SAME_AS[pre] ?? pre) === 'llama-bpe';
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: addsBos && bos !== undefined,
    bos_token: bos,
    eos_token: text('eos'),
    unk_token: text('unknown'),
    pad_token: text('padding'),
    clean_up_tokenization_spaces: false,
    chat_template: chatTemplateOf(metadata),
  };
}

/** One template as it is, several by name, as Hugging Face writes them. */
function chatTemplateOf(metadata: GgufMetadata): string | readonly object[] | undefined {
  const only = metadata.string('tokenizer.chat_template');
  const named = (metadata.strings('tokenizer.chat_templates') ?? []).flatMap(name => {
    const template = metadata.string(`tokenizer.chat_template.${name}`);
    return template === undefined ? [] : [{ name, template }];
  });
  if (named.length === 0) return only;
  return [...(only === undefined ? [] : [{ name: 'default', template: only }]), ...named];
}

/** Keys of tokens that end a text, whoever writes it; the end of a turn only where the file says that it ends a text. */
const END_KEYS = ['eos', 'eot', 'eom', 'fim_pad', 'fim_rep', 'fim_sep'];

function generationOf(metadata: GgufMetadata, added: OwnTokenizer['added']): object {
  const known = new Set(added.map(({ id }) => id));
  const id = (role: string) => {
    const value = metadata.number(`tokenizer.ggml.${role}_token_id`);
    return value !== undefined && known.has(value) ? value : undefined;
  };
  const byText = new Map(added.map(({ id, content }) => [content, id]));
  const found = findSpecialTokens(text => byText.get(text));
  const ends = [
    ...END_KEYS.map(id),
    found.endoftext,
    byText.get('<|eot_id|>'),
    byText.get('<|eom_id|>'),
    found.fimPad,
    found.repoName,
    found.fileSep,
  ];
  const distinct = [...new Set(ends)].filter(end => end !== undefined);
  if (distinct.length === 0) {
    throw new UserError(
      'tokenizer-unsupported',
      say`The file names no token that ends a text (tokenizer.ggml.eos_token_id), so a completion could not end. Get another conversion of the model.`,
    );
  }
  return {
    bos_token_id: id('bos'),
    eos_token_id: distinct.length === 1 ? distinct[0] : distinct,
    pad_token_id: id('padding'),
  };
}
