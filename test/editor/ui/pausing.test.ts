// Pausing by keyboard: in a file, a language, the window or for some minutes; what that silences, and what resumes it.
import assert from 'node:assert/strict';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle, statusBarId, tells } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const LOOP = 'function sum(items: number[]) {\n  let total = 0;\n  for (const item of items) {\n    ';
const PYTHON_LOOP = 'def sum_of(items):\n    total = 0\n    for item in items:\n        ';

describe('pausing', () => {
  const window = useWorkbench({ settings: { ...withoutSuggestWidget, 'residual.debounce': 0 } });
  const { file, after, types } = sampleSpot;
  const script = { file: 'src/sum.py', after: PYTHON_LOOP, types: 'tot' };
  const other = { file: 'src/sum.ts', after: LOOP, types: 'tot' };

  async function typeAt(spot: typeof script): Promise<void> {
    const { driver } = window;
    await driver.openFile(spot.file);
    await driver.moveBehind(spot.file, spot.after);
    await driver.type(spot.types);
  }

  async function completes(spot: typeof script): Promise<void> {
    await typeAt(spot);
    await window.driver.waitForGhostText();
    await window.driver.revert();
  }

  /** That nothing came is known once something that was asked for later has come. */
  async function isSilent(spot: typeof script): Promise<void> {
    const before = window.nRequests;
    await typeAt(spot);
    await window.driver.waitForStatusLabel(statusBarId, tells('paused'));
    await window.driver.staysWithoutGhostText(1_500);
    assert.equal(window.nRequests, before, 'the engine was asked');
    await window.driver.revert();
  }

  /** Opens the quick pick, narrows it by typing, and takes what is left with Enter: no mouse. */
  async function choose(text: string): Promise<void> {
    const { driver } = window;
    await driver.palette(commandTitle('residual.pause'));
    await driver.quickPickRows();
    await driver.type(text);
    await driver.until('one row', driver.quickPickRows, rows => rows.length === 1 && rows[0].includes(text));
    await driver.press('Enter');
    await driver.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  const label = (text: string) => window.driver.waitForStatusLabel(statusBarId, tells(text));

  before(() => {
    window.write(other.file, `${LOOP}\n  }\n  return total;\n}\n`);
    window.write(script.file, `${PYTHON_LOOP}\n    return total\n`);
  });

  it('before anything was completed starts no engine', async () => {
    await choose('In This Window');
    await isSilent(script);
    assert.deepEqual(window.pids('engine.js'), []);
    await window.driver.palette(commandTitle('residual.pause'));
    await window.driver.press('Enter');
    await label('ready');
  });

  it('in a file leaves the others alone', async () => {
    await completes({ file, after, types });
    await choose('In store.ts');
    await label('paused in store.ts');
    await isSilent({ file, after, types });
    await completes(other);
    await label('ready');
  });

  it('in a language leaves the others alone', async () => {
    await typeAt(other);
    await choose('In TypeScript Files');
    await label('paused in TypeScript files');
    await window.driver.waitForNoGhostText();
    await window.driver.revert();
    await isSilent(other);
    await completes(script);
  });

  it('is resumed everywhere at once', async () => {
    await choose('Resume Everywhere');
    await completes({ file, after, types });
    await completes(other);
  });

  it('in the window silences all of it, and is resumed by Enter alone', async () => {
    const { driver } = window;
    await choose('In This Window');
    await label('paused in this window');
    await isSilent({ file, after, types });
    await isSilent(script);
    await driver.palette(commandTitle('residual.pause'));
    const [first] = await driver.quickPickRows();
    assert.match(first, /Resume\s*paused in this window/);
    await driver.press('Enter');
    await completes(script);
  });

  it('for some minutes says until when, and tells whoever asks for a completion meanwhile', async () => {
    const { driver } = window;
    await choose('For 15 Minutes');
    await driver.waitForStatusLabel(statusBarId, seen => /paused until \d+:\d\d/.test(seen));
    await isSilent(script);
    const before = window.nRequests;
    await typeAt(script);
    await driver.palette(commandTitle('residual.complete'));
    const messages = await driver.waitForToast('Completions are paused until');
    assert.equal(messages.length, 1);
    assert.equal(window.nRequests, before);
    await driver.page.locator('.notification-toast .monaco-button', { hasText: 'Resume' }).click();
    await label('ready');
    await driver.revert();
    await completes(script);
  });

  it('writes no setting', () => {
    assert.throws(() => window.read('.vscode/settings.json'), { code: 'ENOENT' });
  });
});

describe('VS Code’s own snooze', () => {
  const window = useWorkbench({ settings: { ...withoutSuggestWidget, 'residual.debounce': 0 } });

  async function typeAtSpot(): Promise<void> {
    const { driver } = window;
    await driver.openFile(sampleSpot.file);
    await driver.moveBehind(sampleSpot.file, sampleSpot.after);
    await driver.type(sampleSpot.types);
  }

  it('is obeyed, and its end too', async () => {
    const { driver } = window;
    await typeAtSpot();
    await driver.waitForGhostText();
    await driver.palette('Snooze Inline Suggestions');
    await driver.quickPick('5 minutes');
    await driver.waitForNoGhostText();
    await driver.revert();
    const before = window.nRequests;
    await typeAtSpot();
    await driver.staysWithoutGhostText(1_500);
    assert.equal(window.nRequests, before, 'the engine was asked');
    await driver.revert();
    await driver.palette('Cancel Snooze Inline Suggestions');
    await typeAtSpot();
    await driver.waitForGhostText();
    await driver.revert();
  });
});
