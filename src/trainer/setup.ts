/** Brings together what a training works with: data, models, the graph, and the objective with what judges it. */
import { createHash } from 'node:crypto';
import type { EvaluationRow } from '../core/manifest';
import type { LanguageModel } from '../core/model';
import { FileHashes } from '../engine/modelFiles';
import { findProposalFiles, loadProposal, type Proposal } from '../engine/proposal';
import type { TrainingSpec } from '../protocol/training';
import { alignerOf, type Base, loadBase } from './base';
import { CandidateCache } from './candidates';
import { Dataset } from './dataset';
import { GradientGraph } from './gradientGraph';
import { type FinalScores, HeldOut, type HeldOutScore, rounded } from './heldOut';
import { differencesOf, judgePreferences, type PairDifference, preferenceLoss } from './heldOutPairs';
import { joint, nll, type Objective, PAIR_LENGTH, preference, ROW_LENGTH, ram, ramNormalised } from './objectives';
import type { PairRows } from './pairs';
import type { Plan } from './plan';
import { proposalSamples } from './proposalSamples';

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
  close(): Promise<void>;
}

export interface Places {
  /** The shipped models: graphs/, replay/. */
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
  const dataset = await Dataset.open(dir, spec, modelsDir);
  const files = await findProposalFiles(spec.proposal);
  const proposal = await loadProposal(files, new FileHashes(), { nThreads: spec.threads });
  const { model, manifest } = proposal;
  const fitting = { id: manifest.id, tokenizerId: model.tokenizerId, vocabSize: model.vocabSize };
  const base = await loadBase(spec.base, `${modelsDir}/graphs`, fitting);
  const form = spec.objective === 'joint' ? 'joint' : 'plain';
  const graph = await GradientGraph.open(`${modelsDir}/graphs`, base.architecture.name, base.flat.slice(), {
    nThreads: spec.threads,
    form,
  });
  const key = keyOf(spec, [plan.nSteps, dataset.fingerprint, base.weightsSha256, manifest.files]);
  const closing: (() => Promise<void>)[] = [() => model.close(), () => graph.close()];
  let judge: Promise<Judge> | undefined;
  return {
    dir,
    spec,
    plan,
    dataset,
    base,
    graph,
    key,
    judge: onSampling =>
      (judge ??= makeJudge({ dir, spec, dataset, base, graph, proposal, closing, onSampling, signal })),
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

interface Parts {
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
  const { dir, spec, dataset, proposal, signal } = parts;
  if (spec.objective === 'preference') return preferenceJudge(parts);
  const rows = dataset.trainRows(ROW_LENGTH);
  let objective: Objective;
  if (spec.objective === 'nll') {
    objective = nll(rows);
  } else if (spec.objective === 'joint') {
    const of = {
      proposal,
      rows,
      length: ROW_LENGTH,
      fingerprint: `${dataset.fingerprint}:${spec.seed}:${dataset.replayShare}`,
    };
    const candidates = await CandidateCache.open(dir, of);
    parts.closing.push(() => candidates.close());
    objective = joint(rows, candidates, spec.beta);
  } else {
    const samples = await proposalSamples(dir, spec, dataset, proposal, signal, parts.onSampling);
    objective = spec.objective === 'ram' ? ram(rows, samples, spec.alpha) : ramNormalised(rows, samples);
  }
  const heldOut = new HeldOut(dataset, proposal, { rule: objective.rule });
  return {
    objective,
    look: (aligner, during) => heldOut.look(aligner, during),
    judge: (aligner, during) => heldOut.judge(aligner, during),
  };
}

async function preferenceJudge({ dataset, spec, base, proposal, closing, signal }: Parts): Promise<Judge> {
  const pairs = dataset.pairRows(PAIR_LENGTH);
  const trained = pairs.filter(pair => !pair.isHeldOut);
  // Few pairs hold none out; then those that were trained on are all there is to look at.
  const asked = pairs.some(pair => pair.isHeldOut) ? pairs.filter(pair => pair.isHeldOut) : trained;
  const reference = await alignerOf(base, base.flat, spec.threads);
  closing.push(() => reference.close());
  const offsets = await differencesOf(reference, trained, signal);
  const ofReference = await differencesOf(reference, asked, signal);
  const ofProposal = await differencesOf(proposal.model, asked, signal);
  const differences = async (aligner: LanguageModel, during: AbortSignal): Promise<PairDifference[]> =>
    (await differencesOf(aligner, asked, during)).map((difference, i) => ({
      aligner: difference,
      reference: ofReference[i],
      proposal: ofProposal[i],
    }));
  const combination = { rule: 'ratio', reference } as const;
  return {
    objective: preference(trained, offsets, dataset.trainRows(ROW_LENGTH), spec),
    async look(aligner, during) {
      return { proposal: Math.LN2, aligned: preferenceLoss(await differences(aligner, during), spec.beta) };
    },
    async judge(aligner, during) {
      const scores = judgePreferences(await differences(aligner, during));
      const row: EvaluationRow = {
        metric: 'preferred',
        proposalId: proposal.manifest.id,
        proposal: rounded(scores.proposal),
        aligned: rounded(scores.aligned),
        n: scores.n,
        dataset: describe(asked),
      };
      const code = new HeldOut(dataset, proposal, combination);
      const onCode = code.isEmpty ? [] : (await code.judge(aligner, during)).evaluation;
      const gains = scores.aligned > scores.proposal;
      return { gains, strength: scores.strength, temperature: 1, evaluation: [row, ...onCode] };
    },
  };
}

function describe(pairs: readonly PairRows[]): string {
  return pairs.some(pair => pair.isHeldOut)
    ? 'suggestions of this workspace, kept against turned down, held out'
    : 'suggestions of this workspace, kept against turned down, trained on';
}
