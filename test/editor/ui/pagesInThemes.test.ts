// The pages that explain and count, in three themes, and as narrow as a side bar: nothing is cut off or unreadable; and what
// they are after a reload.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { assertAccessibleAsSeen, sticksOut } from './axe';
import { commandTitle, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

for (const theme of ['Default Dark Modern', 'Default Light Modern', 'Default High Contrast']) {
  describe(`explaining and counting in ${theme}`, () => {
    const window = useWorkbench({
      settings: {
        ...withoutSuggestWidget,
        'workbench.colorTheme': theme,
        'residual.debounce': 0,
        'residual.showGate': 0,
        'residual.modules': [{ id: 'react' }],
      },
    });

    it('is readable and fits a narrow page', async () => {
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
      await assertAccessibleAsSeen(why);
      assert.deepEqual(await sticksOut(why), []);

      await driver.palette(commandTitle('residual.showScoreboard'));
      const scoreboard = (await driver.pageFrame('scoreboard')) as Frame;
      await scoreboard.locator('.chart svg').waitFor();
      await scoreboard.locator('.chart summary').click();
      await scoreboard.locator('.days td').first().waitFor();
      await assertAccessibleAsSeen(scoreboard);
      assert.deepEqual(await sticksOut(scoreboard), []);
      await scoreboard.locator('#erase').click();
      await scoreboard.locator('#erase-no:focus').waitFor();
      await assertAccessibleAsSeen(scoreboard);
      assert.deepEqual(await sticksOut(scoreboard), []);
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
      await assertAccessibleAsSeen(scoreboard);
      assert.deepEqual(await sticksOut(scoreboard), []);
      fs.rmSync(file);
    });

    if (theme !== 'Default Dark Modern') return;

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
}
