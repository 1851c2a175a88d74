/** What came of a training: what it gains over the proposal alone on held-out files, said plainly, and what to do with it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { JobView, TrainingReport } from '../../protocol/pages/training';
import type { DryRun } from '../../protocol/training';
import { number } from '../numbers';
import { t } from '../page';
import { curveView } from './chart';
import { another, asked, dryRunFacts } from './job';
import { decimal, duration, fixed, metricName } from './text';
import type { TrainingPage } from './trainingPage';

export function reportView(page: TrainingPage, job: JobView, report: TrainingReport, dryRun: DryRun): TemplateResult {
  return html`<p class="verdict" id="verdict">${verdict(report)}</p>
    ${evaluationTable(report)}
    <p class="muted about">
      ${t('Measured on {0} held-out files that it never saw. Strength {1}; trained for {2} on {3} tokens.', number(dryRun.nHeldOutFiles), fixed(report.strength, 2), duration(report.seconds), number(report.nTokens))}
    </p>
    ${placeText(report)}
    <div class="actions">${buttons(page, job, report)} ${another(page)}</div>
    ${curveView(job.curve)}
    <details class="data">
      <summary>${t('What it learned from')}</summary>
      ${dryRunFacts(dryRun)}
    </details>`;
}

function verdict({ state, evaluation }: TrainingReport): string {
  if (state === 'no-gain')
    return t(
      'This module does not beat the proposal on the held-out files. It is not used. More code, or more time, may help.',
    );
  const nats = evaluation.find(({ metric }) => metric === 'nats/token');
  if (nats === undefined || nats.proposal === 0) return t('This module beats the proposal on the held-out files.');
  const percent = decimal((100 * (nats.proposal - nats.aligned)) / nats.proposal, 1);
  return t('On held-out files, the proposal with this module is {0} % less surprised by a token than alone.', percent);
}

function evaluationTable({ evaluation }: TrainingReport): TemplateResult | typeof nothing {
  if (evaluation.length === 0) return nothing;
  const shown = (metric: string, value: number) =>
    metric === 'nats/token' ? fixed(value, 3) : `${fixed(100 * value, 1)} %`;
  return html`<table class="evaluation">
    <thead>
      <tr>
        <th scope="col">${t('Measured')}</th>
        <th scope="col">${t('Proposal alone')}</th>
        <th scope="col">${t('With the module')}</th>
        <th scope="col">${t('Samples')}</th>
      </tr>
    </thead>
    <tbody>
      ${evaluation.map(
        ({ metric, proposal, aligned, n }) =>
          html`<tr data-metric=${metric}>
            <th scope="row">${metricName(metric)}</th>
            <td>${shown(metric, proposal)}</td>
            <td>${shown(metric, aligned)}</td>
            <td>${number(n)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function placeText({ place, isUsed }: TrainingReport): TemplateResult | typeof nothing {
  if (place === 'gone') return html`<p class="note">${t('The module was deleted since.')}</p>`;
  if (isUsed) return html`<p id="used">${t('Completions use it here.')}</p>`;
  return nothing;
}

function buttons(page: TrainingPage, job: JobView, { state, place, isUsed }: TrainingReport): unknown {
  const { id } = job;
  const button = (action: 'use' | 'export' | 'keep', label: string, isFirst = false) =>
    html`<button
      class=${isFirst ? '' : 'secondary'}
      id="${action}-${id}"
      @click=${() => page.post({ kind: 'job', action, id })}
    >
      ${label}
    </button>`;
  const remove = (action: 'delete' | 'deleteWithModule', question: string) =>
    asked(page, id, action, t('Delete…'), question, t('Delete'));
  switch (place) {
    case 'aside':
      return html`${button('keep', t('Keep Among My Modules'))}
        ${remove('delete', t('Delete this module and its report?'))}`;
    case 'gone':
      return remove('delete', t('Delete this report?'));
    case 'modules':
      return html`${state === 'finished' && !isUsed ? button('use', t('Use It Here'), true) : nothing}
        ${button('export', t('Export as .ram…'))} ${remove('deleteWithModule', t('Delete this module and its report?'))}`;
  }
}
