// What the log holds of a person who writes code: a line a completion with counts and times, and at no level any code.
import assert from 'node:assert/strict';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('the log', () => {
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0 },
    logLevel: 'residual.residual=trace',
  });
  const { file, after, types } = sampleSpot;
  const complete = commandTitle('residual.complete');
  const secret = 'quuxCredential';

  async function typeAtSpot(text: string): Promise<string> {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    await driver.type(text);
    return driver.waitForGhostText();
  }

  it('has a line a completion: what was cached, prefilled and written, and milliseconds', async () => {
    await typeAtSpot(`const ${secret} = 1;\n    ${types}`);
    await window.driver.palette(complete);
    const line =
      /\[info\] completion from engine, \d+ shown, \d+ tokens written, \d+ cached, \d+ prefilled, stopped by \w+, [\d.]+ ms$/;
    await window.driver.until(
      'a line in the log',
      () => window.ownLog,
      lines => lines.some(one => line.test(one)),
    );
    await window.driver.revert();
  });

  it('has no code, at whatever level: not what was there, not what was typed, suggested, accepted or refused', async () => {
    const { driver } = window;
    const ghost = await typeAtSpot(`const ${secret} = 1;\n    ${types}`);
    await driver.acceptTab();
    await driver.revert();
    await typeAtSpot(types);
    await driver.press('Escape');
    await driver.palette(complete);
    const another = await driver.waitForGhostText();
    await driver.revert();
    // What goes wrong is logged too.
    for (const pid of window.pids('engine.js')) process.kill(pid, 'SIGKILL');
    await driver.until(
      'the end of the engine in the log',
      () => window.ownLog,
      lines => lines.some(line => /\[warning\] The engine ended/.test(line)),
    );
    window.write('.vscode/settings.json', '{ "residual.proposal": "no-such-model" }');
    await driver.until(
      'the problem in the log',
      async () => {
        await driver.palette(complete);
        return window.errors;
      },
      errors => errors.some(error => error.includes('no-such-model')),
    );
    await driver.revert();

    const log = window.ownLog.join('\n');
    const code = [...window.read(file).split('\n'), types, ghost, another].map(text => text.trim());
    const names = window.read(file).match(/\b[a-z]+[A-Z]\w*/g) ?? [];
    const told = [secret, ...names, ...code.filter(text => text.length > 6)].filter(text => log.includes(text));
    assert.deepEqual(told, []);
  });
});
