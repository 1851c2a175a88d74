/**
 * `npm run -s bench -- --only instant`: workspaces of 1, 10 and 100 MB of source, made of node_modules and kept in a git
 * repository, counted as the editor does it. Milliseconds are those of the clock; on a busy machine the least of several
 * says most.
 *
 * buildMs: from listing the files to the module on disk. loadMs: the module alone, in fresh engines. saveMs: one file
 * changed on disk until it is counted. merge: much changed; how long one file and one completion take while everything is
 * merged and written. tokenMs: what a written token costs more with the module than without, median over completions;
 * test/bench/ngramRows.ts measures the module's part alone.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { requestOf } from '../host/completer';
import { INSTANT_ID, INSTANT_STRENGTH } from '../host/modules/instantManifest';
import { InstantModule } from '../host/modules/instantModule';
import type { FolderRef, ModuleUse } from '../protocol/messages';
import { grown, readSources, type Source } from './benchSources';
import { type CliEngine, startEngine } from './engine';

const N_LOADS = 3;
const N_COMPLETIONS = 20;
const N_SAVES = 10;
/** Changed text after which the counts want to be merged. */
const MUCH_CHARS = 800_000;
/** Between what a person does while the counts are merged. */
const PACE_MS = 100;
/** Between two looks at the engine's memory. */
const LOOK_MS = 20;
const { signal } = new AbortController();

export async function benchInstant(sizesMB: readonly number[]): Promise<object> {
  const sources = await readSources(Math.max(...sizesMB) * 1e6);
  const report: Record<string, object> = {};
  for (const megabytes of sizesMB) report[`${megabytes} MB`] = await measure(grown(sources, megabytes * 1e6));
  return report;
}

interface Workspace {
  readonly dir: string;
  readonly files: readonly Source[];
  readonly root: string;
}

