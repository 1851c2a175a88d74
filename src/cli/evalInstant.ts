/**
 * `npm run -s eval -- --instant`: each held-out package is a workspace of 80 % of its files, cursors are in the others
 * (models/train/make_instant_eval.py). Four rows: P, P + instant, P + neural, P + both. `--calibrate` tries strengths
 * and mixtures on packages that the four rows leave out.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { INSTANT_ID, INSTANT_MIXTURE, INSTANT_STRENGTH, instantManifest } from '../host/modules/instantManifest';
import type { Choice, ModuleSetting } from '../host/modules/moduleChoice';
import type { NgramTarget } from '../protocol/messages';
import { answerAll, parseModules } from './answer';
import { type CliEngine, startEngine } from './engine';
import { type Cursor, type Outcome, type Summary, summarise } from './evalMetrics';

const FIXTURE = path.resolve(__dirname, '../../test/fixtures/eval/instant.json.gz');

interface Package {
  readonly name: string;
  readonly role: 'calibrate' | 'measure';
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly cursors: readonly Cursor[];
}

export interface InstantEvalOptions {
  /** The neural module of the last two rows; the first that ships when absent. */
  readonly module?: readonly string[];
  readonly proposal?: string;
  /** Cursors at most, taken evenly. */
  readonly limit: number;
  readonly calibrate?: boolean;
  readonly json?: boolean;
}

/** What a row tries: how much the instant module weighs and is mixed in, and what is beside it. */
interface Row {
  readonly name: string;
  readonly beside: readonly ModuleSetting[];
  readonly instant?: { readonly strength: number; readonly mixture: readonly number[] };
}

const STRENGTHS = [0.1, 0.3, 0.5];
/** Factors on (1 − λ): 1 is the mixture as it stands. */
const MIXTURES = [0, 1, 2, 4];

export async function evaluateInstant(options: InstantEvalOptions): Promise<void> {
  const role = options.calibrate ? 'calibrate' : 'measure';
  const { packages } = JSON.parse(gunzipSync(await readFile(FIXTURE)).toString()) as { packages: readonly Package[] };
  const wanted = thinned(
    packages.filter(p => p.role === role),
    options.limit,
  );
  const engine = startEngine(() => {});
  const scratch = await mkdtemp(path.join(tmpdir(), 'residual-eval-'));
  try {
    const neural = options.module?.flatMap(parseModules) ?? (await engine.moduleIds()).slice(0, 1).map(id => ({ id }));
    const { proposal } = await engine.choose(options.proposal ?? 'auto', []);
    const mixture: readonly number[] =
      new Map(Object.entries(INSTANT_MIXTURE)).get(proposal.id) ?? INSTANT_MIXTURE.default;
    const rows = options.calibrate ? grid(neural, mixture) : fourRows(neural, mixture);
    const outcomes = rows.map((): Outcome[] => []);
    const builds: { chars: number; ms: number }[] = [];
    for (const [i, one] of wanted.entries()) {
      const target = { proposal, module: { id: INSTANT_ID, dir: path.join(scratch, `${i}`, 'modules', INSTANT_ID) } };
      builds.push(await build(engine, target, one));
      for (const [r, row] of rows.entries())
        outcomes[r].push(...(await answerAll(engine, await choiceOf(engine, row, target), one.cursors)));
    }
    const cursors = wanted.flatMap(p => p.cursors);
    const report = rows.map((row, r) => ({ ...row, ...shortened(summarise(cursors, outcomes[r])) }));
    const chars = builds.reduce((sum, b) => sum + b.chars, 0);
    const seconds = builds.reduce((sum, b) => sum + b.ms, 0) / 1000;
    const built = { packages: wanted.length, charsPerSecond: Math.round(chars / seconds) };
    if (options.json) console.log(JSON.stringify({ role, n: cursors.length, built, rows: report }));
    else for (const line of [{ role, n: cursors.length, ...built }, ...report]) console.log(JSON.stringify(line));
  } finally {
    engine.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

function fourRows(neural: readonly ModuleSetting[], mixture: readonly number[]): Row[] {
  const instant = { strength: INSTANT_STRENGTH, mixture };
  return [
    { name: 'P', beside: [] },
    { name: 'P + instant', beside: [], instant },
    { name: 'P + neural', beside: neural },
    { name: 'P + both', beside: neural, instant },
  ];
}

function grid(neural: readonly ModuleSetting[], base: readonly number[]): Row[] {
  const settings = STRENGTHS.flatMap(strength =>
    MIXTURES.map(factor => ({
      strength,
      mixture: base.map(lambda => (factor === 0 ? 0 : round(Math.max(0, 1 - factor * (1 - lambda))))),
    })),
  );
  return [
    { name: 'P', beside: [] },
    ...settings.map(instant => ({ name: 'P + instant', beside: [], instant })),
    ...settings.slice(2, 3).map(instant => ({ name: 'P + both', beside: neural, instant })),
  ];
}

async function build(engine: CliEngine, target: NgramTarget, one: Package): Promise<{ chars: number; ms: number }> {
  const { signal } = new AbortController();
  const startMs = performance.now();
  const files = one.files.map(file => ({ name: file.path, stamp: '', text: file.text }));
  await engine.client.call('ngramBegin', { ...target, maxMiB: 128 }, signal);
  await engine.client.call('ngramAdd', { ...target, files }, signal);
  await engine.client.call('ngramFinish', { ...target, manifest: instantManifest(files.length) }, signal);
  return { chars: files.reduce((sum, file) => sum + file.text.length, 0), ms: performance.now() - startMs };
}

/** The strength and mixture of a row are those of the module's manifest: that is where the product has them from. */
async function choiceOf(
  engine: CliEngine,
  { beside, instant }: Row,
  { proposal, module }: NgramTarget,
): Promise<Choice> {
  const choice = await engine.choose(proposal.id, beside);
  if (instant === undefined) return choice;
  const file = path.join(module.dir, 'module.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.strength = { default: instant.strength };
  manifest.mixture = { default: instant.mixture };
  await writeFile(file, JSON.stringify(manifest));
  return {
    ...choice,
    modules: [...choice.modules, { ...module, strength: instant.strength }],
    titles: [...choice.titles, INSTANT_ID],
  };
}

/** A share of every package's cursors, spread so that no kind is missed (kinds alternate). */
function thinned(packages: readonly Package[], limit: number): Package[] {
  const share = limit / packages.reduce((sum, p) => sum + p.cursors.length, 0);
  return packages.map(p => ({ ...p, cursors: p.cursors.filter((_, i) => (i * GOLDEN) % 1 < share) }));
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

function shortened({ byDomain: _, ...summary }: Summary): Omit<Summary, 'byDomain'> {
  return summary;
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}
