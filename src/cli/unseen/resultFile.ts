/**
 * A measurement as lines of JSON: what was measured first, then one line an item. A run that was stopped goes on where its
 * file ends, and two files can be compared item by item. The items hold other people's code: keep the files out of git.
 */
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';

/** What a file is about. Two with different values of what is named here are not the same measurement. */
export type Header = Readonly<Record<string, string | number | boolean>>;

export interface Item {
  readonly id: string;
}

export interface Results<T extends Item> {
  readonly header: Header;
  readonly items: ReadonlyMap<string, T>;
}

/**
 * @returns undefined where there is no such file.
 * @throws UserError where it is no result file
 */
export async function readResults<T extends Item>(file: string): Promise<Results<T> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  // Whatever ended the writing, a line without its newline is not whole.
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean);
  if (lines.length === 0) return undefined;
  try {
    const [{ header }, ...items] = lines.map(line => JSON.parse(line));
    if (typeof header !== 'object' || header === null) throw new Error('its first line has no header');
    return { header, items: new Map(items.map((item: T) => [item.id, item])) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('not-results', `${file} is no file of results: ${reason}. Name another one, or delete it.`);
  }
}

/**
 * The items in their order: those that the file has, and the others measured and written to it one by one.
 * @param file nothing is kept where it is undefined
 * @throws UserError where the file is of another measurement
 */
export async function measured<I extends Item, T extends Item>(
  inputs: readonly I[],
  header: Header,
  file: string | undefined,
  measure: (input: I) => Promise<T>,
): Promise<T[]> {
  const found = file === undefined ? undefined : await readResults<T>(file);
  if (found !== undefined) refuseOthers(found.header, header, file!);
  const done = new Map(found?.items);
  if (file !== undefined) {
    await mkdir(path.dirname(path.resolve(file)), { recursive: true });
    // Also takes off what is left of a line that was cut short; put in place as a whole, so that nothing is lost on the way.
    await writeFile(`${file}.new`, [{ header }, ...done.values()].map(line => `${JSON.stringify(line)}\n`).join(''));
    await rename(`${file}.new`, file);
  }
  for (const input of inputs) {
    if (done.has(input.id)) continue;
    const item = await measure(input);
    done.set(input.id, item);
    if (file !== undefined) await appendFile(file, `${JSON.stringify(item)}\n`);
  }
  return inputs.map(({ id }) => done.get(id)!);
}

/**
 * The results to compare with.
 * @param same names of the header whose values both must have
 * @throws UserError where there are none, or they are of something else
 */
export async function resultsAgainst<T extends Item>(
  file: string,
  header: Header,
  same: readonly string[],
): Promise<Results<T>> {
  const found = await readResults<T>(file);
  if (found === undefined) throw new UserError('no-results', `There are no results at ${file}.`);
  for (const key of same) {
    if (found.header[key] === header[key]) continue;
    throw new UserError(
      'other-results',
      `${file} cannot be compared with: its ${key} is ${found.header[key]}, not ${header[key]}.`,
    );
  }
  return found;
}

function refuseOthers(found: Header, wanted: Header, file: string): void {
  const differs = Object.keys({ ...found, ...wanted }).find(key => found[key] !== wanted[key]);
  if (differs === undefined) return;
  throw new UserError(
    'other-results',
    `${file} is of another measurement: its ${differs} is ${found[differs]}, not ${wanted[differs]}. Name another file, or delete it.`,
  );
}
