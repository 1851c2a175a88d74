/**
 * The training jobs of a workspace: one is worked on at a time, in one window. What is on the disk says how far each came,
 * so a job that a crash, a reboot or a closed window cut off goes on by itself. Knows no editor and shows nothing.
 */
import { isAbortError, messageOf, sentenceOf, UserError } from '../../core/errors';
import { type Sentence, say } from '../../core/sentence';
import type { JobView, PastJob, TrainingForm } from '../../protocol/pages/training';
import type { TrainingProgress } from '../../protocol/training';
import type { Clock } from '../completer';
import { type JobRecord, newJobId, type RecordedStage } from './jobStore';
import type { Surroundings } from './jobView';
import { check, leaveAside, prune, settle, train, type WorkParts } from './jobWork';
import { KnownJobs } from './knownJobs';
import { understood } from './trainer';
import { type Ground, idOf, relocated, specOf } from './trainingSpec';
import { isWorking, whileWorking } from './workingLock';

export interface TrainingJobsParts extends WorkParts {
  /** Whether this window may read its workspace's code now. */
  readonly mayTrain: () => boolean;
  /** @throws UserError when nothing can be trained here */
  readonly ground: () => Promise<Ground>;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Four hexadecimal digits. */
  readonly random: () => string;
  readonly onLog: (line: string) => void;
}

export interface TrainingListener {
  /** Something else is to be drawn. */
  changed?(): void;
  progressed?(id: string, progress: TrainingProgress): void;
  /** A training is over: `finished` or `failed`. */
  ended?(record: JobRecord): void;
}

type Stop = 'pause' | 'cancel' | 'close';

interface Work {
  readonly id: string;
  readonly controller: AbortController;
  readonly done: Promise<void>;
  stop?: Stop;
}

/** How soon this window notices that another one is done. */
const WAIT_MS = 3000;

export class TrainingJobs {
  readonly #known: KnownJobs;
  readonly #listeners = new Set<TrainingListener>();
  readonly #closing = new AbortController();
  #work: Work | undefined;
  #opening: Promise<void> | undefined;
  #isElsewhere = false;

  constructor(private readonly parts: TrainingJobsParts) {
    this.#known = new KnownJobs(parts.store);
  }

  listen(listener: TrainingListener): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Whether something else is being trained: a job in another window, or what learns from feedback. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** The job that is worked on in this window. */
  get working(): JobRecord | undefined {
    return this.#work && this.#known.get(this.#work.id);
  }

  get paused(): JobRecord | undefined {
    return this.#known.newestFirst().find(({ stage }) => stage.kind === 'paused');
  }

  progressOf(id: string): TrainingProgress | undefined {
    return this.#known.progressOf(id);
  }

  /**
   * Reads what is there, and goes on with what was cut off as soon as no other window works. To be called again when
   * `mayTrain` may have changed.
   */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Whatever is worked on stops, and goes on when the workspace is opened again. */
  dispose(): void {
    this.#closing.abort();
    this.#stop('close');
    this.#listeners.clear();
  }

  view(around: Surroundings): { readonly job: JobView | undefined; readonly past: readonly PastJob[] } {
    return this.#known.view(around);
  }

  /** Finds out what training would work on. Nothing is trained. @throws UserError */
  check(form: TrainingForm): Promise<void> {
    return this.#begin(form, 'stop');
  }

  /** Trains: what was just looked at, what failed for want of memory, or something new. @throws UserError */
  async train(form: TrainingForm): Promise<void> {
    const { shown } = this.#known;
    if (shown?.stage.kind === 'checked' && isSame(shown.form, form)) return this.#train(shown, form);
    if (shown?.stage.kind === 'failed' && isSame({ ...shown.form, memoryMiB: form.memoryMiB }, form))
      return this.#train(shown, form);
    await this.#begin(form, 'train');
  }

