/**
 * From the folders that a request names to models ready to decode: a proposal, its alignment modules and what they are
 * measured against. A model's warm sequences outlive the request, so switching a module leaves the proposal's cache.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { ChatFormat } from '../core/chat/chatPrompt';
import { throwIfAborted, UserError } from '../core/errors';
import type { ModuleManifest, ProposalManifest } from '../core/manifest';
import type { LanguageModel, Sequence, Tokenizer } from '../core/model';
import type { RuleName } from '../core/rules';
import { say } from '../core/sentence';
import type { InspectRequest, InspectResult } from '../protocol/inspection';
import type { EngineLimits, EngineStatus, FolderRef, ModuleUse } from '../protocol/messages';
import {
  type AlignmentModule,
  checkTokenizer,
  checkVocabulary,
  findModuleFiles,
  type LoadNgram,
  loadModule,
} from './alignmentModule';
import type { HashFiles } from './backgroundHashes';
import { inspectProposal } from './inspection';
import { FileHashes, fileStamp, graphFolders } from './modelFiles';
import { findProposalFiles, loadProposal, type Proposal } from './proposal';
import { type Held, type Hold, ResidentModels } from './residentModels';
import type { Execution } from './session';

/** Requests of one lane follow each other, so they share warm sequences; lanes do not disturb each other's. */
export type Lane = 'completion' | 'preview' | 'chat' | 'measurement';

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
  /** How it is asked in a chat. */
  readonly chat: ChatFormat;
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
  /** What came with the engine: graphs/ of module architectures, and modules/ that others are measured against. */
  readonly modelsDir: string;
  readonly limits: EngineLimits;
  readonly loadNgram: LoadNgram;
  /** Hashes large files on another thread; on this one when absent. */
  readonly hashFiles?: HashFiles;
  /** Hears of each step of work before it begins, with the weights it may read. */
  readonly onStep?: (weightsBytes: number) => void;
}

/** What the steps of one acquisition share. */
interface Acquisition {
  readonly choice: ModelChoice;
  readonly hold: Hold;
  readonly signal: AbortSignal;
}

export class ModelPool {
  readonly #residents: ResidentModels;
  readonly #hashes: FileHashes;
  readonly #onStep: (weightsBytes: number) => void;
  #limits: EngineLimits;

  constructor(private readonly options: PoolOptions) {
    this.#limits = options.limits;
    this.#onStep = options.onStep ?? (() => {});
    this.#hashes = new FileHashes(this.#onStep, options.hashFiles);
    this.#residents = new ResidentModels(options.limits.memoryMiB);
  }

