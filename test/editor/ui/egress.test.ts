// Nothing opens a network connection: VS Code's server and all that it starts run where there is no network, and every
// window of these tests is asked at its end what was tried. Here the proof itself is proven, by what does try.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copyOfSample, sampleSpot } from '../../../scripts/sample.mjs';
import { type Attempts, countAttempts, isolation } from '../../../scripts/workbench/isolation.mjs';
import { openWorkbench, reachedOut } from '../../../scripts/workbench/open.mjs';
import { statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

/** Addresses that documents may use and nobody has. */
const attemptsToLeave = {
  'a TCP connection': `require('net').connect(443, '192.0.2.1').on('error', () => {})`,
  'a TCP connection over IPv6': `require('net').connect(443, '2001:db8::1').on('error', () => {})`,
  'a UDP packet': `require('dgram').createSocket('udp4').unref().send('x', 53, '192.0.2.1', () => {})`,
  'a UDP packet over IPv6': `require('dgram').createSocket('udp6').unref().send('x', 53, '2001:db8::1', () => {})`,
  'a name to look up': `require('dns').lookup('example.com', () => {})`,
  'a web page to fetch': `fetch('https://example.com').catch(() => {})`,
};

function skipWithoutIsolation(this: Mocha.Context): void {
  const prefix = isolation();
  if (Array.isArray(prefix)) return;
  console.log(`      NOT PROVEN on this machine: that nothing opens a network connection (${prefix.reason}).`);
  this.skip();
}

/** Runs JavaScript in isolation and counts, like a window, after its end. */
async function attemptsOf(code: string): Promise<Attempts> {
  const [command, ...args] = [...(isolation() as string[]), process.execPath];
  // It waits for a word, so that it is still there when its counters are opened.
  const child = spawn(command, [
    ...args,
    '-e',
    `console.log(1); process.stdin.once('data', () => { ${code}; process.stdin.unref() })`,
  ]);
  await new Promise(resolve => child.stdout.once('data', resolve));
  const counter = countAttempts(child.pid!);
  child.stdin.write('go');
  await new Promise(resolve => child.once('close', resolve));
  const attempts = counter.attempts();
  counter.close();
  return attempts;
}

describe('the count of attempts to reach the network', () => {
  before(skipWithoutIsolation);

  it('stays at nought for a process that attempts nothing', async () => {
    assert.deepEqual(await attemptsOf('1 + 1'), { outside: 0, loopback: 0 });
  });

  for (const [attempt, code] of Object.entries(attemptsToLeave)) {
    it(`sees ${attempt}`, async () => {
      const { outside, loopback } = await attemptsOf(code);
      // A machine may have its name server on the loopback interface.
      assert.ok(outside + loopback > 0, 'nothing was counted');
    });
  }

  it('sees a connection on the loopback interface', async () => {
    const { loopback } = await attemptsOf(`require('net').connect(80, '127.0.0.1').on('error', () => {})`);
    assert.ok(loopback > 0, 'nothing was counted');
  });
});

/** An extension that opens two connections as it starts: one itself, one from a process that it starts, like the engine. */
function extensionThatCallsHome(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'calls-home-'));
  const call = attemptsToLeave['a TCP connection'];
  const fromChild = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(call)}])`;
  const identity = { publisher: 'test', name: 'calls-home', version: '1.0.0', engines: { vscode: '^1.104.0' } };
  const manifest = { ...identity, main: 'main.js', activationEvents: ['*'] };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  fs.writeFileSync(path.join(folder, 'main.js'), `exports.activate = () => { ${call}; ${fromChild} }`);
  return folder;
}

describe('a window whose extension calls home', () => {
  before(skipWithoutIsolation);

  it('is caught, both in the extension host and in a process that it starts', async () => {
    const workspace = copyOfSample();
    const extension = extensionThatCallsHome();
    const window = await openWorkbench({ workspace, extension, isolated: true });
    try {
      const outside = () => window.server.attempts()?.outside;
      await window.driver.until('the attempts', outside, count => count === 2, 60_000);
    } finally {
      await window.close();
      for (const folder of [workspace, extension]) fs.rmSync(folder, { recursive: true, force: true });
    }
    assert.match(reachedOut(window).join('\n'), /tried 2 times to leave the machine/);
  });
});

describe('a window that completes', () => {
  before(skipWithoutIsolation);
  const window = useWorkbench({ settings: withoutSuggestWidget });

  it('has all of its processes, the engine among them, where no network is', async () => {
    const { driver } = window;
    await driver.waitForStatusBar(statusBarId, text => text !== '');
    await driver.openFile(sampleSpot.file);
    await driver.moveBehind(sampleSpot.file, sampleSpot.after);
    await driver.type(sampleSpot.types);
    assert.notEqual(await driver.waitForGhostText(), '');
    const namespaceOf = (pid: number | 'self') => fs.readlinkSync(`/proc/${pid}/ns/net`);
    const [server] = window.pids('server-main.js');
    assert.notEqual(namespaceOf(server), namespaceOf('self'));
    for (const name of ['--type=extensionHost', 'engine.js']) {
      const pids = window.pids(name);
      assert.equal(pids.length, 1, `${pids.length} processes of ${name}`);
      assert.equal(namespaceOf(pids[0]), namespaceOf(server), name);
    }
    await driver.revert();
  });

  it('leaves nothing by which a runtime would know the machine again', () => {
    const written = fs.readdirSync(window.profile, { recursive: true, encoding: 'utf8' });
    // ONNX Runtime writes them as it starts and uploads seconds later, when a short window is closed already.
    assert.deepEqual(
      written.filter(file => /\.onnxruntime\/|\.ses$/.test(file)),
      [],
    );
  });
});
