/** The job that is shown: what the code comes to, how training goes, what stopped it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { CodeChoice, JobAction, JobStage, JobView } from '../../protocol/pages/training';
import type { DryRun, TrainingProgress } from '../../protocol/training';
import { date, number } from '../numbers';
import { t } from '../page';
import { curveView } from './chart';
import { numberField } from './form';
import { reportView } from './report';
import { decimal, duration, objectiveName, stageText } from './text';
import type { TrainingPage } from './trainingPage';

export function jobView(page: TrainingPage, job: JobView): TemplateResult {
  const { stage, form } = job;
  return html`<section class="job is-${stage.kind}" aria-labelledby="job-title">
    <h2 id="job-title" tabindex="-1"><span class="name">${form.title}</span> ${stageText(stage)}</h2>
    <p class="muted about">${[date(job.day), codeText(form.code), objectiveName(form.objective)].join(' · ')}</p>
    ${stageView(page, job, stage)}
  </section>`;
}

function stageView(page: TrainingPage, job: JobView, stage: JobStage): TemplateResult {
  switch (stage.kind) {
    case 'checking':
      return html`${bar(stage.nFiles === 0 ? undefined : stage.nDone / stage.nFiles, t('Looking at the code'))}
        <p>${stage.nFiles === 0 ? t('Looking for files…') : t('{0} of {1} files', number(stage.nDone), number(stage.nFiles))}</p>
        <div class="actions">
          <button class="secondary" id="cancel" @click=${() => page.post({ kind: 'job', action: 'cancel', id: job.id })}>
            ${t('Cancel')}
          </button>
        </div>`;
    case 'checked':
      return dryRunView(page, job, stage.dryRun);
    case 'training':
      return html`${bar(stage.progress?.share, t('Training'))} ${progressView(stage.progress)}
        ${page.state?.obstacle === undefined ? trainingActions(page, job, stage.isPausing) : nothing}
        ${curveView(job.curve)} ${foldedDryRun(stage.dryRun)}`;
    case 'paused':
      return html`${bar(stage.progress?.share ?? 0, t('Paused'))}
        <p>${t('What was learned is kept until it is resumed.')}</p>
        <div class="actions">
          <button
            id="resume"
            ?disabled=${page.state?.obstacle !== undefined}
            @click=${() => page.post({ kind: 'job', action: 'resume', id: job.id })}
          >
            ${t('Resume')}
          </button>
          ${cancelButton(page, job)} ${another(page)}
        </div>
        ${curveView(job.curve)} ${foldedDryRun(stage.dryRun)}`;
    case 'failed':
      return failedView(page, job, stage);
    case 'finished':
      return reportView(page, job, stage.report, stage.dryRun);
  }
}

/** Not while another window trains: there they stop it. */
function trainingActions(page: TrainingPage, job: JobView, isPausing: boolean): TemplateResult {
  return html`<div class="actions">
    <button id="pause" ?disabled=${isPausing} @click=${() => page.post({ kind: 'pause' })}>${t('Pause')}</button>
    ${cancelButton(page, job)}
  </div>`;
}

function cancelButton(page: TrainingPage, { id }: JobView): TemplateResult {
  return asked(page, id, 'cancel', t('Cancel…'), t('Cancel and lose what was learned?'), t('Cancel Training'));
}

/** A button that goes back to the form. */
export function another(page: TrainingPage): TemplateResult {
  return html`<button class="secondary" id="another" @click=${() => page.post({ kind: 'form' })}>
    ${t('Train Another…')}
  </button>`;
}

/** A button that asks back in its place. */
export function asked(
  page: TrainingPage,
  id: string,
  action: JobAction,
  label: string,
  question: string,
  yes: string,
): TemplateResult {
  const { asking } = page;
  if (asking?.id !== id || asking.action !== action)
    return html`<button class="secondary" id="${action}-${id}" @click=${() => page.ask(action, id)}>${label}</button>`;
  return html`<span class="asking" role="group" aria-label=${question}>
    ${question}
    <button id="ask-yes" @click=${() => page.answer('yes')}>${yes}</button>
    <button class="secondary" id="ask-no" @click=${() => page.answer('no')}>${t('Keep')}</button>
  </span>`;
}

/** What training would work on, for whoever decides whether to begin. */
export function dryRunView(page: TrainingPage, job: JobView, dryRun: DryRun): TemplateResult {
  const isOld = page.state !== undefined && !page.draft.isAs(job.form, page.state);
  return html`<section class="job is-checked" aria-labelledby="job-title">
    <h2 id="job-title" tabindex="-1">${t('What training would work on')}</h2>
    ${isOld ? html`<p class="note">${t('The form was changed since. Check again to see what is so now.')}</p>` : nothing}
    ${dryRunFacts(dryRun)}
    <p>
      ${t('It would take about {0}: each token is seen {1} times.', duration(dryRun.minutes * 60), decimal(dryRun.epochs, 1))}
    </p>
    <div class="actions">
      <button id="begin" ?disabled=${isOld} @click=${() => page.submit('train')}>${t('Train Now')}</button>
    </div>
  </section>`;
}

