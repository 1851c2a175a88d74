// What the status bar item tells of the file in the editor, and of what went wrong.
import assert from 'node:assert/strict';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { statusBarId, tells } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('the status bar item', () => {
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0, 'residual.proposal': 'no-such-model' },
  });
  const { file, after, types } = sampleSpot;
  const label = (accept: (label: string) => boolean) => window.driver.waitForStatusLabel(statusBarId, accept);

  it('tells of a model that is not there, and forgets it once the setting is mended', async () => {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await label(tells('error'));
    await driver.page.locator(`[id="${statusBarId}"]`).hover();
    await driver.page.locator('.monaco-hover:visible', { hasText: 'no proposal model "no-such-model"' }).waitFor();
    assert.equal((await driver.waitForToast('no-such-model')).length, 1);
    await driver.dismissToasts();
    window.write('.vscode/settings.json', '{ "residual.proposal": "auto" }');
    await label(text => !tells('error')(text));
    await driver.revert();
  });

  it('tells of each file whether completions are off there', async () => {
    const { driver } = window;
    window.write('secret.env.ts', 'export const a = 1;\n');
    window.write('.vscode/settings.json', '{ "residual.proposal": "auto", "residual.exclude": { "*.env.ts": true } }');
    for (const [name, state] of [
      ['README.md', 'off in this language'],
      ['secret.env.ts', 'off in this file'],
      [file, 'ready'],
    ]) {
      await driver.openFile(name);
      await label(tells(state));
    }
  });

  it('leads from where completions are off to the setting that says so', async () => {
    const { driver } = window;
    await driver.openFile('README.md');
    await label(tells('off in this language'));
    await driver.page.locator(`[id="${statusBarId}"]`).hover();
    await driver.page.locator('.monaco-hover:visible a', { hasText: 'Switch on' }).click();
    await driver.page.locator('.settings-editor', { hasText: 'Languages to complete in' }).waitFor();
  });
});
