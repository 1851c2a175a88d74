// Documents that are no files of the workspace, and settings that are no settings.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const SOURCE = `class Stack {
  private items: number[] = [];

  push(item: number): void {
    this.items.push(item);
  }

  pop(): number | undefined {
}
`;
/** Behind the brace of `pop`. */
const SPOT = new vscode.Position(7, 29);

/** Files in memory, as a database or a remote repository would show them. */
class MemoryFiles implements vscode.FileSystemProvider {
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;
  private bytes = Buffer.from(SOURCE);
  stat(uri: vscode.Uri): vscode.FileStat {
    if (uri.path !== '/src/stack.ts') throw vscode.FileSystemError.FileNotFound(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: this.bytes.length };
  }
  readFile(uri: vscode.Uri): Uint8Array {
    this.stat(uri);
    return this.bytes;
  }
  writeFile(_uri: vscode.Uri, content: Uint8Array): void {
    this.bytes = Buffer.from(content);
  }
  watch = () => new vscode.Disposable(() => {});
  readDirectory = () => [];
  createDirectory(): void {}
  delete(): void {}
  rename(): void {}
}

const settled = () => new Promise(resolve => setTimeout(resolve, 100));

describe('documents of other kinds', () => {
  const registered: vscode.Disposable[] = [];
  const memory = vscode.Uri.parse('residual-memory:/src/stack.ts');
  const readOnly = vscode.Uri.parse('residual-readonly:/src/stack.ts');
  const provided = vscode.Uri.parse('residual-provided:/src/stack.ts');

  before(async () => {
    await vscode.extensions.getExtension('residual.residual')?.activate();
    registered.push(
      vscode.workspace.registerFileSystemProvider(memory.scheme, new MemoryFiles()),
      vscode.workspace.registerFileSystemProvider(readOnly.scheme, new MemoryFiles(), { isReadonly: true }),
      vscode.workspace.registerTextDocumentContentProvider(provided.scheme, {
        provideTextDocumentContent: () => SOURCE,
      }),
    );
  });
  after(() => vscode.Disposable.from(...registered).dispose());
  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  async function show(document: vscode.TextDocument): Promise<vscode.TextDocument> {
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    editor.selection = new vscode.Selection(SPOT, SPOT);
    return document;
  }

  /** Asks for a completion and accepts it, as a person does. */
  async function accept(document: vscode.TextDocument, nAttempts = 100): Promise<boolean> {
    const before = document.getText();
    for (let attempt = 0; attempt < nAttempts && document.getText() === before; attempt++) {
      if (attempt % 25 === 0) await vscode.commands.executeCommand('residual.complete');
      await settled();
      await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
    }
    const after = document.getText();
    if (after === before) return false;
    const at = document.offsetAt(SPOT);
    assert.equal(after.slice(0, at), before.slice(0, at), 'what stood there before is lost');
    assert.ok(after.endsWith(before.slice(at).trimStart()), 'what stood there behind is lost');
    return true;
  }

  const rows: readonly (readonly [string, () => Thenable<vscode.TextDocument>, boolean])[] = [
    ['untitled', () => vscode.workspace.openTextDocument({ language: 'typescript', content: SOURCE }), true],
    ['virtual', () => vscode.workspace.openTextDocument(memory), true],
    ['virtual and read-only', () => vscode.workspace.openTextDocument(readOnly), false],
    ['provided by an extension', () => vscode.workspace.openTextDocument(provided), false],
  ];
  for (const [kind, open, isCompleted] of rows) {
    it(`${kind}: ${isCompleted ? 'are completed' : 'are left alone'}`, async () => {
      const document = await show(await open());
      assert.equal(await accept(document, isCompleted ? 400 : 10), isCompleted);
    });
  }

  it('are completed whatever stands in the settings', async () => {
    const wrong: Record<string, unknown> = {
      modules: 'none',
      contextTokens: 1e12,
      debounce: 'soon',
      languages: ['typescript'],
      exclude: 7,
      showGate: -3,
      proposal: 12,
    };
    const section = () => vscode.workspace.getConfiguration('residual');
    try {
      for (const [name, value] of Object.entries(wrong))
        await section().update(name, value, vscode.ConfigurationTarget.Workspace);
      const document = await show(await vscode.workspace.openTextDocument({ language: 'typescript', content: SOURCE }));
      assert.equal(await accept(document, 400), true);
    } finally {
      for (const name of Object.keys(wrong))
        await section().update(name, undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
