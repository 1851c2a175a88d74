// What is left when the extension host is restarted or dies in mid-request, and when there is no runtime for the machine.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle, statusBarId } from './names';
import { useWorkbench, type Window, withoutSuggestWidget } from './workbench';

const settings = { ...withoutSuggestWidget, 'residual.debounce': 0 };

async function typeAtSpot({ driver }: Window): Promise<void> {
  const { file, after, types } = sampleSpot;
  await driver.openFile(file);
  await driver.moveBehind(file, after);
  await driver.type(types);
}

describe('an extension host that ends', () => {
  const window = useWorkbench({ settings });
  const engines = () => window.pids('engine.js');

  async function oneEngineAnswers(): Promise<number> {
    await typeAtSpot(window);
    await window.driver.waitForGhostText();
    await window.driver.revert();
    const running = engines();
    assert.equal(running.length, 1, `${running.length} engines are running`);
    return running[0];
  }

  it('because the window is reloaded leaves no engine behind, and the next one completes', async function () {
    this.timeout(240_000);
    const { driver } = window;
    const old = await oneEngineAnswers();
    await driver.moveTo(5, 1);
    await driver.palette(commandTitle('residual.complete'));
    await driver.palette('Developer: Reload Window');
    await driver.until('the end of the engine', engines, pids => !pids.includes(old));
    await driver.page.waitForSelector('.monaco-workbench .part.statusbar');
    await driver.waitForStatusBar(statusBarId, text => text !== '');
    assert.notEqual(await oneEngineAnswers(), old);
  });

  it('because it is killed leaves no engine behind', async () => {
    const old = await oneEngineAnswers();
    await typeAtSpot(window);
    const [host] = window.pids('--type=extensionHost');
    process.kill(host, 'SIGKILL');
    await window.driver.until('the end of the engine', engines, pids => !pids.includes(old));
  });
});

/** The extension as it is, but on a machine whose runtime cannot be loaded. */
function withoutRuntime(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'no-runtime-'));
  for (const name of ['package.json', 'package.nls.json', 'dist/extension.js', 'dist/engine.js', 'media'])
    fs.cpSync(name, path.join(folder, name), { recursive: true });
  const runtime = path.join(folder, 'node_modules/onnxruntime-node');
  fs.mkdirSync(runtime, { recursive: true });
  fs.writeFileSync(path.join(runtime, 'index.js'), `throw new Error('libonnxruntime.so.1: cannot open');`);
  return folder;
}

describe('a machine without a model runtime', () => {
  let extension = '';
  const window = useWorkbench({ settings, extension: () => (extension = withoutRuntime()) });
  after(() => fs.rmSync(extension, { recursive: true, force: true, maxRetries: 5 }));

  it('is told so once, and everything else goes on', async () => {
    const { driver } = window;
    await typeAtSpot(window);
    const messages = await driver.waitForToast('Residual cannot run its models on this machine');
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], /libonnxruntime.*Linux with glibc/s);
    await driver.dismissToasts();
    const engines = window.pids('engine.js');
    assert.equal(engines.length, 1);

    await driver.revert();
    await typeAtSpot(window);
    await driver.staysWithoutGhostText(1000);
    assert.deepEqual(await driver.toasts(), []);
    assert.deepEqual(window.pids('engine.js'), engines);
    await driver.palette(commandTitle('residual.copyDiagnostics'));
    await driver.waitForToast('Diagnostics are on the clipboard');
    await driver.clickStatusBar(statusBarId);
    assert.notEqual((await driver.quickPickRows()).length, 0);
    await driver.press('Escape');
    await driver.revert();
  });
});
