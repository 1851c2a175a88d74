/** Files of a workspace on their way to the engine: which of them, and in messages of what size. */
import { throwIfAborted } from '../../core/errors';
import type { NgramFile } from '../../protocol/messages';
import { digestOf, type ListedFile, readSource, stampOf } from '../workspaceFiles';

/** Source that is counted at most, those files first that changed last: it fits into 128 MiB of counts but for odd text. */
const MAX_SOURCE_BYTES = 48 * 1024 * 1024;
/** Text in one message: the engine answers completions between two of them, and a cancelled build ends after one. */
const BATCH_CHARS = 512 * 1024;

/** Those that are counted at most: the first ones, which changed last. */
export function withinLimit(files: readonly ListedFile[]): ListedFile[] {
  let left = MAX_SOURCE_BYTES;
  return files.filter(({ sizeBytes }) => {
    left -= sizeBytes;
    return left >= 0;
  });
}

type ReadFile = NgramFile & { readonly digest: string };

export function withoutText({ name, stamp, digest }: ReadFile) {
  return { name, stamp, digest };
}

export interface Batch {
  readonly sent: readonly ReadFile[];
  /** Names of files that are no source text. */
  readonly refused: readonly string[];
  readonly nSeen: number;
}

export async function* batches(files: readonly ListedFile[], signal: AbortSignal): AsyncGenerator<Batch> {
  let sent: ReadFile[] = [];
  let refused: string[] = [];
  let nChars = 0;
  for (const file of files) {
    throwIfAborted(signal);
    const text = await readSource(file);
    if (text === undefined) refused.push(file.name);
    else sent.push({ name: file.name, stamp: stampOf(file), digest: digestOf(text), text });
    nChars += text?.length ?? 0;
    if (nChars < BATCH_CHARS) continue;
    yield { sent, refused, nSeen: sent.length + refused.length };
    sent = [];
    refused = [];
    nChars = 0;
  }
  if (sent.length + refused.length > 0) yield { sent, refused, nSeen: sent.length + refused.length };
}
