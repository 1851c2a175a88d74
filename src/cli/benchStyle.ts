/**
 * `npm run -s bench -- --only style`: does a module learn a person's style from accepts and rejects, and at what cost?
 *
 * A simulated person (styles.ts) is shown the completions of the proposal that ships, at places of held-out packages: in
 * files as their authors wrote them, in files that have just begun, and in the same files in the person's own style. They accept what they would have
 * written, mend what is nearly that, and type over the rest; the first N answers are trained on as the product does.
 * Measured in other packages: `followed`, the share of shown completions in the person's style among those that decide one
 * of its habits, and `exact`, the share of places whose line is the one that the person writes. `neutral` places say
 * nothing of the style: what they lose is the cost.
 */
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { levenshtein } from '../core/editDistance';
import type { CompletionText } from '../core/fim';
import { seededRandom } from '../core/random';
import { tidy } from '../core/tidy';
import { requestOf } from '../host/completer';
import { learnableOf } from '../host/feedback/feedbackPairs';
import { type FeedbackRecord, fitForKeeping } from '../host/feedback/feedbackRecord';
import { BASE_ID, improvementSpec } from '../host/feedback/improvementSpec';
import type { Choice } from '../host/modules/moduleChoice';
import { withTrainer } from '../host/training/trainer';
import type { PreferencePair, TrainingFile, TrainingOutcome, TrainingSpec } from '../protocol/training';
import { type CliEngine, ENGINE_SCRIPT, MODELS_DIR, startEngine } from './engine';
import { follows, HABITS, type Habit, placesFor, restyled, restyledAt, STYLES, type Style } from './styles';

const FIXTURE = path.resolve(__dirname, '../../test/fixtures/eval/instant.json.gz');
/** Single quotes, semicolons and camelCase all through. */
const LEARNT_FROM = ['@sentry/core', 'lexical', '@lexical/react', '@lexical/table', '@dnd-kit/core', '@sentry/node'];
const MEASURED_ON = ['@xterm/xterm', 'langium', '@deck.gl/core', '@nestjs/core', 'react-hook-form', 'release-it'];
const SIZES = [20, 50, 100, 200];
/** Places of each kind in each surrounding. */
const N_MEASURED = { habit: 10, neutral: 24 };
/** Half of what the editor asks with, which takes twice as long and differs little at a single line. */
const CONTEXT_TOKENS = 384;
/** Lines before a place in a file that has only just begun. */
const N_LINES_OF_NEW = 6;
/** Lines this near to what a person writes are accepted and mended. */
const MENDED_FROM = 0.6;
const { signal } = new AbortController();

type Subject = Habit | 'neutral';
/** A file as its authors wrote it, one that has just begun and says nothing of a style, and one in the person's own hand. */
const SURROUNDINGS = ['theirs', 'new', 'own'] as const;
type Where = (typeof SURROUNDINGS)[number];

/** A place where the person is about to write `truth`. */
interface Moment {
  readonly subject: Subject;
  readonly where: Where;
  readonly head: string;
  readonly text: CompletionText;
  readonly truth: string;
}

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
      const { records, answers } = await session(engine, alone, files.learnt, style, Math.max(...sizes));
      const rows: object[] = [{ n: 0, ...(await measure(engine, alone, measured)) }];
      console.error(JSON.stringify({ style: style.name, answers, ...rows[0] }));
      for (const n of sizes) {
        const { pairs } = learnableOf(records.slice(0, n));
        const { outcome, seconds } = await train({ scratch, name: `${style.name}-${n}`, engine, alone, pairs, tuned });
        const choice = withModule(alone, `${style.name}-${n}`, scratch, outcome.strength);
        const row = {
          n,
          nPairs: pairs.length,
          seconds,
          nTokens: outcome.nTokens,
          strength: outcome.strength,
          preferred: outcome.evaluation.find(({ metric }) => metric === 'preferred'),
          ...(await measure(engine, choice, measured)),
        };
        rows.push(row);
        console.error(JSON.stringify({ style: style.name, ...row }));
      }
      if (withCode) rows.push(await codeRow(scratch, engine, alone, files.learnt, style, measured));
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
  const nearness = 1 - levenshtein(shown, truth) / Math.max(shown.length, truth.length, 1);
  const outcome = shown === truth ? 'accepted' : nearness >= MENDED_FROM ? 'edited' : 'typedOver';
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
  const tuned: Partial<TrainingSpec> = { objective: 'nll', learningRate: 1e-3, replayShare: 0.15 };
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
      const decided =
        subject === 'neutral'
          ? []
          : asked
              .map(({ moment, shown }) => follows(subject, moment.head, shown))
              .filter(verdict => verdict !== undefined);
      report[where][subject] = {
        n: asked.length,
        exact: share(exact, asked.length),
        ...(subject !== 'neutral' && {
          decided: decided.length,
          followed: share(decided.filter(Boolean).length, decided.length),
        }),
      };
    }
  }
  return report;
}

