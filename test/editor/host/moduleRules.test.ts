// Rules for modules with documents, globs and settings of the real editor.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { matchesGlob } from '../../../src/vscode/globs';
import { decisionFor, reasonFor, scopeOf } from '../../../src/vscode/modules/moduleDecision';

describe('rules for modules in the editor', () => {
  const folder = () => vscode.workspace.workspaceFolders![0];
  const inWorkspace = (name: string) => vscode.Uri.joinPath(folder().uri, name);
  const section = () => vscode.workspace.getConfiguration('residual');
  const write = (name: string, value: unknown) => section().update(name, value, vscode.ConfigurationTarget.Workspace);

  after(async () => {
    for (const name of ['moduleRules', 'modules']) await write(name, undefined);
  });

  const globs: readonly (readonly [glob: string, file: string, matches: boolean])[] = [
    ['*.tsx', 'src/components/Column.tsx', true],
    ['*.tsx', 'src/types.ts', false],
    ['*.{ts,tsx}', 'src/types.ts', true],
    ['Column.tsx', 'src/components/Column.tsx', true],
    ['src/**', 'src/components/Column.tsx', true],
    ['src/*', 'src/components/Column.tsx', false],
    ['src/*.ts', 'src/types.ts', true],
    ['components/**', 'src/components/Column.tsx', false],
    ['**/components/**', 'src/components/Column.tsx', true],
    ['src/components/Column.tsx', 'src/components/Column.tsx', true],
    ['src/[a-c]omponents/**', 'src/components/Column.tsx', true],
    ['tests/**', 'src/types.ts', false],
    ['../**', 'src/types.ts', false],
    ['/**', 'src/types.ts', true],
    ['[', 'src/types.ts', false],
    ['{', 'src/types.ts', false],
  ];
  for (const [glob, file, matches] of globs) {
    it(`${glob} ${matches ? 'matches' : 'does not match'} ${file}`, () => {
      assert.equal(matchesGlob(inWorkspace(file), glob), matches);
    });
  }

  it('a glob with a path says nothing of files outside the workspace, one with a name does', () => {
    const outside = vscode.Uri.file('/elsewhere/src/types.ts');
    assert.deepEqual(
      ['src/**', '*.ts', '**/src/**'].map(glob => matchesGlob(outside, glob)),
      [false, true, true],
    );
  });

  it('the first that matches decides, and says so; else the modules of the workspace do', async () => {
    await write('modules', [{ id: 'generic' }]);
    await write('moduleRules', [
      { glob: 'tests/**', modules: [{ id: 'tests' }] },
      { language: 'typescriptreact', modules: [{ id: 'react', strength: 0.7 }] },
      { language: 'untitled-language', modules: [] },
    ]);
    const seen = async (document: Thenable<vscode.TextDocument> | vscode.TextDocument) => {
      const found = decisionFor(await document);
      return [found.modules.map(m => m.id).join(), reasonFor(await document, found), scopeOf(await document, found)];
    };
    const open = (file: string) => vscode.workspace.openTextDocument(inWorkspace(file));
    const uri = folder().uri.toString();
    assert.deepEqual(await seen(open('src/components/Column.tsx')), [
      'react',
      'Chosen by rule 2 of residual.moduleRules: typescriptreact files.',
      `${uri}#1`,
    ]);
    assert.deepEqual(await seen(open('tests/store.test.ts')), [
      'tests',
      'Chosen by rule 1 of residual.moduleRules: tests/**.',
      `${uri}#0`,
    ]);
    assert.deepEqual(await seen(open('src/types.ts')), ['generic', 'Chosen by the settings of this workspace.', uri]);
    assert.deepEqual(await seen(vscode.workspace.openTextDocument({ language: 'typescriptreact' })), [
      'react',
      'Chosen by rule 2 of residual.moduleRules: typescriptreact files.',
      '#1',
    ]);
    await write('modules', undefined);
    assert.deepEqual((await seen(open('src/types.ts'))).slice(0, 2), ['', 'No setting names a module.']);
  });

  it('the cells of a notebook are the notebook', async () => {
    await write('moduleRules', [{ glob: '*.ipynb', modules: [{ id: 'tests' }] }]);
    const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, '', 'python');
    const notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', new vscode.NotebookData([cell]));
    assert.deepEqual(decisionFor(notebook.cellAt(0).document).modules, [{ id: 'tests' }]);
  });
});
