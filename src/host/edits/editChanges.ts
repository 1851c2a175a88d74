/**
 * Which files a person changed lately, and how: what is not committed yet, the last commits, or a range of them. Merges
 * write nothing of their own and are left out; so is what completions never see (excluded files, secrets, data).
 */
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FileChange } from '../../core/edits/editPlaces';
import { parseHunks } from '../../core/edits/hunks';
import { throwIfAborted, UserError } from '../../core/errors';
import { evenly } from '../../core/evenly';
import { say } from '../../core/sentence';
import type { EditSource } from '../../protocol/pages/edits';
import { type Folder, mayBeSource, sourceText } from '../workspaceFiles';
import { git, gitText } from './git';

/** A changed file, before its text is read. */
export interface ListedChange {
  readonly commit: string | undefined;
  readonly file: string;
  /** Its name before, where it was renamed. */
  readonly oldFile: string;
  /** Object ids; undefined for a file that was not there, and for one that is read from the disk. */
  readonly oldId: string | undefined;
  readonly newId: string | undefined;
}

export interface ListedChanges {
  readonly changes: readonly ListedChange[];
  readonly nCommits: number;
  /** Changes of files that settings exclude from completions. */
  readonly nExcluded: number;
}

const MAX_COMMITS = 500;
/** More files than these are not needed for a few hundred places. */
const MAX_CHANGES = 400;
const PLAIN_FILE = /^100(?:644|755)$/;
const NO_OBJECT = /^0+$/;
const SHORT_HASH = 8;
const DIFF = ['--no-ext-diff', '--no-textconv', '--ignore-submodules=all', '-M'];
const RAW = [...DIFF, '--raw', '--no-abbrev', '-z', '--diff-filter=AMR', '--relative'];

/** @throws UserError when there is no git, no repository, no such range, or nothing was changed; AbortError */
export async function listChanges(folder: Folder, source: EditSource, signal: AbortSignal): Promise<ListedChanges> {
  const call = { dir: folder.dir, signal };
  const commits = source.kind === 'working' ? [] : await commitsOf(source, folder, signal);
  const listed: ListedChange[] = source.kind === 'working' ? await workingChanges(folder, signal) : [];
  for (const commit of commits) {
    const raw = await gitText(['diff-tree', '-r', '--root', '--no-commit-id', ...RAW, commit], call);
    listed.push(...parseRaw(raw, commit.slice(0, SHORT_HASH)));
  }
  const mayRead = ({ file, oldFile }: ListedChange) =>
    [file, oldFile].every(name => folder.mayRead(path.join(folder.dir, name)));
  const readable = listed.filter(mayRead);
  const changes = readable.filter(({ file }) => mayBeSource(file, 1));
  if (changes.length === 0) throw nothingChanged(source, listed.length - readable.length);
  return {
    changes: evenly(changes, MAX_CHANGES),
    nCommits: commits.length,
    nExcluded: listed.length - readable.length,
  };
}

/** @returns undefined for what is no source text, and for what is gone meanwhile. @throws UserError; AbortError */
export async function readChange(
  folder: Folder,
  { commit, file, oldFile, oldId, newId }: ListedChange,
  signal: AbortSignal,
): Promise<FileChange | undefined> {
  throwIfAborted(signal);
  const call = { dir: folder.dir, signal };
  const oldBytes = oldId === undefined ? new Uint8Array(0) : await git(['cat-file', 'blob', oldId], call);
  const newBytes =
    newId === undefined ? await fromDisk(path.join(folder.dir, file)) : await git(['cat-file', 'blob', newId], call);
  if (newBytes === undefined || !mayBeSource(file, newBytes.byteLength)) return undefined;
  const [oldText, newText] = [sourceText(oldBytes), sourceText(newBytes)].map(text => text?.replace(/\r\n?/g, '\n'));
  if (oldText === undefined || newText === undefined) return undefined;
  const texts = { commit, file, oldText, newText };
  if (oldId === undefined) {
    const nNew = newText.split('\n').length;
    return { ...texts, hunks: [{ oldStart: 0, nOld: 0, newStart: 0, nNew }] };
  }
  // Lines that were only indented anew were not written.
  const patch = ['diff', ...DIFF, '--no-color', '--unified=0', '--ignore-all-space'];
  const literally = [...new Set([oldFile, file])].map(name => `:(literal)${name}`);
  const ofWhat = newId === undefined ? ['HEAD', '--', ...literally] : [oldId, newId];
  return { ...texts, hunks: parseHunks(await gitText([...patch, ...ofWhat], call)) };
}

