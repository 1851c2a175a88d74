/** Two choices of modules beside what an author wrote: where to compare them, and what each writes there. Knows no editor. */
import { throwIfAborted } from '../../core/errors';
import { evenly } from '../../core/evenly';
import type { ComparedRow } from '../../protocol/pages/settingsState';

/** A place in the middle of a line whose rest is known. */
export interface Spot {
  /** From 0, in lines and UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** The line up to the place, and the rest of it. */
  readonly head: string;
  readonly author: string;
}

/** Lines with less than this to write tell nothing, and with more are rarely met. */
const LEAST_CHARS = 6;
const MOST_CHARS = 80;
/** How much of a line is given: enough to know what it is about. */
const GIVEN = 0.35;

/**
 * At most `n` places spread over the text, each after a word or a sign near the line's first third. Comments and lines
 * that hold hardly more than brackets are left out. The same text gives the same places.
 */
export function spotsIn(text: string, n: number): Spot[] {
  const all = text.split(/\r?\n/).flatMap((line, number) => spotOf(line, number) ?? []);
  return [...evenly(all, n)];
}

function spotOf(line: string, number: number): Spot | undefined {
  const indent = line.length - line.trimStart().length;
  const content = line.trim();
  if (/^(?:\/\/|\/\*|\*|#|--|<!--)/.test(content)) return undefined;
  if ((content.match(/\w/g) ?? []).length < LEAST_CHARS) return undefined;
  const ends = [...content.matchAll(/\w+|[^\w\s]/g)].map(match => match.index + match[0].length);
  const end = ends.find(at => at >= GIVEN * content.length);
  if (end === undefined) return undefined;
  const author = content.slice(end);
  if (author.trim().length < LEAST_CHARS || author.length > MOST_CHARS) return undefined;
  const column = indent + end;
  return { line: number, column, head: line.slice(0, column), author };
}

/** Writes one side of one spot. */
export type WriteSpot = (spot: Spot, side: 'a' | 'b', signal: AbortSignal) => Promise<string>;

/** @throws AbortError between two completions; what `write` throws. */
export async function* compareAt(
  spots: readonly Spot[],
  write: WriteSpot,
  signal: AbortSignal,
): AsyncGenerator<ComparedRow> {
  for (const spot of spots) {
    throwIfAborted(signal);
    const a = await write(spot, 'a', signal);
    const b = await write(spot, 'b', signal);
    yield { line: spot.line + 1, head: spot.head, author: spot.author, a, b };
  }
}
