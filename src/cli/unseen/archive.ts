/** The text files of a package's archive: an npm package (`.tgz`) or a Python wheel (`.whl`), read in memory. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import * as yauzl from 'yauzl';

/** Paths as in the archive, for npm without its `package/`. Contents are read as UTF-8, newlines normalised. */
export type TextFiles = ReadonlyMap<string, string>;

/** Source maps are the largest. */
const LARGEST_BYTES = 8 << 20;
const BLOCK = 512;

/** @param wanted by path. @throws what a damaged archive makes its reader throw */
export async function filesOf(
  archive: Buffer,
  kind: 'npm' | 'pypi',
  wanted: (path: string) => boolean,
): Promise<TextFiles> {
  const files = kind === 'npm' ? tarFiles(await promisify(gunzip)(archive), wanted) : await zipFiles(archive, wanted);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * POSIX.1-2001 pax interchange format (IEEE Std 1003.1, "pax"), which holds ustar, and GNU tar's long names: headers of
 * 512 bytes, each followed by its content, padded to whole blocks.
 */
function tarFiles(tar: Buffer, wanted: (path: string) => boolean): Map<string, string> {
  const files = new Map<string, string>();
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    const field = (start: number, length: number) => header.toString('utf8', start, start + length).split('\0', 1)[0];
    if (header.every(byte => byte === 0)) break;
    const sizeBytes = Number.parseInt(field(124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new Error('a damaged tar archive');
    const content = tar.subarray(at + BLOCK, at + BLOCK + sizeBytes);
    at += BLOCK + Math.ceil(sizeBytes / BLOCK) * BLOCK;
    const type = field(156, 1);
    if (type === 'x') longName = /^\d+ path=(.*)$/m.exec(content.toString())?.[1];
    else if (type === 'L') longName = content.toString().split('\0', 1)[0];
    else {
      const prefix = field(257, 5) === 'ustar' ? field(345, 155) : '';
      const name = (longName ?? (prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`)).replace(/^[^/]+\//, '');
      longName = undefined;
      const isFile = type === '0' || type === '';
      if (isFile && sizeBytes <= LARGEST_BYTES && wanted(name)) files.set(name, textOf(content));
    }
  }
  return files;
}

async function zipFiles(archive: Buffer, wanted: (path: string) => boolean): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const zip = await yauzl.fromBufferPromise(archive, { lazyEntries: true });
  for await (const entry of zip.eachEntry()) {
    if (entry.uncompressedSize > LARGEST_BYTES || !wanted(entry.fileName)) continue;
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    files.set(entry.fileName, textOf(Buffer.concat(pieces)));
  }
  return files;
}

function textOf(content: Buffer): string {
  return content
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n');
}
