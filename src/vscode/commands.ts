/** The command palette. */
import * as vscode from 'vscode';
import type { Completer } from '../host/completer';
import type { InstantModule } from '../host/instantModule';
import type { ModuleChoice } from '../host/moduleChoice';
import type { Registry } from '../host/registry';
import type { Diagnostics } from './diagnostics';
import { buildInstantModule } from './instantCommand';
import { setStrength, switchModule } from './moduleCommands';
import { refusalMessage } from './refusalMessage';
import type { StatusBar } from './statusBar';

export interface CommandParts {
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly completer: Completer;
  readonly status: StatusBar;
  readonly log: vscode.LogOutputChannel;
  readonly diagnostics: Diagnostics;
  /** Absent in a window without a workspace. */
  readonly instant: InstantModule | undefined;
}

export function registerCommands({
  registry,
  choices,
  completer,
  status,
  log,
  diagnostics,
  instant,
}: CommandParts): vscode.Disposable {
  const onFailure = (error: unknown) => refusalMessage(log, error, status.shownChoice);
  const commands: Record<string, () => unknown> = {
    'residual.switchModule': () => switchModule(registry, choices, onFailure),
    'residual.setStrength': () => setStrength(registry).catch(onFailure),
    'residual.complete': () => {
      choices.retry();
      return vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    },
    'residual.pause': () => {
      status.setPaused(!status.isPaused);
      if (status.isPaused) completer.stop();
    },
    'residual.buildInstantModule': () =>
      buildInstantModule(instant, log, () => {
        choices.forget();
        completer.stop();
      }),
    'residual.showLog': () => log.show(),
    'residual.copyDiagnostics': () => diagnostics.copy(),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run)),
  );
}
