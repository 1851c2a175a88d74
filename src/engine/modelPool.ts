/**
 * The models in memory. Requests name folders; concurrent requests share one load; what is not in use leaves, the least
 * recently used first, when the memory limit is exceeded. A model keeps its warm sequences while others come and go.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { AbortError, throwIfAborted, UserError } from '../core/errors';
import type { ModuleManifest, ProposalManifest } from '../core/manifest';
import type { LanguageModel, Sequence, Tokenizer } from '../core/model';
import type { RuleName } from '../core/rules';
import type { EngineLimits, EngineStatus, FolderRef, ModuleUse } from '../protocol/messages';
import {
  type AlignmentModule,
  checkTokenizer,
  checkVocabulary,
  findModuleFiles,
  type LoadNgram,
  loadModule,
} from './alignmentModule';
import { FileHashes, fileStamp, type ModelFolder } from './modelFiles';
import { findProposalFiles, loadProposal, type Proposal } from './proposal';

/** Requests of one lane follow each other, so they share a warm sequence; lanes do not disturb each other's. */
export type Lane = 'completion' | 'chat';

export interface ModelChoice {
  readonly proposal: FolderRef;
  readonly modules: readonly ModuleUse[];
  /** Overrides the modules' own rule. */
  readonly rule?: RuleName;
}

export interface LoadedProposal {
  readonly manifest: ProposalManifest;
  readonly tokenizer: Tokenizer;
  readonly model: LanguageModel;
  /** The warm sequence of the lane; stays open. */
  readonly sequence: Sequence;
}

export interface LoadedModule {
  readonly manifest: ModuleManifest;
  readonly strength: number;
  readonly model: LanguageModel;
  readonly sequence: Sequence;
  /** The generic model the module started from; loaded for the `ratio` rule only. */
  readonly q0?: { readonly model: LanguageModel; readonly sequence: Sequence };
}

/** Models that stay loaded until `release`. */
export interface Lease {
  readonly proposal: LoadedProposal;
  /** In request order, without those of strength 0. */
  readonly modules: readonly LoadedModule[];
  /** Time this acquisition waited for loading. */
  readonly loadMs: number;
  release(): void;
}

export interface PoolOptions {
  /** Shipped models: graphs/, modules/, proposals/. */
  readonly modelsDir: string;
  readonly limits: EngineLimits;
  readonly loadNgram: LoadNgram;
}

interface Loaded {
  readonly model: LanguageModel & { readonly sizeBytes: number; close(): Promise<void> };
}

class Entry<T extends Loaded = Loaded> {
  nUsers = 0;
  lastUse = 0;
  value: T | undefined;
  readonly sequences = new Map<Lane, Sequence>();

  constructor(
    readonly key: string,
    readonly folder: ModelFolder,
    readonly kind: 'proposal' | 'module',
    readonly loading: Promise<T>,
  ) {}

  get sizeBytes(): number {
    return this.value?.model.sizeBytes ?? 0;
  }

  sequence(lane: Lane, model: LanguageModel): Sequence {
    const open = this.sequences.get(lane) ?? model.open();
    this.sequences.set(lane, open);
    return open;
  }
}

const MIB = 1024 * 1024;

export class ModelPool {
  readonly #entries = new Map<string, Entry>();
  readonly #hashes = new FileHashes();
  #limits: EngineLimits;
  #clock = 0;

  constructor(private readonly options: PoolOptions) {
    this.#limits = options.limits;
  }

