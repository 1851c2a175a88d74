/** The import from top to bottom: which model, what stage it is in, and what may be done. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ImportStage, ImportView } from '../../protocol/pages/importProposal';
import { size } from '../numbers';
import { t } from '../page';
import type { ImportPage } from './importPage';
import { planView } from './plan';
import { endText, stageText } from './text';
import { trialView } from './trial';

export function pageView(page: ImportPage): TemplateResult {
  const { view } = page;
  const stage = typeof view === 'object' ? view.stage : undefined;
  return html`
    <div class="page" aria-busy=${view === undefined}>
      <header>
        <h1>${t('Import a Model')}</h1>
        <p class="muted">
          ${t('A model of another program becomes a proposal of your own. It is read where it is and stays as it is; nothing leaves this machine.')}
        </p>
      </header>
      ${view === undefined ? nothing : view === 'nothing' ? nothingView(page) : stagedView(page, view)}
    </div>
    <p class="spoken" role="status" aria-live="polite">${stage === undefined ? '' : stageText(stage)}</p>
    <p class="said" role="status" aria-live="polite">${page.said}</p>
  `;
}

function nothingView(page: ImportPage): TemplateResult {
  return html`<p id="nothing">${t('No model is chosen. Choose one that is on this machine, or have one fetched.')}</p>
    <div class="actions">${chooseButton(page, true)}</div>`;
}

function stagedView(page: ImportPage, { source, stage }: ImportView): TemplateResult {
  return html`
    <p class="source">
      <strong>${source.name}</strong>
      <span class="muted">${size(source.sizeBytes)}</span>
      <span class="muted place">${source.place}</span>
    </p>
    <section class="is-${stage.kind}" aria-labelledby="stage-title">
      <h2 id="stage-title" tabindex="-1">${stageText(stage)}</h2>
      ${stageView(page, stage)}
    </section>
  `;
}

function stageView(page: ImportPage, stage: ImportStage): TemplateResult {
  switch (stage.kind) {
    case 'looking':
      return html`${bar(undefined, stageText(stage))}
        <p class="muted">
          ${stage.isMeasuring ? t('For at most five seconds, with products of the size that such models have.') : t('Only what its files say of it; nothing is copied.')}
        </p>`;
    case 'planned':
      return html`${planView(page, stage.plan)}`;
    case 'working':
      return html`${bar(stage.share, stage.title)}
        <p class="muted">${t('{0} is made at low priority. You can go on working.', stage.title)}</p>
        <div class="actions">
          <button class="secondary" id="cancel" @click=${() => page.post({ kind: 'cancel' })}>${t('Cancel')}</button>
        </div>`;
    case 'imported':
      return trialView(page, stage);
    case 'ended':
      return html`<p class="note is-good">${endText(stage.how, stage.title)}</p>
        <div class="actions">${chooseButton(page, false)}</div>`;
    case 'failed':
      return html`<p class="note error" id="problem">
          <span class="codicon codicon-error" aria-hidden="true"></span> ${stage.problem}
        </p>
        <div class="actions">
          <button id="again" @click=${() => page.post({ kind: 'again' })}>${t('Try Again')}</button>
          ${chooseButton(page, false)}
          <button class="secondary" id="log" @click=${() => page.post({ kind: 'showLog' })}>${t('Show Log')}</button>
        </div>`;
  }
}

export function chooseButton(page: ImportPage, isFirst: boolean): TemplateResult {
  return html`<button class=${isFirst ? '' : 'secondary'} id="choose" @click=${() => page.post({ kind: 'choose' })}>
    ${isFirst ? t('Choose a Model…') : t('Another Model…')}
  </button>`;
}

function bar(share: number | undefined, label: string): TemplateResult {
  return share === undefined
    ? html`<progress aria-label=${label}></progress>`
    : html`<progress aria-label=${label} max="1" .value=${share}></progress>`;
}
