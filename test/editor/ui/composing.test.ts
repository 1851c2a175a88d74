// Composing modules by keyboard alone: which, in which order, how strong; stored when it has loaded.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const settingsFile = '.vscode/settings.json';
const [first, second, third] = shippedModules();

describe('composing modules', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const modules = () => JSON.parse(window.read(settingsFile))['residual.modules'];
  const title = async () =>
    (await window.driver.page.locator('.quick-input-title').filter({ visible: true }).textContent()) ?? '';
  const shows = (text: string) =>
    window.driver.until(
      'the step',
      () => title().catch(() => ''),
      seen => seen.includes(text),
    );
  const rows = () => window.driver.quickPickRows();
  const focused = async () => {
    const row = window.driver.page.locator('.quick-input-list .monaco-list-row.focused').filter({ visible: true });
    return (await row.textContent({ timeout: 1000 }).catch(() => '')) ?? '';
  };
  /** Moves down to the row with a text, and opens it. */
  async function open(text: string): Promise<void> {
    await window.driver.until('rows', rows, all => all.some(row => row.includes(text)));
    for (let i = 0; i < 20 && !(await focused()).includes(text); i++) await window.driver.press('ArrowDown');
    await window.driver.press('Enter');
  }

  before(() => window.write(settingsFile, JSON.stringify({ 'residual.modules': [{ id: second.id, strength: 0.4 }] })));

  it('adds one, puts it first and gives it a strength', async () => {
    const { driver } = window;
    await driver.openFile('src/types.ts');
    await driver.waitForStatusBar(statusBarId, text => text.includes(second.title));
    await driver.palette(commandTitle('residual.composeModules'));
    await shows('(1/2)');
    assert.ok((await rows())[0].includes(second.title), 'what is used stands first');
    // The first row is focused; the third module's is the last.
    await driver.type(third.title, { delayMs: 0 });
    await driver.until('one row', rows, all => all.length === 1);
    await driver.press('ArrowDown');
    await driver.press('Space');
    await driver.press('Enter');
    await shows('(2/2)');
    assert.ok((await rows())[1].startsWith(`1. ${second.title}`), (await rows()).join('\n'));
    await open(`2. ${third.title}`);
    await shows(third.title);
    await open('Move Up');
    await driver.until('the order', rows, all => all[1]?.startsWith(`1. ${third.title}`) === true);
    await open(`1. ${third.title}`);
    await shows(third.title);
    await open('Strength');
    await shows(`Strength of ${third.title}`);
    await driver.press('Control+A');
    await driver.type('0.15');
    await driver.press('Enter');
    await driver.until('the strength', rows, all => all[1]?.includes('0.15') === true);
    await open('Use These');
    await driver.until('the setting', modules, all => all.length === 2);
    assert.deepEqual(modules(), [
      { id: third.id, strength: 0.15 },
      { id: second.id, strength: 0.4 },
    ]);
    await driver.waitForStatusBar(statusBarId, text => text.includes(`${third.title} + ${second.title}`));
  });

  it('is given up with Escape, and nothing changes', async () => {
    const { driver } = window;
    const before = window.read(settingsFile);
    await driver.palette(commandTitle('residual.composeModules'));
    await shows('(1/2)');
    await driver.press('Enter');
    await shows('(2/2)');
    await open(`1. ${third.title}`);
    await shows(third.title);
    await open('Leave Out');
    await driver.until('one module left', rows, all => all.length === 2);
    await driver.press('Escape');
    assert.equal(window.read(settingsFile), before);
  });

  it('refuses a module whose rule decides alone, and says why', async () => {
    const { driver } = window;
    const manifest = fs.readFileSync(`${FIXTURE_MODELS}/modules/${first.id}/module.json`, 'utf8');
    window.write(
      '.residual/modules/alone/module.json',
      JSON.stringify({ ...JSON.parse(manifest), id: 'alone', title: 'Decides alone', rule: 'gated' }),
    );
    await driver.palette(commandTitle('residual.composeModules'));
    await shows('(1/2)');
    await driver.type('Decides', { delayMs: 0 });
    await driver.until('one row', rows, all => all.length === 1);
    await driver.press('ArrowDown');
    await driver.press('Space');
    await driver.press('Enter');
    await shows('(2/2)');
    const [use] = await rows();
    assert.match(use, /Do Not Go Together[\s\S]*Decides alone uses the rule gated/);
    await driver.press('Enter');
    await shows('(2/2)');
    await driver.press('Escape');
    assert.equal(modules().length, 2);
  });

  it('comes to the proposal alone when nothing is picked', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.composeModules'));
    await shows('(1/2)');
    for (let i = 0; i < 2; i++) {
      await driver.press('ArrowDown');
      await driver.press('Space');
    }
    await driver.press('Enter');
    await driver.until('the setting', modules, all => all.length === 0);
    await driver.waitForStatusBar(statusBarId, text => text.includes('no module'));
  });
});
