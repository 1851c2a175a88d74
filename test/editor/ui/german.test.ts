// A window in German: every page and message speaks it, nothing is left in English, and the pages that do not
// ask how wide the window is fit into 170 pixels.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { Frame } from 'playwright-core';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { settingsPageOf, writeModule, writeSettings } from './settingsPage';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const strings: Readonly<Record<string, string>> = JSON.parse(fs.readFileSync('l10n/bundle.l10n.de.json', 'utf8'));
const manifest = JSON.parse(fs.readFileSync('package.nls.de.json', 'utf8'));
const title = (command: string) => `Residual: ${manifest[`command.${command}`]}`;

/** English that has another word in German: nothing of it may be read in the page, aloud or in a tooltip. */
const GERMAN = new Set(Object.values(strings));
const ENGLISH = Object.keys(strings).filter(english => !GERMAN.has(english) && !/\{\d+\}/.test(english));

async function assertGerman(frame: Frame): Promise<void> {
  assert.equal(await frame.evaluate('document.documentElement.lang'), 'de');
  const said = await frame.evaluate<string[]>(`[...document.querySelectorAll('body *')].flatMap(element => [
    ...[...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data),
    ...['title', 'aria-label', 'placeholder', 'aria-valuetext'].map(name => element.getAttribute(name) ?? ''),
  ]).map(text => text.trim()).filter(text => text !== '')`);
  const english = new Set(ENGLISH);
  assert.deepEqual(
    said.filter(text => english.has(text)),
    [],
  );
}

/** @returns what sticks out at the side when the page is as narrow as a narrow side bar. */
function sticksOut(frame: Frame): Promise<string[]> {
  return frame.evaluate(`(() => {
    const { body } = document;
    body.style.cssText = 'width: 170px; box-sizing: border-box';
    const out = [...document.querySelectorAll('#root *')].filter(element => {
      const { right, width } = element.getBoundingClientRect();
      const isScrolled = element.closest('pre, .table, .spoken, [hidden]') !== null;
      return width > 1 && right > 171 && !isScrolled && getComputedStyle(element).position !== 'absolute';
    });
    body.style.cssText = '';
    return out.map(element => element.outerHTML.slice(0, 120));
  })()`);
}

describe('a window in German', () => {
  const window = useWorkbench({
    language: 'de',
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0, 'residual.modules': [{ id: 'react' }] },
  });

  it('has commands and a settings panel in German, faults of modules included', async () => {
    const { driver } = window;
    const { file, after, types } = sampleSpot;
    writeModule(window, 'from-the-future', { formatVersion: 99 });
    writeSettings(window, { 'residual.modules': [{ id: 'react' }, { id: 'gone' }] });
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.palette(title('openSettingsPanel'));
    const page = await settingsPageOf(driver);
    const fault = page.find('[data-card="from-the-future"] .problem');
    await fault.filter({ hasText: 'Formatversion 99' }).waitFor();
    await page.find('[data-module="gone"] .problem').waitFor();
    await page.find('.side.is-alone:not(.is-working) pre').waitFor({ timeout: 60_000 });
    await assertGerman(page.frame);
    await driver.screenshot('german-settings');
    writeSettings(window, {});
    await page.find('[data-module="gone"]').waitFor({ state: 'detached' });
    await driver.palette('View: Close Editor');
  });

  it('explains and counts in German', async () => {
    const { driver } = window;
    const { file, after, types } = sampleSpot;
    await driver.openFile(file);
    await driver.revert();
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.waitForGhostText();
    await driver.acceptTab();
    await driver.palette(title('showWhy'));
    const why = (await driver.pageFrame('why')) as Frame;
    await why.locator('.page[aria-busy="false"] #tokens').waitFor();
    await assertGerman(why);
    assert.deepEqual(await sticksOut(why), []);
    await driver.screenshot('german-why');
    await driver.palette(title('showScoreboard'));
    const scoreboard = (await driver.pageFrame('scoreboard')) as Frame;
    await scoreboard.locator('.chart svg').waitFor();
    await assertGerman(scoreboard);
    assert.deepEqual(await sticksOut(scoreboard), []);
    await driver.screenshot('german-scoreboard');
  });

  it('chats in German, and says in German why it cannot answer', async () => {
    const { driver } = window;
    writeSettings(window, { 'residual.chat.modules': [{ id: 'nowhere' }] });
    await driver.palette(title('openChat'));
    const chat = (await driver.pageFrame('chat')) as Frame;
    await chat.locator('.below .problem').filter({ hasText: 'Es gibt kein Ausrichtungsmodul' }).waitFor();
    await chat.getByRole('textbox').fill('Was ist das? ');
    await driver.press('Enter');
    await chat.locator('.answer .problem').filter({ hasText: 'Es gibt kein Ausrichtungsmodul' }).waitFor();
    await assertGerman(chat);
    assert.deepEqual(await sticksOut(chat), []);
    await driver.screenshot('german-chat');
  });

  it('says in German why a file is no module', async () => {
    const { driver } = window;
    window.write('broken.ram', 'no archive');
    await driver.palette('View: Show Explorer');
    const row = driver.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'broken.ram' });
    await driver.contextMenu(row, manifest['command.importModuleFile']);
    const [message] = await driver.waitForToast('wurde nicht importiert', 60_000);
    assert.match(message, /kann nicht als Archiv gelesen werden/);
  });
});
