// Ghost text as a person meets it: typing, accepting all of it, accepting a word, refusing it.
import assert from 'node:assert/strict';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { statusBarId } from './names';
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
      log => /completion from engine, 0 shown, 1 held back/.test(log),
    );
    assert.equal(await driver.ghostText(), '');
    await driver.palette('Residual: Complete Now');
    assert.notEqual(await driver.waitForGhostText(), '');
  });
});
