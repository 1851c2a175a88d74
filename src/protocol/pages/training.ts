/** What the training page and the extension say to each other: whole states and points of the curve one way, intents the other. */
import { hasHidden } from '../../core/hiddenCharacters';
import type { EvaluationRow } from '../../core/manifest';
import { type DryRun, OBJECTIVES, type Objective, type TrainingProgress } from '../training';

/** Which files of the workspace a module learns from; what git ignores and `residual.exclude` names is never among them. */
export type CodeChoice =
  | { readonly kind: 'workspace' }
  /** By its path in the workspace, with `/`. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'glob'; readonly glob: string };

/** What a person wants trained. */
export interface TrainingForm {
  readonly code: CodeChoice;
  readonly title: string;
  readonly objective: Objective;
  readonly minutes: number;
  /** Id of the module that training starts from. */
  readonly base: string;
  readonly seed: number;
  readonly learningRate: number;
  readonly alpha: number;
  readonly beta: number;
  readonly replayShare: number;
  readonly threads: number;
  readonly memoryMiB: number;
}

export type FormNumber = Exclude<
  { [K in keyof TrainingForm]: TrainingForm[K] extends number ? K : never }[keyof TrainingForm],
  never
>;

/** Both ends belong to it. */
export const FORM_LIMITS: Readonly<Record<FormNumber, { readonly least: number; readonly most: number }>> = {
  minutes: { least: 0.1, most: 1440 },
  seed: { least: 0, most: 0xffff_ffff },
  learningRate: { least: 1e-6, most: 0.1 },
  alpha: { least: 0, most: 1 },
  beta: { least: 0.01, most: 10 },
  replayShare: { least: 0, most: 0.9 },
  threads: { least: 1, most: 64 },
  memoryMiB: { least: 256, most: 65_536 },
};

export const WHOLE_NUMBERS: ReadonlySet<FormNumber> = new Set(['seed', 'threads', 'memoryMiB']);

export interface CurvePoint {
  readonly nTokens: number;
  /** Of the objective, since the point before. */
  readonly loss?: number;
  readonly heldOut?: { readonly proposal: number; readonly aligned: number };
}

/** Where a job stands. */
export type JobStage =
  /** Reading code; `nFiles` is 0 while files are looked for. */
  | { readonly kind: 'checking'; readonly nFiles: number; readonly nDone: number }
  | { readonly kind: 'checked'; readonly dryRun: DryRun }
  /** Without progress while the trainer starts; `pausing` while it writes its checkpoint. */
  | {
      readonly kind: 'training';
      readonly dryRun: DryRun;
      readonly progress?: TrainingProgress;
      readonly isPausing: boolean;
    }
  | { readonly kind: 'paused'; readonly dryRun: DryRun; readonly progress?: TrainingProgress }
  | { readonly kind: 'failed'; readonly dryRun?: DryRun; readonly problem: string; readonly canResume: boolean }
  | { readonly kind: 'finished'; readonly dryRun: DryRun; readonly report: TrainingReport };

export interface TrainingReport {
  /** `no-gain`: it does not beat the proposal on the held-out files. */
  readonly state: 'finished' | 'no-gain';
  readonly strength: number;
  readonly evaluation: readonly EvaluationRow[];
  readonly nTokens: number;
  readonly seconds: number;
  /** `aside`: kept with the report, but not among the modules. `gone`: deleted since. */
  readonly place: 'modules' | 'aside' | 'gone';
  readonly isUsed: boolean;
}

export interface JobView {
  readonly id: string;
  readonly moduleId: string;
  readonly form: TrainingForm;
  /** `2025-03-31`, as the person's calendar has it. */
  readonly day: string;
  readonly stage: JobStage;
  readonly curve: readonly CurvePoint[];
}

/** A line of the list of past jobs. */
export interface PastJob {
  readonly id: string;
  readonly title: string;
  readonly day: string;
  readonly state: 'finished' | 'no-gain' | 'failed' | 'paused' | 'training';
  /** Whether its module is among the modules. */
  readonly hasModule: boolean;
}

/** What stands in the way of training here, if anything does. */
export type Obstacle = 'no-folder' | 'untrusted' | 'virtual' | 'unavailable' | 'other-window';

export interface TrainingState {
  readonly obstacle: Obstacle | undefined;
  /** Why, where the obstacle alone does not say it. */
  readonly obstacleText: string | undefined;
  /** What the form says before a person changed it. */
  readonly defaults: TrainingForm;
  readonly bases: readonly { readonly id: string; readonly title: string }[];
  readonly objectives: readonly Objective[];
  readonly mostThreads: number;
  readonly proposal: string;
  /** The job that is shown: the one under way, or the report that was asked for. */
  readonly job: JobView | undefined;
  /** Without the one that is shown. */
  readonly past: readonly PastJob[];
}

