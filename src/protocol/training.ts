/**
 * What crosses the border between whoever wants a module trained (the extension host, a terminal) and the trainer.
 * Everything a job needs lies in its folder, so that a job that was paused, killed or forgotten goes on from there:
 * `spec.json`, the prepared tokens, what the proposal drew, checkpoints, the log, and in the end the module.
 */
import type { CompletionText } from '../core/fim';
import type { EvaluationRow } from '../core/manifest';
import type { FolderRef } from './messages';

/**
 * `nll`             plain negative log-likelihood
 * `ram`             the sequence-level loss of the Residual Alignment Model with a fixed α (arXiv 2505.19700)
 * `ram-normalised`  the same with self-normalised weights over several samples in place of α
 * `joint`           the normalised product with the proposal, on its cached candidates
 * `preference`      what was kept against what was shown, under the `ratio` rule
 */
export const OBJECTIVES = ['nll', 'ram', 'ram-normalised', 'joint', 'preference'] as const;
export type Objective = (typeof OBJECTIVES)[number];

export interface TrainingSpec {
  readonly formatVersion: 1;
  /** What module.json will say of it. */
  readonly module: {
    readonly id: string;
    readonly title: string;
    readonly description: string;
    readonly domain: string;
    readonly licence: string;
  };
  readonly objective: Objective;
  readonly proposal: FolderRef;
  /** Q0: the module that training starts from, and whose architecture the new one has. */
  readonly base: FolderRef;
  /** Training time, without preparing and measuring. */
  readonly minutes: number;
  /** Steps to take, however long they are; as many as fit into the minutes when absent. */
  readonly nSteps?: number;
  /** Seconds of work that a kill can cost at most; half a minute when absent. */
  readonly checkpointSeconds?: number;
  /** 32-bit; the same seed, files and steps give the same losses. */
  readonly seed: number;
  /** Highest rate of AdamW. */
  readonly learningRate: number;
  /** Weight of the proposal's samples under `ram`. */
  readonly alpha: number;
  /** Exponent of the aligner under `joint`, sharpness under `preference`. */
  readonly beta: number;
  /** Share of the general code that guards what the base knows, in [0, 1). */
  readonly replayShare: number;
  readonly threads: number;
  /** The trainer stays below it, or stops with a UserError that says so. */
  readonly memoryMiB: number;
}

/** Where nothing else is asked for, in the editor and in a terminal. */
export const TRAINING_DEFAULTS = {
  objective: 'nll',
  minutes: 10,
  seed: 1,
  learningRate: 2e-3,
  alpha: 1e-4,
  beta: 0.5,
  replayShare: 0.15,
  memoryMiB: 1024,
} as const satisfies Partial<TrainingSpec>;

export interface TrainingFile {
  /** Path from the workspace's root, with forward slashes: what the header of a prompt says. */
  readonly name: string;
  readonly text: string;
}

/** Two ways to go on from the same place. */
export interface PreferencePair {
  readonly text: CompletionText;
  readonly chosen: string;
  readonly rejected: string;
}

/** A job by the absolute path of its folder. */
export interface JobRef {
  readonly dir: string;
}

export interface BeginTraining extends JobRef {
  readonly spec: TrainingSpec;
}

export interface AddTrainingFiles extends JobRef {
  readonly files: readonly TrainingFile[];
}

export interface AddPreferencePairs extends JobRef {
  readonly pairs: readonly PreferencePair[];
}

/** What training would work on and how long it would take: nothing is trained yet. */
export interface DryRun {
  readonly nFiles: number;
  /** Files left out because another one says nearly the same. */
  readonly nDuplicates: number;
  /** Files left out because they are generated, minified, empty, not text, too long or too large. */
  readonly nUnfit: number;
  /** Files left out because those that changed later are as much as is trained on; absent where there are none. */
  readonly nOverLimit?: number;
  /** Places that look like secrets; the lines they stand in are left out. */
  readonly nSecrets: { readonly keys: number; readonly tokens: number; readonly addresses: number };
  readonly nTrainTokens: number;
  readonly nHeldOutTokens: number;
  readonly nHeldOutFiles: number;
  readonly nPairs: number;
  /** General code that is mixed in against forgetting; 0 where none is wanted or the proposal brings none. */
  readonly nReplayTokens: number;
  /** Of code, or of preferences, without samples: measured on this machine with steps of this objective. */
  readonly tokensPerS: number;
  /** Everything together: drawing samples, training, measuring, writing. */
  readonly minutes: number;
  /** How often each training token would be seen. */
  readonly epochs: number;
}

/** One point of the curve, and where the job stands. */
export interface TrainingProgress {
  readonly phase: 'sampling' | 'training' | 'measuring' | 'writing';
  /** Of the whole job, in [0, 1]. */
  readonly share: number;
  readonly step: number;
  /** Of code, or of preferences, without samples. */
  readonly nTokens: number;
  /** Mean of the objective since the last point; absent outside training. */
  readonly loss?: number;
  readonly tokensPerS: number;
  readonly secondsLeft: number;
  readonly rssBytes: number;
  /** Nats a token on the held-out files, of the proposal alone and of the pair; where it was just measured. */
  readonly heldOut?: { readonly proposal: number; readonly aligned: number };
  /** Effective number of samples behind each weight, under `ram-normalised`. */
  readonly effectiveSamples?: number;
}

export interface TrainingOutcome {
  /** `no-gain`: the module was written, but does not beat the proposal on the held-out files. */
  readonly state: 'finished' | 'no-gain';
  /** Absolute path of the finished module folder inside the job's. */
  readonly moduleDir: string;
  readonly strength: number;
  readonly temperature: number;
  readonly evaluation: readonly EvaluationRow[];
  readonly nTokens: number;
  readonly seconds: number;
}

/** Requests to the trainer. Aborting `train` saves a checkpoint first. */
export interface TrainerMethods {
  begin: { params: BeginTraining; result: null; progress: never };
  addFiles: { params: AddTrainingFiles; result: null; progress: never };
  addPairs: { params: AddPreferencePairs; result: null; progress: never };
  /** Closes the data; afterwards the folder is all that `train` needs. */
  prepare: { params: JobRef; result: DryRun; progress: never };
  train: { params: JobRef; result: TrainingOutcome; progress: TrainingProgress };
}
