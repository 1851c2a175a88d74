// Ghost text as a person meets it: typing, accepting all of it, accepting a word, refusing it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { FIXTURE_PROPOSAL } from '../../fixtures/fixtureModels.mjs';
import { commandTitle, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('ghost text', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const { file, after, types } = sampleSpot;

  before(() => window.driver.waitForStatusBar(statusBarId, text => text !== ''));

  beforeEach(async () => {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
  });

  afterEach(() => window.driver.revert());

  it('appears while typing', async () => {
    assert.notEqual((await window.driver.waitForGhostText()).trim(), '');
  });

  it('is written into the file by Tab', async () => {
    const { driver } = window;
    const before = window.read(file);
    const [line] = await driver.cursor();
    const [first] = (await driver.waitForGhostText()).split('\n');
    await driver.acceptTab();
    await driver.until(
      'the text in the file',
      () => driver.lineText(line),
      text => text?.includes(types + first) === true,
    );
    assert.equal(window.read(file), before, 'only saving may write to disk');
  });

  it('keeps its rest when one word is accepted', async () => {
    const { driver } = window;
    const ghost = await driver.waitForGhostText();
    await driver.acceptWord();
    const rest = await driver.waitForGhostText(text => text !== ghost);
    assert.ok(
      ghost.endsWith(rest) && rest.length < ghost.length,
      `${JSON.stringify(rest)} is not the rest of ${JSON.stringify(ghost)}`,
    );
  });

  it('goes away with Escape', async () => {
    const { driver } = window;
    await driver.waitForGhostText();
    await driver.press('Escape');
    await driver.waitForNoGhostText();
    await driver.staysWithoutGhostText(1_000);
  });

  it('is told of in the diagnostics: versions, models and timings, and none of the code', async () => {
    const { driver } = window;
    const ghost = await driver.waitForGhostText();
    await driver.palette(commandTitle('residual.copyDiagnostics'));
    await driver.waitForToast('Diagnostics are on the clipboard');
    const text = await driver.page.evaluate<string>('navigator.clipboard.readText()');
    for (const part of [
      /^Residual \d+\.\d+\.\d+, VS Code \d+/,
      new RegExp(`Engine ready, \\d+ MiB, loaded ${FIXTURE_PROPOSAL}`),
    ])
      assert.match(text, part);
    assert.match(text, new RegExp(`In use: ${FIXTURE_PROPOSAL}\\n`));
    assert.match(text, /Answers from engine: \d+, p50 [\d.]+ ms, p90 [\d.]+ ms/);
    // A short ghost text, such as `id`, may be a part of any word.
    const told = ghost.split('\n').filter(line => line.trim().length > 4);
    for (const code of [...told, types.trim(), path.basename(file), window.workspace])
      assert.ok(!text.includes(code), `${code} is in ${text}`);
    await driver.dismissToasts();
  });
});

describe('ghost text of which the models are not sure', () => {
  // No line is certain.
  const window = useWorkbench({ settings: { ...withoutSuggestWidget, 'residual.showGate': 1 } });
  const { file, after, types } = sampleSpot;

  it('is held back while typing, and shown to whoever asks for it', async () => {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(types);
    await driver.until(
      'the log to say so',
      () => window.log,
      log => /completion from [^,]+, 0 shown, 1 held back/.test(log),
    );
    assert.equal(await driver.ghostText(), '');
    await driver.palette('Residual: Complete Now');
    assert.notEqual(await driver.waitForGhostText(), '');
  });
});
