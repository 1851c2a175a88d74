/** A module folder that came from elsewhere: copied with the same care as an archive, and held against its manifest. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { sentenceOf, throwIfAborted, UserError } from '../../core/errors';
import { type ModuleManifest, parseModuleManifest } from '../../core/manifest';
import { say } from '../../core/sentence';
import { isLitter, kindOfFile, MANIFEST_FILE, shown } from './moduleFileNames';
import { LIMITS } from './ramArchive';

/**
 * Copies a module folder's files into an existing, empty folder. Hidden files stay where they are.
 * @throws UserError for the first file that may not be there; what the disk throws; AbortError.
 */
export async function copyFolder(dir: string, into: string, signal: AbortSignal): Promise<void> {
  const names = (await readdir(dir)).filter(name => !name.startsWith('.') && !isLitter(name));
  if (!names.includes(MANIFEST_FILE)) throw noModule();
  if (names.length > LIMITS.nEntries)
    throw new UserError('archive-too-large', say`It holds ${names.length} files. Choose the folder of one module.`);
  for (const name of names) {
    throwIfAborted(signal);
    const { sizeBytes, isPlain } = await plainFile(path.join(dir, name));
    if (!isPlain)
      throw new UserError(
        'archive-link',
        say`It holds ${shown(name)}, which is a link or a folder. A module holds plain files only.`,
      );
    const most = LIMITS.sizeBytes[kindOfFile(name)];
    if (sizeBytes > most)
      throw new UserError('archive-too-large', say`${shown(name)} has ${sizeBytes} bytes, and ${most} are allowed.`);
    await copyFile(path.join(dir, name), path.join(into, name), constants.COPYFILE_EXCL);
  }
}

/** Names of the files of a module folder that belong to the module. */
export async function filesOfModule(dir: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(dir)) {
    try {
      kindOfFile(name);
    } catch {
      continue;
    }
    if ((await plainFile(path.join(dir, name))).isPlain) names.push(name);
  }
  return names;
}

/**
 * Reads module.json of a module that may be shared.
 * @throws UserError when there is none, it is not one this version reads, or it is an instant module's.
 */
export async function readSharedManifest(dir: string): Promise<ModuleManifest> {
  const manifest = parseModuleManifest(await readManifestJson(dir));
  if (manifest.kind === 'ngram') throw holdsWorkspaceText(manifest.title);
  return manifest;
}

/** @throws UserError when there is no module.json or it is no JSON. */
export async function readManifestJson(dir: string): Promise<unknown> {
  const source = await readFile(path.join(dir, MANIFEST_FILE), 'utf8').catch(error => {
    if (error.code === 'ENOENT') throw noModule();
    throw error;
  });
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new UserError('manifest-invalid', say`Its ${MANIFEST_FILE} is not JSON: ${sentenceOf(error)}. Get it again.`);
  }
}

/** The counts of an instant module give its workspace's text away. */
export function holdsWorkspaceText(title: string): UserError {
  return new UserError(
    'module-holds-workspace-text',
    say`"${title}" is an instant module. It holds the text of the workspace that it was built from and is neither shared nor taken from others. Build one here with "Residual: Build Instant Module from This Workspace".`,
  );
}

/**
 * Compares every file that the manifest lists with its hash.
 * @throws UserError naming the first that is missing or differs; AbortError.
 */
export async function checkHashes(dir: string, manifest: ModuleManifest, signal: AbortSignal): Promise<void> {
  for (const [name, expected] of Object.entries(manifest.files)) {
    const actual = await sha256OfFile(path.join(dir, name), signal);
    if (actual === undefined)
      throw new UserError('model-file-missing', say`${shown(name)}, which its ${MANIFEST_FILE} lists, is missing.`);
    if (actual !== expected)
      throw new UserError(
        'model-file-changed',
        say`${shown(name)} is damaged or was changed: its SHA-256 is ${actual.slice(0, 12)}…, and ${expected.slice(0, 12)}… is expected. Get the module again.`,
      );
  }
}

/** Text that people are shown is text: another kind of file may go by any name. @throws UserError */
export async function checkTexts(dir: string): Promise<void> {
  for (const name of await filesOfModule(dir)) {
    if (kindOfFile(name) === 'weights') continue;
    const bytes = await readFile(path.join(dir, name));
    if (bytes.includes(0) || !isUtf8(bytes))
      throw new UserError('module-file-not-allowed', say`${shown(name)} is not text. Get the module from elsewhere.`);
  }
}

/** @returns the hash in lower-case hex; undefined when there is no such file. */
export async function sha256OfFile(file: string, signal: AbortSignal): Promise<string | undefined> {
  const input = await open(file).catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (input === undefined) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of input.createReadStream({ highWaterMark: 1 << 20 })) {
    throwIfAborted(signal);
    hash.update(chunk);
  }
  return hash.digest('hex');
}

async function plainFile(file: string): Promise<{ readonly sizeBytes: number; readonly isPlain: boolean }> {
  const found = await lstat(file);
  return { sizeBytes: found.size, isPlain: found.isFile() };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function noModule(): UserError {
  return new UserError(
    'module-incomplete',
    say`There is no ${MANIFEST_FILE} in it. Choose a .ram file or the folder of one module.`,
  );
}
