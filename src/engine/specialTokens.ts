/** Finds the special tokens of a model by the names that the known model families give them. */
import type { SpecialTokens } from '../core/model';

/** Role → the texts it is known by, the usual one first. DeepSeek names the hole where others name the suffix. */
const KNOWN_NAMES: Readonly<Record<keyof SpecialTokens, readonly string[]>> = {
  endoftext: ['<|endoftext|>', '<｜end▁of▁sentence｜>', '<|end_of_text|>', '<[end▁of▁sentence]>', '</s>', '<eos>'],
  bos: ['<|begin_of_text|>', '<｜begin▁of▁sentence｜>', '<[begin▁of▁sentence]>', '<s>', '<bos>'],
  fimPrefix: ['<|fim_prefix|>', '<fim_prefix>', '<fim-prefix>', '<｜fim▁begin｜>', '<[fim-prefix]>', '<PRE>', '▁<PRE>'],
  fimSuffix: ['<|fim_suffix|>', '<fim_suffix>', '<fim-suffix>', '<｜fim▁hole｜>', '<[fim-suffix]>', '<SUF>', '▁<SUF>'],
  fimMiddle: ['<|fim_middle|>', '<fim_middle>', '<fim-middle>', '<｜fim▁end｜>', '<[fim-middle]>', '<MID>', '▁<MID>'],
  fimPad: ['<|fim_pad|>', '<fim_pad>', '<fim-pad>'],
  repoName: ['<|repo_name|>', '<repo_name>', '<reponame>'],
  // Families that have no separator of files put a name before each (StarCoder, Granite code, Mellum).
  fileSep: ['<|file_sep|>', '<file_sep>', '<filename>'],
  imStart: ['<|im_start|>'],
  imEnd: ['<|im_end|>'],
};

const ALL_NAMES: ReadonlySet<string> = new Set(Object.values(KNOWN_NAMES).flat());

/** Ids of special tokens by role, as a residual.json lists them. */
export type SpecialIds = Readonly<Partial<Record<keyof SpecialTokens, number>>>;

/** Whether some family gives this name to a token that is no text. */
export function isSpecialName(text: string): boolean {
  return ALL_NAMES.has(text);
}

/** Ids by the known names. `idOf` gives the id of an added token by its exact text. */
export function findSpecialTokens(idOf: (text: string) => number | undefined): SpecialIds {
  const found: { -readonly [Role in keyof SpecialTokens]?: number } = {};
  for (const role of Object.keys(KNOWN_NAMES) as (keyof SpecialTokens)[]) {
    const id = KNOWN_NAMES[role].map(idOf).find(candidate => candidate !== undefined);
    if (id !== undefined) found[role] = id;
  }
  return found;
}
