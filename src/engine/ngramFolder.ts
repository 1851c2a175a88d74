/**
 * The folder of an instant module on disk. Counts are named by their hash and the manifest that names them is put in place
 * by one rename, so whatever ends the writing, the manifest names counts that are whole: the old ones or the new ones.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isNgramFile, type ModuleManifest, ngramFileName, parseModuleManifest } from '../core/manifest';

/** What is asked of a disk; a test may let any of it fail. */
export interface Disk {
  mkdir(dir: string, options: { readonly recursive: true }): Promise<unknown>;
  /** All pieces one after the other, on the disk when it resolves. */
  write(file: string, pieces: readonly Uint8Array[]): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(file: string, options: { readonly force: true }): Promise<void>;
}

const realDisk: Disk = { mkdir, write, rename, rm };

const MANIFEST = 'module.json';
const UNFINISHED = /\.new$/;

/** What is on disk now; undefined where there is nothing that this version reads. */
export async function readNgramManifest(dir: string): Promise<ModuleManifest | undefined> {
  return readFile(path.join(dir, MANIFEST), 'utf8')
    .then(text => parseModuleManifest(JSON.parse(text)))
    .catch(() => undefined);
}

/**
 * Writes counts and manifest; only one process may at a time.
 * @param sha256 of the pieces.
 * @param manifest what module.json says besides which counts belong to it.
 * @throws what the disk throws; what was there before is then as it was.
 */
export async function writeNgramFolder(
  dir: string,
  pieces: readonly Uint8Array[],
  sha256: string,
  manifest: object,
  disk: Disk = realDisk,
): Promise<void> {
  const counts = ngramFileName(sha256);
  const whole = parseModuleManifest({ ...manifest, files: { [counts]: sha256 } });
  const at = (name: string) => path.join(dir, name);
  const put = async (name: string, content: readonly Uint8Array[]) => {
    const unfinished = at(`${name}.${process.pid}.new`);
    try {
      await disk.write(unfinished, content);
      await disk.rename(unfinished, at(name));
    } catch (error) {
      await disk.rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
  };
  await disk.mkdir(dir, { recursive: true });
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const known = await stat(at(counts)).catch(() => undefined);
  if (known?.size !== sizeBytes) await put(counts, pieces);
  await put(MANIFEST, [new TextEncoder().encode(`${JSON.stringify(whole, null, 2)}\n`)]);
  for (const name of await readdir(dir).catch(() => []))
    if ((isNgramFile(name) && name !== counts) || UNFINISHED.test(name))
      await disk.rm(at(name), { force: true }).catch(() => {});
}

async function write(file: string, pieces: readonly Uint8Array[]): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (const piece of pieces) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
