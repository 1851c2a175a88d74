// Why this completion: shown by a command, read by keyboard, followed through an accept, exported, and never fooled by text.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { assertAccessible } from './axe';
import { commandTitle, shippedModules } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const { file, after, types } = sampleSpot;
const react = shippedModules().find(({ id }) => id === 'react')!;

describe('why this completion', () => {
  const window = useWorkbench({
    settings: {
      ...withoutSuggestWidget,
      'residual.debounce': 0,
      'residual.showGate': 0,
      'residual.modules': [{ id: 'react' }],
    },
  });

  async function open(): Promise<Frame> {
    await window.driver.palette(commandTitle('residual.showWhy'));
    return (await window.driver.pageFrame('why')) as Frame;
  }
  /** The page once it explains something. */
  async function explained(): Promise<Frame> {
    const frame = await open();
    await frame.locator('.page[aria-busy="false"] #tokens').waitFor();
    return frame;
  }
  /** Back from the panel, which stands in a group of its own. */
  async function back(): Promise<void> {
    await window.driver.press('Control+1');
    await window.driver.page.locator('.part.editor .monaco-editor.focused').waitFor();
  }
  async function suggest(): Promise<string> {
    const { driver } = window;
    await back();
    await driver.moveBehind(file, after);
    await driver.type(types);
    return driver.waitForGhostText();
  }
  const selected = (frame: Frame) => frame.locator('[role=option][aria-selected="true"]');
  const indexOf = async (frame: Frame) => Number((await selected(frame).getAttribute('id'))?.replace('token-', ''));

  it('says that nothing was suggested yet', async () => {
    await window.driver.openFile(file);
    const frame = await open();
    await frame.getByText('Nothing has been suggested in this window yet').waitFor();
    await assertAccessible(frame);
  });

  it('follows what is typed beside it without taking the keys away', async () => {
    const { driver } = window;
    await suggest();
    const frame = (await driver.pageFrame('why')) as Frame;
    await frame.locator('.page[aria-busy="false"] #tokens').waitFor();
    await driver.page.locator('.part.editor .monaco-editor.focused').waitFor();
    await driver.revert();
  });

  it('shows the ghost text token by token, with bars for the proposal and what came of it', async () => {
    const ghost = await suggest();
    const frame = await explained();
    await frame.getByText(`Shown in ${path.basename(file)}`).waitFor();
    assert.match((await frame.locator('.facts').textContent()) ?? '', new RegExp(react.title));
    const shown = await frame.locator('.token > span:not(.typed, .cut, .end)').allTextContents();
    const plain = (text: string) => text.replace(/[\s↵]/g, '');
    assert.ok(
      plain(ghost).startsWith(plain(shown.join('')).slice(0, plain(ghost).length)),
      `${shown.join('|')} for ${ghost}`,
    );
    const written = frame.locator('.candidates .is-written');
    assert.equal(await written.count(), 1);
    assert.equal(await written.locator('rect.p').count(), 1);
    assert.equal(await written.locator('rect.aligned').count(), 1);
    assert.match((await written.locator('.weight').textContent()) ?? '', /×[\d.]+/);
    await assertAccessible(frame);
  });

  it('is read by keyboard, from token to token', async () => {
    const { driver } = window;
    const frame = await explained();
    await frame.locator('[role=option]:focus').waitFor();
    const n = await frame.locator('[role=option]').count();
    await driver.press('Home');
    assert.equal(await indexOf(frame), 0);
    await driver.press('ArrowLeft');
    assert.equal(await indexOf(frame), 0);
    await driver.press('ArrowRight');
    assert.equal(await indexOf(frame), 1);
    await frame.getByRole('heading', { name: `Token 2 of ${n}` }).waitFor();
    await driver.press('End');
    assert.equal(await indexOf(frame), n - 1);
    await frame.locator('[role=option]').nth(2).click();
    assert.equal(await indexOf(frame), 2);
  });

  it('is exported as JSON', async () => {
    const { driver, workspace } = window;
    const frame = await explained();
    await frame.locator('#export').focus();
    await driver.press('Enter');
    const input = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    const value = () => input.inputValue().catch(() => '');
    await driver.until('the dialog', value, text => text.endsWith('residual-why.json'));
    const target = path.join(workspace, 'why.json');
    await input.fill(target);
    await driver.press('Enter');
    await frame.getByText('Saved as why.json').waitFor();
    const view = JSON.parse(fs.readFileSync(target, 'utf8'));
    assert.equal(view.formatVersion, 1);
    assert.equal(view.modules[0].id, 'react');
    for (const { id, aligned, why } of view.tokens)
      assert.equal(why.candidates.find((candidate: { id: number }) => candidate.id === id).aligned, aligned);
    assert.equal(view.differsAt, undefined);
  });

  it('follows what is accepted', async () => {
    const { driver } = window;
    const frame = await explained();
    await frame.locator('#export').waitFor();
    await back();
    await driver.revert();
    await suggest();
    await driver.acceptTab();
    await frame.getByText(`Accepted in ${path.basename(file)}`).waitFor();
    await driver.revert();
  });

  it('says when the engine is gone, and explains once it is back', async () => {
    const { driver } = window;
    await suggest();
    const engines = () => window.pids('engine.js');
    const killing = setInterval(() => {
      for (const pid of engines()) process.kill(pid, 'SIGKILL');
    }, 20);
    let frame: Frame;
    try {
      frame = await open();
      await frame.getByText('The suggestion could not be explained').waitFor();
      await assertAccessible(frame);
    } finally {
      clearInterval(killing);
    }
    await driver.until(
      'an explanation',
      async () => {
        const retry = frame.locator('#retry:enabled');
        if ((await retry.count()) > 0) await retry.click({ timeout: 1_000 }).catch(() => {}); // it may have come back meanwhile
        return frame.locator('#tokens').count();
      },
      n => n > 0,
      60_000,
    );
    await back();
    await driver.revert();
  });

  it('shows hostile names and texts as text', async () => {
    const frame = await open();
    const hostile =
      '<img src=x onerror="document.body.dataset.broken=1"><script>document.body.dataset.broken=1</script>';
    const candidate = { id: 1, text: hostile, p: 2, proposed: -1, q: [7], weights: [1e300], aligned: Number.NaN };
    const why = { nNucleus: 9, lambdas: [0.5], candidates: [candidate], alone: 5, changedBy: [0, 3] };
    const view = {
      state: 'shown',
      file: hostile,
      languageId: hostile,
      proposal: hostile,
      modules: [{ id: hostile, title: hostile, strength: 0.5 }],
      rule: hostile,
      choices: [hostile, hostile],
      index: 0,
      tokens: [{ id: 1, text: hostile, nTyped: 3, nShown: 9, p: 0.1, aligned: 0.2, why }],
      stop: hostile,
      alone: { text: hostile, nSame: 2 },
      differsAt: 0,
    };
    await frame.evaluate(`postMessage(${JSON.stringify({ kind: 'explained', view })}, '*')`);
    await frame.locator('#tokens').getByText('onerror').first().waitFor();
    await frame.evaluate(`postMessage(${JSON.stringify({ kind: 'said', text: hostile })}, '*')`);
    await frame.locator('.said').getByText('onerror').waitFor();
    assert.equal(await frame.locator('#root img, #root script').count(), 0);
    assert.equal(await frame.evaluate('document.body.dataset.broken'), undefined);
  });
});

