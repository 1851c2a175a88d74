/**
 * Which files of a workspace are source text: what git does not ignore, without what is binary, generated or locked.
 * Lists and reads; what is done with the text is the caller's.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AbortError, throwIfAborted } from '../core/errors';
import type { LeftOutReason } from '../protocol/pages/instantExplorer';
import { Gitignore } from './gitignore';

export interface Folder {
  /** How its files' names begin; unique in the workspace. */
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
  /** Whether a file may be read at all, by absolute path: what a person excluded, and secrets. */
  mayRead(file: string): boolean;
}

export interface ListedFile {
  /** The folder's name and the path in it, with '/'. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

export interface LeftOutFile {
  /** As a listed file is named. */
  readonly name: string;
  readonly path: string;
  readonly reason: LeftOutReason;
}

/** A larger file is data or generated. */
const MAX_FILE_BYTES = 1_000_000;
/** JSON, XML and the like that are larger were not written by hand. */
const MAX_DATA_BYTES = 64 * 1024;
/** Minified code and data have such lines. */
const LONGEST_LINE_CHARS = 5000;
const MAX_FILES = 100_000;
/** Files looked at together. */
const N_AT_ONCE = 128;

const NOT_SOURCE =
  /\.(?:png|jpe?g|gif|webp|avif|ico|icns|bmp|tiff?|psd|pdf|docx?|xlsx?|pptx?|zip|gz|tgz|bz2|xz|7z|rar|jar|war|vsix|whl|woff2?|ttf|otf|eot|mp[34]|wav|ogg|flac|webm|mov|avi|exe|dll|so|dylib|a|o|obj|lib|class|pyc|wasm|node|bin|dat|db|sqlite3?|onnx|safetensors|gguf|pt|npz|npy|parquet|map|min\.js|min\.css|lock|snap|log)$|(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|composer\.lock|go\.sum)$/i;
const DATA = /\.(?:json|jsonl|geojson|xml|svg|csv|tsv|txt|ya?ml|plist|po|xlf|resx|html?)$/i;

/**
 * Files worth counting, those changed last first, so that a limit keeps what is worked on.
 * @param only absolute paths of files and folders to look at; everything when absent.
 */
export async function listFiles(
  folders: readonly Folder[],
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<ListedFile[]> {
  return (await examineFiles(folders, only, signal)).listed;
}

/** As `listFiles`, and with the files that it leaves out, but for those that git ignores. */
export async function examineFiles(
  folders: readonly Folder[],
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<{ readonly listed: ListedFile[]; readonly leftOut: readonly LeftOutFile[] }> {
  const listed: ListedFile[] = [];
  const leftOut: LeftOutFile[] = [];
  for (const folder of folders) {
    const within = only?.map(file => path.relative(folder.dir, file)).filter(isInside);
    if (within?.length === 0) continue;
    const names = (await gitFiles(folder.dir, within, signal)) ?? (await walk(folder.dir, within, signal));
    const places = new Places(folder.dir);
    for (let i = 0; i < Math.min(names.length, MAX_FILES); i += N_AT_ONCE) {
      throwIfAborted(signal);
      const files = await Promise.all(names.slice(i, i + N_AT_ONCE).map(name => look(folder, name, places)));
      for (const file of files) {
        if (file === undefined) continue;
        if ('reason' in file) leftOut.push(file);
        else listed.push(file);
      }
    }
  }
  return { listed: listed.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.name < b.name ? -1 : 1)), leftOut };
}

/** @returns the text of a listed file, or undefined when it is no source text after all. */
export async function readSource(file: ListedFile): Promise<string | undefined> {
  try {
    return sourceText(await readFile(file.path));
  } catch {
    return undefined; // gone meanwhile
  }
}

/** @returns a file's text; undefined when it is not UTF-8, or data rather than source. */
export function sourceText(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  return isSource(text) ? text : undefined;
}

/** The same for the same text, wherever and whenever it stands. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Whether a file may be source that somebody wrote, as far as its name and size tell. */
export function mayBeSource(name: string, sizeBytes: number): boolean {
  if (NOT_SOURCE.test(name)) return false;
  return sizeBytes > 0 && sizeBytes <= (DATA.test(name) ? MAX_DATA_BYTES : MAX_FILE_BYTES);
}

