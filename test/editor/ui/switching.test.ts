// Swapping the alignment module: what changes on screen and on disk, and what a module that does not load leaves alone.
import assert from 'node:assert/strict';
import { commandTitle, type ShippedModule, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const settingsFile = '.vscode/settings.json';

/** Places where modules differ, at the ends of files; which of them do is a matter of their training. */
const spots = [
  {
    file: 'src/Counter.tsx',
    text: "import { useState } from 'react';\n\nexport function Counter() {\n  const [count, setCount] = useState(0);\n\n  ",
    types: 'return <',
  },
  {
    file: 'tests/tasksIn.test.ts',
    text: "import { describe, expect, it } from 'vitest';\nimport { tasksIn } from '../src/state/store';\n\ndescribe('tasksIn', () => {\n  ",
    types: 'it(',
  },
  {
    file: 'src/find.ts',
    text: "import type { Task } from './types';\n\nexport function find(tasks: Task[], id: string) {\n  for (const task of tasks) {\n    ",
    types: 'if (task',
  },
];

describe('switching the module', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const switchTitle = commandTitle('residual.switchModule');

  const modulesInSettings = () => {
    try {
      return JSON.parse(window.read(settingsFile))['residual.modules'];
    } catch {
      return undefined;
    }
  };

  async function switchTo({ id, title }: ShippedModule) {
    const { driver } = window;
    await driver.palette(switchTitle);
    await driver.quickPick(title);
    await driver.until('the setting', modulesInSettings, modules => modules?.[0]?.id === id);
  }

  async function typeAt({ file, text, types }: (typeof spots)[number]) {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, text);
    await driver.type(types);
  }

  async function suggestions() {
    const { driver } = window;
    const seen: string[] = [];
    for (const spot of spots) {
      await typeAt(spot);
      // A module may have nothing to say somewhere.
      seen.push(await driver.waitForGhostText(undefined, 10_000).catch(() => ''));
      await driver.revert();
    }
    return seen;
  }

  before(() => {
    for (const { file, text } of spots) window.write(file, text);
  });

  it('is stored in the workspace, shown in the status bar, and changes what is suggested', async () => {
    const { driver } = window;
    const [first, second] = shippedModules();
    await driver.openFile(spots[0].file);
    await switchTo(first);
    const before = await suggestions();
    await driver.waitForStatusBar(statusBarId, text => text.includes(first.title));
    await switchTo(second);
    const after = await suggestions();
    await driver.waitForStatusBar(statusBarId, text => text.includes(second.title));
    assert.notEqual(after.join(''), '');
    assert.notDeepEqual(after, before);
    assert.deepEqual(modulesInSettings(), [{ id: second.id }]);
  });

  it('can be begun by a click on the status bar', async () => {
    const { driver } = window;
    await driver.clickStatusBar(statusBarId);
    const rows = await driver.quickPickRows();
    for (const { title } of shippedModules())
      assert.ok(
        rows.some(row => row.includes(title)),
        `${title} is not offered`,
      );
    await driver.press('Escape');
  });

  it('to a module that cannot be used changes nothing, and says so once', async () => {
    const { driver } = window;
    window.write('.residual/modules/from-the-future/module.json', '{ "formatVersion": 99, "id": "from-the-future" }');
    const modules = modulesInSettings();
    const status = await driver.statusBar(statusBarId);
    await driver.palette(switchTitle);
    await driver.quickPick('from-the-future');
    const messages = await driver.waitForToast('from-the-future');
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.deepEqual(modulesInSettings(), modules);
    assert.equal(await driver.statusBar(statusBarId), status);
    await driver.dismissToasts();
  });

  it('to an unknown module by hand keeps the old one, and says so once', async () => {
    const { driver } = window;
    const status = await driver.statusBar(statusBarId);
    window.write(settingsFile, JSON.stringify({ 'residual.modules': [{ id: 'no-such-module' }] }));
    await typeAt(spots[2]);
    const messages = await driver.waitForToast('no-such-module');
    assert.equal(messages.length, 1, messages.join('\n'));
    await driver.dismissToasts();
    await driver.press('Backspace');
    assert.notEqual(await driver.waitForGhostText(), '');
    assert.deepEqual(await driver.toasts(), []);
    assert.equal(await driver.statusBar(statusBarId), status);
    await driver.revert();
  });
});
