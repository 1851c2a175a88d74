/** The real child process: starting, answering, crashing, stopping, and what a caller sees of each. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EngineGone, isAbortError, UserError } from '../../src/core/errors';
import { EngineClient, type EngineClientOptions, type EngineState } from '../../src/host/engineClient';
import { startEngine } from '../../src/host/engineProcess';
import type { CompleteRequest } from '../../src/protocol/messages';
import { DELTA, never } from './support/fixtures';

const ENGINE = path.resolve('dist/engine.js');
const TINY = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };
const MODULE = { id: 'tiny', dir: path.join(DELTA, 'modules/tiny') };
const WARM = { proposal: TINY, modules: [] };

const REQUEST: CompleteRequest = {
  proposal: TINY,
  modules: [{ ...MODULE, strength: 0.5 }],
  text: { path: 'src/a.ts', prefix: 'const secretName = ', lineRest: '', suffix: 'foo();\n', neighbours: [] },
  sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
  extent: 'block',
  maxTokens: 12,
  contextTokens: 200,
  nCompletions: 1,
};

describe('the engine process', () => {
  const clients: EngineClient[] = [];
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'residual-process-'));

  function open(options: Partial<EngineClientOptions> = {}) {
    const client = new EngineClient({ script: ENGINE, modelsDir: DELTA, ...options });
    clients.push(client);
    const states: EngineState[] = [];
    client.onDidChangeState(state => states.push(state));
    return { client, states };
  }

  const reached = (client: EngineClient, wanted: EngineState) =>
    new Promise<void>(resolve => {
      if (client.state === wanted) return resolve();
      const listening = client.onDidChangeState(state => {
        if (state !== wanted) return;
        listening.dispose();
        resolve();
      });
    });

  /** A program in the engine's place. */
  function program(source: string): string {
    const file = path.join(scratch, `program${clients.length}.cjs`);
    writeFileSync(file, source);
    return file;
  }

  afterEach(() => {
    for (const client of clients.splice(0)) client.dispose();
  });
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  it('starts when it is first needed', async () => {
    const { client, states } = open();
    assert.equal(client.state, 'idle');
    assert.equal(client.pid, undefined);
    await client.call('warm', WARM, never);
    assert.deepEqual(states, ['starting', 'ready']);
    const status = await client.call('status', null, never);
    assert.deepEqual(
      status.loaded.map(({ id, kind }) => `${kind} ${id}`),
      ['proposal tiny'],
    );
    assert.ok(status.rssBytes > 0);
  });

  it('completes, and gives the same again after a restart', async () => {
    const texts: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { client } = open();
      const result = await client.call('complete', REQUEST, never);
      assert.equal(result.completions[0].tokens.length > 0, true);
      texts.push(result.completions[0].text);
      client.dispose();
    }
    assert.equal(texts[0], texts[1]);
  });

  it('streams the text while it grows', async () => {
    const { client } = open();
    const heard: string[] = [];
    await client.stream('complete', REQUEST, ({ text }) => heard.push(text), never);
    assert.ok(heard.length > 0);
    for (let i = 1; i < heard.length; i++) assert.ok(heard[i].startsWith(heard[i - 1]));
  });

  it('reuses what it has when one more character was typed', async () => {
    const { client } = open();
    const first = await client.call('complete', REQUEST, never);
    const typed = { ...REQUEST, text: { ...REQUEST.text, prefix: `${REQUEST.text.prefix}(` } };
    const second = await client.call('complete', typed, never);
    assert.ok(first.nPrefilled > 10);
    assert.ok(second.nPrefilled <= 3, `${second.nPrefilled} tokens were evaluated`);
    assert.ok(second.nCached >= first.nPrefilled - 2);
  });

  it('carries what a person can fix, and goes on', async () => {
    const { client } = open();
    const missing = { ...WARM, proposal: { id: 'gone', dir: path.join(DELTA, 'gone') } };
    await assert.rejects(
      client.call('warm', missing, never),
      (error: unknown) =>
        error instanceof UserError && error.code === 'model-file-missing' && error.message.includes('"gone"'),
    );
    await client.call('warm', WARM, never);
  });

  it('cancels, and goes on', async () => {
    const { client } = open();
    await client.call('warm', WARM, never);
    const controller = new AbortController();
    const cancelled = client.stream('complete', REQUEST, () => controller.abort(), controller.signal);
    await assert.rejects(cancelled, isAbortError);
    assert.ok((await client.call('complete', REQUEST, never)).completions.length > 0);
  });

  it('killed in the middle of a request: a completion is answered by a new process, anything else rejects', async function () {
    if (process.platform === 'win32') return this.skip(); // which cannot freeze a process
    const { client, states } = open();
    await client.call('warm', WARM, never);
    for (let i = 0; i < 3; i++) {
      const pid = client.pid ?? assert.fail('not running');
      // A stopped process has taken the request and cannot answer it.
      process.kill(pid, 'SIGSTOP');
      const status = client.call('status', null, never);
      const completion = client.call('complete', REQUEST, never);
      process.kill(pid, 'SIGKILL');
      await assert.rejects(status, EngineGone);
      assert.ok((await completion).completions.length > 0);
      assert.notEqual(client.pid, pid);
    }
    assert.equal(states.filter(state => state === 'ready').length, 4);
  });

  it('killed while idle: the next request is answered', async () => {
    const { client } = open();
    await client.call('warm', WARM, never);
    const failed = reached(client, 'failed');
    process.kill(client.pid ?? assert.fail('not running'), 'SIGKILL');
    await failed;
    await client.call('warm', WARM, never);
  });

  it('that keeps crashing is started again at once, then after longer and longer pauses', async () => {
    let nowMs = 1000;
    const { client, states } = open({ script: program('process.exit(3)'), now: () => nowMs });
    const nStarts = () => states.filter(state => state === 'starting').length;
    const crash = async () => {
      const before = nStarts();
      await assert.rejects(client.call('status', null, never), EngineGone);
      assert.equal(nStarts(), before + 1);
    };
    await crash();
    await crash();
    for (const pauseMs of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      nowMs += pauseMs - 1;
      const before = nStarts();
      await assert.rejects(client.call('status', null, never), /starts again in 1 s/);
      assert.equal(nStarts(), before);
      nowMs += 1;
      await crash();
    }
  });

  it('is starting until what it was started for is answered, or no longer wanted', async () => {
    const { client } = open();
    const seen: string[] = [];
    await client.stream('complete', REQUEST, () => seen.push(client.state), never);
    assert.deepEqual(new Set(seen), new Set(['starting']));
    assert.equal(client.state, 'ready');

    const other = open().client;
    const controller = new AbortController();
    const ready = reached(other, 'ready');
    await assert.rejects(
      other.stream('complete', REQUEST, () => controller.abort(), controller.signal),
      isAbortError,
    );
    await ready;
  });

  it('stops after being idle, and starts again', async () => {
    const { client, states } = open({ idleMs: 1 });
    await client.call('warm', WARM, never);
    await reached(client, 'stopped');
    assert.equal(client.pid, undefined);
    await client.call('warm', WARM, never);
    await reached(client, 'stopped');
    assert.deepEqual(states, ['starting', 'ready', 'stopped', 'starting', 'ready', 'stopped']);
  });

  it('lets go of its models when a completion is over, however it ends', async () => {
    const { client } = open();
    await client.call('complete', REQUEST, never);
    const controller = new AbortController();
    await assert.rejects(
      client.stream('complete', REQUEST, () => controller.abort(), controller.signal),
      isAbortError,
    );
    await client.call('complete', REQUEST, never);
    client.setLimits({ threads: 1, memoryMiB: 0.1 });
    assert.deepEqual((await client.call('status', null, never)).loaded, []);
  });

  it('takes new limits while it runs, and after a restart', async () => {
    const { client } = open({ limits: { threads: 1, memoryMiB: 100 } });
    await client.call('warm', WARM, never);
    client.setLimits({ threads: 1, memoryMiB: 0.1 });
    const isTooLarge = (error: unknown) => error instanceof UserError && error.code === 'memory-limit';
    await assert.rejects(client.call('warm', WARM, never), isTooLarge);
    const failed = reached(client, 'failed');
    process.kill(client.pid ?? assert.fail('not running'), 'SIGKILL');
    await failed;
    await assert.rejects(client.call('warm', WARM, never), isTooLarge);
  });

  it('rejects what is pending when it is disposed, and everything later', async () => {
    const { client } = open();
    const pending = client.call('warm', WARM, never);
    client.dispose();
    await assert.rejects(pending, EngineGone);
    await assert.rejects(client.call('warm', WARM, never), EngineGone);
    assert.equal(client.state, 'stopped');
  });

  it('that cannot be started at all rejects and says why in the log', async () => {
    const log: string[] = [];
    const { client } = open({ execPath: path.join(scratch, 'no-such-program'), onLog: line => log.push(line) });
    const failed = reached(client, 'failed');
    await assert.rejects(client.call('status', null, never), EngineGone);
    await failed;
    await assert.rejects(client.call('status', null, never), EngineGone);
    assert.match(log.join('\n'), /ENOENT/);
  });

  it('logs what it prints, line by line, and never the text it completes', async () => {
    const source = `process.stdout.write('one\\ntw'); process.stderr.write('three'); process.stdout.write('o\\n');`;
    const printed = new Set<string>();
    // Output may arrive after the exit was noticed.
    const allPrinted = new Promise<void>(resolve => {
      const { client } = open({
        script: program(source),
        onLog: line => {
          printed.add(line);
          if (['one', 'two', 'three'].every(wanted => printed.has(wanted))) resolve();
        },
      });
      client.call('status', null, never).catch(() => {});
    });
    await allPrinted;

    const log: string[] = [];
    const real = open({ onLog: line => log.push(line) }).client;
    await real.call('complete', REQUEST, never);
    const stopped = reached(real, 'failed');
    process.kill(real.pid ?? assert.fail('not running'), 'SIGKILL');
    await stopped;
    assert.ok(!log.join('\n').includes('secretName'));
  });

  it('warns in the log when it ended by itself, and not when it was told to', async () => {
    let ended = (_level: string) => {};
    const { client } = open({ onLog: (line, level) => void (/^The engine ended/.test(line) && ended(level)) });
    const levelOf = async (end: () => void) => {
      await client.call('warm', WARM, never);
      const level = new Promise<string>(resolve => (ended = resolve));
      end();
      return level;
    };
    assert.equal(await levelOf(() => process.kill(client.pid ?? assert.fail('not running'), 'SIGKILL')), 'warn');
    assert.equal(await levelOf(() => client.dispose()), 'debug');
  });

  it('gets none of the editor’s environment', async () => {
    process.env.NODE_OPTIONS = '--no-such-option';
    try {
      await open().client.call('warm', WARM, never);
    } finally {
      delete process.env.NODE_OPTIONS;
    }
  });

  it('ends by itself when the host is gone', async () => {
    await new Promise<string>(resolve => {
      const files = { script: ENGINE, modelsDir: DELTA, execPath: process.execPath };
      const engine = startEngine(files, () => {}, resolve);
      engine.channel.destroy();
    });
  });

  it('ends when the host does not speak the protocol', async () => {
    const reason = await new Promise<string>(resolve => {
      const files = { script: ENGINE, modelsDir: DELTA, execPath: process.execPath };
      startEngine(files, () => {}, resolve)
        .channel.on('error', () => {})
        .write('GET / HTTP/1.1\r\n\r\n');
    });
    assert.equal(reason, 'exit code 0');
  });

  it('refuses to start without its folder of models', async () => {
    const log: string[] = [];
    const reason = await new Promise<string>(resolve => {
      const files = {
        script: program(`process.argv.length = 2; require(${JSON.stringify(ENGINE)});`),
        modelsDir: '',
        execPath: process.execPath,
      };
      startEngine(files, line => log.push(line), resolve).channel.on('error', () => {});
    });
    assert.equal(reason, 'exit code 2');
  });
});
