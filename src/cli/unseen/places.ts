/**
 * Places in a package's sources at which a line is completed: the rest of the line is taken away and is the truth. The
 * same sources and seed give the same places. The kinds and which lines are skipped are those of models/train/make_cursors.py.
 */
import { createHash } from 'node:crypto';
import { type Random, seededRandom } from '../../core/random';
import { SUFFIX_CHARS, shownPrefix } from '../../core/shownText';
import type { Language, Source } from './sources';

export const KINDS = ['line-start', 'mid-line', 'mid-identifier'] as const;
export type Kind = (typeof KINDS)[number];

export interface Place {
  /** Of package, path, line and column: the same wherever the place is cut again. */
  readonly id: string;
  readonly package: string;
  readonly path: string;
  readonly language: Language;
  readonly kind: Kind;
  /** What of the text before the cursor the editor would hand on. */
  readonly prefix: string;
  /** Starts with the newline that ends the cursor's line: what stood right of the cursor was deleted. */
  readonly suffix: string;
  /** The rest of the cursor's line as its author wrote it. */
  readonly truth: string;
  /** The line stands elsewhere in the file, too, white space around it aside. */
  readonly isRepeated: boolean;
}

const PER_FILE = 2;
const FEWEST_PREFIX_CHARS = 120;
const FEWEST_TRUTH_CHARS = 3;
const [SHORTEST_LINE, LONGEST_LINE] = [8, 110];
const TRIES = 40;
const DULL = /^\s*(?:\*|\/\/|\/\*|#|import\b|from\b|\}|\)|\]|<!--|['"]use )/;
const IDENTIFIER = /[A-Za-z_$][\w$]{3,}/g;

/** At most `n` places, a third of each kind, two of a file. */
export function placesIn(name: string, sources: readonly Source[], n: number, seed: number): Place[] {
  const random = seededRandom(seed ^ hashOf(name));
  let nDraws = 0;
  const draw = () => random.uniform(nDraws++, 0);
  const order = shuffled(
    Array<readonly Source[]>(PER_FILE).fill(sources).flat(),
    seededRandom(seed ^ hashOf(`${name} files`)),
  );
  // A package with a place too few or too many lacks another kind than the next one.
  const first = Math.floor(draw() * KINDS.length);
  const places: Place[] = [];
  for (const source of order) {
    if (places.length === n) break;
    const place = cut(name, source, KINDS[(first + places.length) % KINDS.length], draw);
    if (place === undefined || places.some(({ id }) => id === place.id)) continue;
    places.push(place);
  }
  return places;
}

/** One place in a file, or undefined where no line fits. */
function cut(name: string, { path, language, text }: Source, kind: Kind, draw: () => number): Place | undefined {
  const lines = text.split('\n');
  for (let i = 0; i < TRIES; i++) {
    const at = Math.floor(draw() * lines.length);
    const line = lines[at];
    const { length } = line.trim();
    if (DULL.test(line) || length < SHORTEST_LINE || length > LONGEST_LINE) continue;
    const column = columnFor(kind, line, draw);
    if (column === undefined || line.slice(column).trim().length < FEWEST_TRUTH_CHARS) continue;
    const before = [...lines.slice(0, at), line.slice(0, column)].join('\n');
    if (before.length < FEWEST_PREFIX_CHARS || isInProse(before, language)) continue;
    const below = lines.slice(at + 1).join('\n');
    return {
      id: createHash('sha256').update(`${name}\0${path}\0${at}\0${column}`).digest('hex').slice(0, 12),
      package: name,
      path,
      language,
      kind,
      prefix: shownPrefix(before),
      suffix: `\n${below.slice(0, SUFFIX_CHARS)}`,
      truth: line.slice(column).trimEnd(),
      isRepeated: lines.some((other, j) => j !== at && other.trim() === line.trim()),
    };
  }
  return undefined;
}

/** A column of that kind in the line, or undefined. */
function columnFor(kind: Kind, line: string, draw: () => number): number | undefined {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(draw() * items.length)];
  const indentation = line.length - line.trimStart().length;
  switch (kind) {
    case 'line-start':
      return indentation;
    case 'mid-identifier': {
      const word = pick([...line.matchAll(IDENTIFIER)]);
      return word && word.index + 1 + Math.floor(draw() * (word[0].length - 1));
    }
    case 'mid-line': {
      const ends = [...line.matchAll(/[\w$]+|[^\w\s]/g)].map(token => token.index + token[0].length);
      return pick(ends.filter(end => indentation < end && end < line.trimEnd().length - 1));
    }
  }
}

/** Comments and docstrings are written, but not as code is. */
function isInProse(before: string, language: Language): boolean {
  if (language === 'py') return (before.match(/"""|'''/g)?.length ?? 0) % 2 === 1;
  return before.lastIndexOf('/*') > before.lastIndexOf('*/');
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item, i) => ({ item, key: random.uniform(i, 0) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readInt32LE(0);
}
