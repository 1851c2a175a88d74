/**
 * `npm run -s bench -- --only kills`: a thousand keys with the shipped models, once with a hundred kills of the engine and
 * once with none. Lost and hung are counts; memory is MiB, after a fifth of the keys and at the end.
 */
import path from 'node:path';
import type { Question } from '../host/completer';
import type { Choice } from '../host/modules/moduleChoice';
import { ENGINE_SCRIPT, MODELS_DIR, startEngine } from './engine';
import { typeThrough } from './typing';

const N_KEYS = 1000;
const N_KILLS = 100;
const MAX_TOKENS = 8;

export async function benchKills(): Promise<object> {
  const engine = startEngine(() => {});
  const ids = await engine.moduleIds();
  const choice = await engine.choose(
    'auto',
    ids.slice(0, 1).map(id => ({ id })),
  );
  engine.dispose();
  return {
    modules: choice.modules.map(({ id }) => id),
    killed: await run(choice, N_KILLS),
    undisturbed: await run(choice, 0),
  };
}

async function run(choice: Choice, nKills: number): Promise<object> {
  const startMs = performance.now();
  const { lost, nAnswers, nKilled, nHung, pids, left, host, engine } = await typeThrough(
    { script: ENGINE_SCRIPT, modelsDir: MODELS_DIR },
    { nKeys: N_KEYS, nKills, maxTokens: MAX_TOKENS, question: key => questionAt(key, choice) },
  );
  return {
    ...{ nKeys: N_KEYS, nAnswers, nKilled, nEngines: pids.size, nLost: lost.length, nHung, left },
    hostMiB: { settled: mib(host.settled.rssBytes), end: mib(host.end.rssBytes) },
    hostHeapMiB: { settled: mib(host.settled.heapBytes), end: mib(host.end.heapBytes) },
    ...(engine && { engineMiB: { settled: mib(engine.settled.rssBytes), end: mib(engine.end.rssBytes) } }),
    seconds: Math.round((performance.now() - startMs) / 1000),
  };
}

function questionAt(key: number, choice: Choice): Question {
  const prefix = `import { tasksIn } from '../state/store';\n\nexport function total${key}(tasks: Task[]) {\n  `;
  return {
    document: path.join('src', `total${key % 10}.ts`),
    text: { path: 'src/total.ts', prefix, lineRest: '', suffix: '}\n', neighbours: [] },
    choice,
    contextTokens: 768,
    nCompletions: 1,
    debounce: 0,
    showGate: 0,
  };
}

function mib(nBytes: number): number {
  return Math.round((nBytes / 2 ** 20) * 10) / 10;
}
