/** How much lies in a folder and those below it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** @returns bytes; a file that goes meanwhile counts nothing. @throws what the disk throws when there is no such folder */
export async function sizeOfFolder(dir: string): Promise<number> {
  let sizeBytes = 0;
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) sizeBytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  return sizeBytes;
}
