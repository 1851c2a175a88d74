// What the settings panel says where a rule decides which modules complete in the open file, and the way to the rules.
import assert from 'node:assert/strict';
import { shippedModules } from './names';
import { openSettingsPage, type SettingsPage, writeSettings } from './settingsPage';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const [first, second, third] = shippedModules();

describe('rules in the settings panel', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  let page: SettingsPage;

  /** Opens a file, then the panel behind it. */
  const openFor = async (file: string) => {
    await window.driver.openFile(file);
    page = await openSettingsPage(window);
  };
  const line = (text: string) => page.find('.rule').filter({ hasText: text });
  const write = (moduleRules: readonly unknown[]) =>
    writeSettings(window, { 'residual.modules': [{ id: first.id }], 'residual.moduleRules': moduleRules });

  before(() =>
    write([
      { glob: 'docs/**', modules: [] },
      { glob: 'tests/**', modules: [{ id: second.id }, { id: third.id }] },
    ]),
  );

  it('are not spoken of where none matches', async () => {
    await openFor('src/types.ts');
    await page.find('.preview-file').filter({ hasText: 'src/types.ts' }).waitFor();
    assert.equal(await page.find('.rule').count(), 0);
  });

  it('are said to decide for the open file: which one, and with which modules', async () => {
    await openFor('tests/store.test.ts');
    await line(`For tests/store.test.ts the rule 2 (tests/**) decides: ${second.title} + ${third.title}.`).waitFor();
    // What no rule decides is still what is edited here.
    assert.deepEqual(await page.find('.active-module h3').allTextContents(), [first.title]);
  });

  it('are followed as the settings file is edited, the proposal alone included', async () => {
    write([{ language: 'typescript', modules: [] }]);
    await line('For tests/store.test.ts the rule 1 (typescript files) decides: the proposal alone.').waitFor();
    write([]);
    await page.find('.rule').waitFor({ state: 'detached' });
  });

  it('are edited in the file that they are written in, a key away', async () => {
    const { driver } = window;
    write([{ glob: 'tests/**', modules: [{ id: second.id }] }]);
    await line('the rule 1 (tests/**)').waitFor();
    await page.tabTo('.rule button');
    await driver.press('Enter');
    // Where the cursor is in the file, as the editor's breadcrumbs say.
    await driver.page.locator('.monaco-breadcrumbs', { hasText: 'residual.moduleRules' }).waitFor();
  });
});