  /** @throws UserError */
  async resume(id: string): Promise<void> {
    const record = this.#known.get(id);
    if (record?.stage.kind === 'paused' || record?.stage.kind === 'failed') await this.#train(record, record.form);
    // Its module did not come to its place.
    if (record !== undefined && isMoving(record) && this.#work === undefined) {
      this.#known.know(id, { problem: undefined });
      this.#start(id, signal => this.#goOn(record, signal));
      this.#changed();
    }
  }

  /** What was learned is kept, and goes on when it is resumed. */
  async pause(): Promise<void> {
    if (this.working?.stage.kind !== 'training') return;
    this.#known.know(this.#work!.id, { isPausing: true });
    this.#changed();
    await this.#stop('pause');
  }

  /** Stops a job and removes all of it, unless it is over. */
  async cancel(id: string): Promise<void> {
    if (this.#work?.id === id) return this.#stop('cancel');
    if (this.#known.get(id)?.stage.kind !== 'finished') await this.remove(id);
  }

  /** Puts a module that is no gain among the others all the same. It is not used for that. @throws UserError */
  async keep(id: string): Promise<void> {
    const record = this.#known.get(id);
    if (record?.stage.kind !== 'finished' || record.stage.place !== 'aside' || this.#work !== undefined) return;
    const { stage } = record;
    await this.#locked(() => settle(this.parts, record, stage, next => this.#write(next), this.#closing.signal));
    this.#changed();
  }

  /** Forgets a job and what lies in its folder; a module that has moved among the others stays. */
  async remove(id: string): Promise<void> {
    if (this.#work?.id === id) return;
    await this.parts.store.remove(id);
    this.#known.forget(id);
    this.#changed();
  }

  /** What jobs keep in this workspace's storage. */
  async account(): Promise<{ readonly nJobs: number; readonly sizeBytes: number }> {
    const { ids, sizeBytes } = await this.parts.store.account();
    return { nJobs: ids.length, sizeBytes };
  }

  /** Forgets all jobs and what lies in their folders; modules among the others stay. @throws UserError while one is worked on */
  async removeAll(): Promise<void> {
    const { store } = this.parts;
    await this.#locked(async () => {
      for (const id of (await store.account()).ids) {
        await store.remove(id);
        this.#known.forget(id);
      }
    });
    this.#changed();
  }

  /** Which job is drawn; none for the form. */
  async show(id: string | undefined): Promise<void> {
    const isThere = id !== undefined && this.#known.get(id) !== undefined;
    if (isThere) await this.#readCurve(id);
    this.#known.show(isThere ? id : undefined);
    this.#changed();
  }

  async #open(): Promise<void> {
    if (this.#work !== undefined) return;
    const { store, mayTrain, clock } = this.parts;
    await this.#load();
    while (await isWorking(store.root)) {
      if (this.#work !== undefined) return;
      if (!this.#isElsewhere) {
        this.#isElsewhere = true;
        this.#changed();
      }
      await clock.sleep(WAIT_MS, this.#closing.signal).catch(() => {});
      if (this.#closing.signal.aborted) return;
      await this.#load();
    }
    this.#isElsewhere = false;
    for (const { id, stage } of this.#known.newestFirst())
      if (stage.kind === 'finished' && stage.place !== 'moving') await prune(store, id, stage);
    const interrupted = this.#known.newestFirst().find(({ stage }) => isUnderWay(stage));
    if (interrupted !== undefined && mayTrain() && this.#work === undefined) {
      this.parts.onLog(`training ${interrupted.id}: goes on`);
      await this.#readCurve(interrupted.id);
      if (this.#known.shown === undefined) this.#known.show(interrupted.id);
      this.#start(interrupted.id, signal => this.#goOn(interrupted, signal));
    }
    this.#changed();
  }

  /** What another window did is on the disk alone. What was only looked at is of no use in another one. */
  async #load(): Promise<void> {
    const records = await this.parts.store.list();
    for (const { id } of this.#known.newestFirst())
      if (id !== this.#work?.id && !records.some(record => record.id === id) && !this.#known.problemOf(id))
        this.#known.forget(id);
    for (const record of records) {
      if (record.id === this.#work?.id) continue;
      if (isUnderWay(record.stage) || !isLeftover(record.stage) || this.#known.get(record.id) !== undefined)
        this.#known.put(record);
    }
  }

  async #begin(form: TrainingForm, then: 'stop' | 'train'): Promise<void> {
    this.#refuse();
    const { parts } = this;
    const ground = await parts.ground();
    const moduleId = await parts.modules.freeId(idOf(form.title));
    this.#refuse();
    const createdAtMs = parts.now();
    const record: JobRecord = {
      formatVersion: 1,
      id: newJobId(createdAtMs, parts.random()),
      createdAtMs,
      form,
      spec: specOf(form, moduleId, ground),
      stage: { kind: 'checking', then },
    };
    this.#known.put(record);
    this.#known.show(record.id);
    this.#start(record.id, async signal => {
      await this.#removeLeftovers(record.id);
      await this.#write(record);
      await this.#goOn(record, signal);
    });
    this.#changed();
  }

  async #train(record: JobRecord, form: TrainingForm): Promise<void> {
    this.#refuse();
    const { stage, id } = record;
    if (stage.kind !== 'checked' && stage.kind !== 'paused' && stage.kind !== 'failed') return;
    await this.#readCurve(id);
    this.#refuse();
    const spec = { ...record.spec, memoryMiB: form.memoryMiB };
    const next: JobRecord = { ...record, form, spec, stage: { kind: 'training', dryRun: stage.dryRun } };
    this.#known.show(id);
    this.#start(id, async signal => {
      await this.#write(next);
      await this.#goOn(next, signal);
    });
    this.#changed();
  }

  /** One job at a time, in one window, until it is done, stopped or failed. */
  #start(id: string, work: (signal: AbortSignal) => Promise<void>): void {
    const controller = new AbortController();
    const done = this.#locked(() => work(controller.signal)).then(
      () => this.#settled(id, undefined),
      error => this.#settled(id, error),
    );
    this.#work = { id, controller, done };
  }

  /** From wherever a job is to where it ends. */
  async #goOn(record: JobRecord, signal: AbortSignal): Promise<void> {
    const { parts } = this;
    const write = (next: JobRecord) => this.#write(next);
    let now = record;
    if (now.stage.kind === 'checking') {
      const { then } = now.stage;
      const dryRun = await check(parts, now, (nFiles, nDone) => this.#read(record.id, nFiles, nDone), signal);
      now = { ...now, stage: { kind: then === 'train' ? 'training' : 'checked', dryRun } };
      await write(now);
    }
    if (now.stage.kind === 'training') {
      const { dryRun } = now.stage;
      now = { ...now, spec: relocated(now.spec, await parts.ground()) };
      await parts.store.writeSpec(now);
      const outcome = await train(parts, now, progress => this.#progress(record.id, progress), signal);
      const place = outcome.state === 'finished' ? 'moving' : 'aside';
      now = { ...now, stage: { kind: 'finished', dryRun, outcome, place } };
      await write(now);
    }
    if (now.stage.kind !== 'finished') return;
    if (now.stage.place === 'moving') await settle(parts, now, now.stage, write, signal);
    if (now.stage.place === 'aside') await leaveAside(parts, now, now.stage, write);
  }

  /** The work on a job has ended, for whatever reason. */
  async #settled(id: string, error: unknown): Promise<void> {
    const stop = this.#work?.stop;
    this.#work = undefined;
    this.#known.know(id, { isPausing: false, reading: undefined });
    const record = this.#known.get(id);
    if (stop === 'cancel' && record?.stage.kind !== 'finished') await this.remove(id).catch(this.#logged);
    else if (stop === 'pause' && record?.stage.kind === 'training')
      await this.#write({ ...record, stage: { ...record.stage, kind: 'paused' } }).catch(this.#logged);
    else if (error !== undefined && record !== undefined) await this.#failed(record, error);
    const now = this.#known.get(id);
    if (now !== undefined && (now.stage.kind === 'failed' || now.stage.kind === 'finished'))
      for (const listener of this.#listeners) listener.ended?.(now);
    this.#changed();
  }

  async #failed(record: JobRecord, reason: unknown): Promise<void> {
    if (isAbortError(reason)) return;
    const error = understood(reason);
    if (error instanceof UserError && error.code === 'locked') {
      // Something else was faster.
      if (record.stage.kind === 'checking') this.#known.forget(record.id);
      void this.open();
      return;
    }
    this.parts.onLog(`training ${record.id}: failed, ${messageOf(error)}`);
    const { stage } = record;
    const problem = spokenOf(error);
    if (isMoving(record)) this.#known.know(record.id, { problem });
    else if (stage.kind === 'checking') {
      this.#known.know(record.id, { problem });
      await this.parts.store.remove(record.id).catch(this.#logged);
    } else if (stage.kind !== 'finished' && stage.kind !== 'checked') {
      const failed: JobRecord = { ...record, stage: { kind: 'failed', dryRun: stage.dryRun, problem } };
      this.#known.put(failed);
      // On a full disk it is known in this window alone, and the next one goes on by itself.
      await this.parts.store.write(failed).catch(this.#logged);
    }
  }

  async #stop(stop: Stop): Promise<void> {
    const work = this.#work;
    if (work === undefined) return;
    work.stop = stop === 'pause' ? (work.stop ?? stop) : stop;
    work.controller.abort();
    await work.done;
  }

  #refuse(): void {
    if (!this.parts.mayTrain()) throw new UserError('training-not-here', say`Nothing can be trained in this window.`);
    if (this.#work !== undefined)
      throw new UserError('training-under-way', say`A training is under way. Pause or cancel it first.`);
  }

  #locked<T>(act: () => Promise<T>): Promise<T> {
    return whileWorking(this.parts.store.root, act);
  }

  /** What was looked at before, and not trained. */
  async #removeLeftovers(except: string): Promise<void> {
    for (const { id, stage } of await this.parts.store.list()) {
      if (id === except || !isLeftover(stage)) continue;
      await this.parts.store.remove(id);
      this.#known.forget(id);
    }
  }

  async #write(record: JobRecord): Promise<void> {
    await this.parts.store.write(record);
    this.#known.put(record);
    this.#changed();
  }

  #read(id: string, nFiles: number, nDone: number): void {
    this.#known.know(id, { reading: { nFiles, nDone } });
    this.#changed();
  }

