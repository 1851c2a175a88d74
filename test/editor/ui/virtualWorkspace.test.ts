// A workspace that is on no disk, as of a remote repository: completed, and exactly as limited as package.json says.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { englishManifest } from '../../../scripts/manifest.mjs';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';
import { commandTitle, shippedModules } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const STACK = `class Stack {
  private items: number[] = [];

  push(item: number): void {
    this.items.push(item);
  }

  pop(): number | undefined {
}
`;
const TITLE = 'Our own style';

/** An extension with a file system in memory, in which `files` lie. */
function memoryFiles(files: Readonly<Record<string, string>>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'memory-files-'));
  const identity = { publisher: 'test', name: 'memory-files', version: '1.0.0', engines: { vscode: '^1.104.0' } };
  const capabilities = { virtualWorkspaces: true, untrustedWorkspaces: { supported: true } };
  const more = { main: 'main.js', activationEvents: ['onFileSystem:memory'], capabilities };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...identity, ...more }));
  fs.writeFileSync(
    path.join(folder, 'main.js'),
    `const vscode = require('vscode');
const files = new Map(Object.entries(${JSON.stringify(files)}).map(([name, text]) => [name, Buffer.from(text)]));
const isFolder = name => [...files.keys()].some(file => file.startsWith(name.replace(/\\/?$/, '/')));
exports.activate = () => vscode.workspace.registerFileSystemProvider('memory', {
  onDidChangeFile: new vscode.EventEmitter().event,
  watch: () => ({ dispose() {} }),
  stat({ path }) {
    if (files.has(path)) return { type: 1, ctime: 0, mtime: 0, size: files.get(path).length };
    if (isFolder(path)) return { type: 2, ctime: 0, mtime: 0, size: 0 };
    throw vscode.FileSystemError.FileNotFound(path);
  },
  readDirectory({ path }) {
    const start = path.replace(/\\/?$/, '/');
    const inside = [...files.keys()].filter(file => file.startsWith(start)).map(file => file.slice(start.length));
    return [...new Map(inside.map(file => [file.split('/')[0], file.includes('/') ? 2 : 1]))];
  },
  readFile: ({ path }) => files.get(path),
  writeFile: ({ path }, bytes) => void files.set(path, bytes),
  createDirectory() {}, delete() {}, rename() {},
});
`,
  );
  return folder;
}

/** A module that a team shares. On disk it lies at the same path as in memory: whoever takes one for the other finds it. */
function teamModule(): Record<string, string> {
  const [{ id }] = shippedModules();
  const manifest = JSON.parse(fs.readFileSync(path.join(FIXTURE_MODELS, 'modules', id, 'module.json'), 'utf8'));
  return { '.residual/modules/our-style/module.json': JSON.stringify({ ...manifest, id: 'our-style', title: TITLE }) };
}

describe('a virtual workspace', () => {
  const made: string[] = [];
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'virtual-')));
  const window = useWorkbench({
    settings: { ...withoutSuggestWidget, 'residual.debounce': 0 },
    makeWorkspace: () => {
      for (const [name, text] of Object.entries(teamModule())) {
        fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
        fs.writeFileSync(path.join(dir, name), text);
      }
      const file = path.join(dir, 'virtual.code-workspace');
      fs.writeFileSync(file, JSON.stringify({ folders: [{ uri: `memory:${dir}`, name: 'in memory' }] }));
      return file;
    },
    others: () => {
      const files = Object.entries({ 'stack.ts': STACK, ...teamModule() });
      made.push(memoryFiles(Object.fromEntries(files.map(([name, text]) => [`${dir}/${name}`, text]))));
      return made;
    },
  });
  after(() => made.forEach(folder => void fs.rmSync(folder, { recursive: true, force: true })));

  const { virtualWorkspaces } = englishManifest().capabilities;

  before(async () => {
    const { page } = window.driver;
    await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'stack.ts' }).dblclick();
    await page.locator('.tab.active[data-resource-name="stack.ts"]').waitFor();
    await page.locator('.part.editor .monaco-editor.focused').waitFor();
  });

  it('is completed, and a completion is saved where the file is', async () => {
    const { driver } = window;
    assert.equal(virtualWorkspaces.supported, 'limited');
    assert.match(virtualWorkspaces.description, /completes code/);
    await driver.moveTo(8, 30);
    await driver.type('\nret');
    const [first] = (await driver.waitForGhostText()).split('\n');
    await driver.acceptTab();
    await driver.press('Control+S');
    await driver.page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
    assert.ok((await driver.lineText(9))?.includes(`ret${first}`), await driver.lineText(9));
  });

  it('brings no modules, as is said', async () => {
    const { driver } = window;
    assert.match(virtualWorkspaces.description, /\.residual\) are not used/);
    await driver.palette(commandTitle('residual.switchModule'));
    const rows = await driver.quickPickRows();
    await driver.press('Escape');
    assert.ok(
      rows.some(row => row.includes(shippedModules()[0].title)),
      rows.join('\n'),
    );
    assert.ok(!rows.some(row => row.includes(TITLE)), rows.join('\n'));
  });

  it('has no instant module, as is said', async () => {
    const { driver } = window;
    assert.match(virtualWorkspaces.description, /no instant module/);
    await driver.palette(commandTitle('residual.buildInstantModule'));
    const messages = await driver.waitForToast('this workspace is virtual');
    assert.equal(messages.length, 1, messages.join('\n'));
    await driver.dismissToasts();
  });

  it('keeps a chosen module in its own settings', async () => {
    const { driver } = window;
    const [{ id, title }] = shippedModules();
    await driver.palette(commandTitle('residual.switchModule'));
    await driver.quickPick(title);
    const modules = () => JSON.parse(window.read('virtual.code-workspace')).settings?.['residual.modules'];
    await driver.until('the setting', modules, found => found?.[0]?.id === id);
    assert.deepEqual(await driver.toasts(), []);
  });
});
