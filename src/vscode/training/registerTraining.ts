/** `Residual: Train Module from This Workspace…`: the jobs of this window, their page, and what tells of them elsewhere. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { isAbortError, messageOf, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import { clock } from '../../host/clock';
import { chooseProposal, type ModuleChoice, noProposal } from '../../host/modules/moduleChoice';
import { ModuleFiles } from '../../host/modules/moduleFiles';
import type { Registry } from '../../host/modules/registry';
import { JobStore } from '../../host/training/jobStore';
import { withTrainer } from '../../host/training/trainer';
import { TrainingJobs } from '../../host/training/trainingJobs';
import { findGround, type Ground } from '../../host/training/trainingSpec';
import { matchesGlob } from '../globs';
import { localMessageOf } from '../localMessage';
import { workspaceFolders } from '../modules/instantWorkspace';
import { sizeText } from '../modules/moduleCommands';
import { plainMessage } from '../plainText';
import type { Resettable } from '../resetCommand';
import { settingsFor } from '../settings';
import { trainingFolder } from './trainingFolder';
import { TrainingPanel } from './trainingPanel';
import { tellOfTraining } from './trainingStatus';

export interface TrainingParts {
  readonly context: vscode.ExtensionContext;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly moduleFiles: ModuleFiles;
  readonly log: vscode.LogOutputChannel;
}

export interface Training extends vscode.Disposable {
  /** For `Residual: Reset…`. */
  readonly resettable: readonly Resettable[];
}

export function registerTraining(parts: TrainingParts): Training {
  const { log } = parts;
  const ground = () => groundOf(parts);
  const jobs = openJobs(parts, ground);
  const panel = new TrainingPanel({ ...parts, jobs, ground });
  const onFailure = (error: unknown) => {
    if (isAbortError(error)) return;
    log.error(`training: ${messageOf(error)}`);
    void vscode.window.showErrorMessage(plainMessage(localMessageOf(error)));
  };
  const disposables: vscode.Disposable[] = [
    panel,
    vscode.commands.registerCommand('residual.trainModule', () => panel.open()),
  ];
  if (jobs !== undefined) {
    const open = () => void jobs.open().catch(onFailure);
    open();
    disposables.push(
      jobs,
      tellOfTraining(jobs, panel, onFailure),
      vscode.commands.registerCommand('residual.pauseTraining', () => jobs.pause().catch(onFailure)),
      vscode.commands.registerCommand('residual.resumeTraining', () =>
        jobs.resume(jobs.paused?.id ?? '').catch(onFailure),
      ),
      vscode.workspace.onDidGrantWorkspaceTrust(open),
    );
  }
  const all = vscode.Disposable.from(...disposables);
  return { dispose: () => all.dispose(), resettable: jobs === undefined ? [] : [resettable(jobs)] };
}

function resettable(jobs: TrainingJobs): Resettable {
  return {
    label: vscode.l10n.t('Training Jobs'),
    detail: async () => {
      const { nJobs, sizeBytes } = await jobs.account();
      if (nJobs === 0) return undefined;
      const size = sizeText(sizeBytes);
      // First how much it is: a row is cut off where it is long.
      const much =
        nJobs === 1
          ? vscode.l10n.t('Erases 1 job of this workspace, {0}.', size)
          : vscode.l10n.t('Erases {0} jobs of this workspace, {1}.', nJobs, size);
      const what = vscode.l10n.t(
        'That is code that was read, checkpoints, reports, and modules without a gain. Modules in their place stay.',
      );
      return `${much} ${what}`;
    },
    reset: () => jobs.removeAll(),
  };
}

/** @returns undefined in a window without a workspace, which has nothing to train from and nowhere to keep it. */
function openJobs(
  { context, moduleFiles, log }: TrainingParts,
  ground: () => Promise<Ground>,
): TrainingJobs | undefined {
  const folder = trainingFolder(context);
  if (folder === undefined) return undefined;
  const options = { script: context.asAbsolutePath('dist/trainer.js'), onLog: (line: string) => log.debug(line) };
  return new TrainingJobs({
    store: new JobStore(folder),
    withTrainer: (work, signal) => withTrainer(options, work, signal),
    folders: workspaceFolders,
    matches: (file, glob) => matchesGlob(vscode.Uri.file(file), glob),
    modules: {
      freeId: id => moduleFiles.freeId(id),
      adopt: (dir, signal) => moduleFiles.adopt(dir, signal),
      changeId: ModuleFiles.changeId,
    },
    mayTrain: () => vscode.workspace.isTrusted && workspaceFolders().length > 0,
    ground,
    clock,
    now: Date.now,
    random: () => randomBytes(2).toString('hex'),
    onLog: line => log.info(line),
  });
}

/** @throws UserError when the proposal of the settings is not there, or nothing can be trained for it */
async function groundOf({ context, registry }: TrainingParts): Promise<Ground> {
  const wanted = settingsFor(undefined).proposal;
  const proposals = await registry.proposals();
  if (proposals.length === 0) throw noProposal();
  const proposal = chooseProposal(wanted, proposals);
  if (proposal?.problem !== undefined || proposal === undefined)
    throw new UserError(
      'unknown-proposal',
      say`There is no proposal model "${wanted}" that can be used. Change the setting residual.proposal.`,
    );
  const { signal } = new AbortController();
  return findGround(proposal, await registry.modules(), context.asAbsolutePath('models/graphs'), signal);
}
