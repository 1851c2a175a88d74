/**
 * The jobs of a workspace on disk: a folder each, with the trainer's files and `job.json`, in which the host says what was
 * wanted and how far it came. A folder whose job.json cannot be read is left alone.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Sentence } from '../../core/sentence';
import { parseTrainingForm, type TrainingForm } from '../../protocol/pages/training';
import type { DryRun, TrainingOutcome, TrainingSpec } from '../../protocol/training';
import { sizeOfFolder } from '../sizeOfFolder';
import { LOG_FILE } from './curve';

export type RecordedStage =
  | { readonly kind: 'checking'; readonly then: 'stop' | 'train' }
  | { readonly kind: 'checked'; readonly dryRun: DryRun }
  /** Also while no process works on it: then it was interrupted, and goes on by itself. */
  | { readonly kind: 'training'; readonly dryRun: DryRun }
  | { readonly kind: 'paused'; readonly dryRun: DryRun }
  | { readonly kind: 'failed'; readonly dryRun: DryRun; readonly problem: Sentence }
  | {
      readonly kind: 'finished';
      readonly dryRun: DryRun;
      readonly outcome: TrainingOutcome;
      /** `moving`: on its way among the workspace's modules. `aside`: left in the job's folder. */
      readonly place: 'moving' | 'modules' | 'aside';
    };

export interface JobRecord {
  readonly formatVersion: 1;
  readonly id: string;
  readonly createdAtMs: number;
  readonly form: TrainingForm;
  readonly spec: TrainingSpec;
  readonly stage: RecordedStage;
}

const RECORD_FILE = 'job.json';
const SPEC_FILE = 'spec.json';
const STAGES: ReadonlySet<unknown> = new Set(['checking', 'checked', 'training', 'paused', 'failed', 'finished']);
const ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

export class JobStore {
  /** @param root absolute path; need not exist. */
  constructor(readonly root: string) {}

  dir(id: string): string {
    return path.join(this.root, id);
  }

  /** Newest first. */
  async list(): Promise<JobRecord[]> {
    const names = await readdir(this.root).catch(() => []);
    const records = await Promise.all(names.filter(name => ID.test(name)).map(name => this.read(name)));
    return records.filter(record => record !== undefined).sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** @returns undefined for what is no job, or one that cannot be read. */
  async read(id: string): Promise<JobRecord | undefined> {
    if (!ID.test(id)) return undefined;
    try {
      const record = JSON.parse(await readFile(path.join(this.dir(id), RECORD_FILE), 'utf8')) as JobRecord;
      const isKnown = record.formatVersion === 1 && record.id === id && STAGES.has(record.stage?.kind);
      return isKnown && parseTrainingForm(record.form) !== undefined ? record : undefined;
    } catch {
      return undefined;
    }
  }

  /** As a whole or not at all, on the disk before this resolves. */
  write(record: JobRecord): Promise<void> {
    return this.#write(record.id, RECORD_FILE, record);
  }

  /** What the trainer goes by, where a job goes on in other circumstances than it began in. */
  writeSpec({ id, spec }: JobRecord): Promise<void> {
    return this.#write(id, SPEC_FILE, spec);
  }

  async #write(id: string, name: string, content: JobRecord | TrainingSpec): Promise<void> {
    const dir = this.dir(id);
    await mkdir(dir, { recursive: true });
    const beside = path.join(dir, `.${name}.new`);
    const file = await open(beside, 'w');
    try {
      await file.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path.join(dir, name));
  }

  /** What lies in the folders of jobs, those included whose job.json cannot be read. */
  async account(): Promise<{ readonly ids: readonly string[]; readonly sizeBytes: number }> {
    const ids = (await readdir(this.root).catch(() => [])).filter(name => ID.test(name));
    const sizes = await Promise.all(ids.map(id => sizeOfFolder(this.dir(id))));
    return { ids, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  async remove(id: string): Promise<void> {
    if (ID.test(id)) await rm(this.dir(id), { recursive: true, force: true, maxRetries: 5 });
  }

  /** What a finished job needs no more: the code's tokens, samples and checkpoints. */
  async prune(id: string, keptFolder: string | undefined): Promise<void> {
    const kept = new Set([RECORD_FILE, LOG_FILE, keptFolder]);
    for (const name of await readdir(this.dir(id)))
      if (!kept.has(name)) await rm(path.join(this.dir(id), name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param nowMs of the calendar's clock @param random four hexadecimal digits, so that two windows never share a folder */
export function newJobId(nowMs: number, random: string): string {
  const [day, time] = new Date(nowMs).toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${random}`;
}
