// What goes along with a question in VS Code's own chat.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { attachedTo } from '../../../src/vscode/chat/participantContext';

describe('the code beside a question to @residual', () => {
  const folder = () => vscode.workspace.workspaceFolders?.[0]?.uri ?? assert.fail('no folder is open');
  const types = () => vscode.Uri.joinPath(folder(), 'src/types.ts');
  const secret = () => vscode.Uri.joinPath(folder(), '.env');
  const reference = (value: unknown): vscode.ChatPromptReference => ({ id: 'x', value });
  const problems = vscode.languages.createDiagnosticCollection('participant');

  before(() => vscode.workspace.fs.writeFile(secret(), new TextEncoder().encode('KEY=1\n')));
  after(async () => {
    problems.dispose();
    await vscode.workspace.fs.delete(secret());
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  const ASKED = { text: 'What is it?' };
  const show = async (uri: vscode.Uri, selection?: vscode.Range) =>
    vscode.window.showTextDocument(uri, { ...(selection && { selection }) });
  const described = async (...asked: Parameters<typeof attachedTo>) =>
    (await attachedTo(...asked)).map(({ item: { kind, path, firstLine, text } }) => [kind, path, firstLine, text]);

  it('is what is attached, in the order in which it is named', async () => {
    await show(types());
    const store = vscode.Uri.joinPath(folder(), 'src/state/store.ts');
    const items = await attachedTo([reference(types()), reference('text'), reference(store)], ASKED);
    assert.deepEqual(
      items.map(({ item }) => [item.kind, item.path, item.languageId]),
      [
        ['mention', 'src/state/store.ts', 'typescript'],
        ['mention', 'src/types.ts', 'typescript'],
      ],
    );
  });

  it('is a range as whole lines, with what stands around it', async () => {
    const range = new vscode.Range(2, 5, 4, 0);
    const [{ item }] = await attachedTo([reference(new vscode.Location(types(), range))], ASKED);
    assert.deepEqual([item.kind, item.firstLine], ['selection', 3]);
    assert.equal(item.text, 'export interface Task {\n  id: string;\n');
    assert.ok(item.before?.endsWith("'done';\n\n"), item.before);
    assert.ok(item.after?.startsWith('  title: string;\n'), item.after);
  });

  it('is the selection, or the whole file, of the editor in front when nothing is attached', async () => {
    await show(types(), new vscode.Range(3, 2, 3, 4));
    assert.deepEqual(await described([], ASKED), [['selection', 'src/types.ts', 4, '  id: string;\n']]);
    await show(types(), new vscode.Range(3, 2, 3, 2));
    const [[kind, path, firstLine]] = await described([], ASKED);
    assert.deepEqual([kind, path, firstLine], ['file', 'src/types.ts', 1]);
  });

  it('is nothing of what is excluded, whether attached or in front', async () => {
    await show(secret());
    assert.deepEqual(await described([], ASKED), []);
    await show(types());
    const inIt = new vscode.Location(secret(), new vscode.Range(0, 0, 1, 0));
    const items = await described([reference(secret()), reference(inIt)], ASKED);
    assert.ok(!JSON.stringify(items).includes('KEY'), JSON.stringify(items));
  });

  it('is the problems of that code too where they are to be mended', async () => {
    const problem = (line: number, message: string, severity = vscode.DiagnosticSeverity.Error) =>
      new vscode.Diagnostic(new vscode.Range(line, 0, line, 3), message, severity);
    problems.set(types(), [
      problem(3, 'wrong\nid'),
      problem(9, 'elsewhere'),
      problem(3, 'a hint', vscode.DiagnosticSeverity.Hint),
    ]);
    const at = reference(new vscode.Location(types(), new vscode.Range(2, 0, 5, 0)));
    const [, ...found] = await described([at], { command: 'fix', text: '' });
    assert.deepEqual(found, [['diagnostics', 'src/types.ts', undefined, '4: wrong id']]);
    assert.deepEqual((await described([at], { text: 'Why is there an error?' })).slice(1), found);
    assert.equal((await described([at], { command: 'doc', text: '' })).length, 1);
    assert.equal((await described([at], ASKED)).length, 1);
  });
});
