/** Reads a file from its start to its end into hashes or another file, piece by piece. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { throwIfAborted } from '../core/errors';

const PIECE_BYTES = 1 << 20;

/** @param onBytes hears how many more were read */
export async function readThrough(
  file: string,
  take: (piece: Buffer) => unknown,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
    throwIfAborted(signal);
    await take(piece);
    onBytes(piece.length);
  }
}

/** @returns the SHA-256 of the content */
export async function hashFile(file: string, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await readThrough(file, piece => hash.update(piece), onBytes, signal);
  return hash.digest('hex');
}

/**
 * Copies a file and what a link points to; nothing is left of a copy that did not end.
 * @returns the SHA-256 of the content
 */
export async function copyFile(
  from: string,
  to: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const target = await open(to, 'wx');
  try {
    await readThrough(
      from,
      async piece => {
        hash.update(piece);
        await target.writeFile(piece);
      },
      onBytes,
      signal,
    );
    await target.close();
    return hash.digest('hex');
  } catch (error) {
    await target.close().catch(() => {});
    await rm(to, { force: true });
    throw error;
  }
}

/** Hashes of one content, taken in passing. */
export class ContentHash {
  readonly #sha256 = createHash('sha256');
  readonly #gitSha1: Hash;

  /** @param sizeBytes of the whole content, which git's hash begins with */
  constructor(sizeBytes: number) {
    this.#gitSha1 = createHash('sha1').update(`blob ${sizeBytes}\0`);
  }

  update(piece: Uint8Array): void {
    this.#sha256.update(piece);
    this.#gitSha1.update(piece);
  }

  digests(): { readonly sha256: string; readonly gitSha1: string } {
    return { sha256: this.#sha256.digest('hex'), gitSha1: this.#gitSha1.digest('hex') };
  }
}