async function measure(files: readonly Source[]): Promise<object> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'residual-bench-'));
  const workspace = { dir: path.join(scratch, 'workspace'), root: path.join(scratch, 'storage'), files };
  try {
    await mkdir(workspace.dir);
    execFileSync('git', ['init', '-q'], { cwd: workspace.dir });
    for (const file of files) await write(workspace, file);
    const built = await inEngine(engine => build(engine, workspace));
    const dir = path.join(workspace.root, 'modules', INSTANT_ID);
    const sizes = await Promise.all((await readdir(dir)).map(async name => (await stat(path.join(dir, name))).size));
    const fileMiB = mib(Math.max(...sizes));
    const loadMs: number[] = [];
    for (let i = 0; i < N_LOADS; i++) loadMs.push(await inEngine(engine => load(engine, workspace)));
    const used = await inEngine(async engine => {
      await load(engine, workspace);
      const loadedMiB = mib((await engine.status()).rssBytes);
      const tokenMs = await timeTokens(engine, workspace);
      const instant = await open(engine, workspace);
      try {
        return {
          loadedMiB,
          tokenMs,
          saveMs: await timeSaves(instant, workspace),
          merge: await timeMerge(engine, instant, workspace),
        };
      } finally {
        instant.dispose();
      }
    });
    return { ...built, fileMiB, loadMs: summary(loadMs), ...used };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function inEngine<T>(use: (engine: CliEngine) => Promise<T>): Promise<T> {
  const engine = startEngine(() => {});
  try {
    return await use(engine);
  } finally {
    engine.dispose();
  }
}

async function open(engine: CliEngine, { dir, root }: Workspace): Promise<InstantModule> {
  const { proposal } = await engine.choose('auto', []);
  await engine.client.call('warm', { proposal, modules: [] }, signal);
  return new InstantModule({
    engine: engine.client,
    root,
    folders: () => [{ name: 'workspace', dir, mayRead: () => true }],
    proposal: async () => proposal,
    isUsed: () => true,
    onLog: () => {},
    now: () => performance.now(),
  });
}

async function build(engine: CliEngine, workspace: Workspace): Promise<object> {
  const instant = await open(engine, workspace);
  const beforeBytes = (await engine.status()).rssBytes;
  let peakBytes = beforeBytes;
  const building = instant.build(() => {}, signal);
  let isBuilt = false;
  void building
    .finally(() => {
      isBuilt = true;
    })
    .catch(() => {});
  while (!isBuilt) {
    peakBytes = Math.max(peakBytes, (await engine.status()).rssBytes);
    await setTimeout(LOOK_MS);
  }
  const { nFiles, nLeftOut, nTokens, sizeBytes, textBytes, elapsedMs } = await building;
  instant.dispose();
  return {
    workspaceMB: round(workspace.files.reduce((sum, { text }) => sum + text.length, 0) / 1e6),
    countedMB: round(textBytes / 1e6),
    nFiles,
    nLeftOut,
    nTokens,
    buildMs: Math.round(elapsedMs),
    megabytesPerSecond: round(textBytes / 1e3 / elapsedMs),
    countsMiB: mib(sizeBytes),
    engineMiB: { before: mib(beforeBytes), peak: mib(peakBytes) },
  };
}

async function load(engine: CliEngine, workspace: Workspace): Promise<number> {
  const { proposal } = await engine.choose('auto', []);
  await engine.client.call('warm', { proposal, modules: [] }, signal);
  return (await engine.client.call('warm', { proposal, modules: usesOf(workspace) }, signal)).loadMs;
}

/** Files of a usual size, each changed in its middle. */
async function timeSaves(instant: InstantModule, workspace: Workspace): Promise<Summary> {
  // The first one compares everything.
  await instant.update();
  const times: number[] = [];
  for (const file of usual(workspace).slice(0, N_SAVES)) times.push(await timeSave(instant, workspace, file));
  return summary(times);
}

let nSaves = 0;

async function timeSave(instant: InstantModule, workspace: Workspace, { name, text }: Source): Promise<number> {
  const middle = text.length >> 1;
  const changed = `${text.slice(0, middle)}\nconst changed${nSaves++} = 1;\n${text.slice(middle)}`;
  const file = await write(workspace, { name, text: changed });
  const startMs = performance.now();
  instant.touch(file);
  await instant.update();
  return performance.now() - startMs;
}

async function timeMerge(engine: CliEngine, instant: InstantModule, workspace: Workspace): Promise<object> {
  let left = MUCH_CHARS;
  for (const { name, text } of workspace.files) {
    if (left < 0) break;
    left -= text.length;
    instant.touch(await write(workspace, { name, text: `${text}\nconst much = 1;\n` }));
  }
  await instant.update();
  const files = usual(workspace);
  const { proposal } = await engine.choose('auto', []);
  const complete = async (i: number) => {
    const startMs = performance.now();
    await engine.complete(requestAt(files[i % files.length], proposal, usesOf(workspace)));
    return performance.now() - startMs;
  };
  const before: number[] = [];
  for (let i = 0; i < N_COMPLETIONS; i++) before.push(await complete(i));
  const saves: number[] = [];
  const meanwhile: number[] = [];
  let isSaved = false;
  const startMs = performance.now();
  const saving = instant.save().finally(() => {
    isSaved = true;
  });
  for (let i = 0; !isSaved; i++) {
    meanwhile.push(await complete(i));
    if (!isSaved) saves.push(await timeSave(instant, workspace, files[i % files.length]));
    await setTimeout(PACE_MS);
  }
  await saving;
  const elapsedMs = Math.round(performance.now() - startMs);
  return {
    elapsedMs,
    saveMs: summary(saves),
    completionMs: { before: summary(before), meanwhile: summary(meanwhile) },
  };
}

/** Median milliseconds a token without and with the module. */
async function timeTokens(engine: CliEngine, workspace: Workspace): Promise<object> {
  const { proposal } = await engine.choose('auto', []);
  const medians: number[] = [];
  for (const modules of [[], usesOf(workspace)]) {
    const times: number[] = [];
    for (const file of usual(workspace).slice(0, N_COMPLETIONS)) {
      const { completions, timesMs } = await engine.complete(requestAt(file, proposal, modules));
      const nTokens = completions[0]?.tokens.length ?? 0;
      if (nTokens > 1) times.push(timesMs.decode / (nTokens - 1));
    }
    medians.push(summary(times).p50);
  }
  return { proposal: medians[0], withInstant: medians[1], difference: round(medians[1] - medians[0]) };
}

function usual({ files }: Workspace): Source[] {
  return files.filter(({ text }) => text.length > 4000 && text.length < 12_000);
}

function usesOf({ root }: Workspace): ModuleUse[] {
  return [{ id: INSTANT_ID, dir: path.join(root, 'modules', INSTANT_ID), strength: INSTANT_STRENGTH }];
}

async function write({ dir }: Workspace, { name, text }: Source): Promise<string> {
  const file = path.join(dir, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** A completion at the start of a line in the middle. */
function requestAt({ name, text }: Source, proposal: FolderRef, modules: readonly ModuleUse[]) {
  const at = text.indexOf('\n', text.length >> 1) + 1;
  const around = { path: name, prefix: text.slice(0, at), lineRest: '', suffix: text.slice(at), neighbours: [] };
  const choice = { proposal, modules, titles: [] };
  return requestOf({ text: around, choice, contextTokens: 768, nCompletions: 1 });
}

interface Summary {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly max: number;
}

function summary(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (i: number) => round(sorted[i] ?? Number.NaN);
  return { n: sorted.length, min: at(0), p50: at(sorted.length >> 1), max: at(sorted.length - 1) };
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}

function mib(nBytes: number): number {
  return Math.round(nBytes / 2 ** 20);
}
