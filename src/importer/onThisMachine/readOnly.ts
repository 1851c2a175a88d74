/**
 * Reads folders of other programs without leaving a trace: nothing is opened for writing, locked or made; nothing outside
 * the folder is followed, however its links point; and a folder that is not what it should be costs only so much.
 */
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** Beyond these it is no folder of models. */
const MOST_ENTRIES = 20_000;
const MOST_DEPTH = 8;

export interface FoundFile {
  /** Relative to the root, with the system's own separators: where the other program sees it. */
  readonly name: string;
  /** Absolute, as the other program calls it: beside it lie the files that belong to it. */
  readonly path: string;
  /** Absolute, behind all links. */
  readonly real: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
}

export type Opened = ReadOnlyFolder | 'absent' | 'unreadable';

export class ReadOnlyFolder {
  #nLeft = MOST_ENTRIES;

  private constructor(
    readonly dir: string,
    readonly real: string,
  ) {}

  static async open(dir: string): Promise<Opened> {
    try {
      const real = await realpath(dir);
      if (!(await stat(real)).isDirectory()) return 'absent';
      await readdir(real);
      return new ReadOnlyFolder(dir, real);
    } catch (error) {
      return isRefusal(error) ? 'unreadable' : 'absent';
    }
  }

  /** Names in a folder, in the same order everywhere; none of one that cannot be read. */
  async names(folder = ''): Promise<string[]> {
    const real = await this.#inside(folder);
    if (real === undefined || this.#nLeft <= 0) return [];
    const names = await readdir(real).catch(() => []);
    const taken = names.sort(compare).slice(0, this.#nLeft);
    this.#nLeft -= taken.length;
    return taken;
  }

  /** A regular file whose real place is inside; undefined for everything else. */
  async file(name: string): Promise<FoundFile | undefined> {
    const real = await this.#inside(name);
    const found = real === undefined ? undefined : await stat(real).catch(() => undefined);
    if (real === undefined || !found?.isFile()) return undefined;
    return { name, path: path.join(this.dir, name), real, sizeBytes: found.size, changedMs: found.mtimeMs };
  }

  /** All regular files below `folder` that `isWanted` by their name. Folders that links lead to are not entered. */
  async files(isWanted: (baseName: string) => boolean, folder = '', depth = MOST_DEPTH): Promise<FoundFile[]> {
    const found: FoundFile[] = [];
    for (const name of await this.names(folder)) {
      const at = path.join(folder, name);
      if (isWanted(name)) {
        const file = await this.file(at);
        if (file !== undefined) found.push(file);
        if (file !== undefined) continue;
      }
      if (depth > 0 && (await this.#isFolder(at))) found.push(...(await this.files(isWanted, at, depth - 1)));
    }
    return found;
  }

  /** The beginning of a file as text; undefined when there is none. */
  async text(name: string, mostBytes: number): Promise<string | undefined> {
    const file = await this.file(name);
    return file && (await beginningOf(file.real, mostBytes))?.toString('utf8');
  }

  /** @returns undefined for what is no JSON of at most that size */
  async json(name: string, mostBytes: number): Promise<unknown> {
    const file = await this.file(name);
    if (file === undefined || file.sizeBytes > mostBytes) return undefined;
    try {
      return JSON.parse((await this.text(name, mostBytes)) ?? '');
    } catch {
      return undefined;
    }
  }

  async #isFolder(folder: string): Promise<boolean> {
    const real = await this.#inside(folder);
    // Not through a link: what is linked to is found where it is, and no circle is walked.
    if (real !== path.join(this.real, folder)) return false;
    return stat(real).then(
      found => found.isDirectory(),
      () => false,
    );
  }

  /** @returns the real path, where that is inside the folder */
  async #inside(name: string): Promise<string | undefined> {
    const real = await realpath(path.join(this.real, name)).catch(() => undefined);
    if (real === undefined) return undefined;
    const below = path.relative(this.real, real);
    return below === '..' || below.startsWith(`..${path.sep}`) || path.isAbsolute(below) ? undefined : real;
  }
}

/** @returns undefined when it cannot be read; never throws */
export async function beginningOf(file: string, mostBytes: number): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const buffer = Buffer.alloc(Math.min(mostBytes, (await handle.stat()).size));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

/** Whether it is the file that it was: another program may have been writing it. */
export async function isUnchanged({ real, sizeBytes, changedMs }: FoundFile): Promise<boolean> {
  const now = await stat(real).catch(() => undefined);
  return now?.size === sizeBytes && now.mtimeMs === changedMs;
}

function isRefusal(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'EACCES' || code === 'EPERM';
}

/** Not by locale: the same everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
