/** Writing the files of a job's folder so that a process that is killed leaves them whole: as they were, or as they are to be. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** @returns the file, or undefined when there is none. */
export async function readJobFile(dir: string, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path.join(dir, name));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file as a whole, on the disk before this resolves. */
export async function writeJobFile(dir: string, name: string, content: Uint8Array | string): Promise<void> {
  const temporary = path.join(dir, `.${name}-${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path.join(dir, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
