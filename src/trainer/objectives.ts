/**
 * What a step of training adds up, objective by objective. Sources: the sequence-level loss and its reading as importance
 * sampling, arXiv 2505.19700; DPO, arXiv 2305.18290, whose proposal cancels under the plain product and is replaced by Q0
 * under `ratio`. Every objective is tied to the rule that it is the loss of.
 */
import type { RuleName } from '../core/rules';
import type { RowSource, TrainingRow } from '../core/training/rows';
import type { StrengthRule } from '../core/training/strengthSearch';
import type { TrainingSpec } from '../protocol/training';
import { batchOf, maskOf, nTargets, rowLogProbs } from './batches';
import { type CandidateCache, N_CANDIDATES } from './candidates';
import type { Batch } from './gradientGraph';
import type { GradientSum } from './gradientSum';
import type { PairRows } from './pairs';
import type { SampledRows, SampleSet } from './proposalSamples';

/** Tokens of a row of code, and rows of a step. */
export const ROW_LENGTH = 512;
export const ROWS_A_STEP = 4;
/** Rows of one pass: more share the cost of reading the weights, and need more memory. */
const ROWS_A_PASS = 2;
/** Tokens of a row with a prompt and one response. */
const SAMPLE_LENGTH = 256;
/** Prompts of a step: with one sample each, and with several. */
const PROMPTS_A_STEP = { ram: 4, normalised: 2 };
/** Of the sequence-level loss of lines, beside the likelihood of code. */
const LINES_WEIGHT = 0.25;
/** Tokens of a row with a prompt and one of a pair's two responses, and pairs of a step. */
export const PAIR_LENGTH = 256;
export const PAIRS_A_STEP = 4;
/** Of the likelihood of what was kept, beside the preference. */
const KEPT_WEIGHT = 1;

export interface StepReport {
  /** 1/Σw² of the normalised weights: how many of the samples really speak. */
  readonly effectiveSamples?: number;
}

export interface Objective {
  readonly rule: RuleName & StrengthRule;
  /** Adds step `step` to `sum`. A pure function of the step and the weights. */
  step(step: number, sum: GradientSum, signal: AbortSignal): Promise<StepReport>;
}

/** Plain negative log-likelihood, in nats a token. */
export function nll(rows: RowSource): Objective {
  return {
    rule: 'geometric',
    async step(step, sum) {
      await addCode(rowsOfStep(rows, step), sum, 1);
      return {};
    },
  };
}

/**
 * L = −E_{(x,y)~S} log Q(y|x) + α·E_{x~S, y'~P} log Q(y'|x), the loss of sequence-level training (L_SFT in
 * arXiv 2505.19700). Both terms are of the same prompts x: y is how the file goes on to the end of its line, y' what the
 * proposal wrote there instead.
 *
 * Log-probabilities of whole responses are summed, and all divided by one constant, the mean length of y: no prompt weighs
 * more for being answered briefly. `LINES_WEIGHT` times that is added to the likelihood of rows of code in nats a token, which
 * is there for two reasons: a line is some ten targets in a row of 256 tokens, while all of code is a target, and the general
 * code against forgetting comes in such rows. At equal weights the few lines of a step, whose gradient is many times as noisy,
 * would use up the norm that it is clipped to: with twice the weight of the code, 40 steps of the shipped module came to
 * 3.30 nats a token, and so to 2.93 (one run, this project's src/core).
 */
export function ram(rows: RowSource, samples: SampleSet, alpha: number): Objective {
  return {
    rule: 'product',
    async step(step, sum) {
      const { asked, weight } = await addWritten(rows, samples, step, PROMPTS_A_STEP.ram, sum);
      await addResponses(
        asked.map(({ drawn }) => drawn[0]),
        () => -alpha * weight,
        sum,
      );
      return {};
    },
  };
}

/**
 * L = −E_{(x,y)~S} [log Q(y|x) − log Z(x)], Z(x) = Σ_y' P(y'|x)·Q(y'|x): the loss that `ram` stands in for, divided and
 * accompanied as it is. ∇log Z = E_{y'~P} [Q(y'|x)/Z(x)·∇log Q(y'|x)] is estimated by self-normalised importance sampling: the m samples of a
 * prompt weigh Q(y')/ΣQ, detached. Its bias falls as 1/m.
 */
export function ramNormalised(rows: RowSource, samples: SampleSet): Objective {
  return {
    rule: 'product',
    async step(step, sum) {
      const { asked, weight } = await addWritten(rows, samples, step, PROMPTS_A_STEP.normalised, sum);
      let effectiveSamples = 0;
      for (const { drawn } of asked) {
        const looked = await sum.look(batchOf(drawn, () => 0));
        const shares = softmax(rowLogProbs(drawn, looked.nll));
        await addResponses(drawn, b => -shares[b] * weight, sum);
        effectiveSamples += 1 / (asked.length * shares.reduce((total, share) => total + share * share, 0));
      }
      return asked.length === 0 ? {} : { effectiveSamples };
    },
  };
}

