/**
 * `npm run -s bench -- --only instant`: workspaces of 1, 10 and 100 MB of source, taken from node_modules, counted by the
 * engine over the wire as the editor does it.
 *
 * buildMs: first byte sent to module on disk. loadMs: the module alone, in a fresh engine. saveMs: one file changed.
 * tokenMs: what a written token costs more with the module than without, median over completions.
 */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requestOf } from '../host/completer';
import { INSTANT_ID, INSTANT_STRENGTH, instantManifest } from '../host/instantManifest';
import type { NgramAccount, NgramFile } from '../protocol/messages';
import { startEngine } from './engine';

const SOURCES = path.resolve(__dirname, '../../node_modules');
const SIZES_MB = [1, 10, 100];
const BATCH_CHARS = 512 * 1024;
const N_COMPLETIONS = 20;
const N_SAVES = 10;

type Source = Pick<NgramFile, 'name' | 'text'>;

export async function benchInstant(): Promise<object> {
  const sources = await readSources(Math.max(...SIZES_MB) * 1e6);
  const report: Record<string, object> = {};
  for (const megabytes of SIZES_MB) report[`${megabytes} MB`] = await measure(sources, megabytes * 1e6);
  return report;
}

async function measure(sources: readonly Source[], nChars: number): Promise<object> {
  const { signal } = new AbortController();
  const scratch = await mkdtemp(path.join(tmpdir(), 'residual-bench-'));
  const module = { id: INSTANT_ID, dir: path.join(scratch, 'modules', INSTANT_ID) };
  let engine = startEngine(() => {});
  try {
    const { proposal } = await engine.choose('auto', []);
    const target = { proposal, module };
    await engine.client.call('warm', { proposal, modules: [] }, signal);
    const beforeBytes = (await engine.status()).rssBytes;
    let peakBytes = beforeBytes;

    const buildStart = performance.now();
    await engine.client.call('ngramBegin', { ...target, maxMiB: 128 }, signal);
    let sentChars = 0;
    for (const batch of batches(sources, nChars)) {
      await engine.client.call('ngramAdd', { ...target, files: batch }, signal);
      for (const file of batch) sentChars += file.text.length;
      peakBytes = Math.max(peakBytes, (await engine.status()).rssBytes);
    }
    const account = await engine.client.call('ngramFinish', { ...target, manifest: instantManifest(0) }, signal);
    const buildMs = performance.now() - buildStart;
    peakBytes = Math.max(peakBytes, (await engine.status()).rssBytes);
    engine.dispose();

    engine = startEngine(() => {});
    await engine.client.call('warm', { proposal, modules: [] }, signal);
    const used = { ...module, strength: INSTANT_STRENGTH };
    const { loadMs } = await engine.client.call('warm', { proposal, modules: [used] }, signal);
    const saves = await timeSaves(sources, file =>
      engine.client.call('ngramUpdate', { ...target, put: [file], remove: [] }, signal),
    );
    const tokenMs = await timeTokens(sources, [[], [used]], (text, modules) =>
      engine.complete(
        requestOf({ text, choice: { proposal, modules, titles: [] }, contextTokens: 768, nCompletions: 1 }),
      ),
    );
    return {
      sentMB: round(sentChars / 1e6),
      nFiles: account.nFiles,
      nLeftOut: account.nLeftOut,
      nTokens: account.nTokens,
      buildMs: Math.round(buildMs),
      megabytesPerSecond: round(sentChars / 1e3 / buildMs),
      countsMiB: mib(account.sizeBytes),
      fileMiB: mib((await stat(path.join(module.dir, 'ngram.bin'))).size),
      engineMiB: { before: mib(beforeBytes), peak: mib(peakBytes) },
      loadMs: Math.round(loadMs),
      saveMs: { p50: median(saves), max: round(Math.max(...saves)) },
      tokenMs,
    };
  } finally {
    engine.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Files of a usual size, each changed in its middle. */
async function timeSaves(
  sources: readonly Source[],
  save: (file: NgramFile) => Promise<NgramAccount>,
): Promise<number[]> {
  const usual = sources.filter(({ text }) => text.length > 4000 && text.length < 12_000).slice(0, N_SAVES);
  const times: number[] = [];
  for (const { name, text } of usual) {
    const middle = text.length >> 1;
    const changed = `${text.slice(0, middle)}\nconst changed${times.length} = 1;\n${text.slice(middle)}`;
    const startMs = performance.now();
    await save({ name, stamp: 'changed', text: changed });
    times.push(performance.now() - startMs);
  }
  return times;
}

type Complete = (
  text: Parameters<typeof requestOf>[0]['text'],
  modules: Parameters<typeof requestOf>[0]['choice']['modules'],
) => Promise<{ completions: readonly { tokens: readonly unknown[] }[]; timesMs: { decode: number } }>;

/** Median milliseconds a token without and with the module. */
async function timeTokens(
  sources: readonly Source[],
  choices: readonly Parameters<Complete>[1][],
  complete: Complete,
): Promise<object> {
  const medians: number[] = [];
  for (const modules of choices) {
    const times: number[] = [];
    for (const { name, text } of sources.filter(s => s.text.length > 8000).slice(0, N_COMPLETIONS)) {
      const at = text.indexOf('\n', text.length >> 1) + 1;
      const around = { path: name, prefix: text.slice(0, at), lineRest: '', suffix: text.slice(at), neighbours: [] };
      const { completions, timesMs } = await complete(around, modules);
      const nTokens = completions[0]?.tokens.length ?? 0;
      if (nTokens > 1) times.push(timesMs.decode / (nTokens - 1));
    }
    medians.push(median(times));
  }
  return { proposal: medians[0], withInstant: medians[1], difference: round(medians[1] - medians[0]) };
}

/** Sources of `nChars` in all; where there are not enough, they come again under other names with other words. */
function* batches(sources: readonly Source[], nChars: number): Generator<NgramFile[]> {
  let batch: NgramFile[] = [];
  let batchChars = 0;
  let left = nChars;
  for (let round = 0; left > 0; round++) {
    for (const { name, text } of sources) {
      if (left <= 0) break;
      const own = round === 0 ? text : text.replaceAll(/\b([a-z]{5,})([A-Z])/g, `$1${round}$2`);
      batch.push({ name: `${round}/${name}`, stamp: '', text: own });
      batchChars += own.length;
      left -= own.length;
      if (batchChars < BATCH_CHARS) continue;
      yield batch;
      batch = [];
      batchChars = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** Hand-written-looking sources, at most `nChars`. */
async function readSources(nChars: number): Promise<Source[]> {
  const names = (await readdir(SOURCES, { recursive: true })).sort();
  const sources: Source[] = [];
  let left = nChars;
  for (const name of names) {
    if (left <= 0 || !/\.(?:[cm]?[jt]s|tsx)$/.test(name) || /\.min\.|[\\/](?:dist|build|out)[\\/]/.test(name)) continue;
    const text = await readFile(path.join(SOURCES, name), 'utf8').catch(() => '');
    if (text.length < 500 || text.length > 200_000 || /[^\n]{1000}/.test(text)) continue;
    sources.push({ name: name.split(path.sep).join('/'), text });
    left -= text.length;
  }
  return sources;
}

function median(values: readonly number[]): number {
  return round([...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN);
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}

function mib(nBytes: number): number {
  return Math.round(nBytes / 2 ** 20);
}
