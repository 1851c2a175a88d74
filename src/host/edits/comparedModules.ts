/**
 * Which modules a comparison on edits is about in each file: those that complete there, or one that was chosen for all.
 * Knows no editor and no globs.
 */
import type { EditPlace } from '../../core/edits/editPlaces';
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { Choice, ModuleSetting } from '../modules/moduleChoice';
import type { Decision, ModuleRule } from '../modules/moduleSettings';

export interface ModulesHere {
  readonly modules: readonly ModuleSetting[];
  readonly moduleRules: readonly ModuleRule[];
  /** What completes in a file, by its path below the folder. */
  decide(file: string): Decision;
  /** @throws UserError when they do not load */
  load(modules: readonly ModuleSetting[]): Promise<Choice>;
}

/** Places at which the same decision chose. */
export interface Compared {
  readonly choice: Choice;
  /** The rule that decided; absent where none did, and for a module that was chosen for all. */
  readonly rule?: ModuleRule;
  readonly nPlaces: number;
}

export interface ComparedModules {
  alignedAt(file: string): Choice;
  /** Those with most places first. */
  readonly compared: readonly Compared[];
  /** Places at which a rule chose others than the one that was chosen for all. */
  readonly nRuledOtherwise: number;
}

/**
 * @param chosen a module's id for all files; `''` for what completes in each
 * @throws UserError when nothing completes there but the proposal, or something does not load
 */
export async function comparedModules(
  places: readonly EditPlace[],
  chosen: string,
  here: ModulesHere,
): Promise<ComparedModules> {
  const decided = new Map(places.map(({ file }) => [file, here.decide(file)]));
  const wanted = (file: string): Decision =>
    chosen === '' ? decided.get(file)! : { modules: [settingOf(chosen, here)] };
  const byDecision = new Map<string, { decision: Decision; nPlaces: number }>();
  for (const { file } of places) {
    const key = keyOf(wanted(file));
    const known = byDecision.get(key) ?? { decision: wanted(file), nPlaces: 0 };
    byDecision.set(key, { ...known, nPlaces: known.nPlaces + 1 });
  }
  if ([...byDecision.values()].every(({ decision }) => decision.modules.length === 0)) throw noneThere();
  const loaded = new Map<string, Compared>();
  for (const [key, { decision, nPlaces }] of byDecision) {
    const { modules, rule } = decision;
    loaded.set(key, { choice: await here.load(modules), ...(rule && { rule }), nPlaces });
  }
  const isRuledOtherwise = ({ rule, modules }: Decision) =>
    rule !== undefined && modules.map(({ id }) => id).join() !== chosen;
  return {
    alignedAt: file => loaded.get(keyOf(wanted(file)))!.choice,
    compared: [...loaded.values()].sort((a, b) => b.nPlaces - a.nPlaces),
    nRuledOtherwise: chosen === '' ? 0 : places.filter(({ file }) => isRuledOtherwise(decided.get(file)!)).length,
  };
}

/** All that settings let complete somewhere, each once. */
export function modulesAnywhere({
  modules,
  moduleRules,
}: Pick<ModulesHere, 'modules' | 'moduleRules'>): readonly ModuleSetting[] {
  const all = [...modules, ...moduleRules.flatMap(rule => rule.modules)];
  return all.filter(({ id }, i) => all.findIndex(other => other.id === id) === i);
}

/** As strong as where it is in use. */
function settingOf(id: string, here: ModulesHere): ModuleSetting {
  return modulesAnywhere(here).find(module => module.id === id) ?? { id };
}

function keyOf({ rule, modules }: Decision): string {
  return JSON.stringify([rule?.index, modules]);
}

function noneThere(): UserError {
  return new UserError(
    'edits-no-modules',
    say`No module completes in the files of these edits: the settings residual.moduleRules and residual.modules leave them to the proposal alone. Choose a module to compare, or other edits.`,
  );
}
