/** Writes every place of an edit twice, with the proposal alone and with modules, out of the way of typing. */
import type { AnsweredPlace, Written } from '../../core/edits/editFigures';
import { type EditPlace, placesIn } from '../../core/edits/editPlaces';
import { throwIfAborted, UserError } from '../../core/errors';
import { evenly } from '../../core/evenly';
import { say } from '../../core/sentence';
import { tidy } from '../../core/tidy';
import { type LineEngine, writeLine } from '../lineWriting';
import type { Choice } from '../modules/moduleChoice';
import type { Folder } from '../workspaceFiles';
import { type ListedChange, readChange } from './editChanges';

export interface Sides {
  readonly alone: Choice;
  /** What is compared with it in a file. */
  alignedAt(file: string): Choice;
}

/**
 * At most `most` places, spread evenly over all changes.
 * @throws UserError when no line was written that is worth completing; AbortError
 */
export async function placesOf(
  folder: Folder,
  changes: readonly ListedChange[],
  most: number,
  onRead: (nRead: number) => void,
  signal: AbortSignal,
): Promise<{ readonly places: readonly EditPlace[]; readonly nFound: number }> {
  const found: EditPlace[] = [];
  for (const [i, listed] of changes.entries()) {
    const change = await readChange(folder, listed, signal);
    if (change !== undefined) found.push(...placesIn(change));
    onRead(i + 1);
  }
  if (found.length === 0)
    throw new UserError(
      'edits-none',
      say`No line of code was written in these changes: files were moved, deleted or indented anew. Choose others, or more of them.`,
    );
  return { places: evenly(found, most), nFound: found.length };
}

/** @throws what the engine throws; AbortError between two completions */
export async function* replay(
  places: readonly EditPlace[],
  sides: Sides,
  line: LineEngine,
  signal: AbortSignal,
): AsyncGenerator<AnsweredPlace> {
  const write = async (place: EditPlace, choice: Choice, order: 'first' | 'second'): Promise<Written> => {
    const around = { prefix: place.prefix, lineRest: '', suffix: place.suffix };
    const text = { path: place.file.split('/').slice(-3).join('/'), ...around, neighbours: [] };
    const { written, elapsedMs } = await writeLine(line, choice, text, signal);
    const shown = tidy(written, around)?.text ?? '';
    return { text: shown.split('\n', 1)[0], elapsedMs: order === 'first' ? elapsedMs : undefined };
  };
  for (const [i, place] of places.entries()) {
    throwIfAborted(signal);
    const choice = sides.alignedAt(place.file);
    // The same twice.
    if (choice.modules.length === 0) {
      const alone = await write(place, sides.alone, 'first');
      yield { place, alone, aligned: { ...alone, elapsedMs: undefined } };
      continue;
    }
    // They share what the proposal has evaluated, so whoever is second is faster: they take turns.
    if (i % 2 === 0) {
      const alone = await write(place, sides.alone, 'first');
      yield { place, alone, aligned: await write(place, choice, 'second') };
    } else {
      const aligned = await write(place, choice, 'first');
      yield { place, alone: await write(place, sides.alone, 'second'), aligned };
    }
  }
}