  get #execution(): Execution {
    return { nThreads: nThreads(this.#limits), onStep: this.#onStep };
  }

  get loaded(): EngineStatus['loaded'] {
    return this.#residents.loaded;
  }

  /**
   * Loads what the choice names, or finds it loaded.
   * @throws UserError for everything a person can cause; AbortError.
   */
  async acquire(choice: ModelChoice, lane: Lane, signal: AbortSignal): Promise<Lease> {
    const startMs = performance.now();
    const hold: Hold = { lane, residents: [] };
    const acquisition = { choice, hold, signal };
    const release = () => void this.#residents.release(hold);
    try {
      throwIfAborted(signal);
      const { value, sequence } = await this.#proposal(acquisition);
      const modules: LoadedModule[] = [];
      for (const use of choice.modules) {
        if (use.strength !== 0) modules.push(await this.#moduleWithReference(use, value, acquisition));
      }
      const { manifest, tokenizer, model, chat } = value;
      const proposal = { manifest, tokenizer, model, chat, sequence: sequence() };
      return { proposal, modules, loadMs: performance.now() - startMs, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Tries a folder that may become a proposal; it does not stay loaded.
   * @throws UserError for everything that keeps it from being one; AbortError.
   */
  async inspect({ proposal, graphFile }: InspectRequest, signal: AbortSignal): Promise<InspectResult> {
    const files = await findProposalFiles(proposal, graphFile);
    await this.#residents.makeRoom(proposal, files.sizeBytes);
    return inspectProposal(files, this.#hashes, this.#execution, signal);
  }

  /** Another number of threads holds for models loaded from now on; idle ones are dropped so that they are loaded again. */
  async setLimits(limits: EngineLimits): Promise<void> {
    const hasNewThreads = limits.threads !== this.#limits.threads;
    this.#limits = limits;
    if (hasNewThreads) await this.#residents.dropIdle();
    await this.#residents.setMemory(limits.memoryMiB);
  }

  /** A module's folder was written anew from what is loaded: it need not be loaded again. */
  async wroteModule(folder: FolderRef): Promise<void> {
    this.#residents.restamp('module', folder, `${await fileStamp(path.join(folder.dir, 'module.json'))}`);
  }

  /** Gives back what is not in use. */
  close(): Promise<void> {
    return this.#residents.dropIdle();
  }

  async #proposal({ choice: { proposal: folder }, hold, signal }: Acquisition): Promise<Held<Proposal>> {
    const stamp = `${await fileStamp(path.join(folder.dir, 'residual.json'))}`;
    const load = async () => {
      const files = await findProposalFiles(folder);
      await this.#residents.makeRoom(folder, files.sizeBytes);
      return loadProposal(files, this.#hashes, this.#execution);
    };
    return this.#residents.get({ kind: 'proposal', folder, stamp }, load, hold, signal);
  }

  async #moduleWithReference(use: ModuleUse, proposal: Proposal, acquisition: Acquisition): Promise<LoadedModule> {
    const { choice } = acquisition;
    const { value, sequence } = await this.#module(use, proposal, acquisition);
    const { manifest, model } = value;
    const module = { manifest, strength: use.strength, model, sequence: sequence() };
    if ((choice.rule ?? manifest.rule) !== 'ratio' || manifest.q0 === undefined) return module;
    const q0 = await this.#module(await this.#findQ0([use, choice.proposal], manifest.q0), proposal, acquisition);
    return { ...module, q0: { model: q0.value.model, sequence: q0.sequence() } };
  }

  async #module(
    folder: FolderRef,
    proposal: Proposal,
    { choice, hold, signal }: Acquisition,
  ): Promise<Held<AlignmentModule>> {
    const stampNow = async () => `${await fileStamp(path.join(folder.dir, 'module.json'))}`;
    const stamp = await stampNow();
    const { manifest, tokenizer, model } = proposal;
    const fitting = { id: manifest.id, tokenizerId: tokenizer.id, vocabSize: model.vocabSize };
    const loadOnce = async () => {
      const files = await findModuleFiles(folder);
      // Before the weights are read, and below for a module that another proposal had loaded.
      checkTokenizer(files.manifest, fitting);
      await this.#residents.makeRoom(folder, files.sizeBytes);
      return loadModule(files, {
        graphs: graphFolders(this.options.modelsDir, folder, choice.proposal),
        hashes: this.#hashes,
        execution: this.#execution,
        tokenizer,
        loadNgram: this.options.loadNgram,
      });
    };
    // Another window may put new counts in the place of those that the manifest, as it was read, names.
    const load = () =>
      loadOnce().catch(async (error: unknown) => {
        if ((await stampNow()) === stamp) throw error;
        return loadOnce();
      });
    const held = await this.#residents.get({ kind: 'module', folder, stamp }, load, hold, signal);
    checkTokenizer(held.value.manifest, fitting);
    checkVocabulary(held.value, fitting);
    return held;
  }

  /** Beside the module, as when both were imported, or among what came with the proposal or the engine. */
  async #findQ0(
    [module, proposal]: readonly [FolderRef, FolderRef],
    q0: { readonly id: string; readonly sha256: string },
  ): Promise<FolderRef> {
    const roots = [path.dirname(path.dirname(proposal.dir)), this.options.modelsDir];
    const places = [path.dirname(module.dir), ...roots.map(root => path.join(root, 'modules'))];
    for (const dir of places.map(place => path.join(place, q0.id))) {
      if ((await fileStamp(path.join(dir, 'module.json'))) === undefined) continue;
      const { manifest } = await findModuleFiles({ id: q0.id, dir });
      if (Object.values(manifest.files).includes(q0.sha256)) return { id: q0.id, dir };
    }
    throw new UserError(
      'module-needs-reference',
      say`"${module.id}" is measured against the module "${q0.id}" (${q0.sha256.slice(0, 12)}…), which is not here. Import that module, or choose another rule.`,
    );
  }
}

/** Half of the logical processors, since two often share a core, but both of two. */
function nThreads({ threads }: EngineLimits): number {
  if (threads > 0) return threads;
  const nProcessors = availableParallelism();
  return nProcessors <= 2 ? nProcessors : Math.min(8, Math.max(2, nProcessors >> 1));
}
