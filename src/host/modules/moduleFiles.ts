/**
 * Modules as files: taken in, given away, renamed, deleted and put back. Everything that comes in is checked in a hidden
 * folder beside its place, and moved there by one rename; what fails leaves nothing behind. Knows no editor.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AbortError, throwIfAborted, UserError } from '../../core/errors';
import { hasHidden } from '../../core/hiddenCharacters';
import type { ModuleManifest } from '../../core/manifest';
import { say } from '../../core/sentence';
import { exists } from '../exists';
import { isAlive } from '../lock';
import { INSTANT_ID } from './instantManifest';
import type { KnownSigners } from './knownSigners';
import { SIGNATURE_FILE } from './moduleFileNames';
import {
  checkHashes,
  checkTexts,
  copyFolder,
  filesOfModule,
  holdsWorkspaceText,
  readSharedManifest,
} from './moduleFolder';
import { existsMessage, freeId, isOwn, isSame, sameId, titleOf } from './moduleIds';
import { bringSignature, rewriteManifest } from './moduleRewriting';
import { type Signer, type SigningKey, signerOf, signModule } from './moduleSignature';
import { type ModuleFit, type VerifyReport, withReason } from './moduleVerification';
import { pack, unpack } from './ramArchive';
import type { FoundModule, Registry } from './registry';

/** What to do about a module that is there already under the same id. */
export type OnExisting = 'refuse' | 'replace' | 'keep both';

export interface Imported {
  readonly id: string;
  readonly title: string;
  /** `unchanged`: the very same module was there already. */
  readonly outcome: 'imported' | 'replaced' | 'unchanged';
  /** Of the proposals that are here, the one that it was made for. */
  readonly proposalId: string;
  /** Whose signature it has now; undefined where it is unsigned. */
  readonly signer: Signer | undefined;
  /** It was signed, and is not any more: another id makes it another module. */
  readonly isSignatureDropped: boolean;
}

/** What a person says of a module's signer: `once` takes the module in and leaves the key unknown. */
export type SignerVerdict = 'trust' | 'once' | 'refuse';

export interface SignerQuestions {
  readonly known: KnownSigners;
  /** Shows a module's signer before the module is used in any way; asked only of keys that are not known. */
  ask(signer: Signer, source: string, signal: AbortSignal): Promise<SignerVerdict>;
}

/** Gives a deleted module back, as long as no other start of the editor emptied the trash. */
export interface Undo {
  readonly id: string;
  readonly title: string;
  /** Where it waits. */
  readonly dir: string;
  /** Where it was. */
  readonly from: string;
}

export interface ModuleFilesOptions {
  /** The person's own folder, with `modules/` in it. */
  readonly root: string;
  /** The workspace's storage, with what was learned from feedback in its `modules/`; none without a workspace. */
  readonly workspaceRoot?: string;
  readonly registry: Registry;
  readonly fit: ModuleFit;
  /** Without it, signatures are checked and nobody is asked. */
  readonly signers?: SignerQuestions;
}

const INCOMING = '.incoming';
const TRASH = '.trash';
/** Trash of a process id that is in use again is emptied then. */
const LONGEST_IN_TRASH_MS = 7 * 24 * 3600_000;
const LONGEST_TITLE = 100;

export class ModuleFiles {
  readonly #listeners = new Set<() => void>();
  /** One change at a time: two imports of one module must not meet. */
  #last: Promise<unknown> = Promise.resolve();
  /** Sources that were taken in once from keys that stay unknown: choosing what to replace is no reason to ask again. */
  readonly #takenOnce = new Set<string>();

  constructor(private readonly options: ModuleFilesOptions) {}

