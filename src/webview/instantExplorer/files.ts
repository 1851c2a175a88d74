/** The files that were counted, by language and by size, and those that are left out. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Learned, LeftOutGroup, LeftOutReason } from '../../protocol/pages/instantExplorer';
import { number, size } from '../numbers';
import { t } from '../page';
import type { ExplorerPage } from './explorerPage';

export function filesView(page: ExplorerPage, learned: Learned): TemplateResult {
  return html`${languagesView(learned)} ${largestView(page, learned)} ${leftOutView(page, learned.leftOut)}`;
}

function languagesView({ languages }: Learned): TemplateResult | typeof nothing {
  if (languages.length === 0) return nothing;
  // Roles, because a narrow page draws the rows as blocks, and a table that is none to the browser loses them.
  const cell = (name: string, value: string) =>
    html`<td role="cell"><span class="name" aria-hidden="true">${name}</span>${value}</td>`;
  return html`<section aria-labelledby="languages-title">
    <h2 id="languages-title">${t('By language')}</h2>
    <table role="table" id="languages">
      <thead role="rowgroup">
        <tr role="row">
          ${[t('Language'), t('Files'), t('Tokens'), t('Text')].map(
            name => html`<th role="columnheader" scope="col">${name}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${languages.map(
          ({ name, nFiles, nTokens, textBytes }) =>
            html`<tr role="row">
              <th role="rowheader" scope="row">${name}</th>
              ${cell(t('Files'), number(nFiles))} ${cell(t('Tokens'), number(nTokens))} ${cell(t('Text'), size(textBytes))}
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

function largestView(page: ExplorerPage, { largest }: Learned): TemplateResult | typeof nothing {
  if (largest.length === 0) return nothing;
  return html`<section aria-labelledby="largest-title">
    <h2 id="largest-title">${t('Largest files')}</h2>
    <ol class="files" id="largest">
      ${largest.map(({ name, textBytes }) => html`<li>${fileButton(page, name)} <span class="muted">${size(textBytes)}</span></li>`)}
    </ol>
  </section>`;
}

function leftOutView(page: ExplorerPage, groups: readonly LeftOutGroup[]): TemplateResult {
  return html`<section aria-labelledby="left-out-title">
    <h2 id="left-out-title">${t('Left out')}</h2>
    <p class="muted">${t('What git ignores is not listed here.')}</p>
    ${groups.map(
      ({ reason, nFiles, names }) =>
        html`<details
          data-reason=${reason}
          ?open=${page.openGroups.has(reason)}
          @toggle=${(event: Event) => page.toggle(reason, (event.target as HTMLDetailsElement).open)}
        >
          <summary>${number(nFiles)} · ${reasonText(reason)}</summary>
          <ul class="files">
            ${names.map(name => html`<li>${fileButton(page, name)}</li>`)}
            ${nFiles > names.length ? html`<li class="muted">${t('and {0} more', number(nFiles - names.length))}</li>` : nothing}
          </ul>
        </details>`,
    )}
    ${groups.length === 0 ? html`<p>${t('Nothing else is left out.')}</p>` : nothing}
  </section>`;
}

function fileButton(page: ExplorerPage, name: string): TemplateResult {
  return html`<button class="link" @click=${() => page.post({ kind: 'open', name })}>${name}</button>`;
}

function reasonText(reason: LeftOutReason): string {
  switch (reason) {
    case 'kind':
      return t('binary, generated or locked, by their names');
    case 'excluded':
      return t('excluded by a setting, or usually with secrets');
    case 'large':
      return t('too large to be written by hand');
    case 'empty':
      return t('empty');
    case 'content':
      return t('no text, or minified');
    case 'limit':
      return t('beyond the limit of 48 MB: changed longest ago');
    case 'waiting':
      return t('not counted yet');
  }
}
