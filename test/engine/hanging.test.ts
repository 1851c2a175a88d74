/** An engine that is alive but says nothing is ended and replaced; one that is slow, or blocked as announced, is not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EngineGone, isAbortError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import type { CompleteRequest, EnginePulse } from '../../src/protocol/messages';
import { fakeEngine } from './support/fakeEngine';
import { DELTA, never } from './support/fixtures';

const WARM = { proposal: { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') }, modules: [] };
const REQUEST = { ...WARM, text: {} } as unknown as CompleteRequest;
/** Long enough for a process to start on a busy machine. */
const PATIENCE_MS = 1500;

describe('an engine that hangs', () => {
  const folders: string[] = [];
  const clients: EngineClient[] = [];
  const log: string[] = [];
  /** Starting is given its time; then a test may lower the patience. */
  let watch: { tickMs: number; patienceMs: number };

  function open(behaviour: string, patienceMs = PATIENCE_MS): EngineClient {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-hang-'));
    folders.push(dir);
    return openScript(fakeEngine(dir, behaviour), patienceMs);
  }

  function openScript(script: string, patienceMs: number): EngineClient {
    watch = { tickMs: 20, patienceMs };
    const client = new EngineClient({ script, modelsDir: DELTA, watch, onLog: line => log.push(line) });
    clients.push(client);
    return client;
  }

  afterEach(() => {
    log.length = 0;
    for (const client of clients.splice(0)) client.dispose();
    for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('frozen with a request in hand: a new process answers it', async function () {
    if (process.platform === 'win32') return this.skip(); // which cannot freeze a process
    const client = openScript(path.resolve('dist/engine.js'), 60_000);
    await client.call('warm', WARM, never);
    const pid = client.pid ?? assert.fail('not running');
    process.kill(pid, 'SIGSTOP');
    const warm = client.call('warm', WARM, never);
    watch.patienceMs = PATIENCE_MS;
    await new Promise<void>(resolve => {
      const ended = client.onDidChangeState(state => {
        if (state !== 'failed') return;
        ended.dispose();
        watch.patienceMs = 60_000;
        resolve();
      });
    });
    await warm;
    assert.notEqual(client.pid, pid);
    assert.throws(() => process.kill(pid, 0), /ESRCH/, 'the frozen process is gone');
    assert.match(log.join('\n'), /said nothing for/);
  });

  it('that never answers is replaced, and the completion asked for again', async () => {
    const client = open(`if (method !== 'complete' || life > 1) answer({ life });`);
    const result: unknown = await client.call('complete', REQUEST, never);
    assert.deepEqual(result, { life: 2 });
  });

  it('that never answers at all: the call rejects after a second try, and the engine is not started in a loop', async () => {
    const client = open('');
    let nStarts = 0;
    client.onDidChangeState(state => void (state === 'starting' && nStarts++));
    await assert.rejects(client.call('complete', REQUEST, never), EngineGone);
    assert.equal(nStarts, 2);
    assert.equal(client.pid, undefined);
  });

  it('is noticed although a person types on and no request waits for long', async () => {
    const client = open(`if (life > 1) answer({ life });`);
    for (let key = 0; client.state !== 'failed'; key++) {
      assert.ok(key < 10_000, 'it is never noticed');
      const controller = new AbortController();
      const asked = client.call('complete', REQUEST, controller.signal);
      setImmediate(() => controller.abort());
      await assert.rejects(asked, isAbortError);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    const result: unknown = await client.call('complete', REQUEST, never);
    assert.deepEqual(result, { life: 2 });
  });

  const alive: readonly (readonly [string, string])[] = [
    [
      'works for long and says so',
      `const beat = setInterval(() => pulse(0), 50); setTimeout(() => { clearInterval(beat); answer({ life }); }, ${2 * PATIENCE_MS});`,
    ],
    [
      'streams for long',
      `const word = setInterval(() => progress({ text: '' }), 50); setTimeout(() => { clearInterval(word); answer({ life }); }, ${2 * PATIENCE_MS});`,
    ],
    ['is blocked as it announced', `pulse(60_000); setTimeout(() => answer({ life }), ${2 * PATIENCE_MS});`],
  ];
  for (const [what, behaviour] of alive) {
    it(`is not one that ${what}`, async () => {
      const client = open(behaviour);
      const result: unknown = await client.call('complete', REQUEST, never);
      assert.deepEqual(result, { life: 1 });
    });
  }

  it('is not one that nobody asked anything', async () => {
    const client = open(`answer({ life });`);
    await client.call('status', null, never);
    await new Promise(resolve => setTimeout(resolve, 2 * PATIENCE_MS));
    assert.deepEqual(await client.call('status', null, never), { life: 1 });
  });

  it('would be told from one that loads: the real engine says how long its largest model may block it', async () => {
    const client = openScript(path.resolve('dist/engine.js'), 60_000);
    const pulses: EnginePulse[] = [];
    client.stream('pulse', null, pulse => pulses.push(pulse), never).catch(() => {});
    await client.call('warm', WARM, never);
    assert.equal(pulses[0].blockedMs, 0);
    assert.ok(pulses.length > 1 && pulses[pulses.length - 1].blockedMs > 0, JSON.stringify(pulses));
  });
});
