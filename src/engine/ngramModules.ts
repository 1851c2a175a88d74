/**
 * Instant modules: built from text that the host sends, changed file by file, written as an ordinary module folder.
 * Text becomes tokens here and is kept nowhere; workspace files are never read.
 */
import { createHash } from 'node:crypto';
import { sentenceOf, UserError } from '../core/errors';
import { FORMAT_VERSION, type ModuleManifest, weightsFileOf } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import { NgramModel } from '../core/ngram/ngram';
import { readNgramFile, writeNgramFile } from '../core/ngram/ngramFile';
import { NgramStore, type Pause } from '../core/ngram/ngramStore';
import { say } from '../core/sentence';
import type {
  FolderRef,
  NgramAccount,
  NgramAdd,
  NgramBegin,
  NgramFile,
  NgramFiles,
  NgramFinish,
  NgramRecall,
  NgramSave,
  NgramTarget,
  NgramUnknown,
  NgramUpdate,
  NgramWritten,
} from '../protocol/messages';
import type { LoadNgram } from './alignmentModule';
import type { ModelPool } from './modelPool';
import { readNgramManifest, writeNgramFolder } from './ngramFolder';
import { pauseOf, withNgram } from './ngramLease';
import type { Turn } from './scheduler';
import { textParts } from './textParts';

const MIB = 1024 * 1024;
/** Characters encoded between two pauses: takes 3 to 8 ms. */
const ENCODED_AT_ONCE = 16 * 1024;
/** Bytes hashed between two pauses: takes about 2 ms. */
const HASHED_AT_ONCE = 4 * MIB;

/** A workspace larger than this is counted in part, the files first that the host sends first. */
const MAX_LOADED_BYTES = 128 * MIB;

export const loadNgram: LoadNgram = (_manifest, bytes, tokenizer) =>
  new NgramModel(readNgramFile(bytes, MAX_LOADED_BYTES), tokenizer);

interface Build {
  readonly store: NgramStore;
  nLeftOut: number;
}

export class NgramModules {
  /** Builds under way by folder. Lost with the engine: the host then begins again. */
  readonly #builds = new Map<string, Build>();
  /** Hashes of counts that were written from what is loaded. */
  readonly #written = new WeakMap<NgramStore, string>();

  constructor(private readonly pool: ModelPool) {}

  async begin({ proposal, module, maxMiB }: NgramBegin, signal: AbortSignal): Promise<null> {
    const lease = await this.pool.acquire({ proposal, modules: [] }, 'completion', signal);
    const store = new NgramStore(lease.proposal.model.vocabSize, maxMiB * MIB);
    lease.release();
    this.#builds.set(module.dir, { store, nLeftOut: 0 });
    return null;
  }

  /** @throws UserError when the build was not begun or the engine has ended since. */
  async add({ proposal, module, files }: NgramAdd, turn: Turn, signal: AbortSignal): Promise<NgramAccount> {
    const build = this.#build(module);
    const lease = await this.pool.acquire({ proposal, modules: [] }, 'completion', signal);
    try {
      build.nLeftOut += await put(build.store, files, lease.proposal.tokenizer, turn, signal);
    } finally {
      lease.release();
    }
    return accountOf(build.store, build.nLeftOut);
  }

  /** Sorts what was added and writes the module folder; what was there before serves until then. */
  async finish({ proposal, module, manifest }: NgramFinish, turn: Turn, signal: AbortSignal): Promise<NgramWritten> {
    const { store, nLeftOut } = this.#build(module);
    let written: string;
    const lease = await this.pool.acquire({ proposal, modules: [] }, 'completion', signal);
    try {
      await store.merge(pauseOf(turn, signal));
      const { tokenizer } = lease.proposal;
      const whole = { ...manifest, id: module.id, ...FIXED, tokenizerSha256: tokenizer.id };
      written = await writeModule(module, store, whole, pauseOf(turn, signal));
    } finally {
      lease.release();
      this.#builds.delete(module.dir);
    }
    return { ...accountOf(store, nLeftOut), written };
  }

  async abandon({ module }: NgramTarget): Promise<null> {
    this.#builds.delete(module.dir);
    return null;
  }

