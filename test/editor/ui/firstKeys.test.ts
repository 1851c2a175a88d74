// Keys that are typed before VS Code listens for ghost text, as in a window that is still busy with its start.
import assert from 'node:assert/strict';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { useWorkbench, withoutSuggestWidget } from './workbench';

/** Without an idle moment at first: VS Code begins to listen in one. */
const BUSY = `
  globalThis.requestIdleCallback = run => setTimeout(() => run({ didTimeout: true, timeRemaining: () => 1 }), 20_000);
  globalThis.cancelIdleCallback = clearTimeout;
`;

describe('the first keys in a new editor', () => {
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, '[typescriptreact]': { 'editor.inlineSuggest.enabled': false } },
    onPage: async page => {
      await page.addInitScript(BUSY);
    },
  });

  it('ask for nothing where inline suggestions are off', async () => {
    const { driver } = window;
    await driver.openFile('src/components/TaskCard.tsx');
    await driver.page.keyboard.type('export const ', { delay: 40 });
    await driver.staysWithoutGhostText(2_000);
    assert.equal(window.nRequests, 0);
  });

  it('are answered by ghost text', async () => {
    const { driver } = window;
    const { file, after, types } = sampleSpot;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    // Not `driver.type`, which waits until VS Code listens.
    await driver.page.keyboard.type(types, { delay: 40 });
    assert.notEqual(await driver.waitForGhostText(), '');
    assert.equal(window.nRequests, 1);
  });
});
