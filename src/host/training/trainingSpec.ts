/** From what a person filled in to what the trainer is told: defaults, the module's id, what training can start from. */
import path from 'node:path';
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { TrainingForm } from '../../protocol/pages/training';
import { TRAINING_DEFAULTS, type TrainingSpec } from '../../protocol/training';
import { exists } from '../exists';
import { sha256OfFile } from '../modules/moduleFolder';
import { titleOf } from '../modules/moduleIds';
import type { FoundModule, FoundProposal } from '../modules/registry';

/** What a module can be trained from and for. */
export interface Ground {
  readonly proposal: FoundProposal;
  /** Never empty; the one that is offered first comes first. */
  readonly bases: readonly FoundModule[];
  /** Modules that cannot be used at all. */
  readonly broken?: readonly FoundModule[];
}

/** The general module that ships. */
const GENERIC = 'generic';
/** More take completions their time while people type. */
const MOST_THREADS = 2;
const MOST_ID_CHARS = 60;

/**
 * @param graphsDir where graphs of gradients lie, besides those that came with a module or the proposal
 * @throws UserError when nothing that is here can be trained for the proposal
 */
export async function findGround(
  proposal: FoundProposal,
  modules: readonly FoundModule[],
  graphsDir: string,
  signal: AbortSignal,
): Promise<Ground> {
  const file = path.join(proposal.place ?? proposal.dir, 'tokenizer.json');
  const tokenizer = proposal.manifest?.files['tokenizer.json'] ?? (await sha256OfFile(file, signal));
  const bases: FoundModule[] = [];
  for (const module of modules) {
    const { manifest } = module;
    if (module.problem !== undefined || manifest?.architecture === undefined || manifest.tokenizerSha256 !== tokenizer)
      continue;
    const graph = `training-${manifest.architecture.name}.onnx`;
    const besides = [module.dir, proposal.dir].map(dir => path.join(dir, '../../graphs'));
    const isThere = await Promise.all([graphsDir, ...besides].map(dir => exists(path.join(dir, graph))));
    if (isThere.includes(true)) bases.push(module);
  }
  if (bases.length === 0)
    throw new UserError(
      'training-no-base',
      say`No module that is here can be trained for the proposal "${proposal.id}". Modules are trained for the proposal that ships, and for others with its tokenizer: change the setting residual.proposal.`,
    );
  const rank = ({ id, origin }: FoundModule) => (id === GENERIC ? 0 : origin === 'shipped' ? 1 : 2);
  bases.sort((a, b) => rank(a) - rank(b) || titleOf(a).localeCompare(titleOf(b)));
  return { proposal, bases, broken: modules.filter(({ problem }) => problem !== undefined) };
}

/** @param nCores of this machine */
export function defaultForm(title: string, base: string, nCores: number): TrainingForm {
  return {
    code: { kind: 'workspace' },
    title,
    base,
    ...TRAINING_DEFAULTS,
    threads: Math.min(MOST_THREADS, Math.max(1, Math.floor(nCores / 2))),
  };
}

/** @throws UserError when the form's base is not there any more */
export function specOf(form: TrainingForm, moduleId: string, ground: Ground): TrainingSpec {
  const { code: _, title, base: baseId, ...numbers } = form;
  const { proposal } = ground;
  const base = baseOf(baseId, ground);
  return {
    formatVersion: 1,
    module: {
      id: moduleId,
      title,
      description: 'Trained on a machine of its owner, from the code of a workspace.',
      domain: 'workspace',
      licence: 'unknown',
    },
    ...numbers,
    proposal: { id: proposal.id, dir: proposal.dir },
    base: { id: base.id, dir: base.dir },
  };
}

/**
 * The same specification where its models are now: an update moves what ships.
 * @throws UserError when one of them is gone
 */
export function relocated(spec: TrainingSpec, ground: Ground): TrainingSpec {
  const { proposal } = ground;
  if (proposal.id !== spec.proposal.id)
    throw new UserError(
      'training-other-proposal',
      say`This training is for the proposal "${spec.proposal.id}", and the setting residual.proposal names "${proposal.id}". Change it back and resume, or start another training.`,
    );
  const base = baseOf(spec.base.id, ground);
  return { ...spec, proposal: { id: proposal.id, dir: proposal.dir }, base: { id: base.id, dir: base.dir } };
}

/** A title as an id: `Our own style` → `our-own-style`. */
export function idOf(title: string): string {
  const plain = title.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '');
  const id = plain.replaceAll(/[^a-z0-9]+/g, '-').slice(0, MOST_ID_CHARS);
  return id.replaceAll(/^-+|-+$/g, '') || 'trained';
}

/** @throws UserError that says why a module is no base, and which ones are */
export function baseOf(id: string, { bases, broken = [] }: Ground): FoundModule {
  const base = bases.find(module => module.id === id);
  if (base !== undefined) return base;
  const problem = broken.find(module => module.id === id)?.problem;
  if (problem !== undefined)
    throw new UserError('broken-module', say`The alignment module "${id}" cannot be used: ${problem}`);
  const ids = bases.map(module => `"${module.id}"`).join(', ');
  throw new UserError('training-no-base', say`There is no module "${id}" to start from. Choose one of ${ids}.`);
}
