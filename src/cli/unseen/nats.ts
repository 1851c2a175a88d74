/** Nats a byte of a proposal on whole texts, the true tokens given; and how they differ between two proposals. */
import type { Sequence, Tokenizer } from '../../core/model';
import { type Figure, figure, grouped } from './lineFigures';
import type { Source } from './sources';

export interface NatsText {
  readonly id: string;
  readonly package: string;
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

export interface NatsResult extends Omit<NatsText, 'text'> {
  readonly nats: number;
  readonly nBytes: number;
  readonly nTokens: number;
}

/** About 1,024 tokens of code: cut by characters, so that models with different tokenizers read the same text. */
const WINDOW_CHARS = 3600;
/** Rows of a large vocabulary are large: as many as this are held at a time. */
const CHUNK_TOKENS = 32;

/** The beginnings of `n` files of a package, spread over their paths, in whole lines. */
export function textsIn(name: string, sources: readonly Source[], n: number): NatsText[] {
  const step = sources.length / n;
  const taken = step <= 1 ? sources : Array.from({ length: n }, (_, i) => sources[Math.floor((i + 0.5) * step)]);
  return taken.map(({ path, language, text }) => {
    const window = text.slice(0, WINDOW_CHARS);
    const whole = text.length > WINDOW_CHARS ? window.slice(0, window.lastIndexOf('\n') + 1) || window : text;
    return { id: `${name}/${path}`, package: name, path, language, text: whole };
  });
}

/** What `text` costs behind the header that names its path, as a prompt has it. */
export async function natsOf(
  { text, ...about }: NatsText,
  sequence: Sequence,
  tokenizer: Tokenizer,
  signal: AbortSignal,
): Promise<NatsResult> {
  const { bos, fileSep, endoftext } = tokenizer.special;
  const header = tokenizer.encode(`${about.path.split('/').slice(-3).join('/')}\n`);
  const tokens = tokenizer.encode(text);
  await sequence.seek([...(bos === undefined ? [] : [bos]), fileSep ?? endoftext, ...header], signal, {
    wanted: tokens.slice(0, 1),
  });
  let nats = -sequence.logps().logp(tokens[0]);
  // What follows the last token is nobody's: it is given, never asked.
  for (let at = 0; at + 1 < tokens.length; at += CHUNK_TOKENS) {
    const draft = tokens.slice(at, Math.min(at + CHUNK_TOKENS, tokens.length - 1));
    const truth = tokens.slice(at + 1, at + 1 + draft.length);
    const rows = await sequence.verify(draft, signal, truth);
    for (const [i, row] of rows.entries()) nats -= row.logp(truth[i]);
  }
  return { ...about, nats, nBytes: Buffer.byteLength(text), nTokens: tokens.length };
}

export interface NatsFigures {
  readonly nTexts: number;
  readonly nTokens: number;
  readonly nBytes: number;
  readonly natsPerByte: Figure;
  readonly byLanguage: Readonly<Record<string, Figure>>;
  readonly byPackage: Readonly<Record<string, number>>;
}

export function natsFigures(results: readonly NatsResult[]): NatsFigures {
  const total = (of: (result: NatsResult) => number) => results.reduce((sum, result) => sum + of(result), 0);
  const each = <T>(keyOf: (result: NatsResult) => string, of: (some: readonly NatsResult[]) => T) =>
    Object.fromEntries([...grouped(results, keyOf)].map(([key, some]) => [key, of(some)]));
  return {
    nTexts: results.length,
    nTokens: total(result => result.nTokens),
    nBytes: total(result => result.nBytes),
    natsPerByte: figure(results, rate),
    byLanguage: each(
      ({ language }) => language,
      some => figure(some, rate),
    ),
    byPackage: each(({ package: name }) => name, rate),
  };
}

export interface NatsComparison {
  readonly nTexts: number;
  /** This less the other. */
  readonly natsPerByte: Figure;
  /** The same as a share of the other's. */
  readonly relative: Figure;
}

/** @param others by id */
export function compareNats(results: readonly NatsResult[], others: ReadonlyMap<string, NatsResult>): NatsComparison {
  const pairs = results.flatMap(one => {
    const other = others.get(one.id);
    return other === undefined ? [] : [{ package: one.package, one, other }];
  });
  type Pairs = readonly (typeof pairs)[number][];
  const rates = (some: Pairs) => [rate(some.map(({ one }) => one)), rate(some.map(({ other }) => other))] as const;
  const difference = (some: Pairs) => rates(some)[0] - rates(some)[1];
  return {
    nTexts: pairs.length,
    natsPerByte: figure(pairs, difference),
    relative: figure(pairs, some => difference(some) / rates(some)[1]),
  };
}

function rate(results: readonly NatsResult[]): number {
  const nats = results.reduce((sum, result) => sum + result.nats, 0);
  return (
    nats /
    Math.max(
      1,
      results.reduce((sum, { nBytes }) => sum + nBytes, 0),
    )
  );
}
