// Files that are not what most files are: each either gets completions or is left alone, and none of them troubles the others.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copyOfSample } from '../../../scripts/sample.mjs';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const stack = (after: string) =>
  `class Stack {\n  private items: number[] = [];\n\n  push(item: number): void {\n    this.items.push(item);\n  }\n\n  pop(): number | undefined {${after}`;

/** Completes at the end of the eighth line of `stack`. */
const spot = { line: 8, column: 30 };

describe('unusual files', () => {
  const window = useWorkbench({
    settings: {
      ...withoutSuggestWidget,
      'residual.debounce': 0,
      'workbench.editor.revealIfOpen': false,
      'files.readonlyInclude': { '**/readonly.ts': true },
    },
    makeWorkspace: () => copyOfSample(path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'w-')), 'Über uns & 工作 (мой)')),
  });
  const complete = commandTitle('residual.complete');

  async function openAt(file: string, { line, column } = spot): Promise<void> {
    await window.driver.openFile(file);
    await window.driver.moveTo(line, column);
  }

  /** Opens a new file, and asks for a completion behind `stack`. */
  async function suggestionIn(file: string, text: string, accept?: (ghost: string) => boolean): Promise<string> {
    window.write(file, text);
    await openAt(file);
    await window.driver.palette(complete);
    return window.driver.waitForGhostText(accept);
  }

  /** That nothing went wrong in the file before is seen in the next one. */
  async function othersStillComplete(): Promise<void> {
    window.write('src/plain.ts', stack('\n}\n'));
    await openAt('src/plain.ts');
    await window.driver.palette(complete);
    assert.notEqual(await window.driver.waitForGhostText(), '');
  }

  /** Errors in the log that a test expected. */
  let nErrors = 0;

  // What must stay silent is told from what is slow only once the engine runs.
  before(async () => {
    await othersStillComplete();
    await window.driver.revert();
  });

  afterEach(async () => {
    assert.deepEqual(await window.driver.toasts(), []);
    assert.deepEqual(window.errors.slice(nErrors), []);
    await window.driver.revert();
  });

  for (const name of ['with spaces.ts', '[id].{a,b}+(page)!.ts', 'größe-файл-ファイル.ts', '#50%25 & more?.ts']) {
    it(`completes in ${name}`, async () => {
      assert.notEqual(await suggestionIn(`src/${name}`, stack('\n}\n')), '');
    });
  }

  it('suggests at Windows line ends what it suggests elsewhere, and keeps them when several lines are accepted', async () => {
    const text = stack('\n}\n');
    const expected = await suggestionIn('src/unix.ts', text, lines => lines.includes('\n'));
    await window.driver.press('Escape');
    const file = 'src/windows.ts';
    const ghost = await suggestionIn(file, text.replaceAll('\n', '\r\n'), lines => lines.includes('\n'));
    assert.equal(ghost, expected);
    await window.driver.acceptTab();
    const saved = await window.driver.savedText(file);
    assert.match(saved, /^[^\r\n]*(\r\n[^\r\n]*)*$/, JSON.stringify(saved));
    const nLines = (text: string) => text.split('\n').length;
    assert.equal(nLines(saved), nLines(stack('\n}\n')) + nLines(ghost) - 1);
  });

  it('completes in an empty file, if only with nothing', async () => {
    window.write('src/empty.ts', '');
    await window.driver.openFile('src/empty.ts');
    await window.driver.palette(complete);
    await othersStillComplete();
  });

  it('leaves a line of 5 MB alone, and what it imports of that kind', async () => {
    window.write('src/huge.ts', `export const data = [${'1234567890, '.repeat(420_000)}];\nconst after = 1;\n`);
    fs.writeFileSync(path.join(window.workspace, 'src/binary.ts'), Buffer.from([0, 255, 254, 1, 2, 0, 10, 200, 0]));
    await window.driver.openFile('src/huge.ts');
    await window.driver.moveTo(1, 20);
    const before = window.nRequests;
    await window.driver.palette(complete);
    await window.driver.staysWithoutGhostText(1000);
    const file = 'src/importing.ts';
    window.write(file, `import { data } from './huge';\nimport { bin } from './binary';\n${stack('\n}\n')}`);
    await openAt(file, { line: 10, column: 30 });
    await window.driver.palette(complete);
    assert.notEqual(await window.driver.waitForGhostText(), '');
    // A request for the long line would have come before this one, and be in the log by now.
    assert.equal(window.nRequests, before + 1);
  });

  it('completes where the bytes are not UTF-8', async () => {
    const file = 'src/latin1.ts';
    fs.writeFileSync(path.join(window.workspace, file), Buffer.from(`// gr\u00f6\u00dfe\n${stack('\n}\n')}`, 'latin1'));
    await openAt(file, { line: 9, column: 30 });
    await window.driver.palette(complete);
    assert.notEqual(await window.driver.waitForGhostText(), '');
  });

  it('says once that a settings file cannot be written, and changes nothing', async () => {
    const { driver } = window;
    const [{ id, title }] = shippedModules();
    const broken = `{ "residual.modules": [{ "id": "${id}" }], `;
    window.write('.vscode/settings.json', broken);
    window.write('src/plain.ts', stack('\n}\n'));
    await openAt('src/plain.ts');
    const completed = async () => {
      await driver.palette(complete);
      return (await driver.statusBar(statusBarId)) ?? '';
    };
    await driver.until('the module in use', completed, text => text.includes(title));
    await driver.press('Escape');
    await driver.palette(commandTitle('residual.setStrength'));
    await driver.page.locator('.quick-input-widget', { hasText: 'Strength of' }).waitFor();
    await driver.type('0.25');
    await driver.press('Enter');
    const messages = await driver.waitForToast('Unable to write into workspace settings');
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], /Completions go on with/);
    assert.equal(window.read('.vscode/settings.json'), broken);
    nErrors = window.errors.length;
    assert.match(String(window.errors), /Unable to write into workspace settings/);
    await driver.dismissToasts();
    window.write('.vscode/settings.json', '{}');
  });

  it('leaves a read-only file alone', async () => {
    const file = 'src/readonly.ts';
    window.write(file, stack('\n}\n'));
    const before = window.nRequests;
    await openAt(file);
    await window.driver.type('\nret');
    await window.driver.staysWithoutGhostText(1000);
    await othersStillComplete();
    assert.equal(window.nRequests, before + 1, 'the one that was asked for in the other file');
    assert.equal(window.read(file), stack('\n}\n'));
  });
});