function foldedDryRun(dryRun: DryRun): TemplateResult {
  return html`<details class="data">
    <summary>${t('What it learns from')}</summary>
    ${dryRunFacts(dryRun)}
  </details>`;
}

export function dryRunFacts(dryRun: DryRun): TemplateResult {
  const { nFiles, nTrainTokens, nHeldOutFiles, nHeldOutTokens, nDuplicates, nUnfit, nSecrets, nReplayTokens } = dryRun;
  const { nOverLimit = 0 } = dryRun;
  const { keys, tokens, addresses } = nSecrets;
  const rows: (readonly [string, string, string])[] = [
    ['files', t('Files'), number(nFiles)],
    ['tokens', t('Tokens to train on'), number(nTrainTokens)],
    ['held-out', t('Held out to measure'), t('{0} files, {1} tokens', number(nHeldOutFiles), number(nHeldOutTokens))],
    ['duplicates', t('Left out: nearly the same as another'), number(nDuplicates)],
    ['unfit', t('Left out: generated, minified, empty, too large or not text'), number(nUnfit)],
    ...(nOverLimit === 0
      ? []
      : [['over-limit', t('Left out: past the 32 MiB that changed last'), number(nOverLimit)] as const]),
    [
      'secrets',
      t('Left out: lines with secrets'),
      keys + tokens + addresses === 0
        ? number(0)
        : t('{0} keys, {1} tokens, {2} addresses', number(keys), number(tokens), number(addresses)),
    ],
    ...(nReplayTokens === 0
      ? []
      : [['replay', t('General code mixed in'), t('{0} tokens', number(nReplayTokens))] as const]),
    ['speed', t('Speed of this machine'), t('{0} tokens/s', number(dryRun.tokensPerS))],
  ];
  return html`<dl class="facts">
    ${rows.map(([id, name, value]) => html`<div id="dry-${id}"><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

function progressView(progress: TrainingProgress | undefined): TemplateResult {
  if (progress === undefined) return html`<p class="muted">${t('The trainer starts…')}</p>`;
  const { share, secondsLeft, tokensPerS, nTokens, rssBytes, effectiveSamples } = progress;
  const tile = (id: string, name: string, value: string) =>
    html`<div class="tile" id=${id}><dt>${name}</dt><dd class="value">${value}</dd></div>`;
  return html`<dl class="tiles">
    ${tile('share', t('Done'), `${number(Math.floor(100 * share))} %`)}
    ${tile('left', t('Time left'), secondsLeft === 0 ? '–' : duration(secondsLeft))}
    ${tile('speed', t('Tokens/s'), number(tokensPerS))} ${tile('tokens', t('Tokens seen'), number(nTokens))}
    ${tile('memory', t('Memory'), t('{0} MiB', number(rssBytes / 2 ** 20)))}
    ${effectiveSamples === undefined ? nothing : tile('samples', t('Effective samples'), decimal(effectiveSamples, 1))}
  </dl>`;
}

function failedView(page: TrainingPage, job: JobView, stage: Extract<JobStage, { kind: 'failed' }>): TemplateResult {
  const log = html`<button class="secondary" id="log" @click=${() => page.post({ kind: 'showLog' })}>${t('Show Log')}</button>`;
  const problem = html`<p class="error" id="problem">
    <span class="codicon codicon-error" aria-hidden="true"></span> ${stage.problem}
  </p>`;
  if (!stage.canResume || page.state === undefined) return html`${problem} <div class="actions">${log}</div>`;
  const wrong = page.draft.wrong(page.state).filter(name => name === 'memoryMiB');
  const resume = () => page.post({ kind: 'train', form: { ...job.form, memoryMiB: page.draft.number('memoryMiB') } });
  return html`${problem} ${numberField(page, wrong, 'memoryMiB')}
    <div class="actions">
      <button id="resume" ?disabled=${wrong.length > 0 || page.state.obstacle !== undefined} @click=${resume}>
        ${t('Resume')}
      </button>
      ${asked(page, job.id, 'delete', t('Delete…'), t('Delete this training and what it learned?'), t('Delete'))}
      ${log} ${another(page)}
    </div>
    ${curveView(job.curve)}`;
}

function bar(share: number | undefined, label: string): TemplateResult {
  return html`<progress max="1" value=${share ?? nothing} aria-label=${label}></progress>`;
}

function codeText(code: CodeChoice): string {
  switch (code.kind) {
    case 'workspace':
      return t('the whole workspace');
    case 'folder':
      return code.path;
    case 'glob':
      return code.glob;
  }
}
