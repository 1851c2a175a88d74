/**
 * What a token costs in an instant module of 10 MB of source, and the pieces of loading and saving one, in this process:
 * `node scripts/benchRows.mjs [megabytes]` builds and runs it. Reports, never fails.
 *
 * rows: processor milliseconds from the token before to the row mixed into the proposal's. Cold rows are the first after loading;
 * warm ones are the same again. Completions stand in files that are not counted, with prompts of 768 tokens.
 */
import path from 'node:path';
import { grown, readSources } from '../../src/cli/benchSources';
import { logSoftmaxInPlace } from '../../src/core/distribution';
import { mixInPlace, mixtureWeight } from '../../src/core/mixture';
import type { Tokenizer } from '../../src/core/model';
import { NgramModel, type NgramSequence } from '../../src/core/ngram/ngram';
import { readNgramFile, writeNgramFile } from '../../src/core/ngram/ngramFile';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { seededRandom } from '../../src/core/random';
import { SparseRow, WholeRow } from '../../src/core/row';
import { ModelPool } from '../../src/engine/modelPool';
import { loadNgram } from '../../src/engine/ngramModules';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../fixtures/fixtureModels.mjs';

const MAX_BYTES = 1 << 27;
const CONTEXT_TOKENS = 768;
const N_WRITTEN = 20;
const N_DRAFTED = 8;
const N_LOADS = 5;
const WEIGHTS = [0.06, 0.18, 0.28, 0.37, 0.43, 0.44, 0.75];
const { signal } = new AbortController();

async function main(): Promise<void> {
  const nBytes = Number(process.argv[2] ?? 10) * 1e6;
  const dir = path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL);
  const pool = new ModelPool({ modelsDir: FIXTURE_MODELS, limits: { threads: 1, memoryMiB: 1024 }, loadNgram });
  const lease = await pool.acquire({ proposal: { id: path.basename(dir), dir }, modules: [] }, 'completion', signal);
  const { tokenizer, model } = lease.proposal;
  const sources = grown(await readSources(nBytes, 'node_modules'), nBytes);
  const isAsked = (i: number) => i % 12 === 11;
  const store = new NgramStore(model.vocabSize, MAX_BYTES);
  const encodeMs = timed(() => {
    for (const [i, { name, text }] of sources.entries()) if (!isAsked(i)) store.put(name, '', tokenizer.encode(text));
  });
  const mergeMs = await timedAsync(() => store.merge(async () => {}));
  const bytes = Buffer.concat(writeNgramFile(store));
  const prompts = sources.filter((_, i) => isAsked(i)).flatMap(({ text }) => promptOf(text, tokenizer));
  const p = proposalRow(model.vocabSize);
  // On counts of their own, so that the code is compiled and the counts that are timed are not yet in any cache.
  await timeRows(new NgramModel(readNgramFile(bytes, MAX_BYTES), tokenizer).open(), prompts.slice(0, 20), p);
  const parseMs: number[] = [];
  for (let i = 0; i < N_LOADS; i++) parseMs.push(timed(() => readNgramFile(bytes, MAX_BYTES)));
  const loaded = readNgramFile(bytes, MAX_BYTES);
  const sequence = new NgramModel(loaded, tokenizer).open();
  const cold = await timeRows(sequence, prompts, p);
  const warm = await timeRows(sequence, prompts, p);
  const drafts = await timeDrafts(readNgramFile(bytes, MAX_BYTES), tokenizer, prompts);
  console.log(
    JSON.stringify({
      nTokens: store.nTokens,
      encodeMs: round(encodeMs),
      mergeMs: round(mergeMs),
      parseMs: round(Math.min(...parseMs)),
      countsMiB: round(loaded.sizeBytes / 2 ** 20),
      rowMs: { cold, warm },
      draftMs: drafts,
    }),
  );
  lease.release();
  await pool.close();
}

async function timeRows(
  sequence: NgramSequence,
  prompts: readonly { readonly prompt: readonly number[]; readonly written: readonly number[] }[],
  p: Float32Array,
): Promise<object> {
  const times: number[] = [];
  const mixed = new SparseRow(p.length);
  const own = new WholeRow(p);
  for (const { prompt, written } of prompts) {
    for (const token of [-1, ...written]) {
      mixed.copy(own);
      const startMs = processorMs();
      if (token < 0) await sequence.seek(prompt);
      else await sequence.push(token);
      mixInPlace(mixed, sequence.logps(), mixtureWeight(WEIGHTS, sequence.recognition()));
      times.push(processorMs() - startMs);
    }
  }
  return percentiles(times);
}

async function timeDrafts(
  store: NgramStore,
  tokenizer: Tokenizer,
  prompts: readonly { readonly prompt: readonly number[] }[],
): Promise<object> {
  const sequence = new NgramModel(store, tokenizer).open();
  const times: number[] = [];
  for (const { prompt } of prompts) {
    await sequence.seek(prompt);
    const startMs = processorMs();
    const { tokens } = sequence.draft(N_DRAFTED, 0);
    times.push((processorMs() - startMs) / tokens.length);
  }
  return percentiles(times);
}

function promptOf(text: string, tokenizer: Tokenizer) {
  const ids = tokenizer.encode(text);
  const { fimPrefix, fimSuffix, fimMiddle, endoftext } = tokenizer.special;
  const [prefix, suffix, middle] = [fimPrefix ?? endoftext, fimSuffix ?? endoftext, fimMiddle ?? endoftext];
  const at = Math.min(ids.length >> 1, CONTEXT_TOKENS - 200);
  if (ids.length < at + N_WRITTEN + 50) return [];
  const prompt = [
    prefix,
    suffix,
    ...ids.slice(at + N_WRITTEN, at + N_WRITTEN + 150),
    middle,
    ...ids.slice(Math.max(0, at - CONTEXT_TOKENS + 200), at),
  ];
  return [{ prompt, written: ids.slice(at, at + N_WRITTEN) }];
}

/** Shaped like a proposal's: a few likely tokens and a long tail. */
function proposalRow(vocabSize: number): Float32Array {
  const random = seededRandom(1);
  const row = Float32Array.from({ length: vocabSize }, (_, i) => 3 * (random.uniform(i, 0) + random.uniform(i, 1) - 1));
  for (let i = 0; i < 5; i++) row[i * 97] = 12 - i;
  logSoftmaxInPlace(row);
  return row;
}

/** Time of this process alone, whatever else the machine does. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function timed(task: () => void): number {
  const startMs = performance.now();
  task();
  return performance.now() - startMs;
}

async function timedAsync(task: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

function percentiles(values: readonly number[]): object {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  const mean = round(sorted.reduce((a, b) => a + b, 0) / sorted.length);
  return { n: sorted.length, mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
