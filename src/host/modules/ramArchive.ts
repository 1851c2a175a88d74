/**
 * `.ram`: a zip of one module folder. An archive comes from anybody: everything that its directory says is checked before
 * a byte is unpacked, and everything that is unpacked is held against what the directory said. Whether the files make a
 * module that can be used is `moduleFolder`'s to judge.
 */
import { constants, createWriteStream } from 'node:fs';
import { open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import * as yauzl from 'yauzl';
import * as yazl from 'yazl';
import { isAbortError, messageOf, throwIfAborted, UserError } from '../../core/errors';
import { type Sentence, say } from '../../core/sentence';
import { checkPath, type FileKind, foldedName, isLitter, kindOfFile, shown } from './moduleFileNames';

export interface ArchiveLimits {
  readonly nEntries: number;
  /** Largest unpacked size of one file, by its kind. */
  readonly sizeBytes: Readonly<Record<FileKind, number>>;
  /** Unpacked bytes per packed byte, of the whole archive. */
  readonly ratio: number;
}

/** Weights compress by a few percent and text by ten times; the format itself allows a thousand. */
export const LIMITS: ArchiveLimits = {
  nEntries: 64,
  sizeBytes: { manifest: 2 ** 20, weights: 2 ** 31 - 1, signature: 2 ** 14, text: 2 ** 20 },
  ratio: 100,
};

/** Small archives may be as dense as they like: spaces in a header are. */
const ANY_RATIO_BYTES = 2 ** 20;
const ENCRYPTED = 0x1;
const LINK = 0o120000;
const FOLDER = 0o040000;
const REGULAR = 0o100000;

interface Packed {
  readonly entry: yauzl.Entry;
  readonly name: string;
}

/**
 * Unpacks the one module of an archive into an existing, empty folder. On failure files may be left there: removing the
 * folder is the caller's.
 * @throws UserError for whatever is wrong with the archive or the disk; AbortError.
 */
export async function unpack(file: string, into: string, signal: AbortSignal, limits = LIMITS): Promise<void> {
  if (!(await stat(file)).isFile()) throw unreadable(say`it is not a file`);
  const zip = await yauzl
    .openPromise(file, { autoClose: false, decodeStrings: false, validateEntrySizes: true })
    .catch(error => Promise.reject(unreadable(messageOf(error))));
  // Errors reach whoever reads; one that comes later must not end the process.
  zip.on('error', () => {});
  try {
    const entries = await entriesOf(zip, limits);
    const files = checkDirectory(entries, limits);
    await checkContents(zip, entries);
    await checkRoom(files, into);
    for (const { entry, name } of files) await extract(zip, entry, path.join(into, name), signal);
  } finally {
    zip.close();
  }
}

/**
 * Writes files of a module folder as an archive. Equal files give equal archives.
 * @param names of the files, all in `dir`.
 * @param more files by name, in place of those in `dir`.
 * @throws what the disk throws; AbortError. Then there is no archive.
 */
export async function pack(
  dir: string,
  names: readonly string[],
  folder: string,
  file: string,
  more: ReadonlyMap<string, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const zip = new yazl.ZipFile();
  // The module's date is nobody's concern, and would make every export another file.
  const options = { mtime: new Date(2000, 0, 1), forceDosTimestamp: true, mode: REGULAR | 0o644 };
  for (const name of [...new Set([...names, ...more.keys()])].sort()) {
    const content = more.get(name);
    if (content === undefined) zip.addFile(path.join(dir, name), `${folder}/${name}`, options);
    else zip.addBuffer(content, `${folder}/${name}`, options);
  }
  const output = zip.outputStream as Readable;
  zip.on('error', error => output.destroy(error as Error));
  zip.end();
  try {
    await pipeline(output, createWriteStream(file, { flags: 'wx' }), { signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(file, { force: true });
    throw error;
  }
}

async function entriesOf(zip: yauzl.ZipFile, limits: ArchiveLimits): Promise<yauzl.Entry[]> {
  // Before the directory is read: it may claim thousands of millions.
  if (zip.entryCount > limits.nEntries) throw tooLarge(say`holds ${zip.entryCount} files`);
  const entries: yauzl.Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    throw unreadable(messageOf(error));
  }
  return entries;
}

/**
 * @returns the files to unpack, by their names in the module's folder.
 * @throws UserError for the first entry that may not be there.
 */
function checkDirectory(entries: readonly yauzl.Entry[], limits: ArchiveLimits): readonly Packed[] {
  const seen = new Map<string, string>();
  const folders: string[] = [];
  const files: { entry: yauzl.Entry; folder: string; name: string }[] = [];
  let packedBytes = 0;
  let unpackedBytes = 0;
  for (const entry of entries) {
    const name = nameOf(entry);
    checkPath(name);
    checkForm(entry, name);
    const twin = seen.get(foldedName(name));
    if (twin !== undefined) {
      throw new UserError(
        'archive-duplicate',
        say`It holds ${shown(twin)} and ${shown(name)}, which are one file on some systems. Get the module again from where it came from.`,
      );
    }
    seen.set(foldedName(name), name);
    packedBytes += entry.compressedSize;
    unpackedBytes += entry.uncompressedSize;
    if (isLitter(name.replace(/\/$/, ''))) continue;
    if (name.endsWith('/')) folders.push(name);
    else files.push({ entry, folder: name.slice(0, name.lastIndexOf('/') + 1), name: path.posix.basename(name) });
  }
  const folder = files[0]?.folder ?? '';
  const isModuleFolder = (other: string) => other === folder && folder.split('/').length <= 2;
  const odd = [...folders, ...files.map(f => f.folder)].find(other => !isModuleFolder(other));
  if (odd !== undefined) {
    throw new UserError(
      'module-file-not-allowed',
      say`It holds the folder ${shown(odd)}. An archive holds one module and no folders in it. Ask whoever made it to export it with "Residual: Export Module…".`,
    );
  }
  for (const { entry, name } of files) {
    const most = limits.sizeBytes[kindOfFile(name)];
    if (entry.uncompressedSize > most)
      throw tooLarge(say`holds ${shown(name)} with ${mebibytes(entry.uncompressedSize)} of ${mebibytes(most)} allowed`);
  }
  if (unpackedBytes > ANY_RATIO_BYTES && unpackedBytes > limits.ratio * packedBytes)
    throw tooLarge(
      say`unpacks to ${mebibytes(unpackedBytes)}, ${Math.round(unpackedBytes / Math.max(1, packedBytes))} times its size`,
    );
  return files;
}

function nameOf(entry: yauzl.Entry): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(entry.fileNameRaw);
  } catch {
    throw new UserError(
      'archive-unsafe-path',
      say`It holds a file whose name is not UTF-8. Get the module again from where it came from.`,
    );
  }
}

