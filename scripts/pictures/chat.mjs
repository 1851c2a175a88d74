// The chat panel: a new chat, an answer, an edit, suggestions, a proposed change, history, a failure, switched off.
import fs from 'node:fs';
import path from 'node:path';

const settings = path.join('.vscode', 'settings.json');

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, shoot: (state: string) => Promise<void> }} parts */
export async function pictures({ driver, workspace, shoot: save }) {
  const { page } = driver;
  const question = async () => (await driver.pageFrame('chat')).getByRole('textbox', { name: 'Question' });
  const isIdle = async () => {
    const frame = await driver.pageFrame('chat');
    return driver.until(
      'the end of the answer',
      () => frame.locator('.answer[aria-busy=true], .waiting').count(),
      n => n === 0,
      60_000,
    );
  };
  const ask = async text => {
    const turns = (await driver.pageFrame('chat')).locator('.turn');
    const nBefore = await turns.count();
    await (await question()).fill(`${text} `);
    await driver.press('Enter');
    await turns.nth(nBefore).locator('.answer').waitFor();
    await isIdle();
  };
  /** Gives the panel room, as a person would by dragging its edge. */
  const widen = async () => {
    const { x, y, width, height } = await page.locator('.part.sidebar').boundingBox();
    await page.mouse.move(x + width, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(430, y + height / 2, { steps: 4 });
    await page.mouse.up();
  };
  const shoot = async state => {
    await widen();
    await save(state);
  };
  const counted = async () => (await driver.pageFrame('chat')).locator('.budget').waitFor();

  await driver.openFile('src/state/store.ts');
  await driver.palette('Residual: Open Chat');
  await (await question()).waitFor();
  await counted();
  await shoot('welcome');

  await ask('A function that counts the tasks of each column');
  await shoot('answer');

  await driver.moveTo(10, 1);
  await driver.press('Shift+ArrowDown');
  await driver.press('Shift+ArrowDown');
  await driver.press('Shift+ArrowDown');
  await driver.palette('Residual: Add Selection to Chat');
  await (await question()).fill('/');
  await shoot('commands');
  await (await question()).fill('what is in @ty');
  await (await driver.pageFrame('chat')).getByRole('option').first().waitFor();
  await shoot('files');
  await driver.press('Enter');
  await (await driver.pageFrame('chat')).locator('.chip').nth(1).waitFor();
  await counted();
  await shoot('context');

  await ask('/explain');
  await driver.press('ArrowUp');
  await shoot('editing');
  await driver.press('Escape');

  const frame = await driver.pageFrame('chat');
  const replace = frame.getByRole('button', { name: 'Replace selection…' }).first();
  if ((await replace.count()) > 0) {
    await replace.click();
    await frame.locator('.edit-bar').waitFor();
    await shoot('review');
    await frame.getByRole('button', { name: 'Reject' }).click();
    await frame.locator('.edit-bar').waitFor({ state: 'detached' });
  }

  await driver.palette('Residual: Chat History…');
  await driver.quickPickRows();
  await shoot('history');
  await driver.press('Escape');
  await driver.palette('Residual: New Chat');
  await frame.locator('.recent').waitFor();
  await shoot('recent');

  const before = fs.readFileSync(path.join(workspace, settings), 'utf8');
  fs.writeFileSync(path.join(workspace, settings), '{ "residual.chat.modules": [{ "id": "nowhere" }] }');
  await frame.locator('.below .problem').waitFor();
  await shoot('problem');
  await ask('Anything');
  await frame.locator('.answer .problem').waitFor();
  await shoot('failure');
  fs.writeFileSync(path.join(workspace, settings), '{ "residual.enable": false }');
  await frame.getByRole('button', { name: 'Turn On' }).waitFor();
  await shoot('off');
  fs.writeFileSync(path.join(workspace, settings), before);
  await page.keyboard.press('Escape');
}
