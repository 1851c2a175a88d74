// What a person without a marketplace has: our package and that of the model which comes with it, both installed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { boxedModel } from '../../../scripts/boxedModel.mjs';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { sizeOfFolder } from '../../../src/host/sizeOfFolder';
import { chatPanel } from '../ui/chatPanel';
import { commandTitle, statusBarId } from '../ui/names';
import { openSettingsPage } from '../ui/settingsPage';
import { useWorkbench, withoutSuggestWidget } from '../ui/workbench';

const BOX = boxedModel();
const PROPOSALS = path.join(BOX, 'proposals');
/** Of the engine without a model. */
const ENGINE_MIB = 250;

describe('both packages together', function () {
  this.timeout(240_000);
  const window = useWorkbench({
    settings: withoutSuggestWidget,
    models: () => [process.env.RESIDUAL_TEST_MODELS ?? BOX],
  });
  const chat = chatPanel(() => window.driver);
  const [id] = fs.readdirSync(PROPOSALS).filter(name => fs.existsSync(path.join(PROPOSALS, name, 'residual.json')));
  const engines = () => window.pids(path.join(window.installed, 'dist/engine.js'));

  const type = async () => {
    const { file, after, types } = sampleSpot;
    await window.driver.openFile(file);
    await window.driver.moveBehind(file, after);
    await window.driver.type(types);
  };
  const completes = async () => {
    await type();
    const ghost = await window.driver.waitForGhostText(undefined, 60_000);
    await window.driver.revert();
    return ghost;
  };

  it('complete, and say with what', async () => {
    assert.notEqual(await completes(), '');
    const page = await openSettingsPage(window);
    const card = page.find(`[data-proposal="${id}"]`);
    const { displayName } = JSON.parse(fs.readFileSync(path.join(BOX, 'package.json'), 'utf8'));
    await card.getByText(`From the extension ${displayName}`).waitFor();
    await window.driver.palette('View: Close Editor');
  });

  it('take no more memory than half as much again as the model', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.copyDiagnostics'));
    await driver.waitForToast('Diagnostics are on the clipboard');
    const text = await driver.page.evaluate<string>('navigator.clipboard.readText()');
    const [, mib] = /Engine ready, (\d+) MiB/.exec(text) ?? assert.fail(text);
    const modelMiB = (await sizeOfFolder(path.join(PROPOSALS, id))) / 2 ** 20;
    assert.ok(Number(mib) <= ENGINE_MIB + 1.5 * modelMiB, `${mib} MiB for a model of ${modelMiB}`);
    await driver.dismissToasts();
  });

  it('go on after the engine was killed in the middle', async () => {
    const [old] = engines();
    await type();
    process.kill(old, 'SIGKILL');
    await window.driver.revert();
    assert.notEqual(await completes(), '');
    assert.ok(!engines().includes(old));
  });

  it('count a workspace, are aligned by it, and are not any more', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.buildInstantModule'));
    await driver.waitForToast('The instant module is built', 60_000);
    await driver.page.locator('.notification-toast .monaco-button', { hasText: 'Use It Here' }).click();
    await driver.waitForStatusBar(statusBarId, text => text.includes('Instant: this workspace'), 60_000);
    assert.notEqual(await completes(), '');
    await driver.palette(commandTitle('residual.switchModule'));
    await driver.quickPick('None');
    await driver.waitForStatusBar(statusBarId, text => !text.includes('Instant'));
  });

  it('answer in the chat', async () => {
    await chat.open();
    await chat.ask('A function that adds two numbers');
    await (await chat.frame())
      .locator('.turn')
      .last()
      .locator('.answer[aria-busy=false]')
      .waitFor({ timeout: 180_000 });
    assert.notEqual(await chat.answer(), '');
  });
});
