// The page of what the instant module learned: built from it, looked into by keyboard, in three themes and a narrow column.
import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { assertAccessible, assertReadable } from './axe';
import { commandTitle } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

/** No model has ever seen these; the comment is text that a page must not take for more. */
const ZORB = `export function zorbulateQuux(board: string) {\n  return zorbulateQuux(board);\n}\n`.repeat(3);
const HOSTILE = `export const hostile = zorbulateQuux('<img src=x onerror="document.title=1">');\n`.repeat(4);

describe('exploring the instant module', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });

  async function open(): Promise<Frame> {
    await window.driver.palette(commandTitle('residual.exploreInstantModule'));
    const frame = (await window.driver.pageFrame('instantExplorer')) as Frame;
    await frame.locator('.page[aria-busy="false"]').waitFor();
    return frame;
  }
  const textOf = (frame: Frame, selector: string) =>
    frame
      .locator(selector)
      .first()
      .textContent({ timeout: 5000 })
      .then(
        text => text?.replace(/\s+/g, ' ') ?? '',
        () => '',
      );
  const reads = (frame: Frame, selector: string, wanted: RegExp) =>
    window.driver.until(
      `${selector} ${wanted}`,
      () => textOf(frame, selector),
      text => wanted.test(text),
    );

  it('offers to build it, and then tells what it learned', async () => {
    const { driver } = window;
    window.write('src/quux.ts', ZORB);
    window.write('src/hostile.ts', HOSTILE);
    window.write('logo.png', 'no picture');
    const frame = await open();
    await frame.locator('#build').focus();
    await driver.press('Enter');
    await reads(frame, '#names', /zorbulateQuux 10 \/ 2/);
    await reads(frame, '#languages', /TypeScript/);
    await reads(frame, '#largest', /store\.ts/);
    await reads(frame, '[data-reason=kind]', /^ ?1 · binary/);
    await reads(frame, '#files dd', /^\d+ /);
    await reads(frame, '.times', /Built .*Written /);
    await driver.palette('Notifications: Clear All Notifications');
  });

  it('shows hostile text as text', async () => {
    const frame = await open();
    await reads(frame, '.phrases', /<img src=x/);
    assert.equal(await frame.locator('.phrases img').count(), 0);
  });

  it('says what it expects behind a name that is looked for by its beginning, by keyboard', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#look-for').focus();
    await driver.type('zorbu');
    await reads(frame, '#names-like', /zorbulateQuux 10/);
    await driver.press('Tab');
    await driver.press('Enter');
    await driver.until(
      'the name',
      () => frame.locator('#look-for').inputValue(),
      text => text === 'zorbulateQuux',
    );
    await reads(frame, '#expected', /\(.*%/);
    await frame.locator('#look-for').fill('§§§');
    await frame.locator('#unknown').waitFor();
  });

  it('follows what is counted, when it is asked to', async () => {
    const frame = await open();
    assert.doesNotMatch(await textOf(frame, '#names'), /plimbicate/);
    window.write('src/gadget.ts', ZORB.replaceAll('zorbulateQuux', 'plimbicateGadget'));
    await frame.locator('#build').focus();
    await window.driver.press('Enter');
    await reads(frame, '#names', /plimbicateGadget 6 \/ 1/);
    await window.driver.palette('Notifications: Clear All Notifications');
  });

  it('measures how much it helps when it is asked to, can be stopped, and says since when that is known', async function () {
    // It completes some dozens of lines.
    this.timeout(300_000);
    const { driver } = window;
    const frame = await open();
    await reads(frame, '#measured', /Nobody knows yet/);
    await frame.locator('#measure').focus();
    await driver.press('Enter');
    await frame.locator('#cancel-measuring').click();
    await frame.locator('#measure').waitFor();
    await reads(frame, '#measured', /Nobody knows yet/);
    await frame.locator('#measure').click();
    await driver.until(
      'what was measured',
      () => textOf(frame, '#measured'),
      text => /Lines written to the letter: .*\d+ lines of this workspace, .*\d/.test(text),
      240_000,
    );
    await driver.palette(commandTitle('residual.openSettingsPanel'));
    const settings = (await driver.pageFrame('settings')) as Frame;
    await settings.locator('[data-card=instant] .gain', { hasText: 'exact match' }).waitFor();
    await driver.press('Control+W');
  });

  it('shows a file when it is clicked', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#largest button', { hasText: 'store.ts' }).first().click();
    await driver.page.locator('.tab.active', { hasText: 'store' }).waitFor();
  });

  it('is readable, and fits a narrow column', async () => {
    const frame = await open();
    await reads(frame, '#names', /zorbulateQuux/);
    await frame.locator('#look-for').fill('zorbulateQuux');
    await frame.locator('#expected').waitFor();
    for (const summary of await frame.locator('summary').all()) await summary.click();
    await assertReadable(window, frame);
  });
});

describe('exploring the instant module of an untrusted workspace', () => {
  const window = useWorkbench({ trusted: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } });

  it('says why there is none', async () => {
    await window.driver.palette(commandTitle('residual.exploreInstantModule'));
    const frame = (await window.driver.pageFrame('instantExplorer')) as Frame;
    await frame.locator('#trust').waitFor();
    await assertAccessible(frame);
  });
});
