/**
 * One training at a time in a workspace, in whichever window and whatever it is for: a job, or learning from feedback.
 * Knows nothing of either.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { say } from '../../core/sentence';
import { isLocked, withLock } from '../lock';

const LOCK_FILE = 'working.lock';

/**
 * @param root of the workspace's training jobs; need not exist
 * @throws UserError `locked` when something is being trained already
 */
export async function whileWorking<T>(root: string, act: () => Promise<T>): Promise<T> {
  await mkdir(root, { recursive: true });
  const refusal = say`Something is being trained in this workspace already, perhaps in another window. Wait until it is done, or pause or cancel it first.`;
  return withLock(path.join(root, LOCK_FILE), refusal, act);
}

export function isWorking(root: string): Promise<boolean> {
  return isLocked(path.join(root, LOCK_FILE));
}
