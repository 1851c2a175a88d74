/** `Residual: Build Instant Module from This Workspace`: progress, what came of it, and the offer to use it. */
import * as vscode from 'vscode';
import { EngineGone, isAbortError, messageOf, UserError } from '../../core/errors';
import { INSTANT_ID } from '../../host/modules/instantManifest';
import type { BuildReport, InstantModule } from '../../host/modules/instantModule';
import { abortSignalOf } from '../cancellation';
import { localMessageOf } from '../localMessage';
import { usesInstantModule, workspaceFolders } from './instantWorkspace';
import { sizeText } from './moduleCommands';
import { decisionFor, storeDecision } from './moduleDecision';

/**
 * Builds the module with progress and a way to cancel, and offers to use it.
 * @param onBuilt hears that the module is there, before anything is offered.
 */
export async function buildInstantModule(
  instant: InstantModule | undefined,
  log: vscode.LogOutputChannel,
  onBuilt: () => void,
): Promise<void> {
  const refusal = refusalOf(instant);
  if (refusal !== undefined) return refusal();
  try {
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Building the instant module'),
        cancellable: true,
      },
      (progress, token) => {
        let share = 0;
        return instant!.build(({ nFiles, nDone }) => {
          const increment = (100 * nDone) / nFiles - share;
          share += increment;
          progress.report({ increment, message: vscode.l10n.t('{0} of {1} files', nDone, nFiles) });
        }, abortSignalOf(token));
      },
    );
    log.info(
      `instant module: built from ${report.nFiles} files, ${report.textBytes} bytes, ${report.nTokens} tokens in ${report.elapsedMs.toFixed(0)} ms, ${report.nLeftOut} files left out`,
    );
    onBuilt();
    await offer(report);
  } catch (error) {
    if (!isAbortError(error)) await showFailure(error, log);
  }
}

/** @returns what tells a person why nothing can be built here; undefined when it can. */
function refusalOf(instant: InstantModule | undefined): (() => Promise<void>) | undefined {
  if (!vscode.workspace.isTrusted) {
    return async () => {
      const action = vscode.l10n.t('Manage Workspace Trust');
      const chosen = await vscode.window.showWarningMessage(
        vscode.l10n.t(
          'Residual reads no files of a workspace that you have not trusted. Trust it to build its instant module.',
        ),
        action,
      );
      if (chosen === action) await vscode.commands.executeCommand('workbench.trust.manage');
    };
  }
  if (instant !== undefined && workspaceFolders().length > 0) return undefined;
  return async () => {
    const isVirtual = (vscode.workspace.workspaceFolders ?? []).length > 0;
    void vscode.window.showWarningMessage(
      isVirtual
        ? vscode.l10n.t(
            'The instant module is built from files on disk, and this workspace is virtual. Open a copy of it on disk.',
          )
        : vscode.l10n.t('The instant module is built from the files of a folder. Open one first.'),
    );
  };
}

async function offer(report: BuildReport): Promise<void> {
  const { nFiles, textBytes, elapsedMs, sizeBytes, nLeftOut } = report;
  const leftOut =
    nLeftOut === 0 ? '' : ` ${vscode.l10n.t('{0} files are left out, those that changed longest ago.', nLeftOut)}`;
  const built = vscode.l10n.t(
    'The instant module is built: {0} files, {1} of text, in {2} s. It takes {3} of memory.',
    nFiles,
    sizeText(textBytes),
    (elapsedMs / 1000).toFixed(1),
    sizeText(sizeBytes),
  );
  if (usesInstantModule()) {
    void vscode.window.showInformationMessage(`${built}${leftOut} ${vscode.l10n.t('Completions use it.')}`);
    return;
  }
  const action = vscode.l10n.t('Use It Here');
  const chosen = await vscode.window.showInformationMessage(built + leftOut, action);
  if (chosen === action) await useInstantModule();
}

/** Beside the modules that are in use already: it knows the names, they know the manners. */
async function useInstantModule(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  await storeDecision(document, [...decisionFor(document).modules, { id: INSTANT_ID }]);
}

async function showFailure(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  log.error(`instant module: ${error instanceof UserError ? `${error.code}: ` : ''}${messageOf(error)}`);
  const message =
    error instanceof EngineGone
      ? vscode.l10n.t('The instant module was not built because the engine ended. Build it again.')
      : vscode.l10n.t('The instant module was not built. {0}', localMessageOf(error));
  const action = vscode.l10n.t('Show Log');
  if ((await vscode.window.showErrorMessage(message, action)) === action) log.show();
}
