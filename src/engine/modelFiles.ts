/** Reading and hashing the files of a model folder, with errors that name the folder, the file and the next step. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, sentenceOf, UserError } from '../core/errors';
import { say } from '../core/sentence';
import type { HashFiles } from './backgroundHashes';

/** A model folder: `id` is how a person knows it. */
export interface ModelFolder {
  readonly id: string;
  readonly dir: string;
}

/**
 * Where the graphs of modules lie: those that came with this program, and those that came with the models themselves. A
 * module of this person's own has none beside it, and finds those that came with its proposal.
 */
export function graphFolders(modelsDir: string, ...models: readonly { readonly dir: string }[]): string[] {
  const roots = [modelsDir, ...models.map(({ dir }) => path.dirname(path.dirname(dir)))];
  return [...new Set(roots)].map(root => path.join(root, 'graphs'));
}

/** The file of the first folder that has it. */
export async function readFirst(folders: readonly string[], name: string): Promise<Buffer | undefined> {
  for (const folder of folders) {
    const bytes = await readFile(path.join(folder, name)).catch(() => undefined);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

/** @throws UserError when the file cannot be read. */
export async function readModelFile(folder: ModelFolder, name: string): Promise<Buffer> {
  try {
    return await readFile(path.join(folder.dir, name));
  } catch (error) {
    throw unreadable(folder, name, error);
  }
}

/** @throws UserError when the file cannot be read or is not JSON. */
export async function readModelJson(folder: ModelFolder, name: string): Promise<unknown> {
  return parseModelJson(folder, name, await readModelFile(folder, name));
}

export function parseModelJson(folder: ModelFolder, name: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new UserError(
      'model-file-invalid',
      say`"${folder.id}": ${name} is not JSON (${sentenceOf(error)}). Get the model again.`,
    );
  }
}

/** The file's JSON, or undefined when there is no such file. */
export async function readOptionalJson(folder: ModelFolder, name: string): Promise<unknown> {
  return (await fileStamp(path.join(folder.dir, name))) === undefined ? undefined : readModelJson(folder, name);
}

/** Changes whenever the file does; undefined when there is none. */
export async function fileStamp(file: string): Promise<string | undefined> {
  try {
    const { size, mtimeMs } = await stat(file);
    return `${size}:${mtimeMs}`;
  } catch {
    return undefined;
  }
}

export async function fileSizeBytes(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Hashing less than this takes less time than another thread does to start. */
const LARGE_BYTES = 1 << 25;

/** Hashes of files on disk, remembered while size and modification time stay the same. */
export class FileHashes {
  readonly #known = new Map<string, { readonly stamp: string; readonly sha256: string }>();

  /**
   * @param onStep hears of each piece that is read on this thread
   * @param hashFiles hashes what is large, on another one
   */
  constructor(
    private readonly onStep: (weightsBytes: number) => void = () => {},
    private readonly hashFiles?: HashFiles,
  ) {}

  /**
   * Compares the listed files with their hashes; `bytes` gives content that was read anyway.
   * @throws UserError naming the first file that is missing or differs
   */
  async verify(
    folder: ModelFolder,
    listed: Readonly<Record<string, string>>,
    names: readonly string[],
    bytes: ReadonlyMap<string, Uint8Array> = new Map(),
  ): Promise<void> {
    const checked = names.filter(name => listed[name] !== undefined);
    await this.#hashLarge(checked.filter(name => !bytes.has(name)).map(name => path.join(folder.dir, name)));
    for (const name of checked) {
      const expected = listed[name];
      const content = bytes.get(name);
      const actual = content ? sha256(content) : await this.#ofFile(folder, name);
      if (actual !== expected) throw wrongHash(folder, name, expected, actual);
    }
  }

  /** What cannot be hashed there is left to this thread, which names it in its error. */
  async #hashLarge(files: readonly string[]): Promise<void> {
    if (this.hashFiles === undefined) return;
    const unknown: { readonly file: string; readonly stamp: string; readonly sizeBytes: number }[] = [];
    for (const file of files) {
      const stamp = await fileStamp(file);
      if (stamp === undefined || this.#known.get(file)?.stamp === stamp) continue;
      unknown.push({ file, stamp, sizeBytes: await fileSizeBytes(file) });
    }
    if (unknown.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) < LARGE_BYTES) return;
    const digests = await this.hashFiles(unknown.map(({ file }) => file)).catch(() => []);
    digests.forEach((digest, i) => void this.#known.set(unknown[i].file, { stamp: unknown[i].stamp, sha256: digest }));
  }

  async #ofFile(folder: ModelFolder, name: string): Promise<string> {
    const file = path.join(folder.dir, name);
    const stamp = await fileStamp(file);
    const known = this.#known.get(file);
    if (known !== undefined && known.stamp === stamp) return known.sha256;
    const hash = createHash('sha256');
    try {
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
        this.onStep(0);
        hash.update(chunk);
      }
    } catch (error) {
      throw unreadable(folder, name, error);
    }
    const digest = hash.digest('hex');
    if (stamp !== undefined) this.#known.set(file, { stamp, sha256: digest });
    return digest;
  }
}

/** Names the model in an error that does not know which one it is about. */
export async function named<T>(folder: ModelFolder, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof UserError) {
      if (error.message.includes(`"${folder.id}"`)) throw error;
      throw new UserError(error.code, say`"${folder.id}": ${error.sentence}`);
    }
    throw new UserError(
      'model-unloadable',
      say`"${folder.id}" cannot be loaded: ${sentenceOf(error)} Get the model again, or choose another one.`,
    );
  }
}

function unreadable({ id, dir }: ModelFolder, name: string, error: unknown): UserError {
  const isMissing = (error as { readonly code?: unknown }).code === 'ENOENT';
  return new UserError(
    isMissing ? 'model-file-missing' : 'model-file-unreadable',
    isMissing
      ? say`"${id}": ${name} is missing in ${dir}. Get the model again, or choose another one.`
      : say`"${id}": ${name} in ${dir} cannot be read: ${messageOf(error)}.`,
  );
}

function wrongHash({ id }: ModelFolder, name: string, expected: string, actual: string): UserError {
  return new UserError(
    'model-file-changed',
    say`"${id}": ${name} is damaged or was changed: its SHA-256 is ${actual.slice(0, 12)}…, and ${expected.slice(0, 12)}… is expected. Get the model again.`,
  );
}
