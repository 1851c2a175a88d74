/** Places at which the two wrote something else, to be read: what stood there, what was written, and what each wrote. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Difference, EditFigures } from '../../protocol/pages/edits';
import { t } from '../page';
import type { EditsPage } from './editsPage';

/** The end of a long line says more than its beginning. */
const HEAD_CHARS = 60;

export function differencesView(page: EditsPage, { best, worst }: EditFigures): TemplateResult {
  return html`${listView(page, 'best', t('Where the module helped most'), best)}
  ${listView(page, 'worst', t('Where it cost most'), worst)}`;
}

function listView(page: EditsPage, list: 'best' | 'worst', title: string, rows: readonly Difference[]): TemplateResult {
  return html`<section aria-labelledby="${list}-title">
    <h2 id="${list}-title">${title}</h2>
    ${
      rows.length === 0
        ? html`<p class="muted">${t('Nowhere.')}</p>`
        : html`<ol class="differences" id=${list}>
            ${rows.map((row, index) => html`<li>${rowView(row, () => page.post({ kind: 'open', list, index }))}</li>`)}
          </ol>`
    }
  </section>`;
}

function rowView({ commit, file, line, head, truth, alone, aligned }: Difference, open: () => void) {
  const shownHead = head.trimStart();
  const begun = shownHead.length > HEAD_CHARS ? `…${shownHead.slice(-HEAD_CHARS)}` : shownHead;
  return html`<p class="place">
      <button class="link" @click=${open}>${file}:${line}</button>
      ${commit === undefined ? nothing : html`<span class="muted">${commit}</span>`}
    </p>
    <dl>
      <dt>${t('So far')}</dt>
      <dd>${begun === '' ? html`<span class="muted">${t('(beginning of the line)')}</span>` : html`<code>${begun}</code>`}</dd>
      <dt>${t('You wrote')}</dt>
      <dd><code>${truth.trim()}</code></dd>
      <dt>${t('Proposal alone')}</dt>
      <dd>${writtenView(alone, truth)}</dd>
      <dt>${t('With the module')}</dt>
      <dd>${writtenView(aligned, truth)}</dd>
    </dl>`;
}

function writtenView(text: string, truth: string): TemplateResult {
  if (text.trim() === '') return html`<span class="muted">${t('(nothing)')}</span>`;
  let nSame = 0;
  while (nSame < text.length && text[nSame] === truth[nSame]) nSame++;
  const from = Math.min(nSame, text.length - text.trimStart().length);
  return html`<code><span class="same">${text.slice(from, nSame)}</span>${text.slice(nSame)}</code>
    ${
      text.trimEnd() === truth.trimEnd()
        ? html`<span class="exact codicon codicon-check" role="img" aria-label=${t('As you wrote it')}></span>`
        : nothing
    }`;
}
