// Modules as files, the instant module and comparing, in the settings panel; and what it is to those who cannot see it well.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeSigningKey, signModule } from '../../../src/host/modules/moduleSignature';
import { pack } from '../../../src/host/modules/ramArchive';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';
import { assertAccessible } from './axe';
import { openSettingsPage, type SettingsPage, untilOnDisk, writeModule, writeSettings } from './settingsPage';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const FILE = 'src/state/store.ts';
const TITLE = 'Dropped style';

/** A module as somebody would share it, in one file. */
async function archive(id: string): Promise<Buffer> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shared-'));
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(FIXTURE_MODELS, 'modules/react/module.json'), 'utf8'));
    fs.copyFileSync(
      path.join(FIXTURE_MODELS, 'modules/react/model.safetensors'),
      path.join(folder, 'model.safetensors'),
    );
    fs.writeFileSync(path.join(folder, 'module.json'), JSON.stringify({ ...manifest, id, title: TITLE }));
    const file = path.join(folder, 'shared.ram');
    await pack(folder, ['module.json', 'model.safetensors'], id, file, new Map(), new AbortController().signal);
    return fs.readFileSync(file);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Drops files onto the page, as the platform reports them. */
async function drop({ frame }: SettingsPage, names: string | readonly string[], bytes: Buffer): Promise<void> {
  await frame.evaluate(`(() => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(bytes.toString('base64'))}), char => char.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    for (const name of ${JSON.stringify([names].flat())}) dataTransfer.items.add(new File([bytes], name));
    for (const kind of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  })()`);
}

