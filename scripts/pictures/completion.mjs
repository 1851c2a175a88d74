// Ghost text and the status bar, with its hover.
import { sampleSpot, statusBarItem } from '../sample.mjs';

export async function pictures({ driver, shoot, page }) {
  const { file, after, types } = sampleSpot;
  await driver.openFile(file);
  await driver.moveBehind(file, after);
  await driver.type(types);
  await driver.waitForGhostText();
  await shoot('ghost-text');
  await page.locator(`[id="${statusBarItem}"]`).hover();
  await page.locator('.monaco-hover, .workbench-hover').first().waitFor();
  await shoot('status-hover');
  await driver.press('Escape');
  await page.keyboard.press('F1');
  await page.keyboard.insertText('Residual: ');
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await shoot('palette');
  await driver.press('Escape');
  await driver.palette('Residual: Switch Alignment Module…');
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await shoot('switch');
  await driver.press('Escape');
}
