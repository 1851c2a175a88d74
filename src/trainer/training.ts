/**
 * One training, from a prepared folder to a module: draw what the objective needs of the proposal, take steps, look at the
 * held-out files now and then, keep the best weights, calibrate and write. Everything that took time is in the folder, so
 * that the same call goes on after a pause, a kill or a reboot, and gives the losses that it would have given anyway.
 */
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as eventsHadTheirTurn } from 'node:timers/promises';
import { throwIfAborted, UserError } from '../core/errors';
import { say } from '../core/sentence';
import { AdamW, rateAt } from '../core/training/adamw';
import type { TrainingOutcome, TrainingProgress } from '../protocol/training';
import { alignerOf } from './base';
import { type Checkpoint, readCheckpoint, saveCheckpoint } from './checkpoint';
import { GradientSum } from './gradientSum';
import { rounded } from './heldOut';
import { readJobFile, writeJobFile } from './jobFiles';
import { writeModule } from './moduleWriter';
import { epochsOf, tokensOfStep } from './plan';
import type { Judge, Setup } from './setup';

export const OUTCOME_FILE = 'outcome.json';
export const LOG_FILE = 'log.jsonl';
/** How often the folder is brought up to date: the most that a kill can cost, in seconds of work. */
const CHECKPOINT_EVERY_S = 30;
const REPORT_EVERY_S = 1;
/** Looks at the held-out files in a whole training, and how many in a row may bring nothing. */
const N_LOOKS = 12;
const MOST_LOOKS_WITHOUT_GAIN = 4;
/** Shares of the whole that its phases take, for the bar that a person sees. */
const SHARES = { sampling: 0.1, training: 0.8, measuring: 0.1 };

export type OnProgress = (progress: TrainingProgress) => void;

/** @returns the outcome of a training that is over. */
export async function readOutcome(dir: string): Promise<TrainingOutcome | undefined> {
  const text = await readJobFile(dir, OUTCOME_FILE);
  return text && (JSON.parse(text.toString('utf8')) as TrainingOutcome);
}

/** @throws UserError; AbortError, after which the folder holds all that was done. */
export async function train(setup: Setup, onProgress: OnProgress, signal: AbortSignal): Promise<TrainingOutcome> {
  const training = new Training(setup, onProgress, signal);
  const state = await training.run();
  const outcome = await training.finish(state);
  await writeJobFile(setup.dir, OUTCOME_FILE, JSON.stringify(outcome));
  return outcome;
}

class Training {
  #reportedMs = 0;
  #nTokensReported = 0;
  #losses: number[] = [];
  #stepReported = 0;
  #tokensPerS: number;
  #secondsAStep: number;

  constructor(
    private readonly setup: Setup,
    private readonly onProgress: OnProgress,
    private readonly signal: AbortSignal,
  ) {
    this.#secondsAStep = setup.plan.secondsAStep;
    this.#tokensPerS = tokensOfStep(setup.spec) / this.#secondsAStep;
  }

