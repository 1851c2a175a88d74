/**
 * The instant module of a workspace: built from its files, then kept up as they change. Reads text and sends it; what
 * was counted from which state of a file is the engine's to remember, so that a start only sends what differs.
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import timers from 'node:timers/promises';
import { EngineGone, isAbortError, UserError } from '../../core/errors';
import { type EvaluationRow, parseModuleManifest } from '../../core/manifest';
import { say } from '../../core/sentence';
import type { FolderRef, NgramAccount, NgramFile, NgramTarget } from '../../protocol/messages';
import type { EngineClient } from '../engineClient';
import { withLock } from '../lock';
import { type Folder, listFiles, stampOf } from '../workspaceFiles';
import { batches, withinLimit, withoutText } from './instantBatches';
import { INSTANT_ID, instantManifest } from './instantManifest';

export interface BuildProgress {
  readonly nFiles: number;
  readonly nDone: number;
}

export interface BuildReport extends NgramAccount {
  readonly textBytes: number;
  readonly elapsedMs: number;
}

export interface InstantModuleOptions {
  readonly engine: Pick<EngineClient, 'call' | 'state' | 'onDidChangeState'>;
  /** A folder as the registry reads it: the module is its modules/instant. */
  readonly root: string;
  folders(): readonly Folder[];
  /** The proposal completed with here. */
  proposal(): Promise<FolderRef>;
  /** Whether any completion uses the module: otherwise it is brought up to date when one does. */
  isUsed(): boolean;
  onLog(line: string): void;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

/** Memory the counts may take: about 16 million tokens, 55 MB of source. */
const MAX_MIB = 128;
/** Changes within this time are counted together. */
const SETTLE_MS = 300;
/** Counts are written when nothing has changed for this long. */
const SAVE_MS = 15_000;
/** How long another window may write. */
const MOST_WRITING_MS = 10 * 60_000;
/** Between two looks whether another window has written. */
const LOOK_AGAIN_MS = 500;
/** With more changes than this, everything is compared. */
const MANY_CHANGES = 500;

export class InstantModule {
  readonly #touched = new Set<string>();
  /** Changed since the counts were written; counted again when the engine is lost. */
  readonly #unsaved = new Set<string>();
  /** What is being written; counted again too when the engine is lost meanwhile. */
  #saving: readonly string[] = [];
  /** Hash of the counts on disk, as this window last saw or wrote them; of other ones, nothing is known. */
  #written: string | undefined;
  /** This window writes, hence no other one. */
  #isWriting = false;
  /** Anything may have changed: at the start, after another branch was checked out. */
  #isAllTouched = true;
  #updateTimer: NodeJS.Timeout | undefined;
  #saveTimer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #lastSave: Promise<void> = Promise.resolve();
  readonly #disposed = new AbortController();
  #build: { progress: BuildProgress; readonly cancelled: AbortController } | undefined;
  readonly #buildListeners = new Set<() => void>();
  readonly #stateListener: { dispose(): void };

  constructor(private readonly options: InstantModuleOptions) {
    this.#stateListener = options.engine.onDidChangeState(state => {
      if (state === 'ready') this.#schedule();
      if (state !== 'failed' && state !== 'stopped') return;
      for (const file of [...this.#unsaved, ...this.#saving]) this.#touched.add(file);
      this.#unsaved.clear();
    });
  }

  get dir(): string {
    return path.join(this.options.root, 'modules', INSTANT_ID);
  }

  async isBuilt(): Promise<boolean> {
    return stat(path.join(this.dir, 'module.json')).then(
      () => true,
      () => false,
    );
  }

  /** How far a build is, whoever began it; undefined while there is none. */
  get building(): BuildProgress | undefined {
    return this.#build?.progress;
  }

  /** What was measured of it, for every proposal; of what is not there or cannot be read, nothing. */
  async evaluation(): Promise<readonly EvaluationRow[]> {
    return readFile(path.join(this.dir, 'module.json'), 'utf8')
      .then(text => parseModuleManifest(JSON.parse(text)).evaluation)
      .catch(() => []);
  }

  /** Files that were counted since the counts were written. */
  get nUnsaved(): number {
    return this.#unsaved.size;
  }

  get folders(): readonly Folder[] {
    return this.options.folders();
  }