export type ToTrainingPage =
  | { readonly kind: 'state'; readonly state: TrainingState }
  /** One more point of the job that trains. */
  | { readonly kind: 'progress'; readonly id: string; readonly progress: TrainingProgress }
  /** A folder was chosen in a dialog. */
  | { readonly kind: 'folder'; readonly path: string }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

/** What can be wanted of a job by its id alone. The page has asked back where that is due. */
export const JOB_ACTIONS = ['resume', 'cancel', 'use', 'export', 'keep', 'show', 'delete', 'deleteWithModule'] as const;
export type JobAction = (typeof JOB_ACTIONS)[number];

/** What can be wanted without saying more. `form`: the form again, in place of a report. */
export const TRAINING_ACTIONS = [
  'ready',
  'pause',
  'form',
  'pickFolder',
  'openFolder',
  'manageTrust',
  'showLog',
] as const;
export type TrainingAction = (typeof TRAINING_ACTIONS)[number];

export type FromTrainingPage =
  | { readonly kind: TrainingAction }
  | { readonly kind: 'check'; readonly form: TrainingForm }
  | { readonly kind: 'train'; readonly form: TrainingForm }
  | { readonly kind: 'job'; readonly action: JobAction; readonly id: string };

const MAX_TITLE_CHARS = 100;
const MAX_PATH_CHARS = 1000;
const MAX_ID_CHARS = 200;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromTrainingPage(message: unknown): FromTrainingPage | undefined {
  const { kind, ...fields } = fieldsOf(message);
  const action = TRAINING_ACTIONS.find(known => known === kind);
  if (action !== undefined) return { kind: action };
  switch (kind) {
    case 'check':
    case 'train': {
      const form = parseTrainingForm(fields.form);
      return form && { kind, form };
    }
    case 'job': {
      const wanted = JOB_ACTIONS.find(known => known === fields.action);
      return wanted && isText(fields.id, MAX_ID_CHARS) ? { kind, action: wanted, id: fields.id } : undefined;
    }
    default:
      return undefined;
  }
}

/** @returns undefined for everything that is no form, or one with a number out of its limits; never throws. */
export function parseTrainingForm(value: unknown): TrainingForm | undefined {
  const form = fieldsOf(value);
  const code = parseCode(form.code);
  const objective = OBJECTIVES.find(known => known === form.objective);
  if (code === undefined || objective === undefined) return undefined;
  if (typeof form.title !== 'string' || titleProblem(form.title) !== undefined) return undefined;
  if (!isText(form.base, MAX_ID_CHARS)) return undefined;
  const numbers: Partial<Record<FormNumber, number>> = {};
  for (const name of Object.keys(FORM_LIMITS) as FormNumber[]) {
    const number = form[name];
    if (typeof number !== 'number' || !isWithin(name, number)) return undefined;
    numbers[name] = number;
  }
  return {
    code,
    title: form.title.trim(),
    objective,
    base: form.base,
    ...(numbers as Record<FormNumber, number>),
  };
}

/** Why a title is none, if so. */
export function titleProblem(title: string): 'length' | 'hidden' | undefined {
  if (title.trim() === '' || title.length > MAX_TITLE_CHARS) return 'length';
  return hasHidden(title) ? 'hidden' : undefined;
}

/** Whether a number may stand in the form. */
export function isWithin(name: FormNumber, value: number): boolean {
  const { least, most } = FORM_LIMITS[name];
  return value >= least && value <= most && (!WHOLE_NUMBERS.has(name) || Number.isInteger(value));
}

function parseCode(value: unknown): CodeChoice | undefined {
  const { kind, path, glob } = fieldsOf(value);
  if (kind === 'workspace') return { kind };
  if (kind === 'folder') return isText(path, MAX_PATH_CHARS) && isFolderPath(path) ? { kind, path } : undefined;
  if (kind === 'glob')
    return isText(glob, MAX_PATH_CHARS) && glob.trim() !== '' ? { kind, glob: glob.trim() } : undefined;
  return undefined;
}

/** A path within the workspace: it names no other drive and leads nowhere else. */
export function isFolderPath(path: string): boolean {
  return path.trim() !== '' && !/^[/\\]|^[a-z]:|\0/i.test(path) && !path.split(/[/\\]/).includes('..');
}

function isText(value: unknown, mostChars: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= mostChars;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
