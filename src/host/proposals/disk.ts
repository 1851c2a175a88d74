/** Room on the disk, and what its errors mean for a person. */
import { statfs } from 'node:fs/promises';
import { isAbortError, sentenceOf, UserError } from '../../core/errors';
import { say } from '../../core/sentence';

/** Bytes that this person may still write where `dir` is. */
export async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** Left free beside what is written. */
export const MARGIN_BYTES = 64 * 1024 * 1024;

/** @throws UserError when `neededBytes` do not fit beside what is there */
export function checkRoom(neededBytes: number, free: number, dir: string): void {
  if (neededBytes + MARGIN_BYTES <= free) return;
  throw new UserError(
    'disk-full',
    say`${megabytes(neededBytes + MARGIN_BYTES)} are needed on the disk with ${dir}, and ${megabytes(free)} are free. Make room and try again.`,
  );
}

/** Names the place in what a disk says. */
export async function onDisk<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError || isAbortError(error)) throw error;
    const { code } = error as { readonly code?: unknown };
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new UserError('disk-full', say`The disk is full: ${file} could not be written. Make room and try again.`);
    }
    throw new UserError('disk-failed', say`${file} could not be written or read: ${sentenceOf(error)}.`);
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