describe('why a completion without modules', () => {
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0, 'residual.showGate': 0 },
  });

  it('says that none was active, and offers to choose one; what was typed through is told from what is left', async () => {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    const ghost = await driver.waitForGhostText(text => /^\w{2}/.test(text));
    await driver.type(ghost[0]);
    await driver.waitForGhostText(text => text === ghost.slice(1));
    await driver.palette(commandTitle('residual.showWhy'));
    const frame = (await driver.pageFrame('why')) as Frame;
    await frame.getByText('No module was active').waitFor();
    assert.equal(await frame.locator('rect.aligned').count(), 0);
    await frame.getByText('Grey text stood there already').waitFor();
    await assertAccessible(frame);
    await frame.locator('#switch').click();
    await driver.waitForQuickPickRow(react.title);
    await driver.press('Escape');
  });
});

describe('why a completion that a module has changed', () => {
  const window = useWorkbench({
    settings: {
      ...withoutSuggestWidget,
      'residual.debounce': 0,
      'residual.showGate': 0,
      // So strong that it has its way here, wherever the models of the day agree.
      'residual.modules': [{ id: 'react', strength: 1 }],
    },
  });

  it('leads from change to change by keyboard, and names the module', async () => {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.waitForGhostText();
    await driver.palette(commandTitle('residual.showWhy'));
    const frame = (await driver.pageFrame('why')) as Frame;
    await frame.locator('.page[aria-busy="false"] #tokens').waitFor();
    await frame.locator('#next-change').focus();
    await driver.press('Enter');
    const label = frame.locator('[role=option][aria-selected="true"]');
    assert.match((await label.getAttribute('aria-label')) ?? '', new RegExp(`changed by ${react.title}`));
    await frame.getByText(`${react.title} changed this token`).waitFor();
    assert.notEqual(await frame.locator('.token.is-changed').count(), 0);
  });
});
