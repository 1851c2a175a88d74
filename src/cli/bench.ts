/**
 * `npm run -s bench`: how long the engine takes, measured through the same client as the editor's. Reports, never fails.
 *
 * cold: from no engine process to the first completion, milliseconds, median of a few starts.
 * instant: building, loading and using instant modules (benchInstant.ts); only when asked for, as it takes minutes.
 * instant-10: that with 10 MB of source alone.
 * kills: a thousand keys while the engine is killed a hundred times (benchKills.ts); only when asked for.
 * style: what a module learns of a person's style from accepts and rejects (benchStyle.ts); only when asked for.
 * warm: a file typed character by character, one request a key: milliseconds from request to answer.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../core/errors';
import type { CompletionText } from '../core/fim';
import { requestOf } from '../host/completer';
import type { Choice } from '../host/modules/moduleChoice';
import { benchInstant } from './benchInstant';
import { benchKills } from './benchKills';
import { benchStyle } from './benchStyle';
import { startEngine } from './engine';
import { readOptions } from './options';

const SAMPLE = path.resolve(__dirname, '../../samples/task-board/src/components/TaskCard.tsx');
const N_STARTS = 5;
const N_KEYS = 150;

const BENCHES: Record<string, () => Promise<object>> = {
  cold,
  warm,
  instant: () => benchInstant([1, 10, 100]),
  'instant-10': () => benchInstant([10]),
  kills: benchKills,
  style: () => benchStyle(),
};
/** They take minutes. */
const ONLY_WHEN_ASKED = ['instant', 'instant-10', 'kills', 'style'];

async function main(): Promise<void> {
  const usage = `usage: npm run -s bench -- [--only ${Object.keys(BENCHES).join('|')}] [--json]`;
  const values = readOptions({ only: { type: 'string' }, json: { type: 'boolean' } }, usage);
  if (values.only !== undefined && !(values.only in BENCHES)) {
    throw new UserError(
      'usage',
      `There is no benchmark "${values.only}". Benchmarks: ${Object.keys(BENCHES).join(', ')}.`,
    );
  }
  const names =
    values.only === undefined ? Object.keys(BENCHES).filter(name => !ONLY_WHEN_ASKED.includes(name)) : [values.only];
  const report: Record<string, object> = {};
  for (const name of names) report[name] = await BENCHES[name]();
  console.log(JSON.stringify(report, null, values.json ? undefined : 2));
}

async function cold(): Promise<object> {
  const source = await readFile(SAMPLE, 'utf8');
  const totals: number[] = [];
  for (let i = 0; i < N_STARTS; i++) {
    const engine = startEngine(() => {});
    const choice = await firstModule(engine);
    const startMs = performance.now();
    await engine.complete(request(source, source.length >> 1, choice));
    totals.push(performance.now() - startMs);
    engine.dispose();
  }
  return { nStarts: N_STARTS, firstCompletionMs: percentiles(totals) };
}

async function warm(): Promise<object> {
  const source = await readFile(SAMPLE, 'utf8');
  const engine = startEngine(() => {});
  try {
    const choice = await firstModule(engine);
    const rows: Record<string, object> = {};
    for (const [name, used] of [
      ['proposal', { ...choice, modules: [] }],
      ['aligned', choice],
    ] as const) {
      const start = source.length >> 1;
      await engine.complete(request(source, start, used));
      const times: number[] = [];
      const prefills: number[] = [];
      const decodes: number[] = [];
      const evaluated: number[] = [];
      let nTokens = 0;
      for (let at = start + 1; at <= start + N_KEYS; at++) {
        const startMs = performance.now();
        const result = await engine.complete(request(source, at, used));
        times.push(performance.now() - startMs);
        prefills.push(result.timesMs.prefill);
        decodes.push(result.timesMs.decode);
        evaluated.push(result.nPrefilled);
        nTokens += result.completions[0]?.tokens.length ?? 0;
      }
      rows[name] = {
        nKeys: N_KEYS,
        requestMs: percentiles(times),
        prefillMs: percentiles(prefills),
        decodeMs: percentiles(decodes),
        promptTokensEvaluated: percentiles(evaluated),
        tokensWritten: nTokens,
      };
    }
    return {
      modules: choice.modules.map(m => m.id),
      ...rows,
      engineMiB: Math.round((await engine.status()).rssBytes / 2 ** 20),
    };
  } finally {
    engine.dispose();
  }
}

async function firstModule(engine: ReturnType<typeof startEngine>): Promise<Choice> {
  const ids = await engine.moduleIds();
  return engine.choose(
    'auto',
    ids.slice(0, 1).map(id => ({ id })),
  );
}

function request(source: string, at: number, choice: Choice) {
  const end = source.indexOf('\n', at);
  const text: CompletionText = {
    path: 'src/components/TaskCard.tsx',
    prefix: source.slice(0, at),
    lineRest: '',
    suffix: end < 0 ? '' : source.slice(end + 1),
    neighbours: [],
  };
  return requestOf({ text, choice, contextTokens: 768, nCompletions: 1 });
}

function percentiles(values: readonly number[]): { p50: number; p90: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] * 10) / 10;
  return { p50: at(0.5), p90: at(0.9), max: at(1) };
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = error instanceof UserError ? 2 : 1;
});
