// A switch of branches reaches the instant module by HEAD alone: the watcher of files is told to leave the sources out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copyOfSample } from '../../../scripts/sample.mjs';
import { commandTitle } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

/** No model has ever seen these. */
const gadget = (name: string) => `export function ${name}(board: string) {\n  return ${name}(board);\n}\n`.repeat(3);

function git(dir: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: dir, stdio: 'pipe' });
}

/** A repository whose second branch has one file more and one less. */
function repository(dir: string, branch: string, name: string): void {
  copyOfSample(dir);
  fs.writeFileSync(path.join(dir, 'src/old.ts'), 'export const old = 1;\n');
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '.');
  git(dir, 'commit', '-q', '-m', 'main');
  git(dir, 'checkout', '-q', '-b', branch);
  fs.writeFileSync(path.join(dir, `src/${name}.ts`), gadget(name));
  git(dir, 'rm', '-q', 'src/old.ts');
  git(dir, 'add', '.');
  git(dir, 'commit', '-q', '-m', branch);
  git(dir, 'checkout', '-q', 'main');
}

/** A repository, and a further working tree of one that is not opened itself. */
function twoTrees(): string {
  const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'trees-'));
  const at = (name: string) => path.join(workspace, name);
  repository(at('plain'), 'feature', 'zorbulateQuux');
  repository(at('origin'), 'topic', 'plimbicateGadget');
  git(at('origin'), 'worktree', 'add', '-q', '-b', 'start', at('tree'), 'main');
  const settings = { 'residual.modules': [{ id: 'instant' }], 'files.watcherExclude': { '**/src/**': true } };
  fs.writeFileSync(
    at('trees.code-workspace'),
    JSON.stringify({ folders: [{ path: 'plain' }, { path: 'tree' }], settings }),
  );
  return at('trees.code-workspace');
}

describe('another branch', () => {
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0 },
    makeWorkspace: twoTrees,
  });
  const updates = () => window.log.match(/instant module: \d+ files counted anew, \d+ taken out/g) ?? [];

  async function checkOut(folder: string, branch: string): Promise<string | undefined> {
    const before = updates().length;
    git(path.join(window.workspace, folder), 'checkout', '-q', branch);
    const after = await window.driver.until('an update', updates, lines => lines.length > before);
    return after.at(-1);
  }

  async function suggestionFor(file: string, typed: string, name: string): Promise<string> {
    const { driver } = window;
    await driver.openFile(file);
    await driver.moveBehind(file, 'for (const task of state.board.tasks) {\n    ');
    await driver.type(typed);
    const text = await driver.waitForGhostText(ghost => ghost.includes(name));
    await driver.revert();
    return text;
  }

  before(async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.buildInstantModule'));
    await driver.waitForToast('The instant module is built');
    await driver.dismissToasts();
  });

  it('is counted: what differs anew, and what is gone taken out', async () => {
    assert.equal(await checkOut('plain', 'feature'), 'instant module: 1 files counted anew, 1 taken out');
    assert.match(await suggestionFor('plain/src/state/store.ts', 'return zorbul', 'Quux'), /^ateQuux\(/);
  });

  it('is counted in a working tree whose HEAD lies elsewhere', async () => {
    assert.equal(await checkOut('tree', 'topic'), 'instant module: 1 files counted anew, 1 taken out');
    assert.match(await suggestionFor('tree/src/state/store.ts', 'return plimbic', 'Gadget'), /^ateGadget\(/);
  });

  it('is not counted while completions are paused, but when they are resumed', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.pause'));
    await driver.quickPick('In This Window');
    const before = updates().length;
    git(path.join(window.workspace, 'plain'), 'checkout', '-q', 'main');
    // What VS Code shows of the files comes from the same watcher.
    await driver.page.locator('.explorer-folders-view', { hasText: 'plain' }).waitFor();
    await driver.staysWithoutGhostText(2_000);
    assert.equal(updates().length, before);
    await driver.palette(commandTitle('residual.pause'));
    await driver.press('Enter');
    const after = await driver.until('an update', updates, lines => lines.length > before);
    // What comes back was counted before.
    assert.equal(after.at(-1), 'instant module: 0 files counted anew, 1 taken out');
  });
});
