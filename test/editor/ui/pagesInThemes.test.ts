// The pages that explain and count, in three themes, and as narrow as a side bar: nothing is cut off or unreadable; and what
// they are after a reload.
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { assertReadable } from './axe';
import { commandTitle, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('explaining and counting', () => {
  const window = useWorkbench({
    settings: {
      ...withoutSuggestWidget,
      'residual.debounce': 0,
      'residual.showGate': 0,
      'residual.modules': [{ id: 'react' }],
    },
  });

  it('is readable in every theme, and fits a narrow page', async () => {
    const { driver } = window;
    const { file, after, types } = sampleSpot;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.waitForGhostText();
    await driver.acceptTab();
    await driver.palette(commandTitle('residual.showWhy'));
    const why = (await driver.pageFrame('why')) as Frame;
    await why.locator('.page[aria-busy="false"] #tokens').waitFor();
    await assertReadable(window, why);

    await driver.palette(commandTitle('residual.showScoreboard'));
    const scoreboard = (await driver.pageFrame('scoreboard')) as Frame;
    await scoreboard.locator('.chart svg').waitFor();
    await scoreboard.locator('.chart summary').click();
    await scoreboard.locator('.days td').first().waitFor();
    await assertReadable(window, scoreboard);
    await scoreboard.locator('#erase').click();
    await scoreboard.locator('#erase-no:focus').waitFor();
    await assertReadable(window, scoreboard);
    await driver.press('Enter');
  });

  it('is readable when the counts cannot be read', async () => {
    const { driver } = window;
    const file = path.join(window.profile, 'user/User/globalStorage/residual.residual/scoreboard.json');
    await driver.until(
      'the counts on disk',
      () => fs.existsSync(file),
      isThere => isThere,
    );
    fs.writeFileSync(file, '{"formatVersion":1,"ro');
    await driver.palette('View: Close Editor');
    await driver.palette(commandTitle('residual.showScoreboard'));
    const scoreboard = (await driver.pageFrame('scoreboard')) as Frame;
    await scoreboard.getByText('it is damaged').waitFor();
    await assertReadable(window, scoreboard);
    fs.rmSync(file);
  });

  it('is there again after a reload', async () => {
    const { driver } = window;
    await driver.reload('residual.scoreboard', 'residual.why');
    await driver.waitForStatusBar(statusBarId, text => text !== '', 120_000);
    for (const [name, tab] of [
      ['scoreboard', 'Residual: Scoreboard'],
      ['why', 'Residual: Why'],
    ]) {
      await driver.page.locator(`.tab[aria-label^="${tab}"]`).first().click();
      const frame = (await driver.pageFrame(name)) as Frame;
      await frame.locator('.page[aria-busy="false"]').waitFor();
    }
  });
});
