/** A completion as the model wrote it, with how sure it was of each token, so that what is left of it can be judged. */

export interface Remembered {
  readonly text: string;
  /** Tokens in order. `end` counts characters of `text`; `logp` is under the aligned distribution. */
  readonly tokens: readonly { readonly end: number; readonly logp: number }[];
}

/** @param tokens may go beyond `text`, which was cut where it should end. */
export function remember(
  text: string,
  tokens: readonly { readonly text: string; readonly aligned: number }[],
): Remembered {
  let end = 0;
  return {
    text,
    tokens: tokens.map(token => {
      end += token.text.length;
      return { end, logp: Math.log(token.aligned) };
    }),
  };
}

/** What is left once the first `nChars` have been typed. A token that was typed in part is still open. */
export function remainder({ text, tokens }: Remembered, nChars: number): Remembered {
  return {
    text: text.slice(nChars),
    tokens: tokens.filter(({ end }) => end > nChars).map(({ end, logp }) => ({ end: end - nChars, logp })),
  };
}

/**
 * How probable the first line that is not blank is, its end included: the product of its tokens' probabilities, an
 * estimate of how often it is, letter by letter, what a person would have written.
 */
export function lineProbability({ text, tokens }: Remembered): number {
  const firstLine = /^\s*[^\n]*/.exec(text)![0];
  let start = 0;
  let logp = 0;
  for (const token of tokens) {
    if (start > firstLine.length) break;
    logp += token.logp;
    start = token.end;
  }
  return tokens.length === 0 ? 0 : Math.exp(logp);
}
