/**
 * What is done for a job, step by step, each from what the one before left on the disk: so that the same call goes on
 * after a pause, a crash or a reboot. Which job is worked on, and who hears of it, is trainingJobs.ts's.
 */
import path from 'node:path';
import type { CodeChoice } from '../../protocol/pages/training';
import type { DryRun, TrainingOutcome, TrainingProgress } from '../../protocol/training';
import { exists } from '../exists';
import type { Folder } from '../workspaceFiles';
import { codeBatches, listCode, nothingFound, withLeftOut } from './collectCode';
import type { JobRecord, JobStore, RecordedStage } from './jobStore';
import type { TrainingCalls } from './trainer';

export interface WorkParts {
  readonly store: JobStore;
  /** Does some work with a trainer, again with a new one when that dies. @throws UserError; AbortError */
  readonly withTrainer: <T>(work: (trainer: TrainingCalls) => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** What may be read of the workspace. */
  readonly folders: () => readonly Folder[];
  /** Whether a file, by absolute path, matches a glob as the settings read them. */
  readonly matches: (file: string, glob: string) => boolean;
  readonly modules: Adopting;
}

/** The person's own modules, as far as a job adds to them. */
export interface Adopting {
  freeId(id: string): Promise<string>;
  /** Moves a module folder among them. @throws UserError */
  adopt(dir: string, signal: AbortSignal): Promise<void>;
  changeId(dir: string, id: string): Promise<void>;
}

type Finished = Extract<RecordedStage, { kind: 'finished' }>;

/** Reads the chosen code into the job's folder and measures how long training would take. @throws UserError; AbortError */
export async function check(
  { store, withTrainer, folders, matches }: WorkParts,
  {
    id,
    spec,
    form,
  }: { readonly id: string; readonly spec: JobRecord['spec']; readonly form: { readonly code: CodeChoice } },
  onFiles: (nFiles: number, nDone: number) => void,
  signal: AbortSignal,
): Promise<DryRun> {
  const listed = await listCode(folders(), form.code, matches, signal);
  const { files } = listed;
  if (files.length === 0) throw nothingFound(form.code, listed);
  const dir = store.dir(id);
  return withTrainer(async trainer => {
    let nSent = 0;
    onFiles(files.length, 0);
    await trainer.call('begin', { dir, spec }, signal);
    for await (const batch of codeBatches(files, signal)) {
      await trainer.call('addFiles', { dir, files: batch.files }, signal);
      nSent += batch.files.length;
      onFiles(files.length, batch.nSeen);
    }
    return withLeftOut(await trainer.call('prepare', { dir }, signal), listed, nSent);
  }, signal);
}

/** @throws UserError; AbortError, after which the folder holds all that was done */
export function train(
  { store, withTrainer }: WorkParts,
  { id }: JobRecord,
  onProgress: (progress: TrainingProgress) => void,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  return withTrainer(trainer => trainer.train(store.dir(id), onProgress, signal), signal);
}

/**
 * Moves a finished module among the person's own. The record says so before anything moves, and a module that is not in
 * the job's folder any more has moved: wherever this is cut off, the next call ends it.
 */
export async function settle(
  { store, modules }: WorkParts,
  record: JobRecord,
  stage: Finished,
  onRecord: (record: JobRecord) => Promise<void>,
  signal: AbortSignal,
): Promise<JobRecord> {
  const dir = folderOf(store, record.id, stage.outcome);
  let moving: JobRecord = { ...record, stage: { ...stage, place: 'moving' } };
  if (await exists(dir)) {
    const moduleId = await modules.freeId(record.spec.module.id);
    moving = { ...moving, spec: { ...record.spec, module: { ...record.spec.module, id: moduleId } } };
    await onRecord(moving);
    if (moduleId !== record.spec.module.id) await modules.changeId(dir, moduleId);
    await modules.adopt(dir, signal);
  }
  const moved: JobRecord = { ...moving, stage: { ...stage, place: 'modules' } };
  await onRecord(moved);
  await prune(store, record.id, { ...stage, place: 'modules' });
  return moved;
}

/** Leaves a module that is no gain where it is, and lets go of what it was made from. */
export async function leaveAside(
  { store }: WorkParts,
  record: JobRecord,
  stage: Finished,
  onRecord: (record: JobRecord) => Promise<void>,
): Promise<JobRecord> {
  const aside: JobRecord = { ...record, stage: { ...stage, place: 'aside' } };
  await onRecord(aside);
  await prune(store, record.id, { ...stage, place: 'aside' });
  return aside;
}

/** Lets go of what a finished job was made from: the code's tokens, samples, checkpoints. */
export async function prune(store: JobStore, id: string, { place, outcome }: Finished): Promise<void> {
  await store.prune(id, place === 'aside' ? path.basename(outcome.moduleDir) : undefined);
}

function folderOf(store: JobStore, id: string, { moduleDir }: TrainingOutcome): string {
  return path.join(store.dir(id), path.basename(moduleDir));
}
