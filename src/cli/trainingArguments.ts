/** What `npm run -s train-module` was asked for. Numbers have the limits of the editor's form. */
import path from 'node:path';
import { UserError } from '../core/errors';
import { FORM_LIMITS, type FormNumber, isWithin, WHOLE_NUMBERS } from '../protocol/pages/training';
import { OBJECTIVES, type Objective } from '../protocol/training';
import { readOptions } from './options';
import { trainingHelp } from './trainingHelp';

const USAGE = 'usage: npm run -s train-module -- --from DIR --out DIR [options], which --help tells of';

const text = { type: 'string' } as const;
export const OPTIONS = {
  from: text,
  out: text,
  job: text,
  objective: text,
  pairs: text,
  minutes: text,
  steps: text,
  base: text,
  proposal: text,
  id: text,
  title: text,
  description: text,
  domain: text,
  licence: text,
  seed: text,
  threads: text,
  memory: text,
  'learning-rate': text,
  replay: text,
  alpha: text,
  beta: text,
  json: { type: 'boolean' },
} as const;

/** Options that are numbers of the specification, by the names that it has for them. */
export const NUMBER_OPTIONS = {
  minutes: 'minutes',
  seed: 'seed',
  threads: 'threads',
  memory: 'memoryMiB',
  'learning-rate': 'learningRate',
  replay: 'replayShare',
  alpha: 'alpha',
  beta: 'beta',
} as const satisfies Readonly<Record<string, FormNumber>>;

/** Options that go into the manifest as they are. */
const SAID = ['title', 'description', 'domain', 'licence'] as const;

export interface Asked {
  /** Absolute, as all paths here. */
  readonly from: string | undefined;
  readonly out: string;
  readonly job: string | undefined;
  readonly pairs: string | undefined;
  readonly objective: Objective | undefined;
  readonly proposal: string | undefined;
  readonly base: string | undefined;
  readonly id: string | undefined;
  /** What the manifest says of it, those that were given. */
  readonly said: { readonly [name in (typeof SAID)[number]]?: string };
  readonly nSteps: number | undefined;
  /** Those that were given. */
  readonly numbers: Partial<Readonly<Record<FormNumber, number>>>;
  readonly json: boolean;
}

/** @throws UserError */
export function readArguments(): Asked {
  const values = readOptions(OPTIONS, USAGE, trainingHelp);
  if (values.out === undefined) throw new UserError('usage', USAGE);
  const objective = OBJECTIVES.find(known => known === values.objective);
  if (values.objective !== undefined && objective === undefined) {
    throw new UserError(
      'unknown-objective',
      `There is no objective "${values.objective}". Objectives: ${OBJECTIVES.join(', ')}.`,
    );
  }
  const numbers: Partial<Record<FormNumber, number>> = {};
  for (const [option, field] of Object.entries(NUMBER_OPTIONS)) {
    const value = values[option as keyof typeof NUMBER_OPTIONS];
    if (value !== undefined) numbers[field] = number(option, field, value);
  }
  const absolute = (dir: string | undefined) => (dir === undefined ? undefined : path.resolve(dir));
  return {
    from: absolute(values.from),
    out: path.resolve(values.out),
    job: absolute(values.job),
    pairs: absolute(values.pairs),
    objective,
    proposal: values.proposal === 'auto' ? undefined : values.proposal,
    base: values.base,
    id: values.id,
    said: Object.fromEntries(SAID.flatMap(name => (values[name] === undefined ? [] : [[name, values[name]]]))),
    nSteps: values.steps === undefined ? undefined : steps(values.steps),
    numbers,
    json: values.json ?? false,
  };
}

function number(option: string, field: FormNumber, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (isWithin(field, value)) return value;
  const { least, most } = FORM_LIMITS[field];
  const kind = WHOLE_NUMBERS.has(field) ? 'a whole number' : 'a number';
  throw new UserError('usage', `--${option} must be ${kind} from ${least} to ${most}, not ${text}.`);
}

function steps(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new UserError('usage', `--steps must be a whole number of at least 1, not ${text}.`);
}
