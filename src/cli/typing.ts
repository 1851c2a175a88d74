/**
 * Someone types while the engine is killed again and again: what got lost, and what memory it all takes. For the engine
 * tests and `npm run bench -- --only kills`.
 */
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isAbortError } from '../core/errors';
import { clock } from '../host/clock';
import { type Account, Completer, type Question } from '../host/completer';
import { EngineClient, type EngineClientOptions } from '../host/engineClient';

export interface TypingPlan {
  readonly nKeys: number;
  /** Spread evenly over the keys. */
  readonly nKills: number;
  readonly maxTokens: number;
  question(key: number): Question;
}

export interface TypingReport {
  /** Keys without an answer, with the reason. */
  readonly lost: readonly string[];
  readonly nAnswers: number;
  readonly nKilled: number;
  /** Engines that were ended because they said nothing. */
  readonly nHung: number;
  /** Process ids of all engines that there were, the last one dead too. */
  readonly pids: ReadonlySet<number>;
  /** Calls of the engine that are not over, and their listeners, after the last answer. */
  readonly left: { readonly nCalls: number; readonly nListeners: number };
  /** Of this process after a collection, bytes: after a fifth of the keys, and at the end. */
  readonly host: { readonly settled: Memory; readonly end: Memory };
  /** Of the engine that runs, bytes of memory and open files; only where it was never killed. */
  readonly engine: { readonly settled: EngineMemory; readonly end: EngineMemory } | undefined;
}

export interface Memory {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export interface EngineMemory {
  readonly rssBytes: number;
  /** Undefined where there is no /proc. */
  readonly nFiles: number | undefined;
}

/** Starts an engine, types, and ends it. */
export async function typeThrough(options: EngineClientOptions, plan: TypingPlan): Promise<TypingReport> {
  let nHung = 0;
  const client = new EngineClient({ ...options, onLog: line => void (/said nothing/.test(line) && nHung++) });
  const pids = new Set<number>();
  const accounts: Account[] = [];
  const lost: string[] = [];
  // One for all calls, so that a listener that stays is seen.
  const { signal } = new AbortController();
  let nCalls = 0;
  let nKilled = 0;
  let kill: ((phase: 'sent' | 'written') => void) | undefined;

  const completer = new Completer(
    {
      async complete(request, onProgress, flightSignal) {
        nCalls++;
        const onWritten = (progress: Parameters<typeof onProgress>[0]) => {
          kill?.('written');
          onProgress(progress);
        };
        const answer = client.stream('complete', { ...request, maxTokens: plan.maxTokens }, onWritten, flightSignal);
        if (client.pid !== undefined) pids.add(client.pid);
        kill?.('sent');
        return answer.finally(() => nCalls--);
      },
    },
    account => accounts.push(account),
    clock,
  );

  /** In turn: frozen so that it cannot answer, as soon as it was asked, and while it writes. */
  const killing = (nth: number) => (phase: 'sent' | 'written') => {
    const { pid } = client;
    if (phase !== (nth % 3 === 2 ? 'written' : 'sent') || pid === undefined) return;
    kill = undefined;
    // Windows cannot freeze a process.
    if (nth % 3 === 0 && process.platform !== 'win32') process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    nKilled++;
  };

  const memories: { host: Memory; engine: EngineMemory | undefined }[] = [];
  const measure = async () => {
    const rssBytes = plan.nKills > 0 ? undefined : (await client.call('status', null, signal)).rssBytes;
    memories.push({
      host: hostMemory(),
      engine: rssBytes === undefined ? undefined : { rssBytes, nFiles: nFiles(client.pid) },
    });
  };
  const keysAKill = plan.nKills > 0 ? plan.nKeys / plan.nKills : Infinity;
  for (let key = 0, nPlanned = 0; key < plan.nKeys; key++) {
    if (key >= (nPlanned + 0.5) * keysAKill) kill = killing(nPlanned++);
    // Now and then another key follows at once and takes the request's place.
    if (key % 7 === 0) completer.complete(plan.question(-key - 1), signal).catch(ignoreAbort);
    await completer.complete(plan.question(key), signal).catch(error => lost.push(`${key}: ${error}`));
    if (key === Math.floor(plan.nKeys / 5)) await measure();
  }
  await measure();
  const left = { nCalls, nListeners: getEventListeners(signal, 'abort').length };
  client.dispose();
  const [settled, end] = memories;
  return {
    ...{ lost, nKilled, nHung, pids, left },
    nAnswers: accounts.filter(({ source, nTokens }) => source === 'engine' && nTokens > 0).length,
    host: { settled: settled.host, end: end.host },
    engine: settled.engine && end.engine && { settled: settled.engine, end: end.engine },
  };
}

/** What is in use after everything that is not has been given back. */
export function hostMemory(): Memory {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed };
}

function nFiles(pid: number | undefined): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

function ignoreAbort(error: unknown): void {
  if (!isAbortError(error)) throw error;
}
