/**
 * Hashes files on a thread of its own: loading a model blocks the engine's, and its weights are to be hashed meanwhile.
 * What runs there is the engine's own program, which finds itself on another thread and does this alone (main.ts).
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** @returns the SHA-256 (hex) of each file. @throws what reading one of them throws */
export type HashFiles = (files: readonly string[]) => Promise<readonly string[]>;

const PIECE_BYTES = 1 << 20;

/** @param script of a program that begins with `hashingThread` */
export function hashInBackground(script: string): HashFiles {
  return files =>
    new Promise((resolve, reject) => {
      const worker = new Worker(script, { workerData: files });
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('The hashing thread ended.')));
    });
}

/** @returns whether this is the thread that hashes, which then is done. */
export function hashingThread(): boolean {
  if (!isMainThread) parentPort?.postMessage((workerData as readonly string[]).map(hashOf));
  return !isMainThread;
}

function hashOf(file: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const fd = openSync(file, 'r');
  try {
    for (let n = readSync(fd, piece); n > 0; n = readSync(fd, piece)) hash.update(piece.subarray(0, n));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
