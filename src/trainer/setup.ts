/** Brings together what a training works with: data, models, the graph, and the objective with what judges it. */
import { createHash } from 'node:crypto';
import type { LanguageModel } from '../core/model';
import { repeating } from '../core/training/rows';
import { FileHashes, graphFolders } from '../engine/modelFiles';
import { findProposalFiles, loadProposal, type Proposal } from '../engine/proposal';
import type { TrainingSpec } from '../protocol/training';
import { type Base, loadBase } from './base';
import { CandidateCache, type CandidatesOf } from './candidates';
import { Dataset } from './dataset';
import { GradientGraph } from './gradientGraph';
import { type FinalScores, HeldOut, type HeldOutScore } from './heldOut';
import {
  joint,
  nll,
  type Objective,
  PAIR_LENGTH,
  preference,
  ROW_LENGTH,
  ROWS_A_STEP,
  ram,
  ramNormalised,
} from './objectives';
import type { Plan } from './plan';
import { preferenceJudge } from './preferenceJudge';
import { madeUpSamples, proposalSamples, type SampleSet } from './proposalSamples';

/** An objective and what tells whether it is reached. */
export interface Judge {
  readonly objective: Objective;
  look(aligner: LanguageModel, signal: AbortSignal): Promise<HeldOutScore>;
  judge(aligner: LanguageModel, signal: AbortSignal): Promise<FinalScores>;
}

export interface Setup {
  readonly dir: string;
  readonly spec: TrainingSpec;
  readonly plan: Plan;
  readonly dataset: Dataset;
  readonly base: Base;
  readonly graph: GradientGraph;
  /** Of all that decides what a step does. */
  readonly key: string;
  /** Made once; draws the proposal's samples first, where the objective has any. */
  judge(onSampling: (nDone: number, nPrompts: number) => void): Promise<Judge>;
  /** An objective whose steps take as long as those of the training, to be timed; what they say is worth nothing. */
  trial(): Promise<Objective>;
  close(): Promise<void>;
}

export interface Places {
  /** What came with the trainer: graphs/. */
  readonly modelsDir: string;
}

/** @throws UserError when data or models are not what the specification says. */
export async function setUp(
  dir: string,
  spec: TrainingSpec,
  plan: Plan,
  { modelsDir }: Places,
  signal: AbortSignal,
): Promise<Setup> {
  const dataset = await Dataset.open(dir, spec);
  const files = await findProposalFiles(spec.proposal);
  const proposal = await loadProposal(files, new FileHashes(), { nThreads: spec.threads });
  const { model, manifest } = proposal;
  const fitting = { id: manifest.id, tokenizerId: model.tokenizerId, vocabSize: model.vocabSize };
  const graphs = graphFolders(modelsDir, spec.base, spec.proposal);
  const base = await loadBase(spec.base, graphs, fitting);
  const form = spec.objective === 'joint' ? 'joint' : 'plain';
  const graph = await GradientGraph.open(graphs, base.architecture.name, base.flat.slice(), {
    nThreads: spec.threads,
    form,
  });
  const key = keyOf(spec, [plan.nSteps, dataset.fingerprint, base.weightsSha256, manifest.files]);
  const closing: (() => Promise<void>)[] = [() => model.close(), () => graph.close()];
  const parts = { dir, spec, dataset, base, graph, proposal, closing, signal, onSampling: () => {} };
  let judge: Promise<Judge> | undefined;
  return {
    dir,
    spec,
    plan,
    dataset,
    base,
    graph,
    key,
    judge: onSampling => (judge ??= makeJudge({ ...parts, onSampling })),
    trial: () => makeTrial(parts),
    async close() {
      for (const close of closing.reverse()) await close();
    },
  };
}

/** Threads, memory and where the models lie do not change what is learned: with others the training goes on. */
function keyOf(
  { objective, seed, learningRate, alpha, beta, replayShare }: TrainingSpec,
  of: readonly unknown[],
): string {
  const parts = [objective, seed, learningRate, alpha, beta, replayShare, ...of];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

export interface Parts {
  readonly dir: string;
  readonly spec: TrainingSpec;
  readonly dataset: Dataset;
  readonly base: Base;
  readonly graph: GradientGraph;
  readonly proposal: Proposal;
  readonly closing: (() => Promise<void>)[];
  readonly onSampling: (nDone: number, nPrompts: number) => void;
  readonly signal: AbortSignal;
}

async function makeJudge(parts: Parts): Promise<Judge> {
  const { dir, spec, dataset, proposal, signal, onSampling } = parts;
  if (spec.objective === 'preference') return await preferenceJudge(parts);
  const samples = await proposalSamples(dir, spec, dataset, proposal, signal, onSampling);
  const objective = await objectiveOf(parts, spec.objective, samples);
  const heldOut = new HeldOut(dataset, proposal, { rule: objective.rule });
  return {
    objective,
    look: (aligner, during) => heldOut.look(aligner, during),
    judge: (aligner, during) => heldOut.judge(aligner, during),
  };
}

/** Costs what the objective costs and asks for nothing that has to be drawn or compared first. */
function makeTrial(parts: Parts): Promise<Objective> {
  const { spec, dataset } = parts;
  if (spec.objective !== 'preference')
    return objectiveOf(parts, spec.objective, madeUpSamples(spec, dataset), { nKept: 0 });
  const pairs = dataset.pairRows(PAIR_LENGTH);
  const offsets = pairs.map(() => 0);
  return Promise.resolve(preference(pairs, offsets, dataset.trainRows(ROW_LENGTH), spec));
}

async function objectiveOf(
  { dir, spec, dataset, proposal, closing }: Parts,
  kind: Exclude<TrainingSpec['objective'], 'preference'>,
  samples: SampleSet,
  keeping: Pick<CandidatesOf, 'nKept'> = {},
): Promise<Objective> {
  const rows = dataset.trainRows(ROW_LENGTH);
  switch (kind) {
    case 'nll':
      return nll(rows);
    case 'ram':
      return ram(rows, samples, spec.alpha);
    case 'ram-normalised':
      return ramNormalised(rows, samples);
    case 'joint': {
      const repeated = repeating(rows, rowsOfRound(dataset));
      const fingerprint = `${dataset.fingerprint}:${spec.seed}:${dataset.replayShare}`;
      const of = { proposal, rows: repeated, length: ROW_LENGTH, fingerprint, ...keeping };
      const candidates = await CandidateCache.open(dir, of);
      closing.push(() => candidates.close());
      return joint(repeated, candidates, spec.beta);
    }
  }
}

/** Rows that say all of the code twice, so that hardly a token is always seen in the same place. */
function rowsOfRound({ account, replayShare }: Dataset): number {
  return Math.max(ROWS_A_STEP, Math.ceil((2 * account.nTrainTokens) / ((1 - replayShare) * ROW_LENGTH)));
}
