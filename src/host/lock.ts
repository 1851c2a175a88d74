/** One process at a time: a file with the id of the process that holds it. One whose holder is gone is taken over. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { UserError } from '../core/errors';
import type { Sentence } from '../core/sentence';
import { exists } from './exists';

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
    // Whoever took over what was held too long holds it now.
    if ((await readFile(file, 'utf8').catch(() => '')) === String(process.pid)) await rm(file, { force: true });
  }
}

async function take(file: string, refusal: Sentence, mostMs: number): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    if ((await create(file)) || (!(await isHeld(file, mostMs)) && (await takeOver(file, mostMs)))) return;
    if (await isHeld(file, mostMs)) break;
  }
  throw new UserError('locked', refusal);
}

/**
 * Of those who see that nobody holds a lock any more one alone may remove it: a second one would remove what the first
 * one has put in its place.
 */
async function takeOver(file: string, mostMs: number): Promise<boolean> {
  const guard = `${file}.takeover`;
  if (!(await create(guard))) {
    // Somebody ended between the next lines: moved away first, because of several that see this one can do so.
    const aside = `${guard}.${randomUUID()}`;
    if (!(await isLocked(guard)))
      await rename(guard, aside).then(
        () => rm(aside, { force: true }),
        () => {},
      );
    return false;
  }
  try {
    // What is not there is not removed: it may come at any time.
    if ((await exists(file)) && !(await isHeld(file, mostMs))) await rm(file, { force: true });
    return await create(file);
  } finally {
    await rm(guard, { force: true });
  }
}

/** @returns whether it was not there. */
async function create(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EEXIST') return false;
    throw error;
  }
}

async function isHeld(file: string, mostMs: number): Promise<boolean> {
  return (await isLocked(file)) && (await ageMs(file)) <= mostMs;
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
