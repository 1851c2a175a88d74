/** What changes around the extension while it runs: settings, and the trust in a workspace. */
import * as vscode from 'vscode';
import type { Completer } from '../host/completer';
import type { EngineClient } from '../host/engineClient';
import type { ModuleChoice } from '../host/moduleChoice';
import { engineLimits } from './settings';
import type { StatusBar } from './statusBar';

export interface Affected {
  readonly engine: EngineClient;
  readonly choices: ModuleChoice;
  readonly completer: Completer;
  readonly status: StatusBar;
}

export function followWindow({ engine, choices, completer, status }: Affected): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration(event => {
      if (!event.affectsConfiguration('residual')) return;
      engine.setLimits(engineLimits());
      choices.retry();
      if (!vscode.workspace.getConfiguration('residual').get('enable', true)) completer.stop();
      status.redraw();
    }),
    // Modules that the workspace shares are there from now on.
    vscode.workspace.onDidGrantWorkspaceTrust(() => choices.forget()),
  );
}
