/** Shows in the status bar what will complete in the editor that a person turned to, before anything is asked for there. */
import * as vscode from 'vscode';
import type { ModuleChoice } from '../host/modules/moduleChoice';
import type { ModuleFiles } from '../host/modules/moduleFiles';
import { isWrittenIn } from './admission';
import { onDidChangeExtensionRoots } from './modelRoots';
import { decisionFor, reasonFor, scopeOf } from './modules/moduleDecision';
import { settingsFor } from './settings';
import type { StatusBar } from './statusBar';

export function showExpectedChoice(choices: ModuleChoice, files: ModuleFiles, status: StatusBar): vscode.Disposable {
  let nAsked = 0;
  let last: vscode.TextDocument | undefined;
  const show = async () => {
    const asked = ++nAsked;
    // While a panel is in front, what is chosen in it holds for the editor that was.
    const document = vscode.window.activeTextEditor?.document ?? last;
    // An output or a commit box that has the focus says nothing of completions.
    if (document === undefined || document.isClosed || !isWrittenIn(document)) return;
    last = document;
    const settings = settingsFor(document);
    const decision = decisionFor(document, settings);
    // What cannot be resolved is said when a completion is asked for.
    const choice = await choices
      .expected(scopeOf(document, decision), settings.proposal, decision.modules)
      .catch(() => undefined);
    if (choice !== undefined && asked === nAsked) status.showChoice(choice, reasonFor(document, decision));
  };
  void show();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(show),
    vscode.workspace.onDidGrantWorkspaceTrust(show),
    onDidChangeExtensionRoots(show),
    vscode.workspace.onDidOpenTextDocument(document => {
      // Its language was changed.
      if (document === vscode.window.activeTextEditor?.document) void show();
    }),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('residual')) void show();
    }),
    files.onDidChange(show),
  );
}
