/**
 * Downloads one file so that nothing is lost and nothing wrong is kept: what has come stays beside its etag, a cut
 * connection or another start goes on behind it, and only content with the right checksum gets the file's name.
 */
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { AbortError, throwIfAborted, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import { ContentHash, readThrough } from '../readThrough';
import { onDisk } from './disk';
import type { HubConnection, HubFile } from './hubConnection';
import { CutConnection, HttpRefusal, isPassing } from './hubErrors';
import { type Answer, requestContent, wrongSize } from './rangeRequest';

export interface DownloadParts {
  readonly connection: HubConnection;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A connection that brings nothing for so long is taken to be cut. */
  readonly stallMs?: number;
  /** The disk; a test may let it be full. */
  readonly openFile?: (file: string, flags: string) => Promise<FileHandle>;
}

const STALL_MS = 60_000;
/** Attempts in a row that bring nothing. */
const MOST_FUTILE = 5;
const FIRST_PAUSE_MS = 1000;
/** A server that wants more quiet than this is left alone. */
const LONGEST_PAUSE_MS = 120_000;

/**
 * @param file its path; `${file}.part` and `${file}.etag` hold what has come of it so far
 * @param onBytes hears how many bytes of it are here
 * @throws UserError when the content is wrong; HttpRefusal and network errors when trying again does not help; what the
 * disk throws; AbortError. All but wrong content leaves what has come.
 */
export async function download(
  url: string,
  wanted: HubFile,
  file: string,
  parts: DownloadParts,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let mayStartOver = true;
  for (let nFutile = 0; ; ) {
    const heldBytes = await sizeOfPart(file);
    try {
      throwIfAborted(signal);
      const result = await attempt(url, wanted, file, parts, onBytes, signal);
      if (result === 'right') return;
      // Pieces of two contents, when the server named no etag by which to tell; once more, from its start.
      if (result === 'wrong' || !mayStartOver) throw wrongContent(url, wanted);
      mayStartOver = false;
    } catch (error) {
      if (signal.aborted) throw new AbortError();
      if (!isPassing(error)) throw error;
      nFutile = (await sizeOfPart(file)) > heldBytes ? 1 : nFutile + 1;
      const pauseMs = (error instanceof HttpRefusal && error.retryAfterMs) || FIRST_PAUSE_MS * 2 ** (nFutile - 1);
      if (nFutile >= MOST_FUTILE || pauseMs > LONGEST_PAUSE_MS) throw error;
      await parts.sleep(pauseMs, signal);
    }
  }
}

/** Forgets what has come of a file. */
export async function forgetPart(file: string): Promise<void> {
  await rm(`${file}.part`, { force: true });
  await rm(`${file}.etag`, { force: true });
}

export async function sizeOfPart(file: string): Promise<number> {
  return stat(`${file}.part`).then(
    ({ size }) => size,
    () => 0,
  );
}

type Outcome = 'right' | 'wrong' | 'wrong after a resume';

/** One request, or none when all of it is here already. */
async function attempt(
  url: string,
  wanted: HubFile,
  file: string,
  parts: DownloadParts,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const { connection, stallMs = STALL_MS } = parts;
  const hash = new ContentHash(wanted.sizeBytes);
  let startBytes = await sizeOfPart(file);
  if (startBytes > wanted.sizeBytes) {
    await forgetPart(file);
    startBytes = 0;
  }
  if (startBytes < wanted.sizeBytes || wanted.sizeBytes === 0) {
    const etag = await readFile(`${file}.etag`, 'utf8').catch(() => undefined);
    const range = { startBytes, etag };
    const response = await requestContent(url, wanted, range, connection, stallMs, signal).catch(async error => {
      // It has no such range.
      if (error instanceof HttpRefusal && error.status === 416) await forgetPart(file);
      throw error;
    });
    startBytes = response.startBytes;
    if (startBytes > 0) await readThrough(`${file}.part`, piece => hash.update(piece), ignore, signal);
    onBytes(startBytes);
    await receive(response, wanted, file, hash, parts, onBytes);
  } else {
    await readThrough(`${file}.part`, piece => hash.update(piece), ignore, signal);
    onBytes(startBytes);
  }
  const { sha256, gitSha1 } = hash.digests();
  if (sha256 === wanted.sha256 || (wanted.sha256 === undefined && gitSha1 === wanted.gitSha1)) {
    await onDisk(file, () => rename(`${file}.part`, file));
    await forgetPart(file);
    return 'right';
  }
  await forgetPart(file);
  return startBytes > 0 ? 'wrong after a resume' : 'wrong';
}

async function receive(
  { body, startBytes, etag }: Answer,
  { name, sizeBytes }: HubFile,
  file: string,
  hash: ContentHash,
  { openFile = open }: DownloadParts,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const part = `${file}.part`;
  const target = await onDisk(part, () => openFile(part, startBytes > 0 ? 'a' : 'w'));
  let bytes = startBytes;
  try {
    if (etag === undefined) await rm(`${file}.etag`, { force: true });
    else if (startBytes === 0) await onDisk(part, () => writeFile(`${file}.etag`, etag));
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > sizeBytes) break;
      await onDisk(part, () => writeAll(target, piece));
      hash.update(piece);
      onBytes(bytes);
    }
  } finally {
    await target.close();
  }
  if (bytes < sizeBytes) throw new CutConnection(`The connection ended after ${bytes} of ${sizeBytes} bytes.`);
  if (bytes > sizeBytes) {
    await forgetPart(file);
    throw wrongSize(name);
  }
}

async function writeAll(target: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) at += (await target.write(piece, at, piece.length - at)).bytesWritten;
}

function wrongContent(url: string, { name }: HubFile): UserError {
  return new UserError(
    'hub-wrong-hash',
    say`${name} from ${new URL(url).host} has another checksum than the hub lists, so it was damaged or changed on the way. Nothing of it is kept. Try again, or take another endpoint.`,
  );
}

function ignore(): void {}
