/** Places in files where a completion could stand: as prompts of tokens to draw from, and as text to complete and compare. */
import type { CompletionText } from '../fim';
import { seededRandom } from '../random';
import { type Cut, Cutter, type Extent } from './cuts';
import { Dice } from './dice';
import { promptOf, type RowShape } from './rows';
import { SpotFinder, type TokenStore } from './tokenStore';

export interface SamplePrompt {
  readonly tokens: Int32Array;
  /** How the file goes on to the end of the line, and the token that ends a response there. */
  readonly truth: Int32Array;
}

/** A place in a file, and what its author wrote there to the end of the line. */
export interface HeldOutCut {
  readonly text: CompletionText;
  readonly truth: string;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Places tried for each that is wanted: some lines are too long or too short. */
const TRIES = 8;
/** As where the shipped models are measured (models/train/make_cursors.py): code, no prose, imports or closing brackets. */
const DULL = /^\s*(?:\*|\/\/|\/\*|#|import\b|from\b|\}|\)|\]|<!--|['"]use )/;
const LINE_CHARS = { least: 8, most: 110 };
const LEAST_TRUTH_CHARS = 3;
const SHOWN_TOKENS = { before: 2000, after: 1000 };

/**
 * At most `n` prompts of at most `promptLimit` tokens, whose truth has at most `responseLimit`. The first ones are the
 * same whatever `n` is.
 */
export function samplePrompts(
  store: TokenStore,
  shape: Pick<RowShape, 'tokenizer' | 'order'>,
  seed: number,
  n: number,
  promptLimit: number,
  responseLimit: number,
): SamplePrompt[] {
  const { tokenizer, order } = shape;
  const prompts: SamplePrompt[] = [];
  for (const cut of cuts(store, shape, seed, n * TRIES, promptLimit)) {
    if (prompts.length === n) break;
    const ending = order === 'none' ? store.tokens(cut.file)[cut.end] : tokenizer.special.endoftext;
    const truth = [...cut.middle, ...(ending === undefined ? [] : [ending])];
    const tokens = promptOf(cut, tokenizer, order);
    if (truth.length < 3 || truth.length > responseLimit || tokens.length > promptLimit) continue;
    prompts.push({ tokens: Int32Array.from(tokens), truth: Int32Array.from(truth) });
  }
  return prompts;
}

/** At most `n` places; `nameOf` is what the prompt's header says of a file. */
export function heldOutCuts(
  store: TokenStore,
  shape: Pick<RowShape, 'tokenizer' | 'order'>,
  nameOf: (file: number) => string,
  seed: number,
  n: number,
): HeldOutCut[] {
  const { tokenizer } = shape;
  const found: HeldOutCut[] = [];
  const seen = new Set<string>();
  for (const cut of cuts(store, shape, seed, n * TRIES, 512)) {
    if (found.length === n) break;
    const tokens = store.tokens(cut.file);
    const prefix = tokenizer.decode([...tokens.subarray(Math.max(0, cut.begin - SHOWN_TOKENS.before), cut.begin)]);
    const below = tokenizer.decode([...tokens.subarray(cut.begin, cut.end + SHOWN_TOKENS.after)]);
    // Some tokenizers hide a line's end inside of a token, where no middle ends.
    const [truth] = below.split('\n', 1);
    const suffix = below.slice(truth.length + 1);
    const place = `${cut.file}:${cut.begin}`;
    // A cut inside a character is none that a cursor can stand at.
    const isBroken = prefix.endsWith('\ufffd') || truth.includes('\ufffd');
    const line = prefix.slice(prefix.lastIndexOf('\n') + 1) + truth;
    const length = line.trim().length;
    const isDull = DULL.test(line) || length < LINE_CHARS.least || length > LINE_CHARS.most;
    if (isBroken || isDull || truth.trim().length < LEAST_TRUTH_CHARS || seen.has(place)) continue;
    seen.add(place);
    found.push({ text: { path: nameOf(cut.file), prefix, lineRest: '', suffix, neighbours: [] }, truth });
  }
  return found;
}

function* cuts(
  store: TokenStore,
  { tokenizer, order }: Pick<RowShape, 'tokenizer' | 'order'>,
  seed: number,
  nTries: number,
  room: number,
): Generator<Cut> {
  const cutter = new Cutter(store, tokenizer, order);
  const spots = new SpotFinder(store);
  const random = seededRandom(seed);
  const offset = random.uniform(-1, 0);
  const extent: Extent = 'line';
  for (let i = 0; i < nTries; i++) {
    const cut = cutter.cut(spots.spot((offset + GOLDEN * i) % 1), extent, new Dice(random, i), room);
    if (cut !== undefined) yield cut;
  }
}
