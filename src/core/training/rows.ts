/**
 * Training rows: samples in the shapes that are served, packed into a fixed number of tokens. A row is a pure function
 * of (seed, index), so a run resumes by its row counter. Neither attention nor anything else tells packed samples apart:
 * the models were trained so (models/train/rows.py).
 *
 *   plain   <|file_sep|> H text [<|endoftext|>]
 *   cut     the prompt of fim.ts, then M <|endoftext|>
 */
import { arrange, type FimOrder } from '../fim';
import type { Tokenizer } from '../model';
import { seededRandom } from '../random';
import { type Cut, Cutter } from './cuts';
import { Dice } from './dice';
import { type Spot, SpotFinder, type TokenStore } from './tokenStore';

export interface TrainingRow {
  /** [T] */
  readonly tokens: Int32Array;
  /** [T], the token after each; −1 where none is to be predicted. */
  readonly targets: Int32Array;
  /** [T], 1 at the positions that count and 0 elsewhere, not yet divided by their number. */
  readonly weights: Float32Array;
}

export interface RowSource {
  row(index: number): TrainingRow;
}

/** Rows that come again and again. */
export interface RepeatingRows extends RowSource {
  /** How many there are: row `nRows` is row 0. */
  readonly nRows: number;
}

export function repeating(rows: RowSource, nRows: number): RepeatingRows {
  return { nRows, row: index => rows.row(index % nRows) };
}

/** What of a sample is predicted: all that can be, or only code that stands where a completion could. */
export type Targets = 'all' | 'code';

export interface RowShape {
  readonly tokenizer: Tokenizer;
  readonly order: FimOrder;
  /** T */
  readonly length: number;
  readonly targets: Targets;
}

export const NO_TARGET = -1;
/** Share of the samples that fill in a middle, where the model knows one. */
const CUT_SHARE = 0.6;
/** A smaller rest of a row is filled with plain text. */
const SMALLEST_CUT = 48;
const WHOLE_START_SHARE = 0.15;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Tokens, and which of them are to be predicted from those before. */
export interface Sample {
  readonly tokens: readonly number[];
  readonly isTarget: readonly boolean[];
}

export class RowBuilder implements RowSource {
  readonly #spots: SpotFinder;
  readonly #cutter: Cutter;
  readonly #offset: number;

  /** @param seed 32-bit */
  constructor(
    private readonly store: TokenStore,
    private readonly shape: RowShape,
    private readonly seed: number,
  ) {
    this.#spots = new SpotFinder(store);
    this.#cutter = new Cutter(store, shape.tokenizer, shape.order);
    this.#offset = seededRandom(seed).uniform(-1, 0);
  }

  row(index: number): TrainingRow {
    const { length } = this.shape;
    const dice = new Dice(seededRandom(this.seed), index);
    const tokens: number[] = [];
    const isTarget: boolean[] = [];
    // Multiples of the golden ratio leave no part of the files out for long, as independent draws would.
    let spot = this.#spots.spot((this.#offset + GOLDEN * index) % 1);
    while (tokens.length < length + 1) {
      const sample = this.#sample(spot, dice, length + 1 - tokens.length);
      tokens.push(...sample.tokens);
      isTarget.push(...sample.isTarget);
      spot = this.#spots.spot(dice.next());
    }
    return rowOf(tokens, isTarget, length);
  }

  #sample(spot: Spot, dice: Dice, room: number): Sample {
    const { order } = this.shape;
    const wantsCut = order !== 'none' && room >= SMALLEST_CUT && dice.next() < CUT_SHARE;
    const cut = wantsCut ? this.#cutter.cut(spot, 'lines', dice, room) : undefined;
    return cut === undefined ? this.#plain(spot, dice, room) : cutSample(cut, this.shape);
  }

  #plain({ file, at }: Spot, dice: Dice, room: number): Sample {
    const { special } = this.shape.tokenizer;
    const all = this.store.tokens(file);
    const header = this.store.header(file);
    const isWhole = all.length <= room || dice.next() < WHOLE_START_SHARE;
    const start = isWhole ? 0 : Math.min(at, all.length - (room >> 1));
    const body = [...all.subarray(start, start + Math.max(1, room - header.length - 1))];
    const ends = start + body.length === all.length;
    const before = arrange('none', special, [], header, [], []);
    const tokens = [...before, ...body, ...(ends ? [special.endoftext] : [])].slice(0, room);
    const first = this.shape.targets === 'all' ? 1 : before.length;
    return { tokens, isTarget: tokens.map((_, i) => i >= first) };
  }
}

/** A cut as its prompt, its middle and the end token. */
export function cutSample(cut: Cut, { tokenizer, order, targets }: RowShape): Sample {
  const { special } = tokenizer;
  const prompt = promptOf(cut, tokenizer, order);
  const tokens = [...prompt, ...cut.middle, special.endoftext];
  if (targets === 'code') {
    const from = order === 'suffix-first' ? prompt.length - cut.prefix.length : prompt.length;
    return { tokens, isTarget: tokens.map((_, i) => i >= Math.max(1, from)) };
  }
  // Which file and which suffix were chosen cannot be known.
  const isFree = (i: number) =>
    i > 0 && tokens[i] !== special.fimPrefix && tokens[i] !== special.fimSuffix && tokens[i - 1] !== special.fimSuffix;
  return { tokens, isTarget: tokens.map((_, i) => isFree(i)) };
}

/** What a proposal is asked with for this cut. */
export function promptOf(cut: Cut, tokenizer: Tokenizer, order: FimOrder): number[] {
  return arrange(order, tokenizer.special, cut.neighbours, cut.header, cut.prefix, cut.suffix);
}

/**
 * A row of `length` tokens that begins with these.
 * @param isTarget whether each token is to be predicted; the first never is
 */
export function rowOf(tokens: readonly number[], isTarget: readonly boolean[], length: number): TrainingRow {
  const row = {
    tokens: new Int32Array(length),
    targets: new Int32Array(length).fill(NO_TARGET),
    weights: new Float32Array(length),
  };
  for (let i = 0; i < length; i++) {
    row.tokens[i] = tokens[i] ?? 0;
    if (!isTarget[i + 1]) continue;
    row.targets[i] = tokens[i + 1];
    row.weights[i] = 1;
  }
  return row;
}

/**
 * A prompt and how it goes on, of which only the latter is predicted: the row of a proposal's sample or of a preference.
 * @throws Error when the two are longer than a row.
 */
export function responseRow(prompt: readonly number[], response: readonly number[], length: number): TrainingRow {
  if (prompt.length + response.length > length + 1) throw new Error('A prompt and its response are longer than a row.');
  const tokens = [...prompt, ...response];
  return rowOf(
    tokens,
    tokens.map((_, i) => i >= prompt.length),
    length,
  );
}
