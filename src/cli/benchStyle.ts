/**
 * `npm run -s bench -- --only style`: does a module learn a person's style from accepts and rejects, and at what cost?
 *
 * A simulated person (styles.ts) is shown the completions of the proposal that ships, at places of held-out packages
 * (styleMoments.ts): in files as their authors wrote them, in files that have just begun, and in the same files in the
 * person's own style. They accept what they would have written, mend what is nearly that, and type over the rest; the first N
 * answers are trained on as the product does.
 * Measured in other packages: `followed`, the share of shown completions in the person's style among those that decide one
 * of its habits, `exact`, the share of places whose line is the one that the person writes, and `similarity`, the mean edit
 * similarity to it. `neutral` places say nothing of the style: what they lose is the cost.
 */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { levenshtein } from '../core/editDistance';
import { tidy } from '../core/tidy';
import { requestOf } from '../host/completer';
import { learnableOf } from '../host/feedback/feedbackPairs';
import { type FeedbackRecord, fitForKeeping } from '../host/feedback/feedbackRecord';
import { BASE_ID, improvementSpec } from '../host/feedback/improvementSpec';
import type { Choice } from '../host/modules/moduleChoice';
import { withTrainer } from '../host/training/trainer';
import {
  type PreferencePair,
  TRAINING_DEFAULTS,
  type TrainingFile,
  type TrainingOutcome,
  type TrainingSpec,
} from '../protocol/training';
import { type CliEngine, ENGINE_SCRIPT, MODELS_DIR, startEngine } from './engine';
import { joined, type Moment, momentsIn, readPackages, SURROUNDINGS, type Subject, type Where } from './styleMoments';
import { follows, HABITS, restyled, STYLES, type Style } from './styles';

const SIZES = [20, 50, 100, 200];
/** Places of each kind in each surrounding. */
const N_MEASURED = { habit: 25, neutral: 60 };
/** Steps of preference and of code that fit a minute of two quiet cores, so that busy ones find the same. */
const STEPS_A_MINUTE = { preference: 90, nll: 135 };
/** As in the product: rounds over the same pairs, and pairs of a step. */
const MOST_ROUNDS = 6;
const PAIRS_A_STEP = 4;
/** Lines this near to what a person writes are accepted and mended. */
const MENDED_FROM = 0.6;
const { signal } = new AbortController();

export interface StyleBenchOptions {
  readonly sizes?: readonly number[];
  readonly styles?: readonly string[];
  readonly tuned?: Partial<TrainingSpec>;
  /** Also trains plain code models on the person's files. */
  readonly withCode?: boolean;
}

