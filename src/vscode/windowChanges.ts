/** What changes around the extension while it runs: settings, the trust in a workspace, pauses, the editor in use. */
import * as vscode from 'vscode';
import type { Completer } from '../host/completer';
import type { EngineClient } from '../host/engineClient';
import type { InstantModule } from '../host/modules/instantModule';
import type { ModuleChoice } from '../host/modules/moduleChoice';
import { onDidChangeExtensionRoots } from './modelRoots';
import type { Pausing } from './pausing';
import { engineLimits } from './settings';
import type { StatusBar } from './statusBar';

/** Settings that may switch off what is being written. */
const SWITCHES = ['residual.enable', 'residual.languages', 'residual.exclude'];

export interface Affected {
  readonly engine: EngineClient;
  readonly choices: ModuleChoice;
  readonly completer: Completer;
  readonly status: StatusBar;
  readonly pausing: Pausing;
  /** Absent in a window without a workspace. */
  readonly instant: InstantModule | undefined;
}

export function followWindow({ engine, choices, completer, status, pausing, instant }: Affected): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration(event => {
      if (!event.affectsConfiguration('residual')) return;
      engine.setLimits(engineLimits());
      choices.retry();
      // Perhaps in one language or folder alone: what is wanted elsewhere is asked for again.
      if (SWITCHES.some(name => event.affectsConfiguration(name))) completer.stop();
      // What went wrong under other settings says nothing of these.
      status.clearProblem();
      status.redraw();
    }),
    pausing.onDidChange(() => {
      completer.stop();
      status.redraw();
      void instant?.update();
    }),
    vscode.window.onDidChangeActiveTextEditor(() => status.redraw()),
    // Modules that the workspace shares are there from now on.
    vscode.workspace.onDidGrantWorkspaceTrust(() => choices.forget()),
    onDidChangeExtensionRoots(() => {
      choices.forget();
      status.clearProblem();
      status.redraw();
    }),
  );
}