  #progress(id: string, progress: TrainingProgress): void {
    this.#known.add(id, progress);
    for (const listener of this.#listeners) listener.progressed?.(id, progress);
  }

  async #readCurve(id: string): Promise<void> {
    if (this.#work?.id === id && this.#known.hasCurve(id)) return;
    await this.#known.readCurve(id);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener.changed?.();
  }

  readonly #logged = (reason: unknown): void => this.parts.onLog(`training: ${messageOf(reason)}`);
}

/** What goes on by itself. */
function isUnderWay(stage: RecordedStage): boolean {
  switch (stage.kind) {
    case 'checking':
      return stage.then === 'train';
    case 'training':
      return true;
    case 'finished':
      return stage.place === 'moving';
    case 'checked':
    case 'paused':
    case 'failed':
      return false;
  }
}

function isMoving({ stage }: JobRecord): boolean {
  return stage.kind === 'finished' && stage.place === 'moving';
}

/** What was only looked at. */
function isLeftover(stage: RecordedStage): boolean {
  return stage.kind === 'checked' || stage.kind === 'checking';
}

function isSame(a: TrainingForm, b: TrainingForm): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function spokenOf(error: unknown): Sentence {
  const said = sentenceOf(error);
  return typeof said === 'string' ? say`${said}` : said;
}