/** Drops what is dragged from an editor or another page: an address. */
async function dropAddress({ frame }: SettingsPage, address: string): Promise<void> {
  await frame.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/uri-list', ${JSON.stringify(address)});
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  })()`);
}

describe('modules as files in the settings panel', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  let page: SettingsPage;
  const card = (id: string) => page.find(`[data-card="${id}"]`);
  const notice = (text: string) => page.find('.notice').filter({ hasText: text });

  before(async () => {
    await window.driver.openFile(FILE);
    page = await openSettingsPage(window);
  });

  it('come in when an archive is dropped, and can be used at once', async () => {
    await drop(page, 'shared.ram', await archive('dropped-style'));
    await notice('is imported').getByRole('button', { name: 'Use It Here' }).click();
    await untilOnDisk(window, 'modules', [{ id: 'dropped-style' }]);
    await card('dropped-style').locator('.badge').waitFor();
  });

  it('do not come in when what is dropped is no module, and nothing changes', async () => {
    await drop(page, 'broken.ram', Buffer.from('not an archive'));
    await page.find('.notice.is-error').filter({ hasText: 'broken.ram' }).waitFor();
    await page.button('Dismiss').first().click();
  });

  it('do not come in when what is dropped cannot even be sent, and the page says why', async () => {
    const many = Array.from({ length: 17 }, (_, i) => `part-${i}`);
    await drop(page, many, Buffer.from('x'));
    await page.find('.notice.is-error').filter({ hasText: 'more than 16 files' }).waitFor();
    await dropAddress(page, 'https://example.com/shared.ram');
    await page.find('.notice.is-error').filter({ hasText: 'is no file of this machine' }).waitFor();
    assert.equal(await page.find('.notice').count(), 1);
    await page.button('Dismiss').click();
    await page.find('.notice').waitFor({ state: 'detached' });
  });

  it('are renamed, by the keyboard', async () => {
    const { driver } = window;
    await page.tabTo('#rename-dropped-style');
    await driver.press('Enter');
    await driver.page.locator('.quick-input-widget input').first().fill('Another title');
    await driver.press('Enter');
    await card('dropped-style').locator('h3', { hasText: 'Another title' }).waitFor();
  });

  it('are verified, and the answer says what was looked at', async () => {
    await page.find('#verify-dropped-style').click();
    await notice('is fine').waitFor();
    await page.button('Dismiss').first().click();
  });

  it('say who signed them, whose name reads like no key, and refuse files that were changed since', async () => {
    const signer = 'Ada, key 0000 0000 0000 0000, known since Jan 1, 2020';
    const folder = writeModule(window, 'signed', { title: 'Signed style' });
    const signature = await signModule(folder, makeSigningKey(signer), new AbortController().signal);
    fs.writeFileSync(path.join(folder, 'signature.json'), JSON.stringify(signature));
    await openSettingsPage(window);
    const name = card('signed').locator('.signer');
    const key = card('signed').locator('.key');
    await key.waitFor();
    assert.equal(await name.textContent(), `Signed by “${signer}”`);
    assert.match((await key.textContent()) ?? '', /^key (?:[0-9A-F]{4}\s?){4}, not known yet$/);
    const [above, below] = [await name.boundingBox(), await key.boundingBox()];
    assert.ok(above && below && below.y >= above.y + above.height - 1, 'the key has a line of its own');
    writeModule(window, 'signed', { title: 'Changed since' });
    await openSettingsPage(window);
    await card('signed').locator('.problem', { hasText: 'Its signature does not match' }).waitFor();
    assert.equal(await card('signed').locator('.signature').count(), 0);
    fs.rmSync(folder, { recursive: true });
    await card('signed').waitFor({ state: 'detached' });
  });

  it('are exported where a person says', async () => {
    const { driver } = window;
    await page.find('#export-dropped-style').click();
    const target = path.join(window.workspace, 'shared.ram');
    const input = driver.page.locator('.quick-input-widget input').first();
    // The dialog writes its own folder first.
    await driver.waitForQuickPickRow('..');
    await input.fill(target);
    await driver.press('Enter');
    await driver.quickPick('Without a Signature');
    await notice('is exported').waitFor();
    await card('dropped-style').getByText('Unsigned').waitFor();
    assert.equal(fs.readFileSync(target).subarray(0, 2).toString(), 'PK');
  });

  it('are deleted with a way back, which gives them back to where they were used', async () => {
    await page.find('#delete-dropped-style').click();
    await card('dropped-style').waitFor({ state: 'detached' });
    await untilOnDisk(window, 'modules', []);
    await notice('is deleted').getByRole('button', { name: 'Undo' }).click();
    await card('dropped-style').waitFor();
    await untilOnDisk(window, 'modules', [{ id: 'dropped-style' }]);
  });

  it('that ship cannot be renamed or deleted', async () => {
    assert.equal(await page.find('#rename-react, #delete-react').count(), 0);
    assert.equal(await page.find('#verify-react').count(), 1);
  });

  it('of this workspace are counted with progress, and say what was counted', async () => {
    await card('instant').getByRole('button', { name: 'Build', exact: true }).click();
    await card('instant')
      .locator('.counting', { hasText: /\d+ files, [\d,]+ tokens/ })
      .waitFor({ timeout: 60_000 });
    await page.button('Use the instant module').click();
    await untilOnDisk(window, 'modules', [{ id: 'dropped-style' }, { id: 'instant' }]);
    await window.driver.dismissToasts();
  });

  it('are compared on the open file, beside what its author wrote', async () => {
    await page.find('#compare-b').selectOption('tests');
    await page.button('Compare').click();
    await page.find('.comparison [role="status"]').filter({ hasText: ': 8 lines' }).waitFor({ timeout: 110_000 });
    const first = page.find('.compared li').first();
    const line = Number(await first.locator('.compared-head .muted').textContent());
    const [author] = await first.locator('dd').allInnerTexts();
    assert.ok(window.read(FILE).split('\n')[line - 1].includes(author.trim()));
    assert.equal(await page.find('.summary li').count(), 2);
  });

  it('are no longer compared when a person cancels', async () => {
    await page.button('Compare').click();
    await page.find('#compare').getByRole('button', { name: 'Cancel' }).click();
    await page.find('.comparison [role="status"]').filter({ hasText: 'cancelled' }).waitFor();
  });
});

describe('the settings panel for everybody', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  let page: SettingsPage;

  before(async () => {
    await window.driver.openFile(FILE);
    await window.driver.moveBehind(FILE, 'for (const listener of listeners) {\n    ');
    writeModule(window, 'from-the-future', { formatVersion: 99 });
    page = await openSettingsPage(window);
  });

  for (const [theme, kind] of [
    ['Default Dark Modern', 'vscode-dark'],
    ['Default Light Modern', 'vscode-light'],
    ['Default High Contrast', 'vscode-high-contrast'],
  ])
    it(`is accessible in ${theme}`, async () => {
      const modules = [{ id: 'react', strength: 0.9 }, { id: 'tests' }, { id: 'gone' }];
      const moduleRules = [{ glob: 'src/**', modules: [{ id: 'a-module-with-a-name-that-does-not-end' }] }];
      writeSettings(window, {
        'workbench.colorTheme': theme,
        'residual.modules': modules,
        'residual.moduleRules': moduleRules,
      });
      await page.find(`body.${kind}`).waitFor();
      await page.find('[data-module="gone"] .problem').waitFor();
      await page.find('.rule').waitFor();
      await page.find('.side.is-alone:not(.is-working) pre').waitFor({ timeout: 60_000 });
      await assertAccessible(page.frame);
    });

  it('fits into 170 pixels, with nothing to scroll sideways', async () => {
    const { driver } = window;
    await driver.palette('View: Close Primary Side Bar');
    await driver.page.setViewportSize({ width: 232, height: 800 });
    const widths = () =>
      page.frame.evaluate('[document.documentElement.clientWidth, document.documentElement.scrollWidth]') as Promise<
        [number, number]
      >;
    const [width, content] = await driver.until('a narrow page', widths, ([shown]) => shown <= 190);
    const wide = await page.frame.evaluate(`[...document.querySelectorAll('#root *')]
      .filter(element => element.getBoundingClientRect().right > ${width} && !element.closest('.spoken'))
      .map(element => element.outerHTML.slice(0, 80))`);
    assert.ok(content <= width, `${content} pixels of content in ${width}: ${wide}`);
    await driver.screenshot('settings-170');
    await driver.page.setViewportSize({ width: 1280, height: 800 });
  });
});

describe('the settings panel of an untrusted workspace', () => {
  const window = useWorkbench({ trusted: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } });

  it('says what is not looked at, shows none of it, and offers the way to trust', async () => {
    writeModule(window, 'our-style');
    const page = await openSettingsPage(window);
    await page.find('[data-notice="untrusted"]').waitFor();
    await page.find('[data-card="react"]').waitFor();
    assert.equal(await page.find('[data-card="our-style"]').count(), 0);
    assert.ok(await page.find('[data-card="instant"] button').isDisabled());
    await assertAccessible(page.frame);
    await window.driver.screenshot('settings-untrusted');
    await page.button('Manage Workspace Trust').click();
    await window.driver.page.locator('.workspace-trust-editor').waitFor();
  });
});
