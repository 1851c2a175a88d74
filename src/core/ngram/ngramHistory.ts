/**
 * The tokens of a prompt as the n-gram reads them: texts apart from each other, the one that is being written last.
 * No context crosses a special token, and in a prefix-first prompt what is written continues the prefix, not the suffix.
 */
import type { SpecialTokens } from '../model';

/** Stands between two texts; no token of any vocabulary. */
export const BETWEEN_TEXTS = -1;

/**
 * @param tokens a prompt as fim.ts builds it, and what was written since.
 * @returns each text of the prompt with `BETWEEN_TEXTS` before it; appending to it is appending to the prompt.
 */
export function readHistory(tokens: readonly number[], special: SpecialTokens): number[] {
  const marks = new Set<number>(Object.values(special) as number[]);
  const texts: { readonly mark: number; readonly ids: number[] }[] = [{ mark: BETWEEN_TEXTS, ids: [] }];
  for (const token of tokens) {
    if (marks.has(token)) texts.push({ mark: token, ids: [] });
    else texts[texts.length - 1].ids.push(token);
  }
  const prefix = texts.find(text => text.mark === special.fimPrefix && text.ids.length > 0);
  const written = texts[texts.length - 1];
  const isPrefixFirst = prefix !== undefined && written.mark === special.fimMiddle && special.fimMiddle !== undefined;
  const history: number[] = [];
  for (const text of texts) {
    if (text.ids.length === 0 || text === written || (isPrefixFirst && text === prefix)) continue;
    history.push(BETWEEN_TEXTS, ...text.ids);
  }
  history.push(BETWEEN_TEXTS, ...(isPrefixFirst ? prefix.ids : []), ...written.ids);
  return history;
}