/** Links, devices, folders with content and files that say they are folders; passwords and rare compressions. */
function checkForm(entry: yauzl.Entry, name: string): void {
  const form = (entry.externalFileAttributes >>> 16) & constants.S_IFMT;
  const isFolder = name.endsWith('/');
  if (form === LINK) throw notAFile(say`the link ${shown(name)}`);
  if (form !== 0 && form !== (isFolder ? FOLDER : REGULAR))
    throw notAFile(say`${shown(name)}, which is neither a file nor a folder by that name`);
  if (isFolder && entry.uncompressedSize > 0) throw notAFile(say`the folder ${shown(name)} with content of its own`);
  if (!entry.canDecodeFileData()) throw unreadable(say`${shown(name)} is encrypted or packed in a rare way`);
}

/**
 * A file is described twice, in the directory and before its content: tools that read the other would see another module.
 * And files that share bytes make a small archive unpack to a large one, however small each of them is (Fifield, "A better
 * zip bomb", WOOT 2019).
 */
async function checkContents(zip: yauzl.ZipFile, entries: readonly yauzl.Entry[]): Promise<void> {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let end = 0;
  for (const entry of sorted) {
    const name = shown(nameOf(entry));
    if (entry.relativeOffsetOfLocalHeader < end) throw tooLarge(say`holds ${name} in the same bytes as another file`);
    const header = await zip
      .readLocalFileHeaderPromise(entry)
      .catch(error => Promise.reject(unreadable(messageOf(error))));
    const isSame =
      header.fileName.equals(entry.fileNameRaw) &&
      header.compressionMethod === entry.compressionMethod &&
      (header.generalPurposeBitFlag & ENCRYPTED) === (entry.generalPurposeBitFlag & ENCRYPTED);
    if (!isSame) throw unreadable(say`it says two things about ${name}`);
    end = header.fileDataStart + entry.compressedSize;
  }
}

async function checkRoom(files: readonly Packed[], into: string): Promise<void> {
  const neededBytes = files.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
  const { bavail, bsize } = await statfs(into);
  if (neededBytes <= bavail * bsize) return;
  throw new UserError(
    'disk-full',
    say`It needs ${mebibytes(neededBytes)} and the disk has ${mebibytes(bavail * bsize)} left. Make room and try again.`,
  );
}

async function extract(zip: yauzl.ZipFile, entry: yauzl.Entry, file: string, signal: AbortSignal): Promise<void> {
  const output = await open(file, 'wx', 0o644);
  let sizeBytes = 0;
  let sum = 0;
  try {
    const input = await zip.openReadStreamPromise(entry);
    for await (const chunk of input as AsyncIterable<Buffer>) {
      throwIfAborted(signal);
      sizeBytes += chunk.byteLength;
      // What the directory says was checked; what is there may be anything.
      if (sizeBytes > entry.uncompressedSize) throw tooLarge(say`unpacks to more than it says`);
      sum = crc32(chunk, sum);
      await output.writeFile(chunk);
    }
  } catch (error) {
    if (error instanceof UserError || isAbortError(error) || isOfDisk(error)) throw error;
    throw unreadable(messageOf(error));
  } finally {
    await output.close();
  }
  if (sizeBytes !== entry.uncompressedSize || sum !== entry.crc32)
    throw unreadable(say`${shown(path.basename(file))} is damaged`);
}

/** System calls on the disk, as opposed to errors of the format. */
function isOfDisk(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code !== undefined && syscall !== undefined;
}

function unreadable(reason: Sentence | string): UserError {
  return new UserError(
    'archive-unreadable',
    say`It cannot be read as an archive: ${typeof reason === 'string' ? reason.replace(/\.$/, '') : reason}. Get it again, or ask whoever made it to export it again.`,
  );
}

function notAFile(what: Sentence): UserError {
  return new UserError(
    'archive-link',
    say`It holds ${what}. A module holds plain files only: get it from somewhere you trust.`,
  );
}

function tooLarge(what: Sentence): UserError {
  return new UserError(
    'archive-too-large',
    say`It ${what}, which no module does. It is not unpacked: get the module from somewhere you trust.`,
  );
}

function mebibytes(sizeBytes: number): string {
  return `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
}