  /** Takes the steps. @returns the state after the last one. */
  async run(): Promise<Checkpoint> {
    const { setup, signal } = this;
    const { dir, spec, base, graph, plan } = setup;
    const kept = await readCheckpoint(dir, setup.key);
    const judge = await setup.judge((nDone, nAll) => this.#report('sampling', (SHARES.sampling * nDone) / nAll, 0));
    const flat = graph.flat;
    if (kept !== undefined) flat.set(kept.flat);
    const adam = new AdamW(flat.length, base.layout.nDecayed, kept && { m: kept.m, v: kept.v, nSteps: kept.step });
    const sum = new GradientSum(graph);
    let { step, lookedStep, nTokens, seconds, best, nWithoutGain } = kept ?? {
      step: 0,
      lookedStep: 0,
      nTokens: 0,
      seconds: 0,
      best: { step: 0, nats: Number.POSITIVE_INFINITY },
      nWithoutGain: 0,
    };
    const bestFlat = kept?.bestFlat ?? base.flat.slice();
    const state = (): Checkpoint => {
      const header = { key: setup.key, step, lookedStep, nTokens, seconds, best, nWithoutGain };
      return { ...header, flat, m: adam.m, v: adam.v, bestFlat };
    };
    if (kept === undefined) best = { step: 0, nats: (await this.#look(judge, state())).aligned };
    const lookEvery = Math.max(1, Math.ceil(plan.nSteps / N_LOOKS));
    const isLookDue = () => step > lookedStep && (step % lookEvery === 0 || step === plan.nSteps);
    let savedS = seconds;
    this.#nTokensReported = nTokens;
    this.#stepReported = step;
    this.#reportedMs = performance.now();
    try {
      for (;;) {
        await eventsHadTheirTurn();
        throwIfAborted(signal);
        // Before the next step, so that one that was stopped or killed after the last step is taken too.
        if (isLookDue()) {
          const { aligned } = await this.#look(judge, state());
          lookedStep = step;
          nWithoutGain = aligned < best.nats ? 0 : nWithoutGain + 1;
          if (aligned < best.nats) {
            best = { step, nats: aligned };
            bestFlat.set(flat);
          }
        }
        if (step === plan.nSteps || nWithoutGain >= MOST_LOOKS_WITHOUT_GAIN) break;
        const startedMs = performance.now();
        sum.clear();
        const { effectiveSamples } = await judge.objective.step(step, sum, signal);
        const norm = adam.step(flat, sum.gradient, rateAt(step, plan.nSteps, spec.learningRate));
        if (!Number.isFinite(norm) || !Number.isFinite(sum.loss)) throw notFinite(step);
        step++;
        nTokens += sum.nTokens;
        seconds += (performance.now() - startedMs) / 1000;
        this.#losses.push(sum.loss);
        this.#checkMemory();
        await this.#reportStep(step, nTokens, effectiveSamples);
        if (seconds - savedS < (spec.checkpointSeconds ?? CHECKPOINT_EVERY_S)) continue;
        await saveCheckpoint(dir, state());
        savedS = seconds;
      }
    } catch (error) {
      // What cannot go on is not kept: the checkpoint before it can.
      if (Number.isFinite(sum.loss)) await saveCheckpoint(dir, state());
      throw error;
    }
    await saveCheckpoint(dir, state());
    return state();
  }

  /** Measures the best weights and writes the module. */
  async finish(state: Checkpoint): Promise<TrainingOutcome> {
    const { setup, signal } = this;
    const { base, spec, dir } = setup;
    await this.#report('measuring', 1 - SHARES.measuring, state.nTokens, { step: state.step });
    const judge = await setup.judge(() => {});
    const aligner = await alignerOf(base, state.bestFlat, spec.threads);
    try {
      const { gains, strength, temperature, evaluation } = await judge.judge(aligner, signal);
      await this.#report('writing', 0.99, state.nTokens, { step: state.step });
      const moduleDir = await writeModule(dir, spec, base, {
        flat: state.bestFlat,
        rule: judge.objective.rule,
        strength,
        temperature,
        evaluation,
        record: {
          tokens: state.nTokens,
          steps: state.best.step,
          files: setup.dataset.account.nFiles,
          epochs: rounded(epochsOf(spec, setup.dataset.account, state.step)),
        },
      });
      await this.#report('writing', 1, state.nTokens, { step: state.step });
      return {
        state: gains ? 'finished' : 'no-gain',
        moduleDir,
        strength,
        temperature,
        evaluation,
        nTokens: state.nTokens,
        seconds: state.seconds,
      };
    } finally {
      await aligner.close();
    }
  }

  async #look(judge: Judge, { step, nTokens, flat }: Checkpoint) {
    const aligner = await alignerOf(this.setup.base, flat, this.setup.spec.threads);
    try {
      const heldOut = await judge.look(aligner, this.signal);
      await this.#report('training', this.#shareOf(step), nTokens, { step, heldOut });
      return heldOut;
    } finally {
      await aligner.close();
    }
  }

  async #reportStep(step: number, nTokens: number, effectiveSamples: number | undefined): Promise<void> {
    const elapsedS = (performance.now() - this.#reportedMs) / 1000;
    if (elapsedS < REPORT_EVERY_S && step < this.setup.plan.nSteps) return;
    this.#tokensPerS = (nTokens - this.#nTokensReported) / Math.max(1e-3, elapsedS);
    this.#secondsAStep = elapsedS / (step - this.#stepReported);
    this.#nTokensReported = nTokens;
    this.#stepReported = step;
    this.#reportedMs = performance.now();
    const loss = this.#losses.reduce((sum, one) => sum + one, 0) / this.#losses.length;
    this.#losses = [];
    const more = { step, loss, ...(effectiveSamples === undefined ? {} : { effectiveSamples }) };
    await this.#report('training', this.#shareOf(step), nTokens, more);
  }

  #shareOf(step: number): number {
    return SHARES.sampling + (SHARES.training * step) / this.setup.plan.nSteps;
  }

  async #report(
    phase: TrainingProgress['phase'],
    share: number,
    nTokens: number,
    more: Partial<TrainingProgress> = {},
  ): Promise<void> {
    const { plan, dir } = this.setup;
    const nLeft = Math.max(0, plan.nSteps - (more.step ?? 0));
    const progress: TrainingProgress = {
      phase,
      share,
      step: 0,
      nTokens,
      tokensPerS: this.#tokensPerS,
      secondsLeft: phase === 'measuring' || phase === 'writing' ? 0 : nLeft * this.#secondsAStep,
      rssBytes: process.memoryUsage().rss,
      ...more,
    };
    this.onProgress(progress);
    if (phase !== 'sampling') await appendFile(path.join(dir, LOG_FILE), `${JSON.stringify(progress)}\n`);
  }

  #checkMemory(): void {
    const mebibytes = process.memoryUsage().rss / 2 ** 20;
    const { memoryMiB } = this.setup.spec;
    if (mebibytes <= memoryMiB) return;
    throw new UserError(
      'training-memory',
      say`The training needs more than the ${memoryMiB} MiB that it may take (${Math.round(mebibytes)} MiB). What was learned is kept: allow more and resume.`,
    );
  }
}

function notFinite(step: number): UserError {
  return new UserError(
    'training-not-finite',
    say`The loss is no number any more after ${step} steps: the learning rate is too high for this objective. Start again with a lower one.`,
  );
}
