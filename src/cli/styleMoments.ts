/**
 * Places in held-out packages where a simulated person is about to write: which habit each decides, what stands around it, and
 * what they write there.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { CompletionText } from '../core/fim';
import { seededRandom } from '../core/random';
import type { TrainingFile } from '../protocol/training';
import { type Habit, placesFor, restyled, restyledAt, type Style } from './styles';

const FIXTURE = path.resolve(__dirname, '../../test/fixtures/eval/instant.json.gz');
/** Single quotes, semicolons and camelCase all through. */
const LEARNED_FROM = ['@sentry/core', 'lexical', '@lexical/react', '@lexical/table', '@dnd-kit/core', '@sentry/node'];
const MEASURED_ON = ['@xterm/xterm', 'langium', '@deck.gl/core', '@nestjs/core', 'react-hook-form', 'release-it'];
/** Lines before a place in a file that has only just begun. */
const N_LINES_OF_NEW = 6;

export type Subject = Habit | 'neutral';
/** A file as its authors wrote it, one that has just begun and says nothing of a style, and one in the person's own hand. */
export const SURROUNDINGS = ['theirs', 'new', 'own'] as const;
export type Where = (typeof SURROUNDINGS)[number];

/** A place where the person is about to write `truth`. */
export interface Moment {
  readonly subject: Subject;
  readonly where: Where;
  readonly head: string;
  readonly text: CompletionText;
  readonly truth: string;
}

/** Places of each habit and neutral ones, in files of theirs and of the person's own in turn, mixed by the seed. */
export function momentsIn(
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

export function joined(lines: readonly (string | undefined)[]): string {
  return lines.filter(line => line !== undefined).join('\n');
}

export async function readPackages(): Promise<{ readonly learned: TrainingFile[]; readonly measured: TrainingFile[] }> {
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
  return { learned: of(LEARNED_FROM), measured: of(MEASURED_ON) };
}