  /** Hears that modules came, went or were renamed. */
  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /**
   * Takes in a `.ram` file or a module folder.
   * @throws UserError for whatever is wrong with it; `module-exists` when another one has its id, `module-exists-fixed`
   *   when that one cannot be replaced; AbortError. Then nothing has changed.
   */
  importFrom(source: string, onExisting: OnExisting, signal: AbortSignal): Promise<Imported> {
    const name = path.basename(source);
    return this.#changing(() =>
      withReason(name, 'imported', () =>
        this.#withIncoming(async dir => {
          if (await isFolder(source)) await copyFolder(source, dir, signal);
          else await unpack(source, dir, signal);
          const manifest = await readSharedManifest(dir);
          await checkTexts(dir);
          await checkHashes(dir, manifest, signal);
          const sent = await signerOf(dir, signal);
          if (sent !== undefined) await this.#admit(sent, source, signal);
          const proposalId = await this.options.fit.check(manifest, dir, signal);
          throwIfAborted(signal);
          const { at, ...settled } = await this.#settle(dir, manifest, onExisting, signal);
          const signer = await signerOf(at, signal);
          return { ...settled, proposalId, signer, isSignatureDropped: sent !== undefined && signer === undefined };
        }),
      ),
    );
  }

  /**
   * An id for a new module that none has yet.
   * @param id taken as it is where it is free
   */
  async freeId(id: string): Promise<string> {
    const found = await this.options.registry.modules();
    return sameId(id, INSTANT_ID) || found.some(m => sameId(m.id, id)) ? freeId(id, found) : id;
  }

  /**
   * Moves the folder of a module that was made on this machine among the person's own, by one rename.
   * @throws UserError when it is damaged, or another module has its id; then it stays where it is.
   */
  adopt(dir: string, signal: AbortSignal): Promise<void> {
    return this.#changing(async () => {
      const manifest = await readSharedManifest(dir);
      await checkHashes(dir, manifest, signal);
      const existing = (await this.options.registry.modules()).find(m => sameId(m.id, manifest.id));
      if (existing !== undefined || sameId(manifest.id, INSTANT_ID))
        throw new UserError('module-exists', existsMessage(manifest.id, existing));
      await mkdir(this.#modules, { recursive: true });
      const place = await this.#freeFolder(manifest.id);
      await rename(dir, place).catch(async error => {
        if (error.code !== 'EXDEV') throw error;
        // The workspace's storage may be on another disk than the person's: then the last step is the rename.
        await this.#withIncoming(async incoming => {
          await copyFolder(dir, incoming, signal);
          await rename(incoming, place);
        });
        await rm(dir, { recursive: true, force: true });
      });
    });
  }

  /** Gives a module of this machine's another id, before it is adopted. @throws UserError */
  static async changeId(dir: string, id: string): Promise<void> {
    await rewriteManifest(dir, { id });
  }

  /**
   * Writes a module as a `.ram` file, in place of one that is there. A signature that it has goes along.
   * @returns its size.
   * @throws UserError when it is damaged or must not be shared; AbortError. Then the file is as it was.
   */
  export(id: string, file: string, signal: AbortSignal): Promise<number> {
    return this.#export(id, file, signal, async dir => {
      if ((await signerOf(dir, signal)) === undefined) return new Map();
      return new Map([[SIGNATURE_FILE, await readFile(path.join(dir, SIGNATURE_FILE))]]);
    });
  }

  /** The same, signed with a key; the module itself stays as it is. */
  exportSigned(id: string, file: string, key: SigningKey, signal: AbortSignal): Promise<number> {
    return this.#export(id, file, signal, async dir => {
      const signature = await signModule(dir, key, signal);
      return new Map([[SIGNATURE_FILE, Buffer.from(`${JSON.stringify(signature, null, 2)}\n`)]]);
    });
  }

  async #export(
    id: string,
    file: string,
    signal: AbortSignal,
    signed: (dir: string) => Promise<ReadonlyMap<string, Buffer>>,
  ): Promise<number> {
    const module = await this.find(id);
    return withReason(titleOf(module), 'exported', async () => {
      if (module.manifest?.kind === 'ngram') throw holdsWorkspaceText(module.manifest.title);
      await checkHashes(module.dir, await readSharedManifest(module.dir), signal);
      const more = await signed(module.dir);
      const beside = `${file}.${randomUUID()}.part`;
      try {
        await pack(module.dir, await filesOfModule(module.dir), module.id, beside, more, signal);
        await rename(beside, file);
      } finally {
        await rm(beside, { force: true });
      }
      return (await stat(file)).size;
    });
  }

  /**
   * Gives a module of the person's own, or one that was learned from feedback here, another title; everything else in its manifest stays, known or not. A signature goes,
   * because what was signed is the manifest with the title that it had.
   * @returns whether there was one.
   * @throws UserError
   */
  rename(id: string, title: string): Promise<{ readonly isSignatureDropped: boolean }> {
    return this.#changing(async () => {
      const module = await this.#own(id, 'renamed');
      const wanted = title.trim();
      if (wanted === '' || wanted.length > LONGEST_TITLE || hasHidden(wanted))
        throw new UserError('title-invalid', say`A title has 1 to ${LONGEST_TITLE} characters on one line.`);
      return withReason(titleOf(module), 'renamed', () => rewriteManifest(module.dir, { title: wanted }));
    });
  }

  /**
   * Deletes a module of the person's own, or one that was learned from feedback here. It waits in the trash until the editor starts again.
   * @throws UserError
   */
  remove(id: string): Promise<Undo> {
    return this.#changing(async () => {
      const module = await this.#own(id, 'deleted');
      const dir = path.join(path.dirname(module.dir), hiddenName(TRASH));
      await withReason(titleOf(module), 'deleted', () => rename(module.dir, dir));
      return { id, title: titleOf(module), dir, from: module.dir };
    });
  }

  /** @throws UserError when the trash was emptied or another module has come in its place. */
  undo({ id, title, dir, from }: Undo): Promise<void> {
    return this.#changing(async () => {
      if ((await this.options.registry.modules()).some(m => m.id === id) || (await exists(from)))
        throw new UserError(
          'module-exists',
          say`"${title}" cannot be put back: another module with the id "${id}" has come in its place. Delete that one first.`,
        );
      if (!(await exists(dir)))
        throw new UserError('undo-expired', say`"${title}" is no longer in the trash. Import it again.`);
      await withReason(title, 'put back', () => rename(dir, from));
    });
  }

  /**
   * Looks at a module's files, its tokenizer and whether it loads, with the proposal in use.
   * @throws UserError when there is no such module; AbortError. What is wrong with it is in the report.
   */
  async verify(id: string, signal: AbortSignal): Promise<VerifyReport> {
    return this.options.fit.verify(await this.find(id), signal);
  }

  /** A module by id, wherever it is. @throws UserError that names what there is. */
  async find(id: string): Promise<FoundModule> {
    const modules = await this.options.registry.modules();
    const found = modules.find(m => m.id === id);
    if (found !== undefined) return found;
    const ids = modules.map(m => `"${m.id}"`).join(', ') || 'none';
    throw new UserError('unknown-module', say`There is no alignment module "${id}". Found: ${ids}.`);
  }

  /** The modules that an import may replace. */
  async own(): Promise<readonly FoundModule[]> {
    return (await this.options.registry.modules()).filter(({ origin }) => origin === 'personal');
  }

  /** Removes what earlier runs left: half imports, and modules deleted in windows that are closed. */
  async clean(): Promise<void> {
    const { root, workspaceRoot = root } = this.options;
    for (const one of new Set([root, workspaceRoot])) await cleanFolder(path.join(one, 'modules'));
  }

  get #modules(): string {
    return path.join(this.options.root, 'modules');
  }

  async #own(id: string, done: 'renamed' | 'deleted'): Promise<FoundModule> {
    const module = await this.find(id);
    if (module.origin === 'personal' || isOwn(module)) return module;
    const reasons = {
      shipped:
        module.extension === undefined
          ? say`it ships with Residual. Leave it out of the setting residual.modules instead`
          : say`it belongs to the extension "${module.extension}". Leave it out of the setting residual.modules instead`,
      team: say`it belongs to this workspace: change it in ${module.dir}`,
      workspace: say`it is built from this workspace. Leave it out of the setting residual.modules instead`,
    };
    const [title, reason] = [titleOf(module), reasons[module.origin]];
    throw new UserError(
      'module-not-own',
      done === 'renamed'
        ? say`"${title}" cannot be renamed, because ${reason}. Only modules that you imported or trained can.`
        : say`"${title}" cannot be deleted, because ${reason}. Only modules that you imported or trained can.`,
    );
  }

  /** @throws AbortError when the person does not want a module of this signer. */
  async #admit(signer: Signer, source: string, signal: AbortSignal): Promise<void> {
    const { signers } = this.options;
    const place = JSON.stringify([source, signer]);
    if (signers === undefined || signers.known.find(signer) !== undefined || this.#takenOnce.has(place)) return;
    const verdict = await signers.ask(signer, path.basename(source), signal);
    if (verdict === 'refuse') throw new AbortError();
    if (verdict === 'trust') await signers.known.add(signer);
    else this.#takenOnce.add(place);
  }

  /** A new folder beside the modules, gone afterwards unless it was moved into place. */
  async #withIncoming<T>(work: (dir: string) => Promise<T>): Promise<T> {
    const dir = path.join(this.#modules, hiddenName(INCOMING));
    await mkdir(dir, { recursive: true });
    try {
      return await work(dir);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** Moves a checked folder to its place. */
  async #settle(dir: string, manifest: ModuleManifest, onExisting: OnExisting, signal: AbortSignal): Promise<Settled> {
    const { id, title } = manifest;
    const found = await this.options.registry.modules();
    const existing = found.find(m => sameId(m.id, id));
    const arrive = async (as: string): Promise<Settled> => {
      const at = await this.#freeFolder(as);
      await rename(dir, at);
      return { id: as, title, outcome: 'imported', at };
    };
    if (existing === undefined && !sameId(id, INSTANT_ID)) return arrive(id);
    if (existing?.id === id && isSame(existing.manifest, manifest)) {
      // A team's module is here only while its workspace is.
      if (existing.origin === 'team') return arrive(id);
      if (existing.origin === 'personal') await bringSignature(dir, existing.dir, signal);
      return { id, title: titleOf(existing), outcome: 'unchanged', at: existing.dir };
    }
    if (onExisting === 'keep both') {
      const free = freeId(id, found);
      await rewriteManifest(dir, { id: free });
      return arrive(free);
    }
    const isOwn = existing?.origin === 'personal';
    if (onExisting === 'refuse' || !isOwn)
      throw new UserError(isOwn ? 'module-exists' : 'module-exists-fixed', existsMessage(id, existing));
    const away = path.join(this.#modules, hiddenName(TRASH));
    await rename(existing.dir, away);
    try {
      await rename(dir, existing.dir);
    } catch (error) {
      await rename(away, existing.dir);
      throw error;
    }
    await rm(away, { recursive: true, force: true });
    return { id, title, outcome: 'replaced', at: existing.dir };
  }

  /** A folder that is not there yet: one without a usable module in it may have the id's name. */
  async #freeFolder(id: string): Promise<string> {
    const taken = new Set((await readdir(this.#modules)).map(name => name.toLowerCase()));
    let name = id;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${id}-${n}`;
    return path.join(this.#modules, name);
  }

  #changing<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.then(
      () => {
        for (const listener of this.#listeners) listener();
      },
      () => {},
    );
    return done;
  }
}

async function cleanFolder(modules: string): Promise<void> {
  for (const name of await readdir(modules).catch(() => [])) {
    const pid = /^\.(?:incoming|trash)-(\d+)-/.exec(name)?.[1];
    if (pid === undefined) continue;
    const dir = path.join(modules, name);
    const found = await stat(dir).catch(() => undefined);
    const isOld = found !== undefined && Date.now() - found.ctimeMs > LONGEST_IN_TRASH_MS;
    if (isOld || !isAlive(Number(pid))) await rm(dir, { recursive: true, force: true });
  }
}

/** Where a module that came in is now. */
interface Settled extends Pick<Imported, 'id' | 'title' | 'outcome'> {
  readonly at: string;
}

function hiddenName(kind: string): string {
  return `${kind}-${process.pid}-${randomUUID()}`;
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file)).isDirectory();
}