/** @returns object names, the newest first. */
async function commitsOf(
  source: Exclude<EditSource, { kind: 'working' }>,
  { dir }: Folder,
  signal: AbortSignal,
): Promise<string[]> {
  const most = source.kind === 'last' ? Math.min(source.n, MAX_COMMITS) : MAX_COMMITS;
  const ofWhat = source.kind === 'last' ? 'HEAD' : asRange(source.range);
  const args = ['rev-list', '--no-merges', `--max-count=${most}`, ofWhat, '--', '.'];
  try {
    return (await gitText(args, { dir, signal })).split('\n').filter(Boolean);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'git-failed') throw error;
    if (!(await hasCommits(dir, signal)))
      throw new UserError(
        'git-no-commits',
        say`There are no commits in ${dir} yet. Choose what is not committed, or commit something first.`,
      );
    throw source.kind === 'last' ? error : noSuchRange(source.range);
  }
}

/** One commit alone means that commit, not all that led to it. */
function asRange(typed: string): string {
  const range = typed.trim();
  if (range === '' || range.startsWith('-') || /[\s\p{Cc}]/u.test(range)) throw noSuchRange(typed);
  return range.includes('..') || range.startsWith('^') ? range : `${range}^!`;
}

function noSuchRange(range: string): UserError {
  return new UserError(
    'git-unknown-range',
    say`Git knows no commits by "${range.slice(0, 100)}". A range looks like main..HEAD or v1.0..v1.1, and one commit like 3f2a91c.`,
  );
}

async function workingChanges(folder: Folder, signal: AbortSignal): Promise<ListedChange[]> {
  const call = { dir: folder.dir, signal };
  const isBegun = await hasCommits(folder.dir, signal);
  const tracked = isBegun ? parseRaw(await gitText(['diff', ...RAW, 'HEAD'], call), undefined) : [];
  const untracked = await gitText(['ls-files', isBegun ? '-o' : '-co', '--exclude-standard', '-z'], call);
  const isNew = [...new Set(untracked.split('\0').filter(Boolean))];
  return [
    ...tracked,
    ...isNew.map(file => ({ commit: undefined, file, oldFile: file, oldId: undefined, newId: undefined })),
  ];
}

async function hasCommits(dir: string, signal: AbortSignal): Promise<boolean> {
  try {
    await git(['rev-parse', '--quiet', '--verify', 'HEAD^{commit}'], { dir, signal });
    return true;
  } catch (error) {
    if (error instanceof UserError && error.code === 'git-failed') return false;
    throw error;
  }
}

/** `:old-mode new-mode old-id new-id status NUL path NUL`, with both paths where a file was renamed. */
function parseRaw(raw: string, commit: string | undefined): ListedChange[] {
  const parts = raw.split('\0');
  const changes: ListedChange[] = [];
  for (let i = 0; i + 1 < parts.length; ) {
    const [oldMode, newMode, oldId, newId, status = ''] = parts[i++].replace(/^:/, '').split(' ');
    const oldFile = parts[i++];
    const file = status.startsWith('R') ? parts[i++] : oldFile;
    // Links and submodules are no files of their own.
    if (!PLAIN_FILE.test(newMode) || !(PLAIN_FILE.test(oldMode) || NO_OBJECT.test(oldMode))) continue;
    const idOf = (id: string) => (NO_OBJECT.test(id) ? undefined : id);
    changes.push({ commit, file, oldFile, oldId: idOf(oldId), newId: commit === undefined ? undefined : idOf(newId) });
  }
  return changes;
}

/** A link is no way around an exclusion. */
async function fromDisk(file: string): Promise<Uint8Array | undefined> {
  try {
    const found = await lstat(file);
    return found.isFile() && mayBeSource(file, found.size) ? await readFile(file) : undefined;
  } catch {
    return undefined;
  }
}

function nothingChanged(source: EditSource, nExcluded: number): UserError {
  if (nExcluded > 0)
    return new UserError(
      'edits-excluded',
      say`Everything that was changed is excluded from completions by residual.exclude or residual.languages (${nExcluded}). Choose other commits.`,
    );
  return source.kind === 'working'
    ? new UserError(
        'edits-none',
        say`No source file differs from the last commit. Choose the last commits, or a range of them.`,
      )
    : new UserError('edits-none', say`No source file was changed in these commits. Choose others, or more of them.`);
}
