/** Whole trainings on the tiny models, of counted steps and few files, so that they take seconds and are the same each time. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type {
  PreferencePair,
  TrainingFile,
  TrainingOutcome,
  TrainingProgress,
  TrainingSpec,
} from '../../../src/protocol/training';
import type { Places } from '../../../src/trainer/setup';
import { setUp } from '../../../src/trainer/setup';
import { train } from '../../../src/trainer/training';
import { DELTA, never } from './fixtures';
import { prepare, tinySpec } from './trainingJob';

export const PLACES: Places = { modelsDir: DELTA };
const SMALL = [
  'errors',
  'sentence',
  'random',
  'graphFiles',
  'remembered',
  'editDistance',
  'completionCache',
  'brackets',
];

export function smallSources(): TrainingFile[] {
  return SMALL.map(name => ({
    name: `src/core/${name}.ts`,
    text: readFileSync(path.resolve('src/core', `${name}.ts`), 'utf8'),
  }));
}

/** A taste: single quotes. */
export function quotePairs(n: number): PreferencePair[] {
  return Array.from({ length: n }, (_, i) => ({
    text: {
      path: 'src/a.ts',
      prefix: `const n = ${i};\nconst name = `,
      lineRest: '',
      suffix: 'done();\n',
      neighbours: [],
    },
    chosen: `'item${i}';`,
    rejected: `"item${i}";`,
  }));
}

/** Looks at the held-out files after every step. */
export const countedSpec: TrainingSpec = { ...tinySpec, nSteps: 6, checkpointSeconds: 0, minutes: 0.2 };

export async function prepared(spec: TrainingSpec): Promise<string> {
  const pairs = spec.objective === 'preference' ? quotePairs(24) : [];
  return (await prepare(spec, smallSources(), pairs)).dir;
}

export interface Trained {
  readonly dir: string;
  readonly outcome: TrainingOutcome;
  readonly said: readonly TrainingProgress[];
  /** Of the module's weights. */
  readonly sha256: string;
}

export async function trainIn(
  dir: string,
  spec: TrainingSpec,
  signal = never,
  onProgress: (progress: TrainingProgress) => void = () => {},
  places = PLACES,
): Promise<Trained> {
  const said: TrainingProgress[] = [];
  const setup = await setUp(dir, spec, { nSteps: spec.nSteps ?? 6, secondsAStep: 0.7 }, places, signal);
  try {
    const hear = (progress: TrainingProgress) => {
      said.push(progress);
      onProgress(progress);
    };
    const outcome = await train(setup, hear, signal);
    return { dir, outcome, said, sha256: weightsSha256(outcome.moduleDir) };
  } finally {
    await setup.close();
  }
}

export function weightsSha256(moduleDir: string): string {
  return createHash('sha256')
    .update(readFileSync(path.join(moduleDir, 'model.safetensors')))
    .digest('hex');
}

/** What the held-out files said after each step, from the first to the last. */
export function heldOutNats(said: readonly TrainingProgress[]): number[] {
  return said.flatMap(({ heldOut }) => (heldOut === undefined ? [] : [heldOut.aligned]));
}
