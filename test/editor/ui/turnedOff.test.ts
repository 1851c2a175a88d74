// Off means off: no ghost text while the setting says so, or while a person has paused it.
import assert from 'node:assert/strict';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle, statusBarId, tells } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('turned off', () => {
  const window = useWorkbench({ settings: { 'residual.enable': false, ...withoutSuggestWidget } });
  const { file, after, types } = sampleSpot;

  async function typeAtSpot() {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
  }

  afterEach(() => window.driver.revert());

  it('by the setting, there is no ghost text and no engine', async () => {
    await window.driver.waitForStatusLabel(statusBarId, tells('off'));
    await typeAtSpot();
    await window.driver.staysWithoutGhostText(5_000);
    assert.deepEqual(window.pids('engine.js'), []);
  });

  it('and on again, there is ghost text at once, until it is paused', async () => {
    const { driver } = window;
    window.write('.vscode/settings.json', '{ "residual.enable": true }');
    await driver.waitForStatusLabel(statusBarId, label => !tells('off')(label));
    await typeAtSpot();
    await driver.waitForGhostText();
    await driver.palette(commandTitle('residual.pause'));
    await driver.quickPick('In This Window');
    await driver.waitForStatusLabel(statusBarId, tells('paused'));
    await driver.press('Escape');
    await driver.type('s');
    await driver.staysWithoutGhostText(3_000);
  });
});