  /** Hears of every change of `building`. */
  onDidChangeBuild(listener: () => void): { dispose(): void } {
    this.#buildListeners.add(listener);
    return { dispose: () => void this.#buildListeners.delete(listener) };
  }

  cancelBuild(): void {
    this.#build?.cancelled.abort();
  }

  /**
   * Counts every file. What was built before serves until this is done.
   * @throws UserError, also while another build runs; AbortError; EngineGone when the engine ends meanwhile.
   */
  async build(onProgress: (progress: BuildProgress) => void, signal: AbortSignal): Promise<BuildReport> {
    if (this.#build !== undefined)
      throw new UserError('instant-building', say`The instant module is being built already. Wait until it is done.`);
    const build = { progress: { nFiles: 0, nDone: 0 }, cancelled: new AbortController() };
    this.#build = build;
    const tell = () => {
      for (const listener of this.#buildListeners) listener();
    };
    tell();
    try {
      return await this.#countAll(
        progress => {
          build.progress = progress;
          onProgress(progress);
          tell();
        },
        AbortSignal.any([signal, build.cancelled.signal]),
      );
    } finally {
      this.#build = undefined;
      tell();
    }
  }

  async #countAll(onProgress: (progress: BuildProgress) => void, signal: AbortSignal): Promise<BuildReport> {
    const startMs = this.options.now();
    const target = await this.target();
    const listed = await listFiles(this.options.folders(), undefined, signal);
    const files = withinLimit(listed);
    await this.#call('ngramBegin', { ...target, maxMiB: MAX_MIB }, signal);
    let textBytes = 0;
    try {
      let nDone = 0;
      for await (const { sent, nSeen } of batches(files, signal)) {
        await this.#call('ngramAdd', { ...target, files: sent }, signal);
        for (const file of sent) textBytes += Buffer.byteLength(file.text);
        nDone += nSeen;
        onProgress({ nFiles: files.length, nDone });
      }
      const fields = { built: new Date().toISOString(), evaluation: await this.evaluation() };
      const manifest = { ...instantManifest(files.length), ...fields };
      const account = await this.#whileNobodyWrites(
        () => this.#call('ngramFinish', { ...target, manifest }, signal),
        signal,
      );
      this.#written = account.written;
      this.#touched.clear();
      this.#unsaved.clear();
      this.#isAllTouched = false;
      const nLeftOut = account.nLeftOut + listed.length - files.length;
      return { ...account, nLeftOut, textBytes, elapsedMs: this.options.now() - startMs };
    } catch (error) {
      await this.#call('ngramAbandon', target, this.#disposed.signal).catch(() => {});
      throw error;
    }
  }

