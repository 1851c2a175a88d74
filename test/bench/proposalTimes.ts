/**
 * `npm run -s bench -- --proposal FOLDER [--threads N] [--json]`: what a proposal in delta form costs on this machine.
 * Milliseconds as [least, median] of a few; on a busy machine the least says more.
 *
 * start: a fresh engine process that knows nothing, the files in the system's cache: to the answer to its first request, which
 * asks for one token behind so many; `loadMs` of it for hashes, tokenizer and session.
 * residentMiB: of that engine then.
 * step: one token. verify: a pass over so many tokens whose rows are all wanted. prefill: so many tokens in the product's chunks.
 * chunk: by what stands before, milliseconds a token of passes over so many tokens whose rows nobody wants.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { proposalInFolder } from '../../src/cli/unseen/measuredProposal';
import { messageOf, UserError } from '../../src/core/errors';
import { DeltaGraph } from '../../src/engine/deltaGraph';
import { PREFILL_CHUNK } from '../../src/engine/onnxModel';
import { findProposalFiles } from '../../src/engine/proposal';
import { openSession } from '../../src/engine/session';
import { requestOf } from '../../src/host/completer';
import { EngineClient } from '../../src/host/engineClient';
import type { FolderRef } from '../../src/protocol/messages';

const N_RUNS = 4;
const N_STARTS = 3;
const POSITIONS = 1024;
/** What stands before a step and before a pass that verifies. */
const PAST = 512;
const VERIFIED = [4, 8, 16];
const PREFILLED = [128, 192, 256, 384, 512, 768];
const CHUNKS = [16, 32, 64, 96, 128, 192, 256];
const PASTS = [0, 256, 512];
const STARTED_WITH = [64, 192];

const { signal } = new AbortController();

type Times = readonly [least: number, median: number];

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { proposal: text, threads: text, json: { type: 'boolean' } } });
  const proposal = await proposalInFolder(path.resolve(values.proposal ?? ''));
  if (proposal === undefined) throw new UserError('usage', '--proposal is a folder.');
  const nThreads = Number(values.threads ?? 2);
  const start = Object.fromEntries(await inTurn(STARTED_WITH, n => startWith(proposal, n, nThreads)));
  const report = { proposal: proposal.id, nThreads, start, ...(await passes(proposal, nThreads)) };
  console.log(JSON.stringify(report, null, values.json ? undefined : 1));
}

/** As the editor starts one: another process, the product's own request. */
async function startWith(proposal: FolderRef, contextTokens: number, threads: number) {
  const totals: number[] = [];
  const loads: number[] = [];
  let residentMiB = 0;
  for (let run = 0; run <= N_STARTS; run++) {
    const limits = { threads, memoryMiB: 1 << 16 };
    const engine = new EngineClient({ script: path.resolve('dist/engine.js'), limits });
    const prefix = Array.from({ length: contextTokens }, (_, i) => `const value${i} = ${i};\n`).join('');
    const around = { path: 'src/a.ts', prefix, lineRest: '', suffix: '', neighbours: [] };
    const choice = { proposal, modules: [], titles: [] };
    const request = requestOf({ text: around, choice, contextTokens, nCompletions: 1 });
    const startMs = performance.now();
    const { timesMs } = await engine.call('complete', { ...request, maxTokens: 1 }, signal);
    // The first one reads the files.
    if (run > 0) totals.push(performance.now() - startMs);
    if (run > 0) loads.push(timesMs.load);
    residentMiB = Math.round((await engine.call('status', null, signal)).rssBytes / 2 ** 20);
    engine.dispose();
  }
  const name = `${contextTokens} tokens`;
  return [name, { firstTokenMs: times(totals), loadMs: times(loads), residentMiB }] as const;
}

async function passes(proposal: FolderRef, nThreads: number) {
  const files = await findProposalFiles(proposal);
  const session = await openSession(path.join(files.folder.dir, files.graphFile), [], files.sizeBytes, { nThreads });
  const graph = new DeltaGraph(session, POSITIONS + CHUNKS[CHUNKS.length - 1]);
  const cache = graph.openCache(graph.listsRows ? 'listed' : 'whole');
  const tokens = Array.from({ length: POSITIONS }, (_, i) => 300 + ((i * 7919) % (graph.vocabSize - 600)));
  const pass = (start: number, end: number, nRows: number) => cache.append(tokens, start, end, nRows, []);
  /** Passes in chunks behind the first `past` tokens. */
  const prefill = async (past: number, n: number, chunk: number, nRows: number) => {
    for (let at = past; at < past + n; at += chunk) {
      const end = Math.min(past + n, at + chunk);
      await pass(at, end, end === past + n ? nRows : 0);
    }
  };
  const timed = async (past: number, run: () => Promise<unknown>): Promise<Times> => {
    const elapsed: number[] = [];
    cache.truncate(0);
    await prefill(0, past, PREFILL_CHUNK, 0);
    for (let i = 0; i <= N_RUNS; i++) {
      cache.truncate(past);
      const startMs = performance.now();
      await run();
      // Buffers grow in the first.
      if (i > 0) elapsed.push(performance.now() - startMs);
    }
    return times(elapsed);
  };
  /** By turns, so that what else the machine does meets all alike. */
  const chunkTimes = async (past: number) => {
    const elapsed = CHUNKS.map((): number[] => []);
    cache.truncate(0);
    await prefill(0, past, PREFILL_CHUNK, 0);
    for (let i = 0; i <= N_RUNS; i++) {
      for (const [which, chunk] of CHUNKS.entries()) {
        cache.truncate(past);
        const startMs = performance.now();
        await pass(past, past + chunk, 0);
        if (i > 0) elapsed[which].push((performance.now() - startMs) / chunk);
      }
    }
    return Object.fromEntries(CHUNKS.map((chunk, which) => [chunk, times(elapsed[which])]));
  };
  const byCount = async (counts: readonly number[], of: (n: number) => Promise<unknown>) =>
    Object.fromEntries(await inTurn(counts, async n => [n, await of(n)] as const));
  const report = {
    prefillChunk: PREFILL_CHUNK,
    stepMs: await timed(PAST, () => pass(PAST, PAST + 1, 1)),
    verifyMs: await byCount(VERIFIED, n => timed(PAST, () => pass(PAST, PAST + n, n))),
    prefillMs: await byCount(PREFILLED, n => timed(0, () => prefill(0, n, PREFILL_CHUNK, 1))),
    chunkMsPerToken: await byCount(PASTS, chunkTimes),
  };
  await session.close();
  return report;
}

async function inTurn<A, B>(values: readonly A[], of: (value: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const value of values) results.push(await of(value));
  return results;
}

function times(elapsedMs: readonly number[]): Times {
  const sorted = [...elapsedMs].sort((a, b) => a - b);
  return [short(sorted[0]), short(sorted[sorted.length >> 1])];
}

/** Three digits. */
function short(ms: number): number {
  return Number(ms.toPrecision(3));
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
