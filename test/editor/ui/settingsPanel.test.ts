// The settings panel: what it shows is what the settings say, and what a person does in it is what they say next.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../../fixtures/fixtureModels.mjs';
import { shippedModules, statusBarId } from './names';
import {
  openSettingsPage,
  type SettingsPage,
  settingOnDisk,
  settingsPageOf,
  untilOnDisk,
  userSettingOnDisk,
  writeModule,
  writeSettings,
} from './settingsPage';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const FILE = 'src/state/store.ts';
const SHIPPED = FIXTURE_PROPOSAL;
const [generic, react, tests] = ['generic', 'react', 'tests'].map(
  id => shippedModules().find(module => module.id === id) ?? assert.fail(id),
);

describe('the settings panel', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  let page: SettingsPage;

  const open = async () => {
    page = await openSettingsPage(window);
  };
  const active = () => page.find('.active-module h3').allTextContents();
  const untilActive = (expected: readonly string[]) =>
    window.driver.until('the modules in use', active, titles => titles.join() === expected.join());

  before(async () => {
    await window.driver.openFile(FILE);
    await window.driver.moveBehind(FILE, 'for (const listener of listeners) {\n    ');
    await open();
  });

  describe('modules', () => {
    it('says that none is in use, and why nothing is lost by it', async () => {
      await page.find('.empty').waitFor();
      assert.match((await page.find('.empty').textContent()) ?? '', /proposal alone/);
    });

    it('uses one by a click, when it has loaded', async () => {
      await page.button(`Use ${react.title}`).click();
      await untilOnDisk(window, 'modules', [{ id: react.id }]);
      await untilActive([react.title]);
      await page.find(`[data-card="${react.id}"] .badge`).waitFor();
    });

    it('shows in the status bar what was chosen, while the panel is in front', async () => {
      await window.driver.waitForStatusBar(statusBarId, text => text.includes(react.title));
    });

    it('adds another and changes their order, by the keyboard alone', async () => {
      const { driver } = window;
      await page.tabTo(`button[aria-label="Add ${tests.title} to what is in use"]`);
      await driver.press('Enter');
      await untilOnDisk(window, 'modules', [{ id: react.id }, { id: tests.id }]);
      await untilActive([react.title, tests.title]);
      await page.tabTo(`#gripper-${tests.id}`);
      await driver.press('ArrowUp');
      await untilOnDisk(window, 'modules', [{ id: tests.id }, { id: react.id }]);
      await untilActive([tests.title, react.title]);
      // The row that moved keeps the focus, so that it can be moved on.
      await driver.press('ArrowDown');
      await untilOnDisk(window, 'modules', [{ id: react.id }, { id: tests.id }]);
    });

    it('changes their order by dragging', async () => {
      await untilActive([react.title, tests.title]);
      await page.find(`#gripper-${tests.id}`).dragTo(page.find(`[data-module="${react.id}"]`), {
        targetPosition: { x: 20, y: 4 },
      });
      await untilOnDisk(window, 'modules', [{ id: tests.id }, { id: react.id }]);
    });

    it('stops using one, by a click', async () => {
      await page.button(`Stop using ${tests.title}`).first().click();
      await untilOnDisk(window, 'modules', [{ id: react.id }]);
      await untilActive([react.title]);
    });

    it('sets a strength by the keyboard, and goes back to the calibrated one', async () => {
      const { driver } = window;
      await page.tabTo(`#strength-${react.id}`);
      for (let i = 0; i < 4; i++) await driver.press('ArrowRight');
      const strength = Number((react.strength.default + 4 * 0.05).toFixed(2));
      await untilOnDisk(window, 'modules', [{ id: react.id, strength }]);
      await page.tabTo('.calibrate');
      await driver.press('Enter');
      await untilOnDisk(window, 'modules', [{ id: react.id }]);
    });

    it('sets a strength by dragging the slider, and by its number', async () => {
      const { driver } = window;
      const slider = page.find(`#strength-${react.id}`);
      const { width, height } = (await slider.boundingBox())!;
      await slider.click({ position: { x: width - 7, y: height / 2 } });
      await untilOnDisk(window, 'modules', [{ id: react.id, strength: 1 }]);
      await page.find('.strength input[type="number"]').fill('0.15');
      await driver.press('Enter');
      await untilOnDisk(window, 'modules', [{ id: react.id, strength: 0.15 }]);
    });

    it('follows the settings file', async () => {
      writeSettings(window, {
        'residual.modules': [
          { id: tests.id, strength: 0.9 },
          { id: generic.id, strength: 0.3 },
        ],
      });
      await untilActive([tests.title, generic.title]);
      assert.equal(await page.find(`#strength-${tests.id}`).inputValue(), '0.9');
      assert.match((await page.find('#alignment').textContent()) ?? '', /scaled to 1/);
    });

    it('leaves what works alone when a module does not load, and says what is wrong with it', async () => {
      writeModule(window, 'from-the-future', { formatVersion: 99 });
      writeModule(window, 'half-there', { files: { 'model.safetensors': 'a'.repeat(64) } });
      const card = page.find('[data-card="from-the-future"]');
      await card.locator('.problem', { hasText: 'format version 99' }).waitFor();
      assert.ok(await card.getByRole('button', { name: 'Use Instead: from-the-future', exact: true }).isDisabled());
      const before = settingOnDisk(window, 'modules');
      await page
        .find('[data-card="half-there"]')
        .getByRole('button', { name: 'Use Instead: React', exact: true })
        .click();
      await page.find('.notice.is-error').filter({ hasText: 'half-there' }).waitFor();
      assert.deepEqual(settingOnDisk(window, 'modules'), before);
      await page.button('Dismiss').click();
      await page.find('.notice').waitFor({ state: 'detached' });
    });

    it('shows a title as text, however hostile or long', async () => {
      const title = `<img src=x onerror="document.body.id='caught'"><b>${'long '.repeat(28)}</b>`;
      writeModule(window, 'hostile', { title });
      const heading = page.find('[data-card="hostile"] h3');
      await heading.waitFor();
      assert.equal(await heading.textContent(), title.trim());
      assert.equal(await page.find('[data-card="hostile"] img, [data-card="hostile"] b').count(), 0);
      assert.notEqual(await page.frame.evaluate('document.body.id'), 'caught');
    });

    it('says of a module in the settings that is not there that it is not', async () => {
      writeSettings(window, { 'residual.modules': [{ id: 'no-such-module' }] });
      await page.find('[data-module="no-such-module"] .problem').waitFor();
      await page.button('Stop using no-such-module').click();
      await untilOnDisk(window, 'modules', []);
    });
  });

  describe('before and after', () => {
    it('is the same at strength 0, and differs somewhere as the slider moves', async () => {
      const { driver } = window;
      // Places where the modules differ are a matter of their training: of these, one does.
      const seen: string[] = [];
      for (const text of ['for (const listener of listeners) {\n    ', 'setState({ ', 'export function moveTask']) {
        await driver.openFile(FILE);
        await driver.moveBehind(FILE, text);
        await open();
        for (const strength of [0, 1]) {
          writeSettings(window, { 'residual.modules': [{ id: tests.id, strength }] });
          await driver.until(
            'the slider',
            () => page.find(`#strength-${tests.id}`).inputValue(),
            value => value === String(strength),
          );
          const [alone, aligned] = await driver.until(
            'both sides',
            async () => [await page.written('alone'), await page.written('aligned')],
            sides => strength === 1 || sides[0] === sides[1],
            60_000,
          );
          if (strength === 0) assert.equal(aligned, alone);
          else if (aligned !== alone) seen.push(text);
        }
        if (seen.length > 0) break;
      }
      assert.notEqual(seen.length, 0, 'a module of full strength writes the same everywhere');
    });

    it('follows the slider before anything is stored', async () => {
      const { driver } = window;
      assert.notEqual(await page.written('aligned'), await page.written('alone'));
      const stored = settingOnDisk(window, 'modules');
      const { mouse } = driver.page;
      const { x, y, height } = (await page.find(`#strength-${tests.id}`).boundingBox())!;
      await mouse.move(x + 7, y + height / 2);
      await mouse.down();
      await driver.until(
        'what is aligned to be what the proposal writes',
        async () => [await page.written('alone'), await page.written('aligned')],
        ([alone, aligned]) => alone === aligned,
        60_000,
      );
      assert.deepEqual(settingOnDisk(window, 'modules'), stored);
      await mouse.up();
      await untilOnDisk(window, 'modules', [{ id: tests.id, strength: 0 }]);
    });

    it('has nothing to show when no editor is open, and says so', async () => {
      await window.driver.palette('View: Close All Editors');
      await open();
      await page.find('.preview-empty').waitFor();
    });

    it('says where completions are switched off', async () => {
      await window.driver.openFile('README.md');
      await open();
      await page.find('.preview-empty').filter({ hasText: 'switched off in this language' }).waitFor();
    });
  });

  describe('the proposal', () => {
    it('is measured on this machine, alone and aligned', async () => {
      writeSettings(window, { 'residual.modules': [{ id: react.id }] });
      await untilActive([react.title]);
      await page.find('#proposal .speed button').click();
      const speed = page.find('#proposal .speed');
      await speed.filter({ hasText: /alone: reads [\d,]+ tokens\/s, writes a token in [\d.]+ ms/ }).waitFor();
      await speed.filter({ hasText: /aligned: (reads .*)?writes a token in [\d.]+ ms/ }).waitFor({ timeout: 60_000 });
      await page.button('Measure Again').waitFor();
    });

    it('is another one that is found, by a click, once it has loaded', async () => {
      const id = 'other-proposal';
      const folder = path.join(window.workspace, '.residual/proposals', id);
      fs.cpSync(path.join(FIXTURE_MODELS, 'proposals', SHIPPED), folder, { recursive: true });
      const file = path.join(folder, 'residual.json');
      const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
      fs.writeFileSync(file, JSON.stringify({ ...manifest, id, title: 'Another one' }));
      await page.find(`[data-proposal="${id}"]`).waitFor();
      await page.button('Use Another one').click();
      await untilOnDisk(window, 'proposal', id);
      await page.find(`.proposal[data-proposal="${id}"] .badge`).waitFor();
      await page.tabTo('#proposal .source button');
      await window.driver.press('Enter');
      await untilOnDisk(window, 'proposal', undefined);
      await page.find(`.proposal[data-proposal="${SHIPPED}"] .badge`).waitFor();
    });
  });

  describe('settings', () => {
    it('are written where the scope says, and its file alone', async () => {
      const { driver } = window;
      writeSettings(window, {});
      await page.find('.empty').waitFor();
      await page.tabTo('input[name="scope"]');
      await driver.press('ArrowLeft');
      await page.find('.scope:first-of-type input:checked').waitFor();
      await page.find('#number-threads:enabled').fill('2');
      await driver.press('Enter');
      await driver.until(
        'the person’s own setting',
        () => userSettingOnDisk(window, 'threads'),
        value => value === 2,
      );
      await page.find('.scope').filter({ hasText: 'Workspace' }).click();
      await page.find('#number-threads:disabled').waitFor();
      assert.equal(settingOnDisk(window, 'threads'), undefined);
    });

    it('switch a language, and switch it back to what a wider scope says', async () => {
      await page.tabTo('#language-markdown');
      await window.driver.press('Space');
      await untilOnDisk(window, 'languages', { markdown: true });
      await page.tabTo('[data-language="markdown"] button');
      await window.driver.press('Enter');
      await untilOnDisk(window, 'languages', undefined);
    });

    it('take a number that is allowed and no other', async () => {
      const { driver } = window;
      await page.find('#contextTokens-fixed').click();
      const box = page.find('#number-contextTokens');
      await box.fill('7');
      await driver.press('Enter');
      await page.find('[data-setting="contextTokens"] [role="alert"]').waitFor();
      await box.fill('512');
      await driver.press('Enter');
      await untilOnDisk(window, 'contextTokens', 512);
      await page.find('[data-setting="contextTokens"].is-set').waitFor();
      await page.tabTo('[data-setting="contextTokens"] button');
      await driver.press('Enter');
      await untilOnDisk(window, 'contextTokens', undefined);
    });

    it('switch completions off and on, choose a wait, and pause', async () => {
      const { driver } = window;
      await page.find('#enable').click();
      await untilOnDisk(window, 'enable', false);
      await page.find('.state-text[data-state="off"]').waitFor();
      await page.find('#enable').click();
      await untilOnDisk(window, 'enable', true);
      await page.find('#debounce-fixed').click();
      await page.find('#number-debounce').fill('120');
      await driver.press('Tab');
      await untilOnDisk(window, 'debounce', 120);
      await page.button('Pause…').click();
      await driver.quickPick('In This Window');
      await page.find('.state-text[data-state="paused"]').waitFor();
      await page.button('Resume').click();
      await page.find('.state-text:not([data-state="paused"])').waitFor();
    });

    it('that cannot be written are said not to be', async () => {
      window.write('.vscode/settings.json', '{ "residual.showGate": ');
      await page.find('#number-showGate').fill('0.4');
      await window.driver.press('Enter');
      await page.find('.notice.is-error').waitFor();
      writeSettings(window, {});
      await page.button('Dismiss').click();
    });
  });

  describe('a reload', () => {
    it('brings the panel back', async () => {
      const { driver } = window;
      await driver.reload('residual.settings');
      await driver.waitForStatusBar(statusBarId, text => text !== '', 120_000);
      // Which of the tabs was in front is VS Code's to remember.
      await driver.page.locator('.tab[data-resource-name="Residual"], .tab[aria-label^="Residual"]').first().click();
      page = await settingsPageOf(driver);
      await page.find('.scope input:checked').waitFor({ state: 'attached' });
    });
  });
});