/** The first line of what the product would show. */
async function completionAt(engine: CliEngine, choice: Choice, { text }: Moment): Promise<string> {
  const request = requestOf({ text, choice, contextTokens: CONTEXT_TOKENS, nCompletions: 1 });
  const { completions } = await engine.complete({ ...request, extent: 'line', maxTokens: 24 });
  const shown = completions[0] && tidy(completions[0].text, text);
  return (shown?.text ?? '').split('\n', 1)[0].trimEnd();
}

/** Places of each habit and neutral ones, in files of theirs and of the person's own in turn, mixed by the seed. */
function momentsIn(
  files: readonly TrainingFile[],
  style: Style,
  nHabit: number,
  nNeutral: number,
  seed: number,
): Moment[] {
  const random = seededRandom(seed);
  let nDrawn = 0;
  const below = (n: number) => Math.min(n - 1, Math.floor(random.uniform(nDrawn++, 0) * n));
  const subjects: Subject[] = [...style.habits, 'neutral'];
  const found = new Map<Subject, Moment[]>(subjects.map(subject => [subject, []]));
  const most = (subject: Subject) => (subject === 'neutral' ? nNeutral : nHabit);
  for (let tries = 0; tries < 60_000 && subjects.some(s => found.get(s)!.length < most(s)); tries++) {
    const { name, text } = files[below(files.length)];
    const lines = text.split('\n');
    const i = 3 + below(Math.max(1, lines.length - 3));
    if (lines[i] === undefined || lines[i].trim().length < 6 || /^\s*(?:\*|\/\/|\/\*)/.test(lines[i])) continue;
    const lacking = subjects.filter(s => found.get(s)!.length < most(s));
    const subject = lacking[below(lacking.length)];
    const known = found.get(subject)!;
    const moment = momentAt(name, lines, i, style, subject, SURROUNDINGS[known.length % 3], below);
    if (moment !== undefined) known.push(moment);
  }
  const all = subjects.flatMap(subject => found.get(subject)!);
  return all
    .map(moment => ({ moment, place: random.uniform(nDrawn++, 0) }))
    .sort((a, b) => a.place - b.place)
    .map(({ moment }) => moment);
}

function momentAt(
  name: string,
  lines: readonly string[],
  i: number,
  style: Style,
  subject: Subject,
  where: Where,
  below: (n: number) => number,
): Moment | undefined {
  const own = where === 'own' ? restyled(lines, style) : undefined;
  const written = own === undefined ? restyledAt(lines, i, style) : own[i];
  if (written === undefined) return undefined;
  const places = subject === 'neutral' ? neutralPlaces(lines[i], written) : placesFor(subject, lines[i], written);
  if (places.length === 0) return undefined;
  const at = places[below(places.length)];
  const around: readonly (string | undefined)[] = own ?? lines;
  const isNew = where === 'new';
  const head = written.slice(0, at);
  const truth = written.slice(at);
  if (truth.trim() === '' || truth.length > 100) return undefined;
  const before = isNew ? beginning(lines, i, style) : joined(around.slice(0, i));
  return {
    subject,
    where,
    head,
    truth,
    text: {
      path: name.split('/').slice(-3).join('/'),
      prefix: `${before}\n${head}`,
      lineRest: '',
      suffix: isNew ? '' : joined(around.slice(i + 1)),
      neighbours: [],
    },
  };
}

/** The lines before a place that are the same in every hand, a few of them. */
function beginning(lines: readonly string[], i: number, style: Style): string {
  const own = restyled(lines, style);
  return joined(
    lines
      .slice(0, i)
      .filter((line, k) => line === own[k])
      .slice(-N_LINES_OF_NEW),
  );
}

/** A line that is the same in every hand. */
function neutralPlaces(line: string, own: string): number[] {
  if (line !== own) return [];
  const indent = line.length - line.trimStart().length;
  return [...line.matchAll(/(?<=[^\w$])(?=[\w$])/g)].map(({ index }) => index).filter(at => at >= indent && at > 0);
}

function joined(lines: readonly (string | undefined)[]): string {
  return lines.filter(line => line !== undefined).join('\n');
}

async function readPackages(): Promise<{ readonly learnt: TrainingFile[]; readonly measured: TrainingFile[] }> {
  const { packages } = JSON.parse(gunzipSync(await readFile(FIXTURE)).toString()) as {
    packages: readonly {
      readonly name: string;
      readonly files: readonly { readonly path: string; readonly text: string }[];
    }[];
  };
  const of = (names: readonly string[]) =>
    packages
      .filter(({ name }) => names.includes(name))
      .flatMap(({ files }) => files)
      .filter(file => /\.(?:ts|tsx|js|jsx)$/.test(file.path) && file.text.length > 1000 && file.text.length < 40_000)
      .map(file => ({ name: file.path, text: file.text }));
  return { learnt: of(LEARNT_FROM), measured: of(MEASURED_ON) };
}
