/** A thousand keystrokes, with a hundred kills of the engine and with none: every one is answered, and nothing is left. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import path from 'node:path';
import { type TypingReport, typeThrough } from '../../src/cli/typing';
import { runCompletion } from '../../src/engine/completion';
import { ModelPool } from '../../src/engine/modelPool';
import type { Question } from '../../src/host/completer';
import { requestOf } from '../../src/host/completer';
import { DELTA } from './support/fixtures';

const N_KEYS = 1000;
const N_KILLS = 100;
const MIB = 2 ** 20;

const proposal = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };
const moduleAt = (id: string) => ({ id, dir: path.join(DELTA, 'modules', id), strength: 0.5 });

const question = (key: number, modules = [moduleAt('tiny')]): Question => ({
  document: 'a.ts',
  text: { path: 'a.ts', prefix: `const value${key} = `, lineRest: '', suffix: 'foo();\n', neighbours: [] },
  choice: { proposal, modules, titles: [] },
  contextTokens: 100,
  nCompletions: 1,
  debounce: 0,
  showGate: 0,
});

const type = (nKills: number) =>
  typeThrough(
    { script: path.resolve('dist/engine.js'), modelsDir: DELTA },
    { nKeys: N_KEYS, nKills, maxTokens: 6, question },
  );

function everyKeyWasAnswered({ lost, nHung, nAnswers, left, host }: TypingReport): void {
  assert.deepEqual(lost, []);
  assert.equal(nHung, 0);
  assert.ok(nAnswers >= N_KEYS, `${nAnswers} answers`);
  assert.deepEqual(left, { nCalls: 0, nListeners: 0 });
  const grownMiB = (host.end.heapBytes - host.settled.heapBytes) / MIB;
  // A request that stays, with its answer and its promises, costs 10 kB and more: a thousand of them are seen.
  assert.ok(grownMiB < 8, `${grownMiB.toFixed(1)} MiB more are in use`);
}

describe(`${N_KEYS} keystrokes`, function () {
  this.timeout(600_000);
  let resources: string[] = [];
  const openNow = () =>
    process
      .getActiveResourcesInfo()
      .filter(kind => !/Timeout|Immediate/.test(kind))
      .sort();

  beforeEach(() => {
    resources = openNow();
  });

  /** Waits for what ends a moment after it was told to. */
  async function nothingIsLeft({ pids }: TypingReport): Promise<void> {
    const left = () => ({ processes: [...pids].filter(isRunning), resources: withoutEach(openNow(), resources) });
    for (let i = 0; i < 100 && (left().processes.length > 0 || left().resources.length > 0); i++)
      await new Promise(resolve => setTimeout(resolve, 50));
    assert.deepEqual(left(), { processes: [], resources: [] });
  }

  it(`lose none in ${N_KILLS} kills`, async () => {
    const report = await type(N_KILLS);
    everyKeyWasAnswered(report);
    assert.equal(report.nKilled, N_KILLS);
    assert.ok(report.pids.size >= N_KILLS, `${report.pids.size} engines`);
    await nothingIsLeft(report);
    console.log(`      ${report.pids.size} engines; host ${changes(report.host.settled, report.host.end)}`);
  });

  it('leave one engine as it was, when nobody kills it', async () => {
    const report = await type(0);
    everyKeyWasAnswered(report);
    assert.equal(report.pids.size, 1);
    const { settled, end } = report.engine ?? assert.fail('the engine was not measured');
    assert.equal(end.nFiles, settled.nFiles, 'files that the engine holds open');
    await nothingIsLeft(report);
    console.log(`      host ${changes(report.host.settled, report.host.end)}; engine ${changes(settled, end)}`);
  });
});

describe('requests in one engine', () => {
  it('share one warm sequence a model, whatever modules they use, and leave no listener behind', async function () {
    this.timeout(120_000);
    const pool = new ModelPool({
      modelsDir: DELTA,
      limits: { threads: 1, memoryMiB: 100 },
      loadNgram: () => assert.fail('No n-gram is loaded here.'),
    });
    // One for all requests, so that a listener that stays is seen.
    const { signal } = new AbortController();
    const sequences = new Set<unknown>();
    const choices = [[], [moduleAt('tiny')], [moduleAt('other')], [moduleAt('tiny'), moduleAt('other')]];
    for (let key = 0; key < 200; key++) {
      const request = { ...requestOf(question(key, choices[key % choices.length])), maxTokens: 2 };
      const lease = await pool.acquire(request, 'completion', signal);
      for (const model of [lease.proposal, ...lease.modules]) sequences.add(model.sequence);
      await runCompletion(lease, request, { giveWay: async () => {}, isInTheWay: () => false }, () => {}, signal);
      lease.release();
    }
    assert.equal(sequences.size, 3, 'one for the proposal and one for each of two modules');
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await pool.close();
  });
});

/** What was open before may have ended meanwhile: only what was added counts. */
function withoutEach(all: readonly string[], some: readonly string[]): string[] {
  const rest = [...all];
  for (const one of some) if (rest.includes(one)) rest.splice(rest.indexOf(one), 1);
  return rest;
}

function changes(from: { rssBytes: number }, to: { rssBytes: number }): string {
  return `${(from.rssBytes / MIB).toFixed(1)} → ${(to.rssBytes / MIB).toFixed(1)} MiB`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