export async function benchStyle({
  sizes = SIZES,
  styles = STYLES.map(({ name }) => name),
  tuned = {},
  withCode = true,
}: StyleBenchOptions = {}): Promise<object> {
  const files = await readPackages();
  const report: Record<string, object> = {};
  for (const style of STYLES.filter(({ name }) => styles.includes(name))) {
    const measured = momentsIn(files.measured, style, 3 * N_MEASURED.habit, 3 * N_MEASURED.neutral, 2);
    const scratch = await mkdtemp(path.join(tmpdir(), 'residual-style-'));
    const engine = startEngine(() => {});
    try {
      const alone = await engine.choose('auto', []);
      const { records, answers } = await session(engine, alone, files.learned, style, Math.max(...sizes));
      const rows: object[] = [{ n: 0, ...(await measure(engine, alone, measured)) }];
      console.error(JSON.stringify({ style: style.name, answers, ...rows[0] }));
      for (const n of sizes) {
        const { pairs } = learnableOf(records.slice(0, n));
        const nSteps = Math.min(STEPS_A_MINUTE.preference, Math.round((MOST_ROUNDS * pairs.length) / PAIRS_A_STEP));
        const of = { scratch, name: `${style.name}-${n}`, engine, alone, pairs, tuned: { nSteps, ...tuned } };
        const { outcome, seconds } = await train(of);
        const choice = withModule(alone, `${style.name}-${n}`, scratch, outcome.strength);
        const row = {
          n,
          nPairs: pairs.length,
          seconds,
          nTokens: outcome.nTokens,
          strength: outcome.strength,
          evaluation: outcome.evaluation,
          ...(await measure(engine, choice, measured)),
        };
        rows.push(row);
        console.error(JSON.stringify({ style: style.name, ...row }));
      }
      if (withCode) rows.push(await codeRow(scratch, engine, alone, files.learned, style, measured));
      report[style.name] = { habits: style.habits, answers, rows };
    } finally {
      engine.dispose();
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return report;
}

/** Shows completions to the person until `n` were answered. */
async function session(
  engine: CliEngine,
  alone: Choice,
  files: readonly TrainingFile[],
  style: Style,
  n: number,
): Promise<{ readonly records: FeedbackRecord[]; readonly answers: Record<string, number> }> {
  const moments = momentsIn(files, style, n, n, 1);
  const records: FeedbackRecord[] = [];
  const answers: Record<string, number> = {};
  for (const moment of moments) {
    if (records.length === n) break;
    const shown = await completionAt(engine, alone, moment);
    if (shown === '') continue;
    const record = fitForKeeping(answerTo(moment, shown, alone.proposal.id));
    if (record === undefined) continue;
    records.push(record);
    answers[record.outcome] = (answers[record.outcome] ?? 0) + 1;
  }
  return { records, answers };
}

function answerTo({ text, truth }: Moment, shown: string, proposal: string): FeedbackRecord {
  const outcome = shown === truth ? 'accepted' : nearness(shown, truth) >= MENDED_FROM ? 'edited' : 'typedOver';
  const at = new Date(0).toISOString();
  return {
    formatVersion: 1,
    at,
    outcome,
    languageId: 'typescript',
    proposal,
    modules: [],
    text,
    shown,
    stood: truth,
  };
}

interface TrainingOf {
  readonly scratch: string;
  readonly name: string;
  readonly engine: CliEngine;
  readonly alone: Choice;
  readonly pairs?: readonly PreferencePair[];
  readonly files?: readonly TrainingFile[];
  readonly tuned: Partial<TrainingSpec>;
}

async function train({ scratch, name, engine, alone, pairs = [], files = [], tuned }: TrainingOf) {
  const base = (await engine.choose('auto', [{ id: BASE_ID }])).modules[0];
  const dir = path.join(scratch, `job-${name}`);
  const wanted = { id: name, title: name, description: '', proposal: alone.proposal, base, threads: 2 };
  const spec = improvementSpec({ ...wanted, memoryMiB: 1536 }, tuned);
  const options = {
    script: path.join(path.dirname(ENGINE_SCRIPT), 'trainer.js'),
    modelsDir: MODELS_DIR,
    onLog: (line: string) => console.error(line),
  };
  const outcome = await withTrainer<TrainingOutcome>(
    options,
    async trainer => {
      await trainer.call('begin', { dir, spec }, signal);
      await trainer.call('addFiles', { dir, files }, signal);
      await trainer.call('addPairs', { dir, pairs }, signal);
      await trainer.call('prepare', { dir }, signal);
      return trainer.train(dir, () => {}, signal);
    },
    signal,
  );
  await rename(outcome.moduleDir, path.join(scratch, name));
  return { outcome, seconds: Math.round(outcome.seconds) };
}

/** What the same minute on the person's own files brings, without any feedback. */
async function codeRow(
  scratch: string,
  engine: CliEngine,
  alone: Choice,
  files: readonly TrainingFile[],
  style: Style,
  measured: readonly Moment[],
): Promise<object> {
  const own = files.map(({ name, text }) => ({ name, text: joined(restyled(text.split('\n'), style)) }));
  const { learningRate, replayShare } = TRAINING_DEFAULTS;
  const tuned: Partial<TrainingSpec> = { objective: 'nll', learningRate, replayShare, nSteps: STEPS_A_MINUTE.nll };
  const { outcome, seconds } = await train({ scratch, name: `${style.name}-code`, engine, alone, files: own, tuned });
  const choice = withModule(alone, `${style.name}-code`, scratch, outcome.strength);
  return {
    objective: 'nll',
    seconds,
    strength: outcome.strength,
    ...(await measure(engine, choice, measured)),
  };
}

function withModule(alone: Choice, id: string, scratch: string, strength: number): Choice {
  return { ...alone, modules: [{ id, dir: path.join(scratch, id), strength }], titles: [id] };
}

async function measure(engine: CliEngine, choice: Choice, moments: readonly Moment[]): Promise<object> {
  const rows: { readonly moment: Moment; readonly shown: string }[] = [];
  for (const moment of moments) rows.push({ moment, shown: await completionAt(engine, choice, moment) });
  const of = (where: Where, subject: Subject) =>
    rows.filter(({ moment }) => moment.where === where && moment.subject === subject);
  const share = (part: number, whole: number) => (whole === 0 ? null : Math.round((1000 * part) / whole) / 1000);
  const report: Record<string, Record<string, object>> = {};
  for (const where of SURROUNDINGS) {
    report[where] = {};
    for (const subject of [...HABITS, 'neutral'] as const) {
      const asked = of(where, subject);
      if (asked.length === 0) continue;
      const exact = asked.filter(({ moment, shown }) => shown.trimEnd() === moment.truth.trimEnd()).length;
      const alike = asked.reduce(
        (sum, { moment, shown }) => sum + nearness(shown.trimEnd(), moment.truth.trimEnd()),
        0,
      );
      const decided =
        subject === 'neutral'
          ? []
          : asked
              .map(({ moment, shown }) => follows(subject, moment.head, shown))
              .filter(verdict => verdict !== undefined);
      report[where][subject] = {
        n: asked.length,
        exact: share(exact, asked.length),
        similarity: share(alike, asked.length),
        ...(subject !== 'neutral' && {
          decided: decided.length,
          followed: share(decided.filter(Boolean).length, decided.length),
        }),
      };
    }
  }
  return report;
}

/** Edit similarity, in [0, 1]. */
function nearness(a: string, b: string): number {
  return 1 - levenshtein(a, b) / Math.max(a.length, b.length, 1);
}

/** The first line of what the product would show. */
async function completionAt(engine: CliEngine, choice: Choice, { text }: Moment): Promise<string> {
  const request = requestOf({ text, choice, contextTokens: 768, nCompletions: 1 });
  const { completions } = await engine.complete({ ...request, extent: 'line', maxTokens: 32 });
  const shown = completions[0] && tidy(completions[0].text, text);
  return (shown?.text ?? '').split('\n', 1)[0].trimEnd();
}
