// Learning from feedback, by a person at the keyboard: recorded on the disk, switched off, exported, learned from, erased.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { sampleSpot } from '../../../scripts/sample.mjs';
import type { FeedbackRecord } from '../../../src/host/feedback/feedbackRecord';
import { assertAccessible } from './axe';
import { commandTitle } from './names';
import { openSettingsPage } from './settingsPage';
import { useWorkbench, withoutSuggestWidget } from './workbench';

/** What stands at a suggestion's place is looked at after half a minute. */
const LOOKED_AT_WITHIN_MS = 60_000;
const SETTINGS = '.vscode/settings.json';

describe('feedback', function () {
  this.timeout(400_000);
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0, 'files.simpleDialog.enable': true },
  });
  const { file, after, types } = sampleSpot;
  let nSuggested = 1;

  /** In the workspace's own storage, wherever the editor has put that. */
  function recordsFile(): string | undefined {
    const found = fs.readdirSync(window.profile, { recursive: true, encoding: 'utf8' });
    const name = found.find(one => one.endsWith(path.join('residual.residual', 'feedback', 'feedback.jsonl')));
    return name && path.join(window.profile, name);
  }
  function records(): FeedbackRecord[] {
    const found = recordsFile();
    if (found === undefined) return [];
    const lines = fs.readFileSync(found, 'utf8').split('\n').filter(Boolean);
    return lines.map(line => JSON.parse(line) as FeedbackRecord);
  }
  const untilRecorded = (n: number) =>
    window.driver.until(`${n} records`, records, all => all.length >= n, LOOKED_AT_WITHIN_MS);

  /** Below another line each time, so that what is suggested is asked for anew. @returns the suggestion */
  async function suggest(): Promise<string> {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    // At once: nothing is to be suggested, and recorded, on the way there.
    await driver.type(`void ${nSuggested++};\n${types}`, { delayMs: 0 });
    return driver.waitForGhostText();
  }

  /** A suggestion counts as shown when the cursor has stood in front of it for a while. */
  async function read(): Promise<void> {
    const startMs = performance.now();
    await window.driver.until(
      'the suggestion to be read',
      () => performance.now() - startMs,
      elapsedMs => elapsedMs > 1200,
    );
  }

  const dialog = () => window.driver.page.locator('.monaco-dialog-box');

  it('is recorded in the workspace’s own storage, and nowhere else', async () => {
    const { driver, workspace } = window;
    const ghost = await suggest();
    await driver.acceptTab();
    const [record] = await untilRecorded(1);
    assert.deepEqual(
      [record.outcome, record.languageId, record.text.path, record.modules],
      ['accepted', 'typescript', file, []],
    );
    assert.ok(record.text.prefix.endsWith(types), record.text.prefix.slice(-80));
    assert.equal(record.shown.split('\n')[0].trim(), ghost.split('\n')[0].trim());
    assert.equal(record.stood, record.shown.trimEnd());
    assert.ok(recordsFile()!.includes('workspaceStorage'));
    assert.ok(
      !fs.readdirSync(workspace, { recursive: true, encoding: 'utf8' }).some(name => name.includes('feedback')),
    );
    await driver.revert();
  });

  it('says what was typed in place of what was shown', async () => {
    const { driver } = window;
    await suggest();
    await read();
    await driver.type('wanted) return 1;');
    const record = (await untilRecorded(2)).find(({ outcome }) => outcome === 'typedOver');
    assert.equal(record?.stood, 'wanted) return 1;');
    assert.notEqual(record?.shown, '');
    await driver.revert();
  });

  it('is not recorded while the switch in the settings panel is off, and is again when it is on', async () => {
    const { driver } = window;
    const before = (await untilRecorded(2)).length;
    let page = await openSettingsPage(window);
    await page.frame.getByText(/Recorded in this workspace: \d+ suggestions/).waitFor();
    await page.find('#learnFromFeedback').focus();
    await driver.press('Space');
    await page.find('[data-setting=learnFromFeedback].is-set').waitFor();
    await suggest();
    await driver.acceptTab();
    // A closed document is looked at once.
    await driver.revert();
    await driver.palette('View: Close All Editors');
    page = await openSettingsPage(window);
    await page.find('#learnFromFeedback').focus();
    await driver.press('Space');
    await driver.until(
      'the switch to be on',
      () => page.find('#learnFromFeedback').isChecked(),
      isOn => isOn,
    );
    await suggest();
    await read();
    await driver.type('again) return 2;');
    const all = await untilRecorded(before + 1);
    assert.deepEqual(
      all.slice(before).map(({ stood }) => stood),
      ['again) return 2;'],
    );
    await driver.revert();
  });

  it('is exported as JSON Lines', async () => {
    const { driver, workspace } = window;
    await driver.palette(commandTitle('residual.exportFeedback'));
    const input = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    await driver.until(
      'the dialog',
      () => input.inputValue().catch(() => ''),
      text => text.endsWith('residual-feedback.jsonl'),
    );
    const target = path.join(workspace, 'kept.jsonl');
    await input.fill(target);
    await driver.press('Enter');
    await driver.waitForToast('records are exported');
    assert.equal(fs.readFileSync(target, 'utf8'), fs.readFileSync(recordsFile()!, 'utf8'));
    await driver.dismissToasts();
  });

  it('says how much is needed before anything can be learned', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.improveFromFeedback'));
    await driver.waitForToast('A module needs at least 20 suggestions');
    await driver.dismissToasts();
  });

  it('makes a module whose changes are shown before it is used, and goes back', async () => {
    const { driver } = window;
    const [like] = records();
    const more = Array.from(
      { length: 24 },
      (_, i): FeedbackRecord => ({
        ...like,
        outcome: 'typedOver',
        text: { ...like.text, prefix: `const name${i} = `, suffix: '' },
        shown: `'value${i}';`,
        stood: `"value${i}"`,
      }),
    );
    fs.appendFileSync(recordsFile()!, more.map(record => `${JSON.stringify(record)}\n`).join(''));
    const settings = () => (fs.existsSync(path.join(window.workspace, SETTINGS)) ? window.read(SETTINGS) : '{}');
    const settingsBefore = settings();
    await driver.palette(commandTitle('residual.improveFromFeedback'));
    const page = (await driver.pageFrame('improvement', 300_000)) as Frame;
    await page.locator('#use').waitFor();
    assert.equal(await page.locator('li').count(), 20);
    await page.getByText('You wrote').first().waitFor();
    assert.match(
      (await page.locator('#cost').textContent()) ?? '',
      /is right in \d[\d.]*% without it and in \d[\d.]*% with it/,
    );
    await assertAccessible(page);
    assert.doesNotMatch(settings(), /my-feedback/);

    await page.locator('#use').focus();
    await driver.press('Enter');
    await driver.waitForToast('completes from now on');
    assert.match(window.read(SETTINGS), /my-feedback/);
    await suggest();
    await driver.revert();
    await driver.dismissToasts();
    await driver.palette(commandTitle('residual.undoImprovement'));
    await driver.waitForToast('is no longer used');
    assert.deepEqual(JSON.parse(window.read(SETTINGS)), JSON.parse(settingsBefore));
    await driver.dismissToasts();
    await driver.palette(commandTitle('residual.undoImprovement'));
    await driver.waitForToast('No module that learned from your feedback is in use here');
    await driver.dismissToasts();
  });

  it('is erased when the person confirms it', async () => {
    const { driver } = window;
    const found = recordsFile()!;
    await driver.palette(commandTitle('residual.eraseFeedback'));
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    assert.ok(records().length > 20);
    await driver.palette(commandTitle('residual.eraseFeedback'));
    await dialog().getByRole('button', { name: 'Erase' }).click();
    await driver.waitForToast('What was recorded is erased');
    assert.ok(!fs.existsSync(found));
  });

  it('leaves no code in the log', () => {
    assert.doesNotMatch(window.log, /wanted\) return|again\) return|value1['"]/);
  });
});

describe('feedback in a workspace that is not trusted', function () {
  this.timeout(200_000);
  const window = useWorkbench({
    trusted: false,
    settings: { ...withoutSuggestWidget, 'security.workspace.trust.startupPrompt': 'never' },
  });

  it('is not recorded', async () => {
    const { driver } = window;
    const { file, after, types } = sampleSpot;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.waitForGhostText();
    await driver.acceptTab();
    await driver.revert();
    await driver.palette('View: Close All Editors');
    const { frame } = await openSettingsPage(window);
    await frame.getByText('This workspace is not trusted: recording is off here').waitFor();
    const names = fs.readdirSync(window.profile, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      names.filter(name => name.endsWith('feedback.jsonl')),
      [],
    );
  });
});