/** Changes whenever the file does, and sometimes when only its time does. */
export function stampOf({ sizeBytes, mtimeMs }: ListedFile): string {
  return `${sizeBytes}:${Math.round(mtimeMs)}`;
}

function isSource(text: string): boolean {
  if (text.includes('\0')) return false;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    if ((end < 0 ? text.length : end) - start > LONGEST_LINE_CHARS) return false;
    if (end < 0) break;
    start = end + 1;
  }
  return true;
}

/** @returns undefined for what is no file, or is gone. */
async function look(folder: Folder, relative: string, places: Places): Promise<ListedFile | LeftOutFile | undefined> {
  const name = `${folder.name}/${relative.split(path.sep).join('/')}`;
  const file = path.join(folder.dir, relative);
  const leftOut = (reason: LeftOutReason): LeftOutFile => ({ name, path: file, reason });
  if (NOT_SOURCE.test(relative)) return leftOut('kind');
  if (!folder.mayRead(file)) return leftOut('excluded');
  try {
    // A link is no way around an exclusion, nor out of the folder.
    const found = await lstat(file);
    if (!found.isFile() || !(await places.isBelow(path.dirname(file)))) return undefined;
    if (found.size === 0) return leftOut('empty');
    if (!mayBeSource(relative, found.size)) return leftOut('large');
    return { name, path: file, sizeBytes: found.size, mtimeMs: found.mtimeMs };
  } catch {
    return undefined; // listed but deleted
  }
}

/** Which folders really lie below one: git still lists what it knows where a link took a folder's place. */
class Places {
  readonly #isBelow = new Map<string, Promise<boolean>>();

  constructor(private readonly dir: string) {}

  isBelow(place: string): Promise<boolean> {
    if (path.relative(this.dir, place) === '') return Promise.resolve(true);
    const known = this.#isBelow.get(place) ?? this.#look(place);
    this.#isBelow.set(place, known);
    return known;
  }

  async #look(place: string): Promise<boolean> {
    return (await lstat(place)).isDirectory() && (await this.isBelow(path.dirname(place)));
  }
}

function isInside(relative: string): boolean {
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

/** Tracked and untracked files that are not ignored; undefined when this is no git repository or there is no git. */
function gitFiles(
  dir: string,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  // A repository's own settings must not make git run a program.
  const args = ['-c', 'core.fsmonitor=false', 'ls-files', '-co', '--exclude-standard', '-z'];
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      only === undefined ? args : [...args, '--', ...only.map(name => `:(literal)${name}`)],
      {
        cwd: dir,
        maxBuffer: 64 * 1024 * 1024,
        signal,
        windowsHide: true,
        env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
      },
      (error, stdout) => {
        if (signal.aborted) return reject(new AbortError());
        resolve(error ? undefined : [...new Set(stdout.split('\0').filter(Boolean))]);
      },
    );
  });
}

/** Folders that hold no source of the workspace, where no git says so. */
const SKIPPED_FOLDERS = new Set([
  ...['node_modules', 'bower_components', 'vendor', 'dist', 'build', 'out', 'target', 'coverage'],
  ...['.git', '.hg', '.svn', '.venv', 'venv', '__pycache__', '.tox', '.next', '.nuxt', '.cache', '.gradle', '.idea'],
]);

async function walk(dir: string, only: readonly string[] | undefined, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const wanted = only?.map(name => name.split(path.sep).join('/'));
  const isWithin = (name: string, place: string) => name === place || name.startsWith(`${place}/`);
  const isWanted = (name: string) => wanted === undefined || wanted.some(place => isWithin(name, place));
  // A saved file must not cost a walk through everything.
  const leadsTo = (folder: string) => isWanted(folder) || wanted?.some(place => isWithin(place, folder));
  const visit = async (relative: string, ignored: Gitignore): Promise<void> => {
    throwIfAborted(signal);
    if (found.length >= MAX_FILES) return;
    const entries = await readdir(path.join(dir, relative), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!leadsTo(name) || SKIPPED_FOLDERS.has(entry.name) || ignored.ignores(`${name}/`)) continue;
        await visit(name, await ignored.within(dir, name));
      } else if (entry.isFile() && isWanted(name) && !ignored.ignores(name)) {
        found.push(name);
      }
    }
  };
  await visit('', await Gitignore.read(dir));
  return found;
}
