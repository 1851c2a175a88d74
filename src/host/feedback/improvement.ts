/**
 * From records of feedback to a module that waits for a person's decision: pairs, training, and what would change on the
 * last completions. All of it lies in one folder of the workspace's storage until it is decided. Knows no editor.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../../core/errors';
import { say } from '../../core/sentence';
import { tidy } from '../../core/tidy';
import type { CompleteRequest, CompleteResult } from '../../protocol/messages';
import type { ChangedRow, ImprovementView } from '../../protocol/pages/improvement';
import type { PreferencePair, TrainingOutcome, TrainingProgress, TrainingSpec } from '../../protocol/training';
import { requestOf } from '../completer';
import { withLock } from '../lock';
import type { Choice } from '../modules/moduleChoice';
import { type TrainerOptions, withTrainer } from '../training/trainer';
import { whileWorking } from '../training/workingLock';
import { closePair, type Learnable, type OpenPair } from './feedbackPairs';
import type { FeedbackRecord } from './feedbackRecord';

export interface AskedEngine {
  complete(request: CompleteRequest, signal: AbortSignal): Promise<CompleteResult>;
}

/** Of the latest accepts, the proposal alone is asked what it would have written. */
const MOST_OPEN = 64;
/** Completions that are compared before anything is decided. */
export const N_COMPARED = 20;
/** As the trainer was trained on; a record holds no more. */
const CONTEXT_TOKENS = 768;

/** All pairs that can be made, the open ones closed. */
export async function pairsOf(
  { pairs, open }: Learnable,
  alone: Choice,
  engine: AskedEngine,
  signal: AbortSignal,
): Promise<PreferencePair[]> {
  const closed: PreferencePair[] = [];
  for (const one of open.slice(-MOST_OPEN)) {
    const pair = closePair(one, linesLike(one, await suggestionAt(one.record, alone, engine, signal)));
    if (pair !== undefined) closed.push(pair);
  }
  return [...pairs, ...closed];
}

/** Trains in `dir`. @throws UserError, AbortError */
export function trainOn(
  pairs: readonly PreferencePair[],
  spec: TrainingSpec,
  dir: string,
  options: TrainerOptions,
  onProgress: (progress: TrainingProgress) => void,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  return withTrainer(
    options,
    async trainer => {
      await trainer.call('begin', { dir, spec }, signal);
      await trainer.call('addPairs', { dir, pairs }, signal);
      await trainer.call('prepare', { dir }, signal);
      return trainer.train(dir, onProgress, signal);
    },
    signal,
  );
}

/** What the last completions would be with one choice of modules and with another. */
export async function changesOn(
  records: readonly FeedbackRecord[],
  before: Choice,
  after: Choice,
  engine: AskedEngine,
  signal: AbortSignal,
): Promise<ChangedRow[]> {
  const rows: ChangedRow[] = [];
  for (const record of records.slice(-N_COMPARED).reverse()) {
    const { text, outcome, stood } = record;
    rows.push({
      file: text.path,
      head: text.prefix.slice(text.prefix.lastIndexOf('\n') + 1),
      outcome,
      before: await suggestionAt(record, before, engine, signal),
      after: await suggestionAt(record, after, engine, signal),
      stood,
    });
  }
  return rows;
}

/** What would be shown at a record's place. */
async function suggestionAt(
  { text }: FeedbackRecord,
  choice: Choice,
  engine: AskedEngine,
  signal: AbortSignal,
): Promise<string> {
  throwIfAborted(signal);
  const request = requestOf({ text, choice, contextTokens: CONTEXT_TOKENS, nCompletions: 1 });
  const { completions } = await engine.complete({ ...request, lane: 'preview' }, signal);
  return (completions[0] && tidy(completions[0].text, text)?.text) ?? '';
}

/** As many lines as were kept. */
function linesLike({ chosen }: OpenPair, alone: string): string {
  return alone.split('\n').slice(0, chosen.split('\n').length).join('\n');
}

const REVIEW_FILE = 'review.json';
const JOB_FOLDER = 'job';

/** The one improvement that waits for a decision. Windows of a workspace share it, and one of them changes it at a time. */
export class PendingImprovement {
  /** @param dir absolute path; need not exist */
  constructor(private readonly dir: string) {}

  get jobDir(): string {
    return path.join(this.dir, JOB_FOLDER);
  }

  /**
   * Makes what then waits, while nothing else is trained in this workspace. What fails leaves nothing.
   * @param trainingRoot of the workspace's training jobs
   * @throws UserError `locked` when something is trained already, and what waits stays; what `work` throws
   */
  make(trainingRoot: string, work: () => Promise<ImprovementView>): Promise<ImprovementView> {
    return whileWorking(trainingRoot, () =>
      this.#alone(async () => {
        await this.begin();
        try {
          const view = await work();
          await this.keep(view);
          return view;
        } catch (error) {
          await this.#remove();
          throw error;
        }
      }),
    );
  }

  /** An empty folder: what waited before is gone. */
  async begin(): Promise<void> {
    await this.#remove();
    await mkdir(this.jobDir, { recursive: true });
  }

  /** From now on it waits, also after a restart. */
  async keep(view: ImprovementView): Promise<void> {
    await writeFile(path.join(this.dir, `${REVIEW_FILE}.new`), JSON.stringify(view));
    await rename(path.join(this.dir, `${REVIEW_FILE}.new`), path.join(this.dir, REVIEW_FILE));
  }

  /** @returns undefined when nothing waits. */
  async read(): Promise<ImprovementView | undefined> {
    try {
      const view = JSON.parse(await readFile(path.join(this.dir, REVIEW_FILE), 'utf8')) as ImprovementView;
      return existsSync(this.moduleDir) && Array.isArray(view.rows) && typeof view.id === 'string' ? view : undefined;
    } catch {
      return undefined;
    }
  }

  get moduleDir(): string {
    return path.join(this.jobDir, 'module');
  }

  /**
   * Moves the module among others by one rename; the rest of the training goes.
   * @throws UserError `locked` while another one is made
   */
  place(modulesDir: string, id: string): Promise<void> {
    return this.#alone(async () => {
      await mkdir(modulesDir, { recursive: true });
      await rename(this.moduleDir, path.join(modulesDir, id));
      await this.#remove();
    });
  }

  /** @throws UserError `locked` while another one is made */
  discard(): Promise<void> {
    return this.#alone(() => this.#remove());
  }

  async #alone<T>(act: () => Promise<T>): Promise<T> {
    await mkdir(path.dirname(this.dir), { recursive: true });
    const refusal = say`A module is being trained on your feedback in another window. Decide when it is done.`;
    return withLock(`${this.dir}.lock`, refusal, act);
  }

  async #remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