  /** What the module was made of, so that the host can tell what has changed since. */
  async files(target: NgramTarget, signal: AbortSignal): Promise<NgramFiles> {
    return this.#withStore(target, signal, async (store, _tokenizer, manifest) => ({
      files: [...store.files].map(([name, { stamp }]) => ({ name, stamp })),
      written: this.#written.get(store) ?? manifest.files[weightsFileOf(manifest)],
    }));
  }

  /** Adds and replaces files whose texts are known; counted with the next `update`. @returns the names of the others. */
  async recall(request: NgramRecall, signal: AbortSignal): Promise<NgramUnknown> {
    return this.#withStore(request, signal, async store => ({
      unknown: store.recall(request.files).map(({ name }) => name),
    }));
  }

  /** Replaces and takes out files; counted when this resolves, written at the next `save`. */
  async update(request: NgramUpdate, turn: Turn, signal: AbortSignal): Promise<NgramAccount> {
    return this.#withStore(request, signal, async (store, tokenizer) => {
      for (const name of request.remove) store.remove(name);
      const nLeftOut = await put(store, request.put, tokenizer, turn, signal);
      await store.settle(pauseOf(turn, signal));
      return accountOf(store, nLeftOut);
    });
  }

  /** Writes the counts as they are now. What the manifest on disk says besides stays. */
  async save(target: NgramSave, turn: Turn, signal: AbortSignal): Promise<NgramWritten> {
    return this.#withStore(target, signal, async (store, _tokenizer, loaded) => {
      const pause = pauseOf(turn, signal);
      if (!store.isMerged) await store.merge(pause);
      const onDisk = await readNgramManifest(target.module.dir);
      const manifest = onDisk?.tokenizerSha256 === loaded.tokenizerSha256 ? onDisk : loaded;
      const written = await writeModule(target.module, store, { ...manifest, ...target.manifest }, pause);
      this.#written.set(store, written);
      await this.pool.wroteModule(target.module);
      return { ...accountOf(store, 0), written };
    });
  }

  #withStore<T>(
    target: NgramTarget,
    signal: AbortSignal,
    use: (store: NgramStore, tokenizer: Tokenizer, manifest: ModuleManifest) => Promise<T>,
  ): Promise<T> {
    return withNgram(this.pool, target, 'completion', signal, ({ model, manifest, proposal }) =>
      use(model.store, proposal.tokenizer, manifest),
    );
  }

  #build(module: FolderRef): Build {
    const build = this.#builds.get(module.dir);
    if (build !== undefined) return build;
    throw new UserError('ngram-build-lost', say`The engine ended while the instant module was built. Build it again.`);
  }
}

const FIXED = { formatVersion: FORMAT_VERSION, kind: 'ngram' } as const;

/** @returns how many files did not fit. */
async function put(
  store: NgramStore,
  files: readonly NgramFile[],
  tokenizer: Tokenizer,
  turn: Turn,
  signal: AbortSignal,
): Promise<number> {
  const pause = pauseOf(turn, signal);
  let nLeftOut = 0;
  for (const { name, stamp, digest, text } of files) {
    const ids: number[] = [];
    for (const part of textParts(text.replace(/\r\n?/g, '\n'), ENCODED_AT_ONCE)) {
      if (ids.length > 0) await pause();
      for (const id of tokenizer.encode(part)) ids.push(id);
    }
    if (!store.put(name, stamp, ids, digest)) nLeftOut++;
    await pause();
  }
  return nLeftOut;
}

async function hashOf(pieces: readonly Uint8Array[], pause: Pause): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += HASHED_AT_ONCE) {
      hash.update(piece.subarray(at, at + HASHED_AT_ONCE));
      await pause();
    }
  }
  return hash.digest('hex');
}

function accountOf(store: NgramStore, nLeftOut: number): NgramAccount {
  const { nTokens, sizeBytes, isCrowded } = store;
  return { nFiles: store.files.size, nTokens, nLeftOut, sizeBytes, isCrowded };
}

/** @returns the hash of the counts. */
async function writeModule(module: FolderRef, store: NgramStore, manifest: object, pause: Pause): Promise<string> {
  const pieces = writeNgramFile(store);
  const counts = { files: store.files.size, tokens: store.nTokens };
  const sha256 = await hashOf(pieces, pause);
  try {
    await writeNgramFolder(module.dir, pieces, sha256, { ...manifest, counts });
  } catch (error) {
    throw new UserError(
      'ngram-unwritable',
      say`The instant module cannot be written to ${module.dir}: ${sentenceOf(error)}. What was there before is unchanged. Free some space and build it again.`,
    );
  }
  return sha256;
}
