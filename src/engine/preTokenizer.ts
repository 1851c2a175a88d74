/**
 * Cuts text into pre-tokens exactly as a tokenizer.json says, and fast when the text is the last one plus an edit.
 * Knows nothing of token ids. A pre-token is the unit that BPE never crosses, hence the unit that can be cached.
 */
import { SequencePreTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../core/errors';
import { say } from '../core/sentence';
import { GPT2_PATTERN, isShortSighted } from './splitPatterns';

/** Cuts a text; the pieces joined are the text again. */
export type Split = (text: string) => readonly string[];

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
  const patterns = stages.map(patternOf);
  if (last.use_regex !== false) patterns.push({ Regex: GPT2_PATTERN });
  if (patterns.length === 0) throw unsupported('no splitting stage');
  const pretokenizers = patterns.map(pattern => ({
    type: 'Split',
    pattern: pattern.Regex === undefined ? pattern : { Regex: withLongS(pattern.Regex) },
    behavior: 'Isolated',
    invert: false,
  }));
  const sequence = new SequencePreTokenizer({ type: 'Sequence', pretokenizers } as never);
  const regexes = patterns.flatMap(pattern => pattern.Regex ?? []);
  return {
    split: text => sequence.pre_tokenize(text) as string[],
    isShortSighted: regexes.length === patterns.length && isShortSighted(regexes),
  };
}

interface Pattern {
  readonly Regex?: string;
  readonly String?: string;
}

function patternOf(stage: Stage): Pattern {
  // The original counts every number as a digit, not those of ASCII alone (char::is_numeric).
  if (stage.type === 'Digits') return { Regex: stage.individual_digits === true ? '\\p{N}' : '\\p{N}+' };
  if (stage.type === 'Split' && isIsolated(stage)) return (stage.pattern ?? {}) as Pattern;
  throw unsupported(`${stage.type} ${stage.behavior ?? ''}`.trim());
}

/** Regardless of case, the original takes ſ (U+017F) for an s as well; the library folds ASCII alone. */
function withLongS(regex: string): string {
  return regex.replaceAll("(?i:'s|", "(?i:'s|'\u017f|");
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
