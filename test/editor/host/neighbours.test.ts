// Which code from elsewhere is shown to a model: files that are imported, open or were left, and never data or secrets.
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import * as vscode from 'vscode';
import type { TextChunk } from '../../../src/core/fim';
import { Neighbours } from '../../../src/vscode/neighbours';

const code = (name: string) => `export function ${name}Total(orders) {\n  return orders.length;\n}\n`.repeat(3);

const files: Readonly<Record<string, string | Uint8Array>> = {
  'plain.ts': code('plain'),
  'windows.ts': code('windows').replaceAll('\n', '\r\n'),
  // Data and code far apart, so that not each of its pieces is too long by itself.
  'huge.ts': `${code('huge').repeat(20)}// ${'1234567890, '.repeat(420_000)}\n`,
  'binary.ts': Buffer.concat([Buffer.from(code('binary')), Buffer.from([0, 255, 254, 1, 2, 0, 10, 200, 0])]),
  'id_rsa.ts': code('secret'),
};

/** What stands before the cursor is like all of them, so that nothing is left out for being of no use. */
const MENTIONED = '\nplainTotal(windowsTotal(hugeTotal(binaryTotal(secretTotal(';

describe('code from elsewhere', () => {
  let neighbours: Neighbours;
  const folder = vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0].uri, 'src/around');
  const names = Object.keys(files).map(name => name.replace('.ts', ''));
  /** VS Code itself opens no binary file as text. */
  const openable = names.filter(name => name !== 'binary');

  before(async () => {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, name), bytes);
    }
  });
  after(() => vscode.workspace.fs.delete(folder, { recursive: true }));
  beforeEach(() => {
    neighbours = new Neighbours();
  });
  afterEach(async () => {
    neighbours.dispose();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  async function open(name: string, text: string): Promise<vscode.TextDocument> {
    const uri = vscode.Uri.joinPath(folder, name);
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    return vscode.workspace.openTextDocument(uri);
  }

  /** Chosen in the background: asked for until something is. */
  async function chosenFor(document: vscode.TextDocument): Promise<readonly TextChunk[]> {
    const position = document.positionAt(document.getText().length);
    for (let i = 0; i < 200; i++) {
      const chunks = neighbours.for(document, position);
      if (chunks.length > 0) return chunks;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    return assert.fail('nothing was chosen');
  }

  const shown = (chunks: readonly TextChunk[]) =>
    names.filter(name => chunks.some(({ path }) => path.endsWith(`${name}.ts`)));

  const pathsOf = (chunks: readonly TextChunk[]) => chunks.map(({ path }) => path.split('/').at(-1));

  it('is what a file imports, without data and secrets', async () => {
    const imports = names.map(name => `import { ${name}Total } from './${name}';\n`).join('');
    const chunks = await chosenFor(await open('importing.ts', imports + MENTIONED));
    assert.deepEqual(shown(chunks), ['plain', 'windows']);
    for (const { text } of chunks) assert.doesNotMatch(text, /\r|\0/);
  });

  it('is not what a linked folder hides', async () => {
    const secrets = vscode.Uri.joinPath(folder, 'secrets');
    await vscode.workspace.fs.writeFile(
      vscode.Uri.joinPath(secrets, 'windows.ts'),
      new TextEncoder().encode(code('windows')),
    );
    symlinkSync(secrets.fsPath, vscode.Uri.joinPath(folder, 'linked').fsPath, 'junction');
    const imports = "import { windowsTotal } from './linked/windows';\nimport { plainTotal } from './plain';\n";
    assert.deepEqual(shown(await chosenFor(await open('linking.ts', imports + MENTIONED))), ['plain']);
  });

  it('is what is open, without data and secrets', async () => {
    for (const name of openable) await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder, `${name}.ts`));
    const chunks = await chosenFor(await open('beside.ts', MENTIONED));
    assert.deepEqual(shown(chunks), ['plain', 'windows']);
  });

  it('is where a person has been, without secrets', async () => {
    for (const name of [...openable, 'plain'])
      await vscode.window.showTextDocument(vscode.Uri.joinPath(folder, `${name}.ts`), { preview: false });
    // Of another language, so that what is open does not count.
    const chunks = await chosenFor(await open('after.py', MENTIONED));
    const seen = shown(chunks);
    assert.ok(seen.includes('plain') && !seen.includes('id_rsa'), seen.join());
  });

  it('is where a person edited, once they edit elsewhere', async () => {
    const edited = await open('edited.ts', `${code('other').repeat(20)}${code('plain')}${code('more').repeat(20)}`);
    const elsewhere = await open('elsewhere.ts', 'a\n');
    for (const [document, line] of [
      [edited, 182],
      [elsewhere, 0],
    ] as const) {
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(line, 0), '\n');
      await vscode.workspace.applyEdit(edit);
    }
    const chunks = await chosenFor(await open('after.py', MENTIONED));
    assert.deepEqual(pathsOf(chunks), ['edited.ts']);
    assert.match(chunks[0].text, /plainTotal/);
    for (const document of [edited, elsewhere]) await document.save();
  });

  it('is what a person copied', async () => {
    const copied = await open('copied.ts', `${code('other').repeat(20)}${code('plain')}`);
    const editor = await vscode.window.showTextDocument(copied, { preview: false });
    editor.selection = new vscode.Selection(180, 0, 189, 0);
    await vscode.commands.executeCommand('editor.action.clipboardCopyAction');
    editor.selection = new vscode.Selection(0, 0, 0, 0);
    const chunks = await chosenFor(await open('after.py', MENTIONED));
    assert.deepEqual(pathsOf(chunks), ['copied.ts']);
    assert.match(chunks[0].text, /^export function plainTotal/);
  });
});