  /**
   * Loads what the choice names, or finds it loaded. An abort stops the waiting, not a load that others may share.
   * @throws UserError for everything a person can cause; AbortError.
   */
  async acquire(choice: ModelChoice, lane: Lane, signal: AbortSignal): Promise<Lease> {
    const startMs = performance.now();
    const held: Entry[] = [];
    const release = () => {
      for (const entry of held.splice(0)) entry.nUsers--;
      void this.#evict(0);
    };
    try {
      throwIfAborted(signal);
      const p = await this.#proposal(choice.proposal, held, signal);
      const modules: LoadedModule[] = [];
      for (const use of choice.modules) {
        if (use.strength === 0) continue;
        modules.push(await this.#moduleFor(use, choice, p.value, lane, held, signal));
      }
      const { manifest, tokenizer, model } = p.value;
      return {
        proposal: { manifest, tokenizer, model, sequence: p.entry.sequence(lane, model) },
        modules,
        loadMs: performance.now() - startMs,
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  get loaded(): EngineStatus['loaded'] {
    return [...this.#entries.values()]
      .filter(entry => entry.value !== undefined)
      .map(({ folder, kind, sizeBytes }) => ({ id: folder.id, kind, sizeBytes }));
  }

  /** Another number of threads holds for models loaded from now on; idle ones are dropped so that they are loaded again. */
  async setLimits(limits: EngineLimits): Promise<void> {
    const hasNewThreads = limits.threads !== this.#limits.threads;
    this.#limits = limits;
    if (!hasNewThreads) return this.#evict(0);
    await Promise.all([...this.#entries.values()].filter(isIdle).map(entry => this.#drop(entry)));
  }

  /** Nothing may be in use. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(entry => this.#drop(entry)));
  }

  async #moduleFor(
    use: ModuleUse,
    choice: ModelChoice,
    proposal: Proposal,
    lane: Lane,
    held: Entry[],
    signal: AbortSignal,
  ): Promise<LoadedModule> {
    const { entry, value } = await this.#module(use, proposal, held, signal);
    const { manifest, model } = value;
    const loaded = { manifest, strength: use.strength, model, sequence: entry.sequence(lane, model) };
    if ((choice.rule ?? manifest.rule) !== 'ratio' || manifest.q0 === undefined) return loaded;
    const q0 = await this.#module(await this.#findQ0(use, manifest.q0), proposal, held, signal);
    return { ...loaded, q0: { model: q0.value.model, sequence: q0.entry.sequence(lane, q0.value.model) } };
  }

  async #proposal(folder: FolderRef, held: Entry[], signal: AbortSignal) {
    const stamp = await fileStamp(path.join(folder.dir, 'residual.json'));
    return this.#hold<Proposal>(
      'proposal',
      folder,
      `${stamp}`,
      async () => {
        const files = await findProposalFiles(folder);
        await this.#makeRoom(folder, files.sizeBytes);
        return loadProposal(files, this.#hashes, nThreads(this.#limits), never());
      },
      held,
      signal,
    );
  }

  async #module(folder: FolderRef, proposal: Proposal, held: Entry[], signal: AbortSignal) {
    const stamp = await fileStamp(path.join(folder.dir, 'module.json'));
    const fitting = {
      id: proposal.manifest.id,
      tokenizerId: proposal.tokenizer.id,
      vocabSize: proposal.model.vocabSize,
    };
    const found = await this.#hold<AlignmentModule>(
      'module',
      folder,
      `${stamp}`,
      async () => {
        const files = await findModuleFiles(folder);
        // Before the weights are read, and below for a module that another proposal had loaded.
        checkTokenizer(files.manifest, fitting);
        await this.#makeRoom(folder, files.sizeBytes);
        const loading = {
          graphsDir: path.join(this.options.modelsDir, 'graphs'),
          hashes: this.#hashes,
          nThreads: nThreads(this.#limits),
          tokenizer: proposal.tokenizer,
          loadNgram: this.options.loadNgram,
        };
        return loadModule(files, loading, never());
      },
      held,
      signal,
    );
    checkTokenizer(found.value.manifest, fitting);
    checkVocabulary(found.value, fitting);
    return found;
  }

  /** Marks the entry as used before the first wait, so that loading its partner cannot evict it. */
  async #hold<T extends Loaded>(
    kind: 'proposal' | 'module',
    folder: FolderRef,
    stamp: string,
    load: () => Promise<T>,
    held: Entry[],
    signal: AbortSignal,
  ): Promise<{ readonly entry: Entry; readonly value: T }> {
    const key = `${kind}:${folder.dir}:${stamp}`;
    const entry = (this.#entries.get(key) as Entry<T> | undefined) ?? this.#start(key, kind, folder, load);
    entry.nUsers++;
    held.push(entry);
    entry.lastUse = ++this.#clock;
    return { entry, value: await orAbort(entry.loading, signal) };
  }

  #start<T extends Loaded>(
    key: string,
    kind: 'proposal' | 'module',
    folder: FolderRef,
    load: () => Promise<T>,
  ): Entry<T> {
    // A folder that was written again has another stamp; its old content is of no use to anybody new.
    for (const other of this.#entries.values()) {
      if (other.folder.dir === folder.dir && other.kind === kind && isIdle(other)) void this.#drop(other);
    }
    const entry: Entry<T> = new Entry(
      key,
      folder,
      kind,
      load().then(
        value => {
          entry.value = value;
          return value;
        },
        (error: unknown) => {
          this.#entries.delete(key);
          throw error;
        },
      ),
    );
    this.#entries.set(key, entry);
    return entry;
  }

  async #makeRoom(folder: FolderRef, sizeBytes: number): Promise<void> {
    const limit = this.#limits.memoryMiB;
    if (sizeBytes > limit * MIB) {
      throw new UserError(
        'memory-limit',
        `"${folder.id}" needs ${Math.ceil(sizeBytes / MIB)} MiB, and "residual.memoryMiB" allows ${limit}. Raise it, or choose a smaller model.`,
      );
    }
    await this.#evict(sizeBytes);
  }

  /** Drops idle models until `wantedBytes` more fit. */
  async #evict(wantedBytes: number): Promise<void> {
    const allowed = this.#limits.memoryMiB * MIB - wantedBytes;
    for (;;) {
      const entries = [...this.#entries.values()];
      const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
      const oldest = entries.filter(isIdle).sort((a, b) => a.lastUse - b.lastUse)[0];
      if (sizeBytes <= allowed || oldest === undefined) return;
      await this.#drop(oldest);
    }
  }

  async #drop(entry: Entry): Promise<void> {
    this.#entries.delete(entry.key);
    for (const sequence of entry.sequences.values()) sequence.close();
    await entry.value?.model.close();
  }

  /** Beside the module, as when both were imported, or among the shipped ones. */
  async #findQ0(module: FolderRef, q0: { readonly id: string; readonly sha256: string }): Promise<FolderRef> {
    const dirs = [path.join(path.dirname(module.dir), q0.id), path.join(this.options.modelsDir, 'modules', q0.id)];
    for (const dir of dirs) {
      if ((await fileStamp(path.join(dir, 'module.json'))) === undefined) continue;
      const { manifest } = await findModuleFiles({ id: q0.id, dir });
      if (Object.values(manifest.files).includes(q0.sha256)) return { id: q0.id, dir };
    }
    throw new UserError(
      'module-needs-reference',
      `"${module.id}" is measured against the module "${q0.id}" (${q0.sha256.slice(0, 12)}…), which is not here. Import that module, or choose another rule.`,
    );
  }
}

/** Half of the logical processors, since two often share a core, but both of two. */
function nThreads({ threads }: EngineLimits): number {
  if (threads > 0) return threads;
  const nProcessors = availableParallelism();
  return nProcessors <= 2 ? nProcessors : Math.min(8, Math.max(2, nProcessors >> 1));
}

function isIdle(entry: Entry): boolean {
  return entry.nUsers === 0 && entry.value !== undefined;
}

/** A load is shared, so no single request may cancel it. */
function never(): AbortSignal {
  return new AbortController().signal;
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AbortError());
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
