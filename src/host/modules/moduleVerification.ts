/** Whether a module is intact, fits a proposal that is here, and loads: asked of what comes in, and reported on demand. */
import path from 'node:path';
import { EngineGone, isAbortError, messageOf, UserError } from '../../core/errors';
import { type ModuleManifest, parseModuleManifest } from '../../core/manifest';
import { type Sentence, say } from '../../core/sentence';
import type { FolderRef } from '../../protocol/messages';
import { chooseProposal, noProposal } from './moduleChoice';
import { checkHashes, readManifestJson, sha256OfFile } from './moduleFolder';
import { signerOf } from './moduleSignature';
import type { FoundModule, FoundProposal, Registry } from './registry';

export interface ModuleFitOptions {
  readonly registry: Registry;
  /** The setting residual.proposal, where the person is. */
  proposal(): string;
  /** The engine's own check: loads the two together. @throws UserError; EngineGone; AbortError */
  load(proposal: FolderRef, module: FolderRef, signal: AbortSignal): Promise<void>;
}

export type CheckName = 'files' | 'tokenizer' | 'load';

export interface VerifyCheck {
  readonly name: CheckName;
  /** `skipped`: an earlier one failed, and this one would say the same. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was wrong and what to do about it; absent unless it failed. */
  readonly reason?: Sentence | string;
}

export interface VerifyReport {
  readonly id: string;
  readonly title: string;
  /** The proposal in use, which it was tried with. */
  readonly proposalId: string;
  readonly isFine: boolean;
  readonly checks: readonly VerifyCheck[];
}

export class ModuleFit {
  constructor(private readonly options: ModuleFitOptions) {}

  /**
   * Tries a module that is not in its place yet with the proposal that it was made for: the one in use, or another that
   * is here.
   * @returns the proposal's id.
   * @throws UserError; EngineGone; AbortError
   */
  async check(manifest: ModuleManifest, dir: string, signal: AbortSignal): Promise<string> {
    const { inUse, others } = await this.#proposals();
    for (const proposal of [inUse, ...others]) {
      if ((await tokenizerOf(proposal, signal)) !== manifest.tokenizerSha256) continue;
      await this.options.load(proposal, { id: manifest.id, dir }, signal);
      return proposal.id;
    }
    throw wrongTokenizer(manifest, [inUse, ...others]);
  }

  /** @throws AbortError; everything that is wrong with the module is in the report. */
  async verify(module: FoundModule, signal: AbortSignal): Promise<VerifyReport> {
    const { inUse } = await this.#proposals();
    let manifest = module.manifest;
    const steps: Record<CheckName, () => Promise<void>> = {
      files: async () => {
        manifest = parseModuleManifest(await readManifestJson(module.dir));
        await checkHashes(module.dir, manifest, signal);
        await signerOf(module.dir, signal);
      },
      tokenizer: async () => {
        if ((await tokenizerOf(inUse, signal)) !== manifest!.tokenizerSha256) throw wrongTokenizer(manifest!, [inUse]);
      },
      load: () => this.options.load(inUse, module, signal),
    };
    const checks: VerifyCheck[] = [];
    for (const [name, step] of Object.entries(steps) as [CheckName, () => Promise<void>][]) {
      const isPointless = checks.some(({ outcome }) => outcome !== 'passed');
      checks.push(isPointless ? { name, outcome: 'skipped' } : { name, ...(await outcomeOf(step)) });
    }
    const isFine = checks.every(({ outcome }) => outcome === 'passed');
    return { id: module.id, title: manifest?.title ?? module.id, proposalId: inUse.id, isFine, checks };
  }

  /** @throws UserError when there is no proposal to try a module with. */
  async #proposals(): Promise<{ readonly inUse: FoundProposal; readonly others: readonly FoundProposal[] }> {
    const found = await this.options.registry.proposals();
    const inUse = chooseProposal(this.options.proposal(), found) ?? chooseProposal('auto', found);
    if (inUse === undefined) throw noProposal();
    return { inUse, others: found.filter(p => p !== inUse && p.problem === undefined) };
  }
}

/**
 * Names in an error what was attempted, and turns what a disk or the engine refuses into something to act on.
 * @param done what was not done.
 * @throws UserError; AbortError
 */
export async function withReason<T>(title: string, done: Done, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isAbortError(error)) throw error;
    const { code, reason } = reasonOf(error);
    throw new UserError(code, notDone(title, done, reason));
  }
}

async function outcomeOf(step: () => Promise<void>): Promise<Omit<VerifyCheck, 'name'>> {
  try {
    await step();
    return { outcome: 'passed' };
  } catch (error) {
    if (isAbortError(error)) throw error;
    return { outcome: 'failed', reason: reasonOf(error).reason };
  }
}

export type Done = 'imported' | 'exported' | 'renamed' | 'deleted' | 'put back';

/** Whole sentences: a participle that is put into one fits no other language. */
function notDone(title: string, done: Done, reason: Sentence | string): Sentence {
  switch (done) {
    case 'imported':
      return say`"${title}" was not imported. ${reason}`;
    case 'exported':
      return say`"${title}" was not exported. ${reason}`;
    case 'renamed':
      return say`"${title}" was not renamed. ${reason}`;
    case 'deleted':
      return say`"${title}" was not deleted. ${reason}`;
    case 'put back':
      return say`"${title}" was not put back. ${reason}`;
  }
}

function reasonOf(error: unknown): { readonly code: string; readonly reason: Sentence | string } {
  if (error instanceof UserError) return { code: error.code, reason: error.sentence };
  if (error instanceof EngineGone)
    return { code: 'engine-gone', reason: say`The engine ended while it tried the module. Try again.` };
  const { code, path: file = '' } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return { code: 'disk-full', reason: say`The disk is full. Make room and try again.` };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { code: 'disk-refused', reason: say`The disk does not allow it: ${file}. Change its permissions.` };
    case 'ENOENT':
      return { code: 'file-missing', reason: say`${file} is not there. Choose another file or folder.` };
    default:
      return { code: 'disk-failed', reason: say`${messageOf(error)} Try again, or choose another place.` };
  }
}

/** The tokenizer's id as the engine computes it; undefined when the proposal has none that can be read. */
function tokenizerOf(proposal: FoundProposal, signal: AbortSignal): Promise<string | undefined> {
  return sha256OfFile(path.join(proposal.dir, 'tokenizer.json'), signal);
}

function wrongTokenizer(manifest: ModuleManifest, proposals: readonly FoundProposal[]): UserError {
  const tried = proposals.map(({ id }) => `"${id}"`).join(', ');
  return new UserError(
    'tokenizer-mismatch',
    say`It was made for another tokenizer (${manifest.tokenizerSha256.slice(0, 12)}…) than that of ${tried}. Add the proposal model that it was made for, or get the module for one of these.`,
  );
}
