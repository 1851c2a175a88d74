// The status bar item in every state that it has, each with its hover, and the quick pick that pauses.
import fs from 'node:fs';
import path from 'node:path';
import { sampleSpot, statusBarItem } from '../sample.mjs';
import { markedProcesses } from '../workbench/processTree.mjs';

export async function pictures({ driver, workspace, shoot, page, profile }) {
  const { file, after, types } = sampleSpot;
  const settings = values => {
    fs.mkdirSync(path.join(workspace, '.vscode'), { recursive: true });
    fs.writeFileSync(
      path.join(workspace, '.vscode/settings.json'),
      JSON.stringify({ 'residual.modules': [{ id: 'react' }], ...values }),
    );
  };
  const typeAtSpot = async () => {
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
  };
  const state = word => driver.waitForStatusLabel(statusBarItem, label => label.includes(`, ${word}`), 60_000);
  const isError = () =>
    driver
      .waitForStatusLabel(statusBarItem, label => label.includes(', error'), 5_000)
      .then(
        () => true,
        () => false,
      );
  const hover = page.locator('.workbench-hover, .monaco-hover').filter({ visible: true }).first();
  const shootWithHover = async name => {
    await page.locator(`[id="${statusBarItem}"]`).hover();
    await hover.waitFor();
    await shoot(name);
    await page.mouse.move(600, 400);
    await hover.waitFor({ state: 'hidden' });
  };
  const pause = async (row, text) => {
    await driver.palette('Residual: Pause or Resume Completions…');
    await driver.quickPick(row);
    await state(text);
  };

  settings({ 'residual.proposal': 'no-such-model' });
  await typeAtSpot();
  // The editor may have read the settings file after the first key: then nothing has gone wrong yet.
  for (let i = 0; i < 5 && !(await isError()); i++) await driver.palette('Residual: Complete Now');
  await state('error');
  await driver.dismissToasts();
  await shootWithHover('error');

  // An engine that is held as it starts stays in that state for as long as a picture takes.
  settings({});
  await driver.revert();
  const engine = () => markedProcesses(`TMPDIR=${profile}`).find(({ command }) => command.includes('engine.js'));
  const typing = typeAtSpot();
  const held = await driver.until(
    'an engine',
    () => engine()?.pid,
    pid => pid !== undefined,
    30_000,
  );
  process.kill(held, 'SIGSTOP');
  await typing;
  await shootWithHover('starting');
  process.kill(held, 'SIGCONT');
  await driver.waitForGhostText();
  await state('ready');
  await shootWithHover('ready');

  process.kill(held, 'SIGSTOP');
  await driver.press('Escape');
  await driver.type('x');
  await driver.palette('Residual: Complete Now');
  await state('busy');
  await shootWithHover('busy');
  process.kill(held, 'SIGCONT');
  await state('ready');

  await driver.palette('Residual: Pause or Resume Completions…');
  await driver.quickPickRows();
  await shoot('pick');
  await driver.press('Escape');
  await pause('In store.ts', 'paused in store.ts');
  await shootWithHover('paused-file');
  await pause('In TypeScript Files', 'paused in TypeScript files');
  await pause('For 15 Minutes', 'paused until');
  await shootWithHover('paused-minutes');
  await driver.palette('Residual: Pause or Resume Completions…');
  await driver.quickPickRows();
  await shoot('pick-paused');
  await driver.quickPick('Resume Everywhere');
  await state('ready');

  settings({ 'residual.enable': false });
  await state('off');
  await shootWithHover('off');
  settings({});
  await state('ready');
  await driver.revert();
  await driver.openFile('README.md');
  await state('off in this language');
  await shootWithHover('off-language');
}