  /** These files may have changed, come or gone. */
  touch(...files: readonly string[]): void {
    for (const file of files) this.#touched.add(file);
    if (this.#touched.size > MANY_CHANGES) this.#isAllTouched = true;
    this.#schedule();
  }

  /** Something was written where the counts are: if it was another window, what it counted is compared with the files. */
  async noticeWritten(): Promise<void> {
    if (this.#written === undefined || this.#isWriting) return;
    const text = await readFile(path.join(this.dir, 'module.json'), 'utf8').catch(() => '');
    if (text !== '' && !text.includes(this.#written)) this.touchAll();
  }

  /** Everything may have changed. */
  touchAll(): void {
    this.#isAllTouched = true;
    this.#schedule();
  }

  /** Counts what changed, unless the module is not used or the engine does not run: then it waits until they are. */
  update(): Promise<void> {
    clearTimeout(this.#updateTimer);
    this.#updateTimer = undefined;
    this.#running = this.#running.then(() =>
      this.#update(this.#disposed.signal).catch((error: unknown) => {
        if (!isAbortError(error) && !(error instanceof EngineGone))
          this.options.onLog(`The instant module was not brought up to date: ${String(error)}`);
      }),
    );
    return this.#running;
  }

  dispose(): void {
    this.#stateListener.dispose();
    this.#disposed.abort();
    clearTimeout(this.#updateTimer);
    clearTimeout(this.#saveTimer);
  }

  #schedule(): void {
    if (!this.#isAllTouched && this.#touched.size === 0) return;
    clearTimeout(this.#updateTimer);
    this.#updateTimer = setTimeout(() => void this.update(), SETTLE_MS);
    this.#updateTimer.unref();
  }

  async #update(signal: AbortSignal): Promise<void> {
    const { engine, isUsed, onLog, now } = this.options;
    if (engine.state !== 'ready' || !isUsed() || !(await this.isBuilt())) return;
    if (!this.#isAllTouched && this.#touched.size === 0 && this.#unsaved.size === 0) return;
    const startMs = now();
    let isAll = this.#isAllTouched;
    // What was counted and not written may be gone again: the engine drops a module when memory runs out.
    const touched = [...new Set([...this.#touched, ...this.#unsaved])];
    this.#isAllTouched = false;
    this.#touched.clear();
    try {
      const target = await this.target();
      const known = await this.#call('ngramFiles', target, signal);
      const stamps = new Map(known.files.map(({ name, stamp }) => [name, stamp]));
      if (this.#written !== undefined && known.written !== this.#written) {
        // Another window wrote what it had counted, and that is what the engine has now: perhaps all of it, perhaps not.
        isAll = true;
        this.#unsaved.clear();
      }
      this.#written = known.written;
      const listed = await listFiles(this.options.folders(), isAll ? undefined : touched, signal);
      const present = new Set(listed.map(({ name }) => name));
      // A path may have been a folder: its files left with it.
      const places = touched.flatMap(file => this.#nameOf(file));
      const isTouched = (name: string) => isAll || places.some(place => name === place || name.startsWith(`${place}/`));
      const gone = [...stamps.keys()].filter(name => !present.has(name) && isTouched(name));
      const changed = withinLimit(listed).filter(file => stamps.get(file.name) !== stampOf(file));
      if (changed.length === 0 && gone.length === 0) return;
      let remove: readonly string[] = gone;
      let nSent = 0;
      let nRecalled = 0;
      let isCrowded = false;
      const send = async (put: readonly NgramFile[]) => {
        ({ isCrowded } = await this.#call('ngramUpdate', { ...target, put, remove }, signal));
        remove = [];
      };
      for await (const { sent, refused } of batches(changed, signal)) {
        // A file that is no source text any more leaves too.
        remove = [...remove, ...refused];
        const { unknown } = await this.#call('ngramRecall', { ...target, files: sent.map(withoutText) }, signal);
        const wanted = new Set(unknown);
        const put = sent.filter(({ name }) => wanted.has(name));
        await send(put);
        nSent += put.length;
        nRecalled += sent.length - put.length;
      }
      if (remove.length > 0) await send([]);
      for (const file of changed) this.#unsaved.add(file.path);
      onLog(
        `instant module: ${nSent} files counted anew, ${gone.length} taken out, ${nRecalled} known by their content, ${(now() - startMs).toFixed(0)} ms`,
      );
      this.#saveIn(isCrowded ? 0 : SAVE_MS);
    } catch (error) {
      for (const file of touched) this.#touched.add(file);
      this.#isAllTouched ||= isAll;
      throw error;
    }
  }

  #saveIn(delayMs: number): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => {
      void this.#saveUnsaved();
    }, delayMs);
    this.#saveTimer.unref();
  }

  /** Another window may have written the same meanwhile, or may be about to: then it is seen later what is left to write. */
  async #saveUnsaved(): Promise<void> {
    await this.update();
    if (this.options.engine.state !== 'ready' || this.#unsaved.size === 0) return;
    await this.save().catch((error: unknown) => {
      if (error instanceof UserError && error.code === 'locked') this.#saveIn(SAVE_MS);
    });
  }

  /**
   * Writes the counts as they should be now. Files that change meanwhile are counted at once and written next time.
   * @param manifest what module.json is to say besides from now on.
   */
  save(manifest: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const saved = this.#lastSave.then(() => this.#save(manifest));
    this.#lastSave = saved.catch(() => {});
    return saved;
  }

  async #save(manifest: Readonly<Record<string, unknown>>): Promise<void> {
    await this.update();
    await this.#locked(async () => {
      // Another window may have written since: what is left to count is counted on top of that.
      await this.update();
      this.#saving = [...this.#unsaved];
      this.#unsaved.clear();
      try {
        const { written } = await this.#call(
          'ngramSave',
          { ...(await this.target()), manifest },
          this.#disposed.signal,
        );
        this.#written = written;
      } catch (error) {
        for (const file of this.#saving) this.#unsaved.add(file);
        throw error;
      } finally {
        this.#saving = [];
      }
    });
  }

  /** @throws UserError `locked` while another window writes. */
  async #locked<T>(write: () => Promise<T>): Promise<T> {
    await mkdir(path.dirname(this.dir), { recursive: true });
    const refusal = say`Another window is writing the instant module. Try again in a moment.`;
    const whileHeld = async () => {
      this.#isWriting = true;
      try {
        return await write();
      } finally {
        this.#isWriting = false;
      }
    };
    return withLock(`${this.dir}.lock`, refusal, whileHeld, MOST_WRITING_MS);
  }

  async #whileNobodyWrites<T>(write: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await this.#locked(write);
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== 'locked') throw error;
        await timers.setTimeout(LOOK_AGAIN_MS, undefined, { signal });
      }
    }
  }

  /** What the engine is asked about. */
  async target(): Promise<NgramTarget> {
    return { proposal: await this.options.proposal(), module: { id: INSTANT_ID, dir: this.dir } };
  }

  #nameOf(file: string): string[] {
    return this.options.folders().flatMap(({ name, dir }) => {
      const relative = path.relative(dir, file);
      return relative === '' || relative.startsWith('..') || path.isAbsolute(relative)
        ? []
        : [`${name}/${relative.split(path.sep).join('/')}`];
    });
  }

  get #call(): EngineClient['call'] {
    return this.options.engine.call.bind(this.options.engine) as EngineClient['call'];
  }
}
