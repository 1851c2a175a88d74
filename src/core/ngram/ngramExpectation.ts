/** What an n-gram expects behind a text, for a person to read: the next tokens with their probabilities, and how each goes on. */
import type { Tokenizer } from '../model';
import type { Row } from '../row';
import type { NgramModel, NgramSequence } from './ngram';

export interface Expected {
  /** The token's text, and what most probably follows it within the line. */
  readonly text: string;
  /** Of the first token, given the text. */
  readonly prob: number;
}

export interface Expectation {
  /** How many tokens of the end of the text the files hold one after another: 0 to 6. */
  readonly nKnown: number;
  /** How often they do. */
  readonly count: number;
  readonly expected: readonly Expected[];
}

const NONE = new Uint8Array();
const LINE_BREAK = Uint8Array.of(10);
const BREAKS: ReadonlySet<number | undefined> = new Set([10, 13]);

interface View {
  readonly tokens: readonly number[];
  readonly nKnown: number;
  readonly count: number;
  readonly row: Row;
}

/** How a candidate goes on is shown as far as it is this probable, token by token. */
const LEAST_PROB = 0.3;
const MOST_TOKENS = 12;

/**
 * @param text taken as it stands, and also with a space before it, which tokenizers take for other tokens: weighed by how
 * often the files hold either.
 */
export async function expectationOf(
  model: NgramModel,
  tokenizer: Tokenizer,
  text: string,
  nExpected: number,
): Promise<Expectation> {
  const views: View[] = [];
  for (const reading of /^[\p{L}_$]/u.test(text) ? [text, ` ${text}`] : [text]) {
    const tokens = tokenizer.encode(reading);
    if (tokens.length === 0) continue;
    const sequence = model.openContext();
    await sequence.seek(tokens);
    const { order: nKnown, count } = sequence.recognition();
    views.push({ tokens, nKnown, count, row: sequence.logps() });
  }
  const longest = Math.max(0, ...views.map(({ nKnown }) => nKnown));
  const used = views.filter(({ nKnown, count }) => nKnown === longest && count > 0);
  if (longest === 0 || used.length === 0) return { nKnown: 0, count: 0, expected: [] };
  const total = used.reduce((sum, { count }) => sum + count, 0);
  // What is not listed is less probable than a token that is.
  const known = new Set(used.flatMap(({ row }) => [...row.ids.subarray(0, row.n)]));
  const bytesOf = (token: number) => (token < tokenizer.vocabSize ? tokenizer.bytes(token) : NONE);
  const probOf = (token: number) => {
    const prob = used.reduce((sum, { count, row }) => sum + (count / total) * Math.exp(row.logp(token)), 0);
    // Half of what line breaks get was given to the end of the text (ngramReading.ts), which to a reader is the same.
    return BREAKS.has(bytesOf(token)[0]) ? 2 * prob : prob;
  };
  const probs = new Map([...known].filter(token => bytesOf(token).length > 0).map(token => [token, probOf(token)]));
  const best = [...probs].sort(([a, probOfA], [b, probOfB]) => probOfB - probOfA || a - b);
  const [{ tokens }] = [...used].sort((a, b) => b.count - a.count);
  const sequence = model.openContext();
  const expected: Expected[] = [];
  for (const [token, prob] of best.slice(0, nExpected)) {
    const rest = await draftOf(sequence, tokenizer, [...tokens, token]);
    const written = [token, ...rest].map(id => (bytesOf(id).length === 0 ? LINE_BREAK : bytesOf(id)));
    expected.push({ text: firstLine(new TextDecoder().decode(joined(written))), prob });
  }
  return { nKnown: longest, count: total, expected };
}

async function draftOf(
  sequence: NgramSequence,
  tokenizer: Tokenizer,
  tokens: readonly number[],
): Promise<readonly number[]> {
  if (/[\r\n]/.test(tokenizer.decode(tokens.slice(-1)))) return [];
  await sequence.seek(tokens);
  return sequence.draft(MOST_TOKENS, LEAST_PROB).tokens;
}

/** Up to the first line break, which stays as a sign that the line ends. */
function firstLine(text: string): string {
  const end = /\r?\n/.exec(text);
  return end === null ? text : `${text.slice(0, end.index)}\n`;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap(piece => [...piece]));
}
