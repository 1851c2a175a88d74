/** One process at a time: a file with the id of the process that holds it. One whose holder is gone is taken over. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { UserError } from '../core/errors';
import type { Sentence } from '../core/sentence';

const JUST_NOW_MS = 5000;

/**
 * @param mostMs how long a lock can be held at all: an older one is of a process whose id another one has by now.
 * @throws UserError `locked` with `refusal` when a living process holds the lock
 */
export async function withLock<T>(
  file: string,
  refusal: Sentence,
  act: () => Promise<T>,
  mostMs = Number.POSITIVE_INFINITY,
): Promise<T> {
  await take(file, refusal, mostMs);
  try {
    return await act();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, refusal: Sentence, mostMs: number): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'EEXIST') throw error;
    }
    if ((await isLocked(file)) && (await ageMs(file)) <= mostMs) break;
    await rm(file, { force: true });
  }
  throw new UserError('locked', refusal);
}

/** Whether a living process holds the lock. */
export async function isLocked(file: string): Promise<boolean> {
  const takenMs = (await stat(file).catch(() => undefined))?.mtimeMs;
  // Ids of processes begin anew when a machine does.
  if (takenMs === undefined || takenMs < Date.now() - uptime() * 1000) return false;
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder === undefined) return false;
  // Whoever took it just now is about to write who it is.
  if (holder === '') return Date.now() - takenMs < JUST_NOW_MS;
  return isAlive(Number(holder));
}

async function ageMs(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
}

/** Whether a process is there, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { readonly code?: unknown }).code === 'EPERM';
  }
}
