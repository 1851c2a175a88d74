/**
 * From the settings' module ids to folders and strengths the engine can be asked with. A choice that does not load never
 * replaces one that works: the last good choice of each scope stays in use until another has loaded, or until a module in it
 * is no longer what its signer signed.
 */
import { BOXED_MODEL } from '../../core/boxedModel';
import { isAbortError, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { FolderRef, ModuleUse } from '../../protocol/messages';
import { INSTANT_ID } from './instantManifest';
import type { FoundModule, FoundProposal, Registry } from './registry';

/** One entry of `residual.modules`. Without a strength the module's calibrated one is used. */
export interface ModuleSetting {
  readonly id: string;
  readonly strength?: number;
}

export interface Choice {
  readonly proposal: FolderRef;
  readonly modules: readonly ModuleUse[];
  /** Titles for people, in the order of `modules`. */
  readonly titles: readonly string[];
}

/** The proposal used when the setting names none. */
const AUTO = 'auto';

export interface WarmEngine {
  warm(choice: Choice, signal: AbortSignal): Promise<void>;
}

/** A choice that did not load, and is not tried again at every key. */
interface Refusal {
  readonly key: string;
  readonly reason: UserError;
  isStale: boolean;
}

export class ModuleChoice {
  private readonly good = new Map<string, { key: string; choice: Choice }>();
  private readonly refused = new Map<string, Refusal>();

  constructor(
    private readonly registry: Registry,
    private readonly engine: WarmEngine,
    /** Hears of a choice that could not be loaded, once per cause. */
    private readonly onRefused: (reason: unknown, kept: Choice | undefined) => void,
  ) {}

  /**
   * The choice to use now for `scope` (a folder or the window).
   * @throws the reason when nothing works: neither what is asked for nor anything before it.
   */
  async current(
    scope: string,
    proposalId: string,
    modules: readonly ModuleSetting[],
    signal: AbortSignal,
  ): Promise<Choice> {
    const key = JSON.stringify([proposalId, modules]);
    const good = await this.goodOf(scope);
    if (good?.key === key) return good.choice;
    const refusal = this.refused.get(scope);
    if (refusal?.key === key && !refusal.isStale) {
      if (good === undefined) throw refusal.reason;
      return good.choice;
    }
    try {
      const choice = await this.load(proposalId, modules, signal);
      this.good.set(scope, { key, choice });
      this.refused.delete(scope);
      return choice;
    } catch (error) {
      if (isAbortError(error) || !(error instanceof UserError)) throw error;
      // A key that cancels this one in between finds nothing decided, and decides anew.
      const kept = good?.choice ?? (await this.proposalAlone(scope, proposalId, modules, signal));
      const isNew = ![...this.refused.values()].some(({ reason }) => reason.message === error.message);
      this.refused.set(scope, { key, reason: error, isStale: false });
      if (isNew) this.onRefused(error, kept);
      if (kept === undefined) throw error;
      return kept;
    }
  }

  /**
   * The choice that `current` will probably come to, without loading anything: to be shown before the first completion.
   * @throws UserError when something that is named is not there.
   */
  async expected(scope: string, proposalId: string, modules: readonly ModuleSetting[]): Promise<Choice | undefined> {
    const key = JSON.stringify([proposalId, modules]);
    const good = await this.goodOf(scope);
    if (good?.key === key || this.refused.get(scope)?.key === key) return good?.choice;
    return resolveChoice(proposalId, modules, await this.registry.proposals(), await this.registry.modules());
  }

  /** Loads a choice into the engine without using it yet. */
  async load(proposalId: string, modules: readonly ModuleSetting[], signal: AbortSignal): Promise<Choice> {
    const choice = resolveChoice(proposalId, modules, await this.registry.proposals(), await this.registry.modules());
    await this.engine.warm(choice, signal);
    return choice;
  }

  /** Tries once more what was refused, as after a limit was raised or a file mended. What works stays in use. */
  retry(): void {
    for (const refusal of this.refused.values()) refusal.isStale = true;
  }

  /** Tries everything anew, as after files changed. */
  forget(): void {
    this.good.clear();
    this.refused.clear();
  }

  /** A choice that worked is no good any more once a signature in it is broken: then all is decided anew. */
  private async goodOf(scope: string): Promise<{ key: string; choice: Choice } | undefined> {
    const good = this.good.get(scope);
    if (good === undefined || (await this.registry.holdStill(good.choice.modules))) return good;
    if (this.good.get(scope) === good) {
      this.good.delete(scope);
      this.refused.delete(scope);
    }
    return this.good.get(scope);
  }

  /** Where no choice has worked yet, a broken module must not cost the completions: the proposal goes on alone. */
  private async proposalAlone(
    scope: string,
    proposalId: string,
    modules: readonly ModuleSetting[],
    signal: AbortSignal,
  ): Promise<Choice | undefined> {
    if (modules.length === 0) return undefined;
    try {
      const choice = await this.load(proposalId, [], signal);
      this.good.set(scope, { key: JSON.stringify([proposalId, []]), choice });
      return choice;
    } catch (error) {
      if (isAbortError(error)) throw error;
      return undefined;
    }
  }
}

/**
 * @param setting that names the modules, for a person who has to mend it
 * @throws UserError that names the unknown id and what there is
 */
export function resolveChoice(
  proposalId: string,
  modules: readonly ModuleSetting[],
  foundProposals: readonly FoundProposal[],
  foundModules: readonly FoundModule[],
  setting = 'residual.modules',
): Choice {
  if (foundProposals.length === 0) throw noProposal();
  const proposal = chooseProposal(proposalId, foundProposals);
  if (proposal === undefined) {
    throw new UserError(
      'unknown-proposal',
      say`There is no proposal model "${proposalId}". Found: ${list(foundProposals)}. Change the setting residual.proposal.`,
    );
  }
  if (proposal.problem !== undefined) {
    throw new UserError(
      'broken-proposal',
      say`The proposal model "${proposal.id}" cannot be used: ${proposal.problem}`,
    );
  }
  const titles: string[] = [];
  const uses = modules.map(({ id, strength }): ModuleUse => {
    const found = foundModules.find(m => m.id === id);
    if (found === undefined && id === INSTANT_ID) {
      throw new UserError(
        'instant-not-built',
        say`The instant module has not been built from this workspace yet. Run "Residual: Build Instant Module from This Workspace", or take "instant" out of the setting ${setting}.`,
      );
    }
    if (found === undefined) {
      throw new UserError(
        'unknown-module',
        say`There is no alignment module "${id}". Found: ${list(foundModules)}. Change the setting ${setting}.`,
      );
    }
    if (found.manifest === undefined || found.problem !== undefined) {
      throw new UserError(
        'broken-module',
        say`The alignment module "${found.id}" cannot be used: ${found.problem ?? ''}`,
      );
    }
    titles.push(found.manifest.title);
    return { id: found.id, dir: found.dir, strength: strength ?? calibrated(found, proposal.id) };
  });
  return { proposal: { id: proposal.id, dir: proposal.dir }, modules: uses, titles };
}

/** Nothing that could propose is on this machine. */
export function noProposal(): UserError {
  return new UserError(
    'no-proposal',
    say`Residual has no model to complete with: install the extension "${BOXED_MODEL.title}", or add a model of your own.`,
  );
}

/** The proposal a setting means: by id, or the one in the box, before any other that ships. */
export function chooseProposal(proposalId: string, found: readonly FoundProposal[]): FoundProposal | undefined {
  if (proposalId !== AUTO) return found.find(p => p.id === proposalId);
  const usable = found.filter(p => p.problem === undefined);
  const shipped = usable.filter(p => p.origin === 'shipped');
  // One that cannot be used is better than none: its problem can be mended.
  return shipped.find(p => p.id === BOXED_MODEL.proposal) ?? shipped[0] ?? usable[0] ?? found[0];
}

/** The strength a module was calibrated to for this proposal. */
export function calibrated(module: FoundModule, proposalId: string): number {
  const strength = module.manifest?.strength;
  return strength === undefined ? 0 : (strength[proposalId] ?? strength.default);
}

function list(found: readonly { id: string }[]): string {
  return found.length === 0 ? 'none' : found.map(f => `"${f.id}"`).join(', ');
}
