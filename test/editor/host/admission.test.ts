// Where completions are wanted at all, asked with documents of the real editor.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { isReadable, isWrittenIn, refusalFor, switchedOff } from '../../../src/vscode/admission';
import { settingsFor } from '../../../src/vscode/settings';

const START = new vscode.Position(0, 0);

/** An empty file system, as far as anybody looks into it. */
const nothing: vscode.FileSystemProvider = {
  onDidChangeFile: new vscode.EventEmitter<vscode.FileChangeEvent[]>().event,
  watch: () => new vscode.Disposable(() => {}),
  stat: () => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: 0 }),
  readDirectory: () => [],
  createDirectory: () => {},
  readFile: () => new Uint8Array(),
  writeFile: () => {},
  delete: () => {},
  rename: () => {},
};

describe('where completions are wanted', () => {
  const registered: vscode.Disposable[] = [];
  before(() => {
    registered.push(
      vscode.workspace.registerFileSystemProvider('admission-remote', nothing),
      vscode.workspace.registerFileSystemProvider('admission-readonly', nothing, { isReadonly: true }),
      vscode.workspace.registerTextDocumentContentProvider('admission-view', { provideTextDocumentContent: () => 'x' }),
    );
  });
  after(() => vscode.Disposable.from(...registered).dispose());

  const inWorkspace = (name: string) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0].uri, name);
  const refusal = (document: vscode.TextDocument) => refusalFor(document, START, settingsFor(document));

  const documents: readonly (readonly [string, () => Thenable<vscode.TextDocument>, boolean])[] = [
    ['a file', () => vscode.workspace.openTextDocument(inWorkspace('src/state/store.ts')), true],
    ['a document that was never saved', () => vscode.workspace.openTextDocument({ language: 'typescript' }), true],
    [
      'a cell of a notebook',
      async () => {
        const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, '', 'python');
        const notebook = await vscode.workspace.openNotebookDocument(
          'jupyter-notebook',
          new vscode.NotebookData([cell]),
        );
        return notebook.cellAt(0).document;
      },
      true,
    ],
    [
      'a file system of an extension',
      () => vscode.workspace.openTextDocument(vscode.Uri.parse('admission-remote:/a.ts')),
      true,
    ],
    [
      'one that cannot be written',
      () => vscode.workspace.openTextDocument(vscode.Uri.parse('admission-readonly:/a.ts')),
      false,
    ],
    [
      'a view that an extension provides',
      () => vscode.workspace.openTextDocument(vscode.Uri.parse('admission-view:/a.ts')),
      false,
    ],
  ];
  for (const [what, open, isWanted] of documents) {
    it(`${what}: ${isWanted ? 'yes' : 'no'}`, async () => {
      const document = await open();
      assert.equal(refusal(document) === undefined, isWanted, refusal(document));
      assert.equal(isReadable(document), isWanted, 'what cannot be written in is no context either');
    });
  }

  it('not in text boxes, outputs and older revisions', () => {
    const schemes = 'output comment debug vscode-scm git search-editor vscode-chat-input chatSessionInput walkThrough';
    const more =
      'vscode-interactive-input vscode-terminal inmemory webview-panel vscode-settings chat-editing-text-model';
    const written = `${schemes} ${more}`
      .split(' ')
      .filter(scheme => isWrittenIn({ uri: vscode.Uri.from({ scheme, path: '/a.ts' }) } as vscode.TextDocument));
    assert.deepEqual(written, []);
  });

  it('in the settings of a person', () => {
    const uri = vscode.Uri.from({ scheme: 'vscode-userdata', path: '/User/settings.json' });
    assert.equal(isWrittenIn({ uri } as vscode.TextDocument), true);
  });

  const excluded: readonly (readonly [string, ReturnType<typeof switchedOff>])[] = [
    ['.env', 'file'],
    ['config/.env.local', 'file'],
    ['keys/server.pem', 'file'],
    ['deploy/secrets/token.ts', 'file'],
    ['.npmrc', 'file'],
    ['env.ts', undefined],
    ['src/secretsOf.ts', undefined],
    ['notes.md', 'language'],
  ];
  for (const [name, expected] of excluded) {
    it(`${name}: ${expected === undefined ? 'yes' : `no, off in this ${expected}`}`, async () => {
      const uri = inWorkspace(name);
      await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode('x\n'));
      try {
        const document = await vscode.workspace.openTextDocument(uri);
        const isFile = expected === 'file' && document.languageId !== 'plaintext';
        const off = switchedOff(document, settingsFor(document));
        // Such a file may also be in a language that is off.
        if (isFile || expected !== 'file') assert.equal(off, expected);
        else assert.notEqual(off, undefined);
        assert.equal(isReadable(document), expected !== 'file');
      } finally {
        await vscode.workspace.fs.delete(uri);
      }
    });
  }

  it('not in a line that is data, but in the lines around it', async () => {
    const document = await vscode.workspace.openTextDocument({
      language: 'typescript',
      content: `a\n'${'1,'.repeat(5000)}'\nb`,
    });
    const settings = settingsFor(document);
    assert.deepEqual(
      [0, 1, 2].map(line => refusalFor(document, new vscode.Position(line, 0), settings)),
      [undefined, 'line too long', undefined],
    );
  });

  it('not at several cursors', async () => {
    const document = await vscode.workspace.openTextDocument({ language: 'typescript', content: 'a\nb\n' });
    const editor = await vscode.window.showTextDocument(document);
    const at = (line: number) => new vscode.Selection(line, 1, line, 1);
    editor.selections = [at(0)];
    assert.equal(refusal(document), undefined);
    editor.selections = [at(0), at(1)];
    assert.equal(refusal(document), 'several cursors');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });
});
