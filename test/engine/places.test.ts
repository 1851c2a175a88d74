/** Where the engine lies and who started it: folders with any name, and a host that dies in mid-request. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EngineClient } from '../../src/host/engineClient';
import type { CompleteRequest } from '../../src/protocol/messages';
import { DELTA, never } from './support/fixtures';

const ENGINE = path.resolve('dist/engine.js');

function request(modelsDir: string, maxTokens = 12): CompleteRequest {
  return {
    proposal: { id: 'tiny', dir: path.join(modelsDir, 'proposals/tiny') },
    modules: [{ id: 'tiny', dir: path.join(modelsDir, 'modules/tiny'), strength: 0.5 }],
    text: { path: 'src/a.ts', prefix: 'const größe = ', lineRest: '', suffix: 'foo();\n', neighbours: [] },
    sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
    extent: 'block',
    maxTokens,
    contextTokens: 200,
    nCompletions: 1,
  };
}

async function answerOf(
  script: string,
  modelsDir: string,
  { proposal, modules }: Pick<CompleteRequest, 'proposal' | 'modules'> = request(modelsDir),
): Promise<string> {
  const client = new EngineClient({ script, modelsDir });
  try {
    const { completions } = await client.call('complete', { ...request(modelsDir), proposal, modules }, never);
    assert.ok(completions[0].tokens.length > 0);
    return completions[0].text;
  } finally {
    client.dispose();
  }
}

describe('the engine', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'residual-places-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  for (const name of ['with spaces', 'Мои расширения', '拡張 ñ & co [1]{a} #50%25', "it's; $HOME `x`"]) {
    it(`answers from a folder called ${name}`, async () => {
      const folder = path.join(scratch, name);
      mkdirSync(path.join(folder, 'dist'), { recursive: true });
      copyFileSync(ENGINE, path.join(folder, 'dist/engine.js'));
      symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'), 'junction');
      cpSync(DELTA, path.join(folder, 'models'), { recursive: true });
      const expected = await answerOf(ENGINE, DELTA);
      assert.equal(await answerOf(path.join(folder, 'dist/engine.js'), path.join(folder, 'models')), expected);
    });
  }

  it('finds what a module needs beside it or beside its proposal', async () => {
    const expected = await answerOf(ENGINE, DELTA);
    const own = path.join(scratch, 'own');
    cpSync(path.join(DELTA, 'modules/tiny'), path.join(own, 'modules/tiny'), { recursive: true });
    cpSync(path.join(DELTA, 'proposals/tiny'), path.join(own, 'proposals/tiny'), { recursive: true });
    const { proposal, modules } = request(DELTA);
    const mine = request(own);
    assert.equal(await answerOf(ENGINE, scratch, { proposal, modules }), expected);
    assert.equal(await answerOf(ENGINE, scratch, { proposal, modules: mine.modules }), expected);
    assert.equal(await answerOf(ENGINE, scratch, { proposal: mine.proposal, modules }), expected);
    await assert.rejects(answerOf(ENGINE, scratch, mine), /which this version of Residual does not have/);
  });

  it('ends when the process that started it is killed in mid-request', async () => {
    const host = path.join(scratch, 'host.cjs');
    const long = JSON.stringify({ kind: 'request', id: 1, method: 'complete', params: request(DELTA, 128) });
    writeFileSync(
      host,
      `const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify([ENGINE, '--models', DELTA])}, {
  stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
});
const text = Buffer.from(${JSON.stringify(long)});
const head = Buffer.alloc(4);
head.writeUInt32BE(text.length);
child.stdio[3].write(Buffer.concat([head, text]));
child.stdio[3].once('data', () => console.log(child.pid));
`,
    );
    const starter = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise<string>(resolve => starter.stdout.once('data', data => resolve(`${data}`))));
    assert.ok(isRunning(pid));
    starter.kill('SIGKILL');
    for (let i = 0; i < 200 && isRunning(pid); i++) await new Promise(resolve => setTimeout(resolve, 50));
    assert.ok(!isRunning(pid), 'the engine lives on');
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
