/** The command palette. */
import * as vscode from 'vscode';
import type { Completer } from '../host/completer';
import type { InstantModule } from '../host/modules/instantModule';
import type { ModuleChoice } from '../host/modules/moduleChoice';
import type { Registry } from '../host/modules/registry';
import type { Diagnostics } from './diagnostics';
import { composeModules } from './modules/composeModules';
import { buildInstantModule } from './modules/instantCommand';
import { setStrength, switchModule } from './modules/moduleCommands';
import type { Pausing } from './pausing';
import { refusalMessage } from './refusalMessage';
import type { StatusBar } from './statusBar';

export interface CommandParts {
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly completer: Completer;
  readonly status: StatusBar;
  readonly pausing: Pausing;
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
  pausing,
  log,
  diagnostics,
  instant,
}: CommandParts): vscode.Disposable {
  const onFailure = (error: unknown) => refusalMessage(log, error, status.shownChoice);
  const complete = async () => {
    if (pausing.here !== undefined) return pausing.offerToResume(pausing.here);
    choices.retry();
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
  };
  // The palette takes ghost text away, and with it VS Code's own commands for the next one.
  const completeAnd = async (then: string) => {
    await complete();
    await vscode.commands.executeCommand(then);
  };
  const commands: Record<string, () => unknown> = {
    'residual.switchModule': () => switchModule(registry, choices, onFailure),
    'residual.setStrength': () => setStrength(registry).catch(onFailure),
    'residual.composeModules': () => composeModules(registry, choices).catch(onFailure),
    'residual.complete': complete,
    'residual.nextCompletion': () => completeAnd('editor.action.inlineSuggest.showNext'),
    'residual.previousCompletion': () => completeAnd('editor.action.inlineSuggest.showPrevious'),
    'residual.pause': (what?: unknown) => (what === 'resume' ? pausing.resumeAll() : pausing.pick()),
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
