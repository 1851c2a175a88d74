// The scoreboard: type, accept, and read the numbers; switch it off, export and erase, all by keyboard.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { assertAccessible } from './axe';
import { commandTitle } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('the scoreboard', () => {
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0, 'residual.showGate': 0 },
  });
  const { file, after, types } = sampleSpot;
  let nSuggested = 1;

  async function open(): Promise<Frame> {
    await window.driver.palette(commandTitle('residual.showScoreboard'));
    const frame = (await window.driver.pageFrame('scoreboard')) as Frame;
    await frame.locator('.page[aria-busy="false"]').waitFor();
    return frame;
  }
  const value = (frame: Frame, tile: string) =>
    frame
      .locator(`#${tile} dd`)
      .textContent()
      .then(text => text ?? '');
  const reads = (frame: Frame, tile: string, wanted: RegExp) =>
    window.driver.until(
      `${tile} ${wanted}`,
      () => value(frame, tile),
      text => wanted.test(text),
    );

  /** As the page has it, which shows no number before there is one. */
  const nShown = async (frame: Frame) =>
    (await frame.locator('#shown dd').count()) === 0 ? 0 : Number.parseInt(await value(frame, 'shown'), 10);

  /** Types at the sample's spot, so that something is suggested; below another line each time, so that it is new. */
  async function suggest(): Promise<string> {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(`void ${nSuggested++};`);
    await driver.press('Enter');
    // At once, so that what is shown was asked for and not typed through.
    await driver.type(types, { delayMs: 0 });
    return driver.waitForGhostText();
  }

  it('says that nothing was counted yet, and what would be', async () => {
    const frame = await open();
    await frame.getByText('Nothing has been counted yet').waitFor();
    await frame.getByText('no code, no file names').waitFor();
    await assertAccessible(frame);
  });

  it('counts what was accepted, by language, and takes back what was undone', async () => {
    const { driver } = window;
    await suggest();
    await driver.acceptTab();
    const frame = await open();
    await reads(frame, 'shown', /^1\b/);
    await reads(frame, 'accepted', /^100%[\s\S]*1 whole, 0 in part/);
    await reads(frame, 'saved', /^[1-9]/);
    await reads(frame, 'latency', /^[1-9][\d,]* ms/);
    assert.match(
      (await frame.locator('.groups tbody tr').textContent()) ?? '',
      /TypeScript[\s\S]*Proposal alone[\s\S]*100%/,
    );
    assert.match((await frame.locator('.chart svg').getAttribute('aria-label')) ?? '', /^1 shown and 1 accepted/);
    await driver.openFile(file);
    await driver.press('Control+Z');
    const after = await open();
    await reads(after, 'accepted', /1 whole, 0 in part, 1 undone/);
    await reads(after, 'saved', /^0/);
    await driver.openFile(file);
    await driver.revert();
  });

  it('counts words as a part of a suggestion', async () => {
    const { driver } = window;
    const ghost = await suggest();
    assert.ok(ghost.trim().includes(' '), `several words are needed: ${ghost}`);
    await driver.acceptWord();
    await driver.waitForGhostText(text => text !== ghost && text !== '');
    const frame = await open();
    await reads(frame, 'accepted', /1 whole, 1 in part/);
    await reads(frame, 'shown', /^2\b/);
    await driver.openFile(file);
    await driver.revert();
  });

  it('counts words and then the rest as one accept', async () => {
    const { driver } = window;
    const ghost = await suggest();
    await driver.acceptWord();
    await driver.waitForGhostText(text => text !== ghost && text !== '');
    await driver.acceptTab();
    const frame = await open();
    await reads(frame, 'accepted', /2 whole, 1 in part, 1 undone/);
    await reads(frame, 'shown', /^3\b/);
    await assertAccessible(frame);
    await driver.openFile(file);
    await driver.revert();
  });

  it('counts nothing while it is switched off', async () => {
    const { driver } = window;
    let frame = await open();
    const before = await nShown(frame);
    await frame.locator('#on').focus();
    await driver.press('Space');
    await frame.getByText(/Nothing is being counted\b/).waitFor();
    await suggest();
    await driver.acceptTab();
    frame = await open();
    await frame.locator('#on').focus();
    await driver.press('Space');
    await frame.getByText(/Nothing is being counted\b/).waitFor({ state: 'detached' });
    // The page was told anew what is counted.
    assert.equal(await nShown(frame), before);
    await driver.openFile(file);
    await driver.revert();
  });

  it('is exported as JSON without code, by keyboard', async () => {
    const { driver, workspace } = window;
    const frame = await open();
    await frame.locator('#export').focus();
    await driver.press('Enter');
    const target = path.join(workspace, 'counts.json');
    const input = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    await driver.until(
      'the dialog',
      () => input.inputValue().catch(() => ''),
      text => text.endsWith('residual-scoreboard.json'),
    );
    await input.fill(target);
    await driver.press('Enter');
    await frame.getByText('Saved as counts.json').waitFor();
    const exported = fs.readFileSync(target, 'utf8');
    const [row] = JSON.parse(exported).rows;
    assert.deepEqual([row.languageId, row.shown, row.accepted], ['typescript', 3, 2]);
    assert.doesNotMatch(exported, /task|store|state\.board/);
  });

  it('is erased, after asking back', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#erase').focus();
    await driver.press('Enter');
    await driver.press('Enter');
    await frame.locator('#erase').waitFor();
    await reads(frame, 'shown', /^3\b/);
    await driver.press('Enter');
    await frame.locator('#erase-no:focus').waitFor();
    await driver.press('Shift+Tab');
    await driver.press('Enter');
    await frame.getByText('Nothing has been counted yet').waitFor();
    await frame.getByText('Everything that was counted is erased.').waitFor();
  });
});
