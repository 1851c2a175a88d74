/** Writes the files of a folder anew so that a full, read-only or failing disk leaves all of them as they were. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Whole, or in pieces that follow each other. */
export type Content = Uint8Array | string | readonly Uint8Array[];

/** What is asked of a disk; a test may let any of it fail. */
export interface Disk {
  mkdir(dir: string, options: { readonly recursive: true }): Promise<unknown>;
  writeFile(file: string, content: Content): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(file: string, options: { readonly force: true }): Promise<void>;
}

const realDisk: Disk = { mkdir, writeFile, rename, rm };

/**
 * Everything is written before anything is replaced, and put back when not all of it could be.
 * @throws what the disk throws; then every file is as it was before.
 */
export async function replaceFiles(
  dir: string,
  contents: ReadonlyMap<string, Content>,
  disk: Disk = realDisk,
): Promise<void> {
  const at = (name: string, ending = '') => path.join(dir, name + ending);
  const names = [...contents.keys()];
  const movedAway: string[] = [];
  try {
    await disk.mkdir(dir, { recursive: true });
    for (const [name, content] of contents) await disk.writeFile(at(name, '.new'), content);
    for (const name of names) {
      await disk.rename(at(name), at(name, '.old')).then(() => movedAway.push(name), unlessMissing);
      await disk.rename(at(name, '.new'), at(name));
    }
  } catch (error) {
    for (const name of movedAway) await disk.rename(at(name, '.old'), at(name)).catch(() => {});
    throw error;
  } finally {
    for (const name of names)
      for (const ending of ['.new', '.old']) await disk.rm(at(name, ending), { force: true }).catch(() => {});
  }
}

function unlessMissing(error: unknown): void {
  if ((error as { readonly code?: unknown }).code !== 'ENOENT') throw error;
}
