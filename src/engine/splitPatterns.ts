/**
 * The patterns that byte-level tokenizers of known model families cut text with before merging, by the names that GGUF
 * files give them (`tokenizer.ggml.pre`). Each stage cuts the pieces of the stage before; what a stage does not match is
 * a piece too. Facts of llama.cpp's src/llama-vocab.cpp, in the wording of the families' own tokenizer.json.
 */

/** GPT-2's own pattern, which a `ByteLevel` stage applies unless told otherwise. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const WORD = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const SYMBOLS = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*';

const QWEN2 = `${CONTRACTIONS}|${WORD}|\\p{N}|${SYMBOLS}|${SPACES}`;
const LLAMA3 = `${CONTRACTIONS}|${WORD}|\\p{N}{1,3}|${SYMBOLS}|${SPACES}`;
const SEED_CODER = `${CONTRACTIONS}|${WORD}|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${SPACES}`;
const DIGIT = '\\p{N}';
const NEWLINE = '[\\r\\n]';
/** Includes far more than CJK: arrows, box drawing and wide spaces lie in it too. */
const CJK = '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+';
const LETTERS_OF_DEEPSEEK =
  '\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\u{10400}-\u{1044f}\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}\u{118a0}-\u{118df}\u{1e900}-\u{1e943}]+';
const PUNCTUATION_OF_DEEPSEEK = '\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+';

export const SPLIT_PATTERNS = {
  qwen2: [QWEN2],
  'llama-bpe': [LLAMA3],
  dbrx: [LLAMA3],
  'smaug-bpe': [LLAMA3],
  'gpt-2': [GPT2_PATTERN],
  mellum: [GPT2_PATTERN],
  starcoder: [DIGIT, GPT2_PATTERN],
  refact: [DIGIT, GPT2_PATTERN],
  smollm: [DIGIT, GPT2_PATTERN],
  'deepseek-coder': [NEWLINE, '\\s?\\p{L}+', '\\s?\\p{P}+', CJK, DIGIT],
  'deepseek-llm': [NEWLINE, LETTERS_OF_DEEPSEEK, PUNCTUATION_OF_DEEPSEEK, '\\s+$', CJK, '\\p{N}+'],
  'seed-coder': [SEED_CODER],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type PreTokenizerName = keyof typeof SPLIT_PATTERNS;

/** Ours: a newline and the indentation after it are one piece. */
const OWN =
  '\\r?\\n[\\r\\n\\t ]*| ?[\\p{L}\\p{M}_$]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}_$]+|[^\\S\\r\\n]+(?=[^\\S\\r\\n])|[^\\S\\r\\n]+|\\s';

/**
 * Whether cutting may begin anew at every piece, and a piece is decided by its own characters and the two pieces after
 * it. It is so for the sequences above: every alternative scans one maximal run of a character class, or a run of white
 * space that the next pieces cover; it looks ahead by one character at most and never behind; and a run that begins
 * later is the rest of the same run, for every stage. Sequences that are not listed are always run whole.
 */
export function isShortSighted(patterns: readonly string[]): boolean {
  return SHORT_SIGHTED.has(keyOf(patterns));
}

/** Some files write a newline of a class as itself, others as an escape. */
function keyOf(patterns: readonly string[]): string {
  return JSON.stringify(patterns.map(pattern => pattern.replaceAll('\r', '\\r').replaceAll('\n', '\\n')));
}

const SHORT_SIGHTED: ReadonlySet<string> = new Set([...Object.values(SPLIT_PATTERNS), [OWN]].map(keyOf));
