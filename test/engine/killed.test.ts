/** A thousand keystrokes during which the engine is killed a hundred times: every one is answered, and nothing is left. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isAbortError } from '../../src/core/errors';
import { clock } from '../../src/host/clock';
import { type Account, Completer, type Question } from '../../src/host/completer';
import { EngineClient } from '../../src/host/engineClient';
import { DELTA } from './support/fixtures';

const N_KEYS = 1000;
const N_KILLS = 100;

/** Bytes of this process's heap that are in use. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('an engine that is killed again and again', () => {
  it(`loses no keystroke of ${N_KEYS} in ${N_KILLS} kills`, async function () {
    this.timeout(600_000);
    const client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA });
    const pids = new Set<number>();
    let kill: ((phase: 'sent' | 'written') => void) | undefined;
    let nKilled = 0;
    const accounts: Account[] = [];
    const completer = new Completer(
      {
        complete: (request, onProgress, signal) => {
          const answer = client.stream(
            'complete',
            { ...request, maxTokens: 6 },
            progress => {
              kill?.('written');
              onProgress(progress);
            },
            signal,
          );
          if (client.pid !== undefined) pids.add(client.pid);
          kill?.('sent');
          return answer;
        },
      },
      account => accounts.push(account),
      clock,
    );

    const question = (key: number): Question => ({
      document: 'a.ts',
      text: { path: 'a.ts', prefix: `const value${key} = `, lineRest: '', suffix: 'foo();\n', neighbours: [] },
      choice: {
        proposal: { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') },
        modules: [{ id: 'tiny', dir: path.join(DELTA, 'modules/tiny'), strength: 0.5 }],
        titles: ['tiny'],
      },
      contextTokens: 100,
      nCompletions: 1,
      debounce: 0,
      showGate: 0,
    });

    /** In turn: frozen so that it cannot answer, as soon as it was asked, and while it writes. */
    const plan = (nth: number) => (phase: 'sent' | 'written') => {
      if (phase !== (nth % 3 === 2 ? 'written' : 'sent')) return;
      kill = undefined;
      const pid = client.pid ?? assert.fail('no engine to kill');
      if (nth % 3 === 0) process.kill(pid, 'SIGSTOP');
      process.kill(pid, 'SIGKILL');
      nKilled++;
    };

    let settledBytes = 0;
    const lost: string[] = [];
    for (let key = 0; key < N_KEYS; key++) {
      if (key % 10 === 5) kill = plan((key - 5) / 10);
      // Now and then another key follows at once and takes the request's place.
      if (key % 7 === 0) completer.complete(question(-key - 1), new AbortController().signal).catch(ignoreAbort);
      await completer.complete(question(key), new AbortController().signal).catch(error => {
        lost.push(`${key}: ${error}`);
      });
      if (key === N_KEYS / 5) settledBytes = heapBytes();
    }
    const grownMiB = (heapBytes() - settledBytes) / 2 ** 20;
    client.dispose();

    assert.deepEqual(lost, []);
    assert.equal(nKilled, N_KILLS);
    assert.ok(pids.size >= N_KILLS, `${pids.size} engines`);
    assert.equal(accounts.filter(account => account.source === 'engine' && account.nTokens > 0).length >= N_KEYS, true);
    assert.ok(grownMiB < 2, `${grownMiB.toFixed(1)} MiB more are in use`);
    await nothingLeft(pids);
    console.log(`      ${pids.size} engines, heap ${grownMiB.toFixed(2)} MiB larger after the last 800 keys`);
  });
});

/** Waits for what ends a moment after it was told to. */
async function nothingLeft(pids: ReadonlySet<number>): Promise<void> {
  const left = () => [
    ...[...pids].filter(isRunning).map(pid => `process ${pid}`),
    ...process.getActiveResourcesInfo().filter(kind => /Process|Pipe/.test(kind)),
  ];
  const atStart = 4; // standard input, output and error may be pipes
  for (let i = 0; i < 100 && left().length > atStart; i++) await new Promise(resolve => setTimeout(resolve, 50));
  assert.ok(left().length <= atStart, left().join(', '));
}

function ignoreAbort(error: unknown): void {
  if (!isAbortError(error)) throw error;
}