/** −log of the normalised product P·Q^β on the proposal's candidates. */
export function joint(rows: RowSource, candidates: CandidateCache, beta: number): Objective {
  return {
    rule: 'joint',
    async step(step, sum, signal) {
      const all = rowsOfStep(rows, step);
      const weight = 1 / Math.max(1, nTargets(all));
      for (const [pass, batchRows] of passes(all).entries()) {
        const batch = batchOf(batchRows, () => 0);
        const ids = new Int32Array(batch.tokens.length * N_CANDIDATES);
        const logps = new Float32Array(ids.length);
        for (const b of batchRows.keys()) {
          const of = await candidates.row(step * ROWS_A_STEP + pass * ROWS_A_PASS + b, signal);
          ids.set(of.ids, b * of.ids.length);
          logps.set(of.logps, b * of.logps.length);
        }
        const weights = maskOf(batchRows).map(mask => mask * weight);
        await sum.add({ ...batch, joint: { ids, logps, weights, beta } });
      }
      return {};
    },
  };
}

/**
 * −log σ(β·[Δlog Q − Δlog Q0]) − log Q(chosen)/|chosen|, Δ = chosen − rejected. The preference alone is content when both
 * become unlikely, and takes other lines down with them; the likelihood of what was kept holds them up (RPO, arXiv 2404.19733,
 * equation 1, with α = 1). General code beside it keeps the rest of the model where it was.
 * @param offsets Δlog Q0 of each pair
 */
export function preference(
  pairs: readonly PairRows[],
  offsets: readonly number[],
  code: RowSource,
  { beta, replayShare }: Pick<TrainingSpec, 'beta' | 'replayShare'>,
): Objective {
  return {
    rule: 'ratio',
    async step(step, sum) {
      for (let i = 0; i < PAIRS_A_STEP; i++) {
        const k = (step * PAIRS_A_STEP + i) % pairs.length;
        await sum.add(pairBatch(pairs[k], offsets[k], beta, KEPT_WEIGHT), 1 / PAIRS_A_STEP);
      }
      if (replayShare > 0) {
        const rows = passes(rowsOfStep(code, step))[0];
        if (nTargets(rows) > 0) await addCode(rows, sum, replayShare);
      }
      return {};
    },
  };
}

/** One pair as a batch: its preference, and `keptWeight` times the nats a token of the chosen response. */
function pairBatch({ chosen, rejected }: PairRows, offset: number, sharpness: number, keptWeight: number): Batch {
  const rows = [chosen, rejected];
  const weight = keptWeight / Math.max(1, nTargets([chosen]));
  return {
    ...batchOf(rows, b => (b === 0 ? weight : 0)),
    preference: {
      mask: maskOf(rows),
      pairs: Float32Array.of(1, -1),
      offsets: Float32Array.of(offset),
      sharpness,
    },
  };
}

function rowsOfStep(rows: RowSource, step: number): readonly TrainingRow[] {
  return Array.from({ length: ROWS_A_STEP }, (_, i) => rows.row(step * ROWS_A_STEP + i));
}

/** Adds rows of code, and how it goes on behind the step's prompts. @returns these, and what each response weighs */
async function addWritten(rows: RowSource, samples: SampleSet, step: number, nPrompts: number, sum: GradientSum) {
  await addCode(rowsOfStep(rows, step), sum, 1);
  const asked = promptsOfStep(samples, step, nPrompts);
  const weight = LINES_WEIGHT / (asked.length * samples.meanTruthTokens);
  await addResponses(
    asked.map(({ truth }) => truth),
    () => weight,
    sum,
  );
  return { asked, weight };
}

/** None where no line of the code is fit to be asked for. */
function promptsOfStep(samples: SampleSet, step: number, n: number): SampledRows[] {
  if (samples.nPrompts === 0) return [];
  return Array.from({ length: n }, (_, i) => samples.rows((step * n + i) % samples.nPrompts, SAMPLE_LENGTH));
}

/** @param weightOf of a whole response */
async function addResponses(rows: readonly TrainingRow[], weightOf: (row: number) => number, sum: GradientSum) {
  if (rows.length > 0) await sum.addSamples(batchOf(rows, weightOf));
}

function passes(rows: readonly TrainingRow[]): (readonly TrainingRow[])[] {
  return Array.from({ length: rows.length / ROWS_A_PASS }, (_, i) =>
    rows.slice(i * ROWS_A_PASS, (i + 1) * ROWS_A_PASS),
  );
}

async function addCode(rows: readonly TrainingRow[], sum: GradientSum, scale: number): Promise<void> {
  const weight = 1 / Math.max(1, nTargets(rows));
  for (const batchRows of passes(rows))
    await sum.add(
      batchOf(batchRows, () => weight),
      scale,
    );
}

function softmax(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const powers = values.map(value => Math.exp(value - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map(power => power / total);
}
