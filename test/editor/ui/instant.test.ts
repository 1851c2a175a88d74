// The instant module: built by a command, used beside what is there, kept up when a file is saved.
import assert from 'node:assert/strict';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

/** No model has ever seen these. */
const GADGET = `export function zorbulateQuux(board: string) {\n  return zorbulateQuux(board);\n}\n`.repeat(3);

describe('the instant module', () => {
  const window = useWorkbench({ settings: { ...withoutSuggestWidget, 'residual.debounce': 0 } });
  const modulesInSettings = () => {
    try {
      return JSON.parse(window.read('.vscode/settings.json'))['residual.modules'];
    } catch {
      return undefined;
    }
  };

  async function suggestionFor(typed: string): Promise<string> {
    const { driver } = window;
    await driver.openFile('src/state/store.ts');
    await driver.moveBehind('src/state/store.ts', 'for (const task of state.board.tasks) {\n    ');
    await driver.type(typed);
    const text = await driver.waitForGhostText(ghost => ghost.includes('Quux') || ghost.includes('Gadget'));
    await driver.revert();
    return text;
  }

  it('is built by a command, offered, and then suggests a name that only this workspace has', async () => {
    const { driver } = window;
    window.write('src/quux.ts', GADGET);
    await driver.openFile('src/state/store.ts');
    await driver.palette(commandTitle('residual.buildInstantModule'));
    const built = await driver.waitForToast('The instant module is built');
    assert.match(String(built), /\d+ files, [\d.]+ kB of text, in [\d.]+ s/);
    await driver.page.locator('.notification-toast .monaco-button', { hasText: 'Use It Here' }).click();
    await driver.until('the setting', modulesInSettings, modules => modules?.at(-1)?.id === 'instant');
    assert.match(await suggestionFor('return zorbul'), /^ateQuux\(/);
    await driver.waitForStatusBar(statusBarId, text => text.includes('Instant: this workspace'));
  });

  it('learns a name when a file is saved', async () => {
    window.write('src/gadget.ts', GADGET.replaceAll('zorbulateQuux', 'plimbicateGadget'));
    const { driver } = window;
    await driver.until(
      'the new name',
      () => suggestionFor('return plimbic').catch(() => ''),
      text => /^ateGadget\(/.test(text),
    );
  });

  it('is listed among the modules, and stays beside the one that is chosen', async () => {
    const { driver } = window;
    const [react] = shippedModules();
    await driver.clickStatusBar(statusBarId);
    await driver.waitForQuickPickRow('Instant: this workspace');
    await driver.press('Escape');
    const ids = (modules: readonly { id: string }[] | undefined) => modules?.map(({ id }) => id).join();
    for (const [title, expected] of [
      [react.title, `${react.id},instant`],
      ['Instant: this workspace', 'instant'],
      ['None', ''],
      ['Instant: this workspace', 'instant'],
    ]) {
      await driver.palette(commandTitle('residual.switchModule'));
      await driver.quickPick(title);
      await driver.until('the setting', modulesInSettings, modules => ids(modules) === expected);
    }
  });
});

describe('the instant module of an untrusted workspace', () => {
  const window = useWorkbench({ trusted: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } });

  it('is not built, and a message says why', async () => {
    const { driver } = window;
    await driver.waitForStatusBar(statusBarId, text => text.includes('Residual'));
    await driver.palette(commandTitle('residual.buildInstantModule'));
    const messages = await driver.waitForToast('reads no files of a workspace that you have not trusted');
    assert.equal(messages.length, 1);
  });
});
