/** Kept conversations as files of one folder. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChatStore } from './chatHistory';

/** @param dir made when the first text is written */
export function chatFiles(dir: string): ChatStore {
  const at = (name: string) => path.join(dir, path.basename(name));
  return {
    names: () => readdir(dir).catch(unlessMissing([])),
    read: name => readFile(at(name), 'utf8').catch(unlessMissing(undefined)),
    async write(name, text) {
      await mkdir(dir, { recursive: true });
      const beside = `${at(name)}.new`;
      try {
        await writeFile(beside, text);
        await rename(beside, at(name));
      } catch (error) {
        // A disk that is full must not keep half of a file besides.
        await rm(beside, { force: true }).catch(() => {});
        throw error;
      }
    },
    remove: name => rm(at(name), { force: true }),
  };
}

function unlessMissing<T>(otherwise: T): (error: unknown) => T {
  return error => {
    if ((error as { readonly code?: unknown }).code !== 'ENOENT') throw error;
    return otherwise;
  };
}
