/** One process at a time: a file with the id of the process that holds it. One whose holder is gone is taken over. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { UserError } from '../core/errors';
import type { Sentence } from '../core/sentence';

/** @throws UserError with `refusal` when a living process holds the lock */
export async function withLock<T>(file: string, refusal: Sentence, act: () => Promise<T>): Promise<T> {
  await take(file, refusal);
  try {
    return await act();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, refusal: Sentence): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'EEXIST') throw error;
    }
    if (await isLocked(file)) break;
    await rm(file, { force: true });
  }
  throw new UserError('locked', refusal);
}

/** Whether a living process holds the lock. */
export async function isLocked(file: string): Promise<boolean> {
  const takenMs = (await stat(file).catch(() => undefined))?.mtimeMs;
  // Ids of processes begin anew when a machine does.
  if (takenMs === undefined || takenMs < Date.now() - uptime() * 1000) return false;
  return isAlive(Number(await readFile(file, 'utf8').catch(() => '')));
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { readonly code?: unknown }).code === 'EPERM';
  }
}
