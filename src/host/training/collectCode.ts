/** The code that a person chose to train on: listed as the instant module's is, read in batches, named as prompts name it. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted, UserError } from '../../core/errors';
import { type Sentence, say } from '../../core/sentence';
import type { LeftOutReason } from '../../protocol/pages/instantExplorer';
import type { CodeChoice } from '../../protocol/pages/training';
import type { DryRun, TrainingFile } from '../../protocol/training';
import { examineFiles, type Folder, type ListedFile, readSource } from '../workspaceFiles';

/** Source that is trained on at most, what changed last: more is not seen twice in an hour. */
const MAX_SOURCE_BYTES = 32 * 1024 * 1024;
/** Text in one message. */
const BATCH_CHARS = 512 * 1024;

/** A listed file under the name that stands in a prompt. */
export interface CodeFile {
  readonly name: string;
  readonly file: ListedFile;
}

/** Which of the chosen files there are to train on, and how many there are not. */
export interface ListedCode {
  readonly files: readonly CodeFile[];
  /** For what they are, by reason. */
  readonly nLeftOut: Readonly<Partial<Record<LeftOutReason, number>>>;
  /** Because those that changed later are enough. */
  readonly nOverLimit: number;
}

/**
 * By name, so that a seed means the same whatever the files' times are: of near-duplicates the first one is kept.
 * @param matches whether a file, by absolute path, matches a glob as the settings read them
 * @throws UserError when a folder with nothing in it is one that cannot be read; AbortError
 */
export async function listCode(
  folders: readonly Folder[],
  code: CodeChoice,
  matches: (file: string, glob: string) => boolean,
  signal: AbortSignal,
): Promise<ListedCode> {
  const { places, within } = chosenPlaces(folders, code);
  const { listed, leftOut } = await examineFiles(places, within, signal);
  const isWanted = ({ path: file }: { readonly path: string }) => code.kind !== 'glob' || matches(file, code.glob);
  const wanted = listed.filter(isWanted);
  const nLeftOut: Partial<Record<LeftOutReason, number>> = {};
  for (const { reason } of leftOut.filter(isWanted)) nLeftOut[reason] = (nLeftOut[reason] ?? 0) + 1;
  if (listed.length + leftOut.length === 0)
    for (const dir of within ?? places.map(place => place.dir)) await checkReadable(dir);
  let leftBytes = MAX_SOURCE_BYTES;
  const fitting = wanted.filter(({ sizeBytes }) => {
    leftBytes -= sizeBytes;
    return leftBytes >= 0;
  });
  const files = named(fitting).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { files, nLeftOut, nOverLimit: wanted.length - fitting.length };
}

/** @param nSent files that the trainer was given: it knows of no others. */
export function withLeftOut(dryRun: DryRun, { files, nLeftOut, nOverLimit }: ListedCode, nSent: number): DryRun {
  const { large = 0, empty = 0 } = nLeftOut;
  return {
    ...dryRun,
    nUnfit: dryRun.nUnfit + files.length - nSent + large + empty,
    ...(nOverLimit > 0 && { nOverLimit }),
  };
}

function chosenPlaces(
  folders: readonly Folder[],
  code: CodeChoice,
): { readonly places: readonly Folder[]; readonly within?: readonly string[] } {
  if (code.kind !== 'folder') return { places: folders };
  const parts = code.path.split(/[/\\]/).filter(part => part !== '' && part !== '.');
  // In a workspace of several folders a path begins with the folder's name.
  const folder = folders.length === 1 ? folders[0] : folders.find(({ name }) => name === parts[0]);
  if (folder === undefined) return { places: [] };
  const inside = folders.length === 1 ? parts : parts.slice(1);
  return { places: [folder], ...(inside.length > 0 && { within: [path.join(folder.dir, ...inside)] }) };
}

/** That a folder cannot be read is no sign that nothing is in it. */
async function checkReadable(dir: string): Promise<void> {
  const { code } = await readdir(dir).then(
    () => ({ code: undefined }),
    (error: NodeJS.ErrnoException) => error,
  );
  if (code !== 'EACCES' && code !== 'EPERM') return;
  throw new UserError(
    'unreadable-folder',
    say`The folder ${dir} cannot be read (${code}). Change its permissions, or choose another folder.`,
  );
}

/** @returns what is so where files were found and none of them is source; undefined where none was found. */
export function whyNone({ nLeftOut }: ListedCode): Sentence | undefined {
  const { kind = 0, large = 0, empty = 0, excluded = 0 } = nLeftOut;
  const reasons = [
    ...(large > 0 ? [say`${large} too large (over 1 MB, data over 64 KB)`] : []),
    ...(excluded > 0 ? [say`${excluded} excluded, or usually with secrets`] : []),
    ...(empty > 0 ? [say`${empty} empty`] : []),
    ...(kind > 0 ? [say`${kind} not source text`] : []),
  ];
  if (reasons.length === 0) return undefined;
  const all = reasons.reduce((some, next) => say`${some}, ${next}`);
  return say`None of the files that are there can be trained on: ${all}.`;
}

/** A prompt's path begins below the workspace's folder; only where two folders have the same path, with its name. */
function named(files: readonly ListedFile[]): CodeFile[] {
  const short = ({ name }: ListedFile) => name.slice(name.indexOf('/') + 1);
  const seen = new Map<string, number>();
  for (const file of files) seen.set(short(file), (seen.get(short(file)) ?? 0) + 1);
  return files.map(file => ({ file, name: seen.get(short(file)) === 1 ? short(file) : file.name }));
}

/** Reads the files, some at a time; what is no source text after all is left out. */
export async function* codeBatches(
  files: readonly CodeFile[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly files: readonly TrainingFile[]; readonly nSeen: number }> {
  let batch: TrainingFile[] = [];
  let nChars = 0;
  let nSeen = 0;
  for (const { name, file } of files) {
    throwIfAborted(signal);
    const text = await readSource(file);
    nSeen++;
    if (text === undefined) continue;
    batch.push({ name, text });
    nChars += text.length;
    if (nChars < BATCH_CHARS) continue;
    yield { files: batch, nSeen };
    batch = [];
    nChars = 0;
  }
  if (batch.length > 0) yield { files: batch, nSeen };
}

/** What to tell a person in the editor who chose code in which there is nothing to train on. */
export function nothingFound(code: CodeChoice, listed: ListedCode): UserError {
  const why = whyNone(listed);
  if (why !== undefined) return new UserError('training-no-files', say`${why} Choose other code.`);
  switch (code.kind) {
    case 'workspace':
      return new UserError(
        'training-no-files',
        say`No source files were found in this workspace. What git ignores and what residual.exclude names is left out.`,
      );
    case 'folder':
      return new UserError(
        'training-no-files',
        say`No source files were found in the folder "${code.path}". Choose another folder, or the whole workspace.`,
      );
    case 'glob':
      return new UserError(
        'training-no-files',
        say`No source file matches "${code.glob}". A glob looks like src/**/*.ts; choose another, or the whole workspace.`,
      );
  }
}
