// A workspace of several folders: each has its own modules, and a switch is stored in the folder it was made in.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copyOfSample, sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const [first, second, third = { id: '', title: 'None' }] = shippedModules();

function twoFolders(): string {
  const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'two-'));
  for (const [folder, { id }] of [
    ['one', first],
    ['two', second],
  ] as const) {
    copyOfSample(path.join(workspace, folder));
    fs.mkdirSync(path.join(workspace, folder, '.vscode'));
    fs.writeFileSync(
      path.join(workspace, folder, '.vscode/settings.json'),
      JSON.stringify({ 'residual.modules': [{ id }] }),
    );
  }
  const file = path.join(workspace, 'both.code-workspace');
  fs.writeFileSync(file, JSON.stringify({ folders: [{ path: 'one' }, { path: 'two' }] }));
  return file;
}

describe('a workspace of several folders', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget, makeWorkspace: twoFolders });
  const modulesOf = (folder: string) => JSON.parse(window.read(`${folder}/.vscode/settings.json`))['residual.modules'];

  async function completesWith(folder: string, title: string): Promise<void> {
    const { file, after, types } = sampleSpot;
    await window.driver.openFile(`${folder}/${file}`);
    await window.driver.moveBehind(`${folder}/${file}`, after);
    await window.driver.type(types);
    assert.notEqual(await window.driver.waitForGhostText(), '');
    await window.driver.waitForStatusBar(statusBarId, text => text.includes(title));
    await window.driver.revert();
  }

  before(() => window.driver.waitForStatusBar(statusBarId, text => text !== ''));

  it('completes in each folder with that folder’s modules', async () => {
    await completesWith('one', first.title);
    await completesWith('two', second.title);
  });

  it('stores a switch in the folder of the file, and leaves the other as it is', async () => {
    const { driver } = window;
    await driver.openFile(`two/${sampleSpot.file}`);
    const both = window.read('both.code-workspace');
    await driver.palette(commandTitle('residual.switchModule'));
    await driver.quickPick(third.title);
    await driver.until(
      'the setting',
      () => modulesOf('two'),
      modules => (modules[0]?.id ?? '') === third.id,
    );
    assert.deepEqual(modulesOf('one'), [{ id: first.id }]);
    assert.equal(window.read('both.code-workspace'), both);
  });
});
