/** The code that a person chose to train on: listed as the instant module's is, read in batches, named as prompts name it. */
import path from 'node:path';
import { throwIfAborted, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { CodeChoice } from '../../protocol/pages/training';
import type { TrainingFile } from '../../protocol/training';
import { type Folder, type ListedFile, listFiles, readSource } from '../workspaceFiles';

/** Source that is trained on at most, what changed last: more is not seen twice in an hour. */
const MAX_SOURCE_BYTES = 32 * 1024 * 1024;
/** Text in one message. */
const BATCH_CHARS = 512 * 1024;

/** A listed file under the name that stands in a prompt. */
export interface CodeFile {
  readonly name: string;
  readonly file: ListedFile;
}

/**
 * By name, so that a seed means the same whatever the files' times are: of near-duplicates the first one is kept.
 * @param matches whether a file, by absolute path, matches a glob as the settings read them
 * @throws UserError when nothing is found; AbortError
 */
export async function listCode(
  folders: readonly Folder[],
  code: CodeChoice,
  matches: (file: string, glob: string) => boolean,
  signal: AbortSignal,
): Promise<CodeFile[]> {
  const listed = await listChosen(folders, code, signal);
  const wanted = code.kind === 'glob' ? listed.filter(({ path: file }) => matches(file, code.glob)) : listed;
  if (wanted.length === 0) throw nothingFound(code);
  let leftBytes = MAX_SOURCE_BYTES;
  const fitting = wanted.filter(({ sizeBytes }) => {
    leftBytes -= sizeBytes;
    return leftBytes >= 0;
  });
  return named(fitting).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function listChosen(folders: readonly Folder[], code: CodeChoice, signal: AbortSignal): Promise<ListedFile[]> {
  if (code.kind !== 'folder') return listFiles(folders, undefined, signal);
  const parts = code.path.split(/[/\\]/).filter(part => part !== '' && part !== '.');
  // In a workspace of several folders a path begins with the folder's name.
  const folder = folders.length === 1 ? folders[0] : folders.find(({ name }) => name === parts[0]);
  if (folder === undefined) return [];
  const within = folders.length === 1 ? parts : parts.slice(1);
  return listFiles([folder], within.length === 0 ? undefined : [path.join(folder.dir, ...within)], signal);
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

function nothingFound(code: CodeChoice): UserError {
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
