/**
 * Cuts text into pre-tokens exactly as a tokenizer.json says, and fast when the text is the last one plus an edit.
 * Knows nothing of token ids. A pre-token is the unit that BPE never crosses, hence the unit that can be cached.
 */
import { SequencePreTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../core/errors';
import { say } from '../core/sentence';

/** Cuts a text; the pieces joined are the text again. */
export type Split = (text: string) => readonly string[];

/** GPT-2's own pattern, which a `ByteLevel` stage applies unless told otherwise. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

interface Stage {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/**
 * The splitting stages of a `pre_tokenizer` whose last stage is `ByteLevel`. That stage's byte mapping is left to the
 * vocabulary, so that pieces are the text's own characters and their lengths are offsets in it.
 * @throws UserError for every other kind of tokenizer.
 */
export function parsePreTokenizer(json: unknown): { readonly split: Split; readonly isShortSighted: boolean } {
  const stages = flatten(json as Stage | null);
  const last = stages.pop();
  if (last?.type !== 'ByteLevel' || last.add_prefix_space === true) throw unsupported(String(last?.type ?? 'none'));
  for (const stage of stages) {
    const isLossless = stage.type === 'Digits' || (stage.type === 'Split' && isIsolated(stage));
    if (!isLossless) throw unsupported(`${stage.type} ${stage.behavior ?? ''}`.trim());
  }
  if (last.use_regex !== false)
    stages.push({ type: 'Split', pattern: { Regex: GPT2_PATTERN }, behavior: 'Isolated', invert: false });
  if (stages.length === 0) throw unsupported('no splitting stage');
  const sequence = new SequencePreTokenizer({ type: 'Sequence', pretokenizers: stages } as never);
  return { split: text => sequence.pre_tokenize(text) as string[], isShortSighted: stages.every(isShortSighted) };
}

function flatten(stage: Stage | null): Stage[] {
  if (stage?.type === 'Sequence') return (stage.pretokenizers as Stage[]).flatMap(flatten);
  return stage ? [stage] : [];
}

function isIsolated(stage: Stage): boolean {
  return stage.invert !== true && String(stage.behavior).toLowerCase() === 'isolated';
}

function unsupported(what: string): UserError {
  return new UserError(
    'tokenizer-unsupported',
    say`tokenizer.json: this kind of tokenizer (${what}) is not supported. Choose a model with a byte-level BPE tokenizer, such as the Qwen, Llama 3, StarCoder, SmolLM or DeepSeek families.`,
  );
}

/**
 * Patterns proved short-sighted: the match at a position never depends on characters beyond the two pieces that follow it.
 * In each, every alternative scans one maximal run of a character class, or a run of white space that the next pieces
 * cover, and looks ahead by one character at most; none looks behind. A pattern that is not listed is always run whole.
 */
const SHORT_SIGHTED_PATTERNS: ReadonlySet<unknown> = new Set([
  GPT2_PATTERN,
  // Ours: a newline and the indentation after it are one piece.
  '\\r?\\n[\\r\\n\\t ]*| ?[\\p{L}\\p{M}_$]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}_$]+|[^\\S\\r\\n]+(?=[^\\S\\r\\n])|[^\\S\\r\\n]+|\\s',
  // Qwen2 and Qwen2.5; Llama 3 differs in its digits only.
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
]);

function isShortSighted(stage: Stage): boolean {
  return SHORT_SIGHTED_PATTERNS.has((stage.pattern as { readonly Regex?: unknown } | undefined)?.Regex);
}
