/**
 * A training that a terminal asked for, as a folder: the trainer's files, and `asked.json`, which is written once the data
 * is prepared. With it there the training goes on; without it, it begins anew.
 */
import { cp, mkdir, mkdtemp, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../core/errors';
import { spoken } from '../core/sentence';
import { exists } from '../host/exists';
import { Gitignore } from '../host/gitignore';
import { codeBatches, type ListedCode, listCode, whyNone, withLeftOut } from '../host/training/collectCode';
import type { Trainer } from '../host/training/trainer';
import type { Folder } from '../host/workspaceFiles';
import type { DryRun, TrainingOutcome, TrainingSpec } from '../protocol/training';
import { type Asked, NUMBER_OPTIONS } from './trainingArguments';
import { readPairs } from './trainingPairs';

const ASKED_FILE = 'asked.json';
const SPEC_FILE = 'spec.json';
/** Of code, where pairs alone are trained on. */
const NOTHING: ListedCode = { files: [], nLeftOut: {}, nOverLimit: 0 };

export interface Begun {
  readonly formatVersion: 1;
  /** Absolute; null where there was none, absent where it is not known. */
  readonly from?: string | null;
  readonly pairs?: string | null;
  /** Where its module went; absent until it is finished. */
  readonly out?: string;
  readonly spec: TrainingSpec;
  readonly dryRun: DryRun;
}

/** Where a job lies unless something else was asked for: beside its module, so that the same command finds it again. */
export function jobFolder({ job, out }: Asked): string {
  return job ?? `${out}.training`;
}

/** @returns undefined when there is none to go on with. */
export async function readBegun(dir: string): Promise<Begun | undefined> {
  try {
    const begun = JSON.parse(await readFile(path.join(dir, ASKED_FILE), 'utf8')) as Begun | null;
    return begun?.formatVersion === 1 ? begun : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Goes on with what was begun, with the memory and threads of now and its models where they are now.
 * @param now names the proposal and the base that it was begun with
 * @throws UserError when something else is asked for than what was begun
 */
export async function goOn(dir: string, asked: Asked, begun: Begun, now: TrainingSpec): Promise<void> {
  checkSame(dir, asked, begun);
  const { spec } = begun;
  const { threads, memoryMiB } = { ...spec, ...asked.numbers };
  const relocated = { ...spec, threads, memoryMiB, proposal: now.proposal, base: now.base };
  await writeWhole(dir, SPEC_FILE, JSON.stringify(relocated, null, 2));
}

/** What is not said again is as it was. */
function checkSame(dir: string, asked: Asked, { spec, from, pairs }: Begun): void {
  const fixed: [option: string, wanted: unknown, begun: unknown][] = [
    ...(from === undefined ? [] : [['from', asked.from, from] as [string, unknown, unknown]]),
    ...(pairs === undefined ? [] : [['pairs', asked.pairs, pairs] as [string, unknown, unknown]]),
    ['objective', asked.objective, spec.objective],
    ['proposal', asked.proposal, spec.proposal.id],
    ['base', asked.base, spec.base.id],
    ['id', asked.id, spec.module.id],
    ...Object.entries(asked.said).map(([name, text]): [string, unknown, unknown] => [
      name,
      text,
      spec.module[name as keyof typeof asked.said],
    ]),
    ['steps', asked.nSteps, spec.nSteps],
  ];
  for (const [option, field] of Object.entries(NUMBER_OPTIONS))
    if (field !== 'threads' && field !== 'memoryMiB') fixed.push([option, asked.numbers[field], spec[field]]);
  for (const [option, wanted, begun] of fixed) {
    if (wanted === undefined || wanted === begun) continue;
    const was = begun === null || begun === undefined ? `without --${option}` : `with --${option} ${begun}`;
    throw new UserError(
      'training-begun-otherwise',
      `The training in ${dir} was begun ${was}, not ${wanted}. Go on with that, choose another --out, or delete the folder.`,
    );
  }
}

/** Reads the code and the pairs into the folder. @throws UserError; AbortError */
export async function begin(
  trainer: Trainer,
  dir: string,
  asked: Asked,
  spec: TrainingSpec,
  signal: AbortSignal,
): Promise<Begun> {
  const { from } = asked;
  const pairs = asked.pairs === undefined ? [] : await readPairs(asked.pairs);
  const listed = from === undefined ? NOTHING : await codeIn(from, signal);
  const isNew = (await mkdir(dir, { recursive: true })) !== undefined;
  if (!isNew) await checkIsJob(dir);
  try {
    await trainer.call('begin', { dir, spec }, signal);
    let nSent = 0;
    for await (const { files } of codeBatches(listed.files, signal)) {
      await trainer.call('addFiles', { dir, files }, signal);
      nSent += files.length;
    }
    if (pairs.length > 0) await trainer.call('addPairs', { dir, pairs }, signal);
    const dryRun = withLeftOut(await trainer.call('prepare', { dir }, signal), listed, nSent);
    const begun: Begun = { formatVersion: 1, from: from ?? null, pairs: asked.pairs ?? null, spec, dryRun };
    await writeWhole(dir, ASKED_FILE, JSON.stringify(begun, null, 2));
    return begun;
  } catch (error) {
    if (isNew) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}

/** @throws UserError that says why there is none */
async function codeIn(from: string, signal: AbortSignal): Promise<ListedCode> {
  const listed = await listCode([await folderOf(from)], { kind: 'workspace' }, () => true, signal);
  if (listed.files.length > 0) return listed;
  const why = whyNone(listed);
  throw new UserError(
    'training-no-files',
    why === undefined
      ? `No source files were found in ${from}. What git ignores and files that usually hold secrets are left out. Choose another --from.`
      : `In ${from}: ${spoken(why)} Choose another --from.`,
  );
}

/** @throws UserError for a folder with something else in it */
async function checkIsJob(dir: string): Promise<void> {
  const names = await readdir(dir);
  if (names.length === 0 || names.includes(SPEC_FILE)) return;
  throw new UserError('no-job', `${dir} holds something else than a training. Choose another --job.`);
}

/** @throws UserError when something is there already, or nothing can be put there */
export async function checkFree(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UserError(
      'out-not-free',
      error.code === 'ENOTDIR'
        ? `${out} is no folder. Choose another --out.`
        : `${out} cannot be looked at (${error.code}). Change the permissions of the folder that it is in, or choose another --out.`,
    );
  });
  if (names.length > 0)
    throw new UserError('out-not-free', `There is something in ${out} already. Choose another --out, or delete it.`);
}

/**
 * Before anything is made there: whether a file may be, or the folders that lead to it.
 * @throws UserError that names the option
 */
export async function checkWritable(file: string, option: 'out' | 'job'): Promise<void> {
  let dir = path.dirname(file);
  while (!(await exists(dir)) && dir !== path.dirname(dir)) dir = path.dirname(dir);
  // Not every system tells what may be done before it is tried.
  await mkdtemp(path.join(dir, '.residual-')).then(rmdir, (error: NodeJS.ErrnoException) => {
    throw new UserError(
      'out-not-writable',
      `Nothing can be written in ${dir} (${error.code}). Change its permissions, or choose another --${option}.`,
    );
  });
}

/** @throws UserError that says whether it is not there or cannot be looked at */
export async function checkFolder(from: string): Promise<void> {
  const found = await stat(from).catch((error: NodeJS.ErrnoException) => error);
  if (!(found instanceof Error) && found.isDirectory()) return;
  if (found instanceof Error && found.code !== 'ENOENT' && found.code !== 'ENOTDIR')
    throw new UserError(
      'unreadable-folder',
      `${from} cannot be looked at (${found.code}). Change the permissions of the folder that it is in, or choose another --from.`,
    );
  throw new UserError('no-such-folder', `There is no folder ${from}. --from names the folder of the code.`);
}

/**
 * Moves the module to where it was asked for, whole or not at all, also to another disk.
 * @throws UserError when it was moved before
 */
export async function deliver(dir: string, { moduleDir: made }: TrainingOutcome, out: string): Promise<void> {
  // The job's folder may have been moved since.
  const moduleDir = path.join(dir, path.basename(made));
  const begun = await readBegun(dir);
  if (!(await exists(moduleDir))) {
    const place = begun?.out === undefined ? '' : ` to ${begun.out}`;
    throw new UserError(
      'training-delivered',
      `The training in ${dir} is finished, and its module was moved${place}. Take it from there, or train again with another --job.`,
    );
  }
  await mkdir(path.dirname(out), { recursive: true });
  // Said beforehand: whatever ends this in between, the folder says where to look.
  await writeWhole(dir, ASKED_FILE, JSON.stringify({ ...begun, out }, null, 2));
  // An empty folder may be there; not every system renames onto one.
  await rm(out, { recursive: true, force: true });
  try {
    await rename(moduleDir, out);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'EXDEV') throw error;
    const beside = `${out}.new`;
    await rm(beside, { recursive: true, force: true });
    await cp(moduleDir, beside, { recursive: true });
    await rename(beside, out);
    await rm(moduleDir, { recursive: true, force: true });
  }
}

/** What the setting `residual.exclude` leaves alone in the editor, as it is without a person's own settings. */
async function folderOf(dir: string): Promise<Folder> {
  const manifest = await readFile(path.resolve(__dirname, '../../package.json'), 'utf8');
  const { properties } = JSON.parse(manifest).contributes.configuration;
  const excluded = Gitignore.parse(Object.keys(properties['residual.exclude'].default).join('\n'));
  const relative = (file: string) => path.relative(dir, file).split(path.sep).join('/');
  return { name: path.basename(dir), dir, mayRead: file => !excluded.ignores(relative(file)) };
}

async function writeWhole(dir: string, name: string, content: string): Promise<void> {
  const beside = path.join(dir, `.${name}.new`);
  const file = await open(beside, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path.join(dir, name));
}
