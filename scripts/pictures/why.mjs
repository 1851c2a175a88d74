// The page that explains a suggestion, in every state that it has.
import fs from 'node:fs';
import path from 'node:path';
import { sampleSpot } from '../sample.mjs';

export const settings = {
  'residual.debounce': 0,
  'editor.quickSuggestions': false,
  'editor.suggestOnTriggerCharacters': false,
};

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, workspace, shoot }) {
  const { file, after, types } = sampleSpot;
  // So strong that it has its way: there is a changed token to look at.
  const modules = [{ id: 'react', strength: 0.8 }];
  fs.writeFileSync(path.join(workspace, '.vscode/settings.json'), JSON.stringify({ 'residual.modules': modules }));
  await driver.openFile(file);
  await driver.palette('Residual: Show Why');
  let page = await driver.pageFrame('why');
  await page.getByText('Nothing has been suggested').waitFor();
  await shoot('nothing');

  // The panel stands beside the editor, in a group of its own.
  await driver.press('Control+1');
  await driver.page.locator('.part.editor .monaco-editor.focused').waitFor();
  await driver.moveBehind(file, after);
  await driver.type(types);
  await driver.waitForGhostText();
  await driver.palette('Residual: Show Why');
  page = await driver.pageFrame('why');
  await page.locator('.page[aria-busy="false"] #tokens').waitFor();
  await shoot('shown');
  await page.locator('#tokens [role=option]').nth(3).click();
  await shoot('token');
  // Beside an editor there is no room for it in the narrow window.
  await driver.palette('View: Close Primary Side Bar');
  await driver.palette('View: Toggle Maximize Editor Group');
  await shoot('alone');

  await page.evaluate(message => globalThis.postMessage(message, '*'), {
    kind: 'failed',
    message: 'The engine ended 3 times; it starts again in 2 s.',
  });
  await page.locator('#retry').waitFor();
  await shoot('failed');
}
