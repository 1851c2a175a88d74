/** The training page from top to bottom: what stands in the way, the form or the job, and the jobs before. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Obstacle, TrainingState } from '../../protocol/pages/training';
import { t } from '../page';
import { formView } from './form';
import { dryRunView, jobView } from './job';
import { pastView } from './past';
import { stageText } from './text';
import type { TrainingPage } from './trainingPage';

export function pageView(page: TrainingPage): TemplateResult {
  const { state } = page;
  return html`
    <div class="page" aria-busy=${state === undefined}>
      <header>
        <h1>${t('Train a Module')}</h1>
        <p class="muted">
          ${t('A small module learns to write as your code does. It is trained on this machine, at low priority, and nothing leaves it.')}
        </p>
      </header>
      ${state === undefined ? html`<p class="muted">${t('Reading what was trained…')}</p>` : stateView(page, state)}
    </div>
    <p class="spoken" role="status" aria-live="polite">${spokenStage(state)}</p>
    <p class="said" role="status" aria-live="polite">${page.said}</p>
  `;
}

function stateView(page: TrainingPage, state: TrainingState): TemplateResult {
  const { obstacle, job } = state;
  const isForm =
    job === undefined || job.stage.kind === 'checked' || (job.stage.kind === 'failed' && !job.stage.canResume);
  return html`
    ${obstacle === undefined ? nothing : obstacleView(page, obstacle, state.obstacleText)}
    ${isForm && obstacle === undefined ? formView(page, state) : nothing}
    ${job === undefined ? nothing : job.stage.kind === 'checked' ? dryRunView(page, job, job.stage.dryRun) : jobView(page, job)}
    ${pastView(page, state)}
  `;
}

/** What screen readers hear when it changes: not every percent, but what is going on. */
function spokenStage(state: TrainingState | undefined): string {
  const stage = state?.job?.stage;
  if (stage === undefined) return '';
  return stage.kind === 'failed' ? `${stageText(stage)}. ${stage.problem}` : stageText(stage);
}

function obstacleView(page: TrainingPage, obstacle: Obstacle, text: string | undefined): TemplateResult {
  return html`<div class="note obstacle" id="obstacle">
    <p>${text ?? obstacleText(obstacle)}</p>
    ${obstacleAction(page, obstacle)}
  </div>`;
}

function obstacleText(obstacle: Obstacle): string {
  switch (obstacle) {
    case 'no-folder':
      return t('A module is trained from the files of a folder. Open one first.');
    case 'untrusted':
      return t('Residual reads no files of a workspace that you have not trusted.');
    case 'virtual':
      return t('A module is trained from files on disk, and this workspace is virtual. Open a copy of it on disk.');
    case 'other-window':
      return t(
        'Something else is being trained in this workspace: in another window, or from your feedback. This page waits for it.',
      );
    case 'unavailable':
      return t('Nothing can be trained here.');
  }
}

function obstacleAction(page: TrainingPage, obstacle: Obstacle): TemplateResult | typeof nothing {
  const button = (label: string, kind: 'openFolder' | 'manageTrust') =>
    html`<button @click=${() => page.post({ kind })}>${label}</button>`;
  if (obstacle === 'no-folder') return button(t('Open Folder…'), 'openFolder');
  if (obstacle === 'untrusted') return button(t('Manage Workspace Trust'), 'manageTrust');
  return nothing;
}
