/** Alignment modules as the settings panel shows them: a card of each, and how those in use share the weight. Pure. */
import type { EvaluationRow, ModuleManifest } from '../../core/manifest';
import { calibratedStrength } from '../../core/manifest';
import { composes } from '../../core/rules';
import { told } from '../../core/sentence';
import type { ActiveModule, GainView, ModuleCard } from '../../protocol/pages/settingsState';
import { INSTANT_ID } from './instantManifest';
import type { ModuleSetting } from './moduleChoice';
import { isOwn } from './moduleIds';
import type { FoundModule } from './registry';

/** b of the geometric rule is a share; β of the others has no such end, and more than this is rarely of use. */
const MOST = { geometric: 1, others: 4 } as const;

/** Metrics of which less is better; of all others more is. */
const LESS_IS_BETTER: ReadonlySet<string> = new Set(['nats/token', 'bits/token', 'perplexity', 'loss']);

/** Differences below this share are noise of rounding. */
const SAME = 1e-6;

/** @param found its problem is text already where it is to be read in another language than English. */
export function moduleCard(found: FoundModule, proposalId: string, settings: readonly ModuleSetting[]): ModuleCard {
  const { manifest, problem } = found;
  const setting = settings.find(({ id }) => id === found.id);
  const rule = manifest?.rule ?? '';
  const least = Math.max(setting?.strength ?? 0, manifest ? calibratedStrength(manifest, proposalId) : 0);
  const most = rule === 'geometric' || rule === '' ? MOST.geometric : MOST.others;
  return {
    id: found.id,
    title: manifest?.title.trim() || found.id,
    description: manifest?.description ?? '',
    domain: manifest?.domain ?? '',
    ...(manifest && { kind: manifest.kind }),
    origin: found.origin,
    ...(found.extension !== undefined && { extension: found.extension }),
    sizeBytes: found.sizeBytes,
    version: manifest?.version ?? '',
    licence: manifest?.licence ?? '',
    rule,
    ...trainingOf(manifest),
    gains: gainsOf(manifest?.evaluation ?? [], proposalId),
    calibrated: manifest ? calibratedStrength(manifest, proposalId) : 0,
    mostStrength: least > most ? MOST.others : most,
    isActive: setting !== undefined,
    ...(problem !== undefined && { problem: told(problem) }),
    isOwn: isOwn(found),
  };
}

/** The modules of a setting in its order, also those that are not there. */
export function activeModules(
  settings: readonly ModuleSetting[],
  found: readonly FoundModule[],
  proposalId: string,
): ActiveModule[] {
  const active = settings.map((setting): Omit<ActiveModule, 'weight'> => {
    const module = found.find(({ id }) => id === setting.id);
    const card = module && moduleCard(module, proposalId, settings);
    const strength = setting.strength ?? card?.calibrated ?? 0;
    const isCalibrated = setting.strength === undefined;
    if (card === undefined) {
      const problem = setting.id === INSTANT_ID ? 'not-built' : 'not-found';
      return { id: setting.id, title: setting.id, strength, isCalibrated, problem };
    }
    const broken = card.problem === undefined ? {} : ({ problem: 'broken' } as const);
    return { id: setting.id, title: card.title, strength, isCalibrated, card, ...broken };
  });
  const shares = active.map(({ card, strength }) => (card?.rule === 'geometric' ? strength : 0));
  const sum = shares.reduce((a, b) => a + b, 0);
  return active.map((module, i) =>
    module.card?.rule === 'geometric' ? { ...module, weight: sum > 1 ? shares[i] / sum : shares[i] } : module,
  );
}

/** The rule that decides alone, where it stands beside other modules of some strength. */
export function soleRuleAmong(active: readonly ActiveModule[]): string | undefined {
  const used = active.flatMap(({ card, strength }) => (card !== undefined && strength > 0 ? [card.rule] : []));
  return used.length < 2 ? undefined : used.find(rule => !(composes as (rule: string) => boolean)(rule));
}

function trainingOf(manifest: ModuleManifest | undefined): Pick<ModuleCard, 'training'> {
  if (manifest?.training === undefined) return {};
  const { objective, base, tokens } = manifest.training;
  return { training: { objective, base, tokens } };
}

function gainsOf(evaluation: readonly EvaluationRow[], proposalId: string): GainView[] {
  const gains = evaluation.map(
    ({ metric, proposalId: measuredWith, proposal, aligned, n, dataset, measured }): GainView => {
      const difference = aligned - proposal;
      const isSame = Math.abs(difference) <= SAME * Math.abs(proposal);
      const isBetter = LESS_IS_BETTER.has(metric) ? difference < 0 : difference > 0;
      return {
        metric,
        proposal,
        aligned,
        n,
        dataset,
        verdict: isSame ? 'same' : isBetter ? 'better' : 'worse',
        isThisProposal: measuredWith === proposalId,
        ...(measured !== undefined && { measured }),
      };
    },
  );
  return [...gains.filter(gain => gain.isThisProposal), ...gains.filter(gain => !gain.isThisProposal)];
}
