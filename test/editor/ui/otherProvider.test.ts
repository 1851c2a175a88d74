// Another extension that writes ghost text, in a real window: said once, with a way out that is taken by a click.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const SETTING = 'continue.enableTabAutocomplete';

/** An extension by the name of one that completes, with its switch and nothing else. */
function otherProvider(folder: string): string {
  const properties = { [SETTING]: { type: 'boolean', default: true } };
  const manifest = {
    ...{ publisher: 'Continue', name: 'continue', displayName: 'Continue', version: '1.0.0' },
    ...{ engines: { vscode: '^1.104.0' }, main: 'main.js', activationEvents: ['*'] },
    contributes: { configuration: { title: 'Continue', properties } },
  };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  fs.writeFileSync(path.join(folder, 'main.js'), 'exports.activate = () => {};');
  return folder;
}

describe('another provider of ghost text', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'other-provider-'));
  const window = useWorkbench({ settings: withoutSuggestWidget, others: () => [otherProvider(folder)] });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  const suggest = async () => {
    const { driver } = window;
    const { file, after, types } = sampleSpot;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.waitForGhostText();
  };

  it('is no reason for a message before anything is suggested', async () => {
    await window.driver.openFile('README.md');
    assert.deepEqual(await window.driver.toasts(), []);
  });

  it('is spoken of with the first suggestion, and is switched off by a click', async () => {
    const { driver } = window;
    await suggest();
    await driver.waitForToast('Continue also suggests code as you type');
    await driver.page.locator('.notification-toast').getByRole('button', { name: 'Turn Off Its Completions' }).click();
    const file = path.join(window.profile, 'user/User/settings.json');
    await driver.until(
      'its switch',
      // Not yet whole while it is written.
      () => fs.readFileSync(file, 'utf8'),
      text => text.trimEnd().endsWith('}') && JSON.parse(text)[SETTING] === false,
    );
    await driver.revert();
  });

  it('is not spoken of again, even when it is back on', async () => {
    const { driver } = window;
    window.write('.vscode/settings.json', JSON.stringify({ [SETTING]: true }));
    await driver.palette('Developer: Reload Window');
    await driver.page.waitForSelector('.monaco-workbench .part.statusbar');
    await suggest();
    // Messages come in the order in which they were asked for.
    await driver.palette(commandTitle('residual.copyDiagnostics'));
    const said = await driver.waitForToast('Diagnostics are on the clipboard');
    assert.equal(said.length, 1, said.join('\n'));
    await driver.revert();
  });
});
