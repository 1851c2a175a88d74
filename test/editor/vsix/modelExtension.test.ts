// Models that come as a package of their own, as a person without a marketplace installs it: Residual alone says what is
// missing, and completes with it as soon as it is there, and no more when it is gone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { BOXED_MODEL } from '../../../src/core/boxedModel';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../../fixtures/fixtureModels.mjs';
import { openSettingsPage } from '../ui/settingsPage';
import { useWorkbench, withoutSuggestWidget } from '../ui/workbench';

const NAME = 'Models of the Test';

/** Residual without any model. */
function withoutModels(dir: string): string {
  const folder = path.join(dir, 'residual');
  for (const name of ['package.json', 'package.nls.json', 'dist/extension.js', 'dist/engine.js', 'media'])
    fs.cpSync(name, path.join(folder, name), { recursive: true });
  fs.symlinkSync(fs.realpathSync('node_modules'), path.join(folder, 'node_modules'), 'dir');
  return folder;
}

/** A proposal as an extension of its own, packed by the script that packs ours. */
function modelPackage(dir: string): string {
  const folder = path.join(dir, 'models');
  fs.cpSync(path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL), path.join(folder, 'proposals/given'), {
    recursive: true,
  });
  const residual = path.join(folder, 'proposals/given/residual.json');
  const proposal = { ...JSON.parse(fs.readFileSync(residual, 'utf8')), id: 'given', title: 'Given' };
  fs.writeFileSync(residual, JSON.stringify(proposal));
  for (const name of ['LICENSE', 'README.md']) fs.copyFileSync(name, path.join(folder, name));
  fs.writeFileSync(path.join(folder, '.vscodeignore'), '**\n!package.json\n!LICENSE\n!README.md\n!proposals/**\n');
  const ours = JSON.parse(fs.readFileSync('models/package.json', 'utf8'));
  const { icon: _, ...manifest } = { ...ours, name: 'models-of-the-test', displayName: NAME, publisher: 'test' };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  execFileSync(process.execPath, ['scripts/package.mjs', '--model', folder, '--out', dir]);
  return path.join(dir, `models-of-the-test-${manifest.version}.vsix`);
}

describe('models as an extension of their own', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'model-extension-'));
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0, 'files.simpleDialog.enable': true },
    extension: () => withoutModels(dir),
    models: () => [],
  });
  after(() => fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

  const type = async () => {
    const { file, after, types } = sampleSpot;
    await window.driver.openFile(file);
    await window.driver.moveBehind(file, after);
    await window.driver.type(types);
  };

  it('are the one that ours names', () => {
    const { publisher, name, displayName } = JSON.parse(fs.readFileSync('models/package.json', 'utf8'));
    assert.deepEqual(
      { extension: `${publisher}.${name}`, title: displayName },
      { extension: BOXED_MODEL.extension, title: BOXED_MODEL.title },
    );
  });

  it('are asked for once, by name, where there is none', async () => {
    const { driver } = window;
    await type();
    const messages = await driver.waitForToast('Residual has no model to complete with');
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.ok(messages[0].includes(`install the extension "${BOXED_MODEL.title}"`), messages[0]);
    assert.equal(await driver.ghostText(), '');
  });

  it('are installed by the button, and complete without a reload', async function () {
    this.timeout(240_000);
    const { driver } = window;
    const vsix = modelPackage(dir);
    await driver.page.locator('.notification-toast .monaco-button', { hasText: 'Install from VSIX' }).first().click();
    const input = driver.page.locator('.quick-input-widget input[type="text"]');
    await input.waitFor();
    // The dialog writes its own folder first.
    await driver.waitForQuickPickRow('..');
    await input.fill(vsix);
    await driver.waitForQuickPickRow(path.basename(vsix));
    await driver.press('Enter');
    await driver.waitForToast('Completed installing', 120_000);
    await driver.dismissToasts();
    await driver.revert();
    await type();
    assert.notEqual(await driver.waitForGhostText(undefined, 60_000), '');
    await driver.revert();
  });

  it('say which extension they are from', async () => {
    const page = await openSettingsPage(window);
    const card = page.find('[data-proposal="given"]');
    await card.waitFor();
    assert.match((await card.textContent()) ?? '', new RegExp(`From the extension ${NAME}`));
  });
});
