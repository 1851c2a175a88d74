/** How much the module helps here: unknown until somebody has it measured. */
import { html, type TemplateResult } from 'lit-html';
import type { Learned } from '../../protocol/pages/instantExplorer';
import { moment, number, probability } from '../numbers';
import { t } from '../page';
import type { ExplorerPage } from './explorerPage';

export function measuredView(page: ExplorerPage, { measured }: Learned): TemplateResult {
  return html`<section aria-labelledby="measured-title">
    <h2 id="measured-title">${t('How much does it help?')}</h2>
    ${
      measured === undefined
        ? html`<p id="measured">${t('Nobody knows yet: it was not measured with the proposal in use.')}</p>`
        : html`<p id="measured">
            ${t('Lines written to the letter: {0} by the proposal alone, {1} with it.', probability(measured.alone), probability(measured.aligned))}
            <span class="muted"
              >${t('{0} lines of this workspace', number(measured.nPlaces))}${
                measured.measured === undefined ? '' : `, ${moment(measured.measured)}`
              }</span
            >
          </p>`
    }
    ${page.measuring === undefined ? buttonView(page, measured !== undefined) : progressView(page, page.measuring)}
  </section>`;
}

function buttonView(page: ExplorerPage, isMeasured: boolean): TemplateResult {
  return html`<button class="secondary" id="measure" @click=${() => page.post({ kind: 'measure' })}>
      ${isMeasured ? t('Measure Again') : t('Measure')}
    </button>
    <p class="muted">
      ${t('Completes lines of your files with and without it, as if the file at hand had never been counted. Takes a minute or so; what you type goes first.')}
    </p>`;
}

function progressView(page: ExplorerPage, { nDone, nPlaces }: NonNullable<ExplorerPage['measuring']>): TemplateResult {
  return html`<p class="counting">${t('{0} of {1} lines', number(nDone), number(nPlaces))}</p>
    <progress max="1" value=${nDone / nPlaces} aria-label=${t('Measuring the instant module')}></progress>
    <p>
      <button class="secondary" id="cancel-measuring" @click=${() => page.post({ kind: 'cancelMeasuring' })}>${t('Cancel')}</button>
    </p>`;
}
