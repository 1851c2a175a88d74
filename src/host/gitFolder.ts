/**
 * Where git keeps what is checked out in a folder: its HEAD file is written anew whenever the branch changes. Found
 * without running git, so that it may be done in a workspace that nobody has trusted.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * @param dir absolute path of a folder in a working tree, its root or below
 * @returns absolute path of the folder with HEAD: `.git`, or for a further working tree or a submodule the one that its
 * `.git` file names; undefined outside of any repository
 */
export async function gitFolderOf(dir: string): Promise<string | undefined> {
  for (let at = dir; ; at = path.dirname(at)) {
    const found = await gitFolderAt(path.join(at, '.git'));
    if (found !== undefined) return found;
    if (at === path.dirname(at)) return undefined;
  }
}

async function gitFolderAt(place: string): Promise<string | undefined> {
  try {
    if ((await stat(place)).isDirectory()) return (await stat(path.join(place, 'HEAD'))) && place;
    const [, named] = /^gitdir: (.+?)\s*$/.exec(await readFile(place, 'utf8')) ?? [];
    return named && path.resolve(path.dirname(place), named);
  } catch {
    return undefined; // there is none, or none that can be read
  }
}
