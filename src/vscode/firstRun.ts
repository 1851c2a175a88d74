/** The walkthrough's own actions: a place to see a completion at once, in any window. */
import * as vscode from 'vscode';

/** The cursor stands at █. Plain enough for any model to go on. */
const EXAMPLE = `interface Task {
  id: string;
  title: string;
  done: boolean;
}

export function findTask(tasks: Task[], id: string): Task | undefined {
  for (const task of tasks) {
    if (task.id === █
  }
  return undefined;
}
`;

/** `Residual: Try a Completion`: opens an example that is not saved anywhere and completes in it. */
export async function tryCompletion(): Promise<void> {
  const at = EXAMPLE.indexOf('█');
  const document = await vscode.workspace.openTextDocument({
    language: 'typescript',
    content: EXAMPLE.replace('█', ''),
  });
  const editor = await vscode.window.showTextDocument(document);
  const cursor = document.positionAt(at);
  editor.selection = new vscode.Selection(cursor, cursor);
  await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
}

export function registerFirstRun(): vscode.Disposable {
  return vscode.commands.registerCommand('residual.tryCompletion', tryCompletion);
}
