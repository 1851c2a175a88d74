// Default keys: none of ours is a key of VS Code's own, on any system; what they and the palette's own entries do.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

interface Binding {
  readonly key: string;
  readonly command: string;
}

const { keybindings } = JSON.parse(fs.readFileSync('package.json', 'utf8')).contributes;

/** What a browser says that it runs on: VS Code takes its keys from that. */
const SYSTEMS = {
  linux: 'X11; Linux x86_64',
  windows: 'Windows NT 10.0; Win64; x64',
  mac: 'Macintosh; Intel Mac OS X 10_15_7',
} as const;

/** Modifiers of each key of a chord in one order. */
function normal(key: string): string {
  const one = (part: string) => {
    const names = part.split(/\+(?=.)/);
    return [...names.slice(0, -1).sort(), names.at(-1)].join('+');
  };
  return key.toLowerCase().split(' ').map(one).join(' ');
}

/** Keys of the defaults that take `key` away, or that it takes away: the same, or the beginning of one another. */
function collisions(key: string, defaults: readonly Binding[]): string[] {
  const own = normal(key);
  const others = defaults.map(({ key: other, command }) => [normal(other), command] as const);
  const isChordPrefix = (prefix: string) => others.some(([other]) => other.startsWith(`${prefix} `));
  return others.flatMap(([other, command]) => {
    const isTaken = other === own || other.startsWith(`${own} `);
    // What a chord begins with is taken already where VS Code's own chords begin with it.
    const isCutOff = own.startsWith(`${other} `) && !isChordPrefix(other);
    return isTaken || isCutOff ? [`${other} ${command}`] : [];
  });
}

describe('default keys', () => {
  const window = useWorkbench({ settings: { ...withoutSuggestWidget, 'workbench.editor.useModal': 'off' } });

  /** VS Code's own default keys, from the document that it makes of them. */
  async function defaults(): Promise<readonly Binding[]> {
    const { driver } = window;
    await driver.page.evaluate("navigator.clipboard.writeText('')");
    await driver.palette('Preferences: Open Default Keyboard Shortcuts (JSON)');
    await driver.page.locator('.part.editor .monaco-editor.focused .view-line', { hasText: '"key"' }).first().waitFor();
    await driver.palette('Select All');
    // The same on every system, which keys are not.
    await driver.palette('Copy with Syntax Highlighting');
    const text = await driver.until(
      'the keys on the clipboard',
      () => driver.page.evaluate<string>('navigator.clipboard.readText()'),
      copied => copied.includes('"key"'),
    );
    const all: readonly Binding[] = JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ''));
    return all.filter(({ command }) => !command.startsWith('residual.'));
  }

  it('are found to collide where they do', () => {
    const own = [
      { key: 'ctrl+k ctrl+t', command: 'theme' },
      { key: 'alt+f1', command: 'help' },
      { key: 'shift+alt+f', command: 'format' },
    ];
    const rows = [
      ['alt+f1', 1],
      ['alt+f1 a', 1],
      ['ctrl+k', 1],
      ['ctrl+k ctrl+t', 1],
      ['alt+shift+f', 1],
      ['ctrl+k a', 0],
      ['alt+f2', 0],
    ] as const;
    for (const [key, n] of rows) assert.equal(collisions(key, own).length, n, key);
  });

  for (const [system, userAgent] of Object.entries(SYSTEMS)) {
    it(`collide with none of VS Code's on ${system}`, async () => {
      const { driver } = window;
      const session = await driver.page.context().newCDPSession(driver.page);
      await session.send('Emulation.setUserAgentOverride', {
        userAgent: `Mozilla/5.0 (${userAgent}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36`,
      });
      await driver.page.reload();
      await driver.waitForStatusBar(statusBarId, text => text !== '', 120_000);
      const found = await defaults();
      assert.ok(found.length > 400, `only ${found.length} keys`);
      assert.equal(
        found.some(({ key }) => key.includes('cmd+')),
        system === 'mac',
      );
      const own = keybindings.map((binding: { key: string; mac?: string }) =>
        system === 'mac' ? (binding.mac ?? binding.key) : binding.key,
      );
      assert.notEqual(own.length, 0);
      assert.deepEqual(
        own.flatMap((key: string) => collisions(key, found)),
        [],
      );
      await driver.palette('View: Close All Editors');
    });
  }

  it('complete and switch; the palette has the next completion and the one before', async () => {
    const { driver } = window;
    const session = await driver.page.context().newCDPSession(driver.page);
    await session.send('Emulation.setUserAgentOverride', {
      userAgent: `Mozilla/5.0 (${SYSTEMS.linux}) Chrome/140.0.0.0`,
    });
    await driver.page.reload();
    await driver.waitForStatusBar(statusBarId, text => text !== '', 120_000);
    await driver.openFile(sampleSpot.file);
    await driver.moveBehind(sampleSpot.file, sampleSpot.after);
    await driver.type(sampleSpot.types);
    const first = await driver.waitForGhostText();
    await driver.press('Escape');
    await driver.waitForNoGhostText();
    await driver.press('Alt+Backslash');
    assert.equal(await driver.waitForGhostText(), first);
    await driver.palette(commandTitle('residual.nextCompletion'));
    const second = await driver.waitForGhostText(text => text !== '' && text !== first);
    await driver.palette(commandTitle('residual.previousCompletion'));
    await driver.waitForGhostText(text => text !== '' && text !== first && text !== second);
    await driver.press('Escape');
    await driver.press('Control+K');
    await driver.press('A');
    const rows = await driver.quickPickRows();
    assert.ok(
      rows.some(row => row.includes(shippedModules()[0].title)),
      rows.join('\n'),
    );
    await driver.press('Escape');
    await driver.revert();
  });

  it('and settings are reset when the person confirms it, and not before', async () => {
    const { driver } = window;
    const file = '.vscode/settings.json';
    const written = { 'editor.tabSize': 3, 'residual.modules': [{ id: 'react' }], 'residual.contextTokens': 512 };
    window.write(file, JSON.stringify(written));
    await driver.openFile('src/types.ts');
    await driver.waitForStatusBar(statusBarId, text => text.includes('React'));
    const dialog = driver.page.locator('.monaco-dialog-box');
    const ask = async () => {
      await driver.palette(commandTitle('residual.resetSettings'));
      await driver.until('what can be reset', driver.quickPickRows, rows =>
        rows.some(row => row.includes('Scoreboard')),
      );
      await driver.press('ArrowDown');
      await driver.press('Space');
      await driver.press('Enter');
      await dialog.waitFor();
    };
    await ask();
    await driver.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(JSON.parse(window.read(file)), written);
    await ask();
    await dialog.locator('.monaco-button', { hasText: 'Reset' }).click();
    await driver.waitForToast('Residual is reset');
    assert.deepEqual(JSON.parse(window.read(file)), { 'editor.tabSize': 3 });
    await driver.waitForStatusBar(statusBarId, text => text.includes('no module'));
  });
});
