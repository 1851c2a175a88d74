/** What tells of a training while its page is not looked at: an item in the status bar, a message at its end, context keys. */
import * as vscode from 'vscode';
import { spoken } from '../../core/sentence';
import type { JobRecord } from '../../host/training/jobStore';
import type { TrainingJobs } from '../../host/training/trainingJobs';
import { durationText } from '../amounts';
import { offer } from '../offer';
import { plainMessage } from '../plainText';
import type { TrainingPanel } from './trainingPanel';

export function tellOfTraining(
  jobs: TrainingJobs,
  panel: TrainingPanel,
  onFailure: (error: unknown) => void,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('training', vscode.StatusBarAlignment.Right, 99);
  item.name = vscode.l10n.t('Residual Training');
  item.command = 'residual.trainModule';
  const keys = new ContextKeys();
  const draw = () => {
    const { working, paused } = jobs;
    const isTraining = working !== undefined && isTrainingNow(working);
    keys.set('isTraining', working?.stage.kind === 'training');
    keys.set('hasPausedTraining', paused !== undefined && working === undefined);
    if (!isTraining) return item.hide();
    drawItem(item, working, jobs);
    item.show();
  };
  draw();
  const listening = jobs.listen({
    changed: draw,
    progressed: draw,
    ended: record => {
      if (!panel.isVisible) void tellOfEnd(record, panel, onFailure);
    },
  });
  return vscode.Disposable.from(item, { dispose: () => listening.dispose() });
}

function isTrainingNow({ stage }: JobRecord): boolean {
  return stage.kind === 'training' || (stage.kind === 'checking' && stage.then === 'train');
}

function drawItem(item: vscode.StatusBarItem, { id, form }: JobRecord, jobs: TrainingJobs): void {
  const progress = jobs.progressOf(id);
  const share = progress === undefined ? '' : ` ${Math.floor(100 * progress.share)} %`;
  item.text = `$(mortar-board)${share}`;
  const left =
    progress === undefined || progress.secondsLeft === 0
      ? ''
      : `, ${vscode.l10n.t('{0} left', durationText(progress.secondsLeft))}`;
  const label = `${vscode.l10n.t('Residual trains “{0}”', form.title)}${share && `:${share}`}${left}`;
  item.tooltip = label;
  item.accessibilityInformation = { label };
}

/** Once for each training that is over. */
async function tellOfEnd(record: JobRecord, panel: TrainingPanel, onFailure: (error: unknown) => void): Promise<void> {
  const { id, stage, form } = record;
  const run = (work: () => Promise<void>) => () => work().catch(onFailure);
  const show = { [vscode.l10n.t('Show Report')]: run(() => panel.openAt(id)) };
  if (stage.kind === 'failed') {
    const problem = spoken(stage.problem, template => vscode.l10n.t(template));
    const message = vscode.l10n.t('“{0}” is not trained. {1}', form.title, problem);
    const action = { [vscode.l10n.t('Show Training')]: run(() => panel.openAt(id)) };
    return offer(vscode.window.showErrorMessage, plainMessage(message), action);
  }
  if (stage.kind !== 'finished') return;
  if (stage.place === 'moving') {
    const message = vscode.l10n.t('“{0}” is trained, but could not be put among your modules.', form.title);
    return offer(vscode.window.showErrorMessage, plainMessage(message), {
      [vscode.l10n.t('Show Training')]: run(() => panel.openAt(id)),
    });
  }
  if (stage.outcome.state === 'no-gain') {
    const message = vscode.l10n.t(
      '“{0}” is trained, but does not beat the proposal on held-out files. It is not used.',
      form.title,
    );
    return offer(vscode.window.showInformationMessage, plainMessage(message), show);
  }
  const message = vscode.l10n.t('“{0}” is trained, and beats the proposal on held-out files.', form.title);
  await offer(vscode.window.showInformationMessage, plainMessage(message), {
    [vscode.l10n.t('Use It Here')]: run(async () => {
      await panel.use(id);
    }),
    ...show,
  });
}

class ContextKeys {
  private readonly known = new Map<string, boolean>();

  set(key: string, value: boolean): void {
    if (this.known.get(key) === value) return;
    this.known.set(key, value);
    void vscode.commands.executeCommand('setContext', `residual.${key}`, value);
  }
}
