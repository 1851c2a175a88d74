/** Two modules on the open file: what each writes at a handful of line ends, beside the author's text. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ComparedRow, Comparison, PanelState } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { icon, section } from './parts';
import type { SettingsPage } from './settingsPage';
import { number } from './text';

type Run = Exclude<Comparison, { kind: 'none' }>;

export function compareSection(page: SettingsPage, state: PanelState): TemplateResult {
  const usable = state.library.filter(({ problem }) => problem === undefined);
  const isThere = (id: string) => id === '' || usable.some(card => card.id === id);
  const first = state.modules.value.find(({ problem }) => problem === undefined)?.id ?? usable[0]?.id ?? '';
  const { a, b } = page.compared ?? { a: '', b: first };
  const chosen = { a: isThere(a) ? a : '', b: isThere(b) ? b : first };
  const isRunning = page.comparison.kind === 'running';
  const select = (side: 'a' | 'b', label: string) => {
    const onChange = (event: Event) => {
      page.compared = { ...chosen, [side]: (event.target as HTMLSelectElement).value };
      page.redraw();
    };
    const options = [{ id: '', title: t('The proposal alone') }, ...usable];
    return html`<label>${label}
      <select id="compare-${side}" @change=${onChange} ?disabled=${isRunning}>
        ${options.map(({ id, title }) => html`<option value=${id} ?selected=${id === chosen[side]}>${title}</option>`)}
      </select>
    </label>`;
  };
  return section(
    'compare',
    t('Compare on the open file'),
    nothing,
    html`<p class="muted">
        ${t('A few lines of the open file are cut off and completed again by both. Nothing is written to the file.')}
      </p>
      <div class="compare-form">
        ${select('a', t('First'))} ${select('b', t('Second'))}
        ${
          isRunning
            ? html`<button class="secondary" @click=${() => page.post({ kind: 'do', action: 'cancelComparison' })}>
                ${t('Cancel')}
              </button>`
            : html`<button
                ?disabled=${chosen.a === chosen.b}
                @click=${() => page.post({ kind: 'compare', ...chosen })}
              >
                ${t('Compare')}
              </button>`
        }
      </div>
      ${page.comparison.kind === 'none' ? nothing : runView(page.comparison)}`,
  );
}

function runView(run: Run): TemplateResult {
  const { kind, file, rows, nRows, problem } = run;
  return html`<div class="comparison" aria-busy=${kind === 'running'}>
    ${
      kind === 'running'
        ? html`<progress max=${nRows} value=${rows.length} aria-label=${t('Comparing on {0}', file)}></progress>`
        : nothing
    }
    ${problem === undefined ? nothing : html`<p class="problem" role="alert">${icon('error')} ${problem}</p>`}
    <p role="status">${statusText(run)}</p>
    ${rows.length === 0 ? nothing : html`${summary(run)} <ol class="compared">${rows.map(row => rowView(row, run))}</ol>`}
  </div>`;
}

function statusText({ kind, file, rows, nRows }: Run): string {
  switch (kind) {
    case 'running':
      return t('{0}: {1} of {2} lines', file, rows.length, nRows);
    case 'cancelled':
      return t('{0}: cancelled after {1} of {2} lines', file, rows.length, nRows);
    case 'done':
      return t('{0}: {1} lines', file, rows.length);
    case 'failed':
      return rows.length === 0 ? '' : t('{0}: ended after {1} of {2} lines', file, rows.length, nRows);
  }
}

/** How often each side wrote what the author wrote, and how much of it. */
function summary({ a, b, rows }: Run): TemplateResult {
  const nChars = rows.reduce((sum, { author }) => sum + author.trim().length, 0);
  const side = (title: string, of: (row: ComparedRow) => string) => {
    const nExact = rows.filter(row => isExact(row, of(row))).length;
    const nSame = rows.reduce((sum, row) => sum + Math.min(agreement(row, of(row)), row.author.trimEnd().length), 0);
    const share = number((100 * nSame) / Math.max(1, nChars));
    return html`<li>
      <strong>${title}</strong>: ${t('{0} of {1} lines as the author wrote them, {2} % of the characters', nExact, rows.length, share)}
    </li>`;
  };
  return html`<ul class="summary">
    ${side(a, row => row.a)} ${side(b, row => row.b)}
  </ul>`;
}

function rowView(row: ComparedRow, run: Run): TemplateResult {
  return html`<li>
    <p class="compared-head"><span class="muted">${row.line}</span> <code>${row.head.trim()}</code></p>
    <dl>
      <dt>${t('Author')}</dt>
      <dd><code>${row.author.trimStart()}</code></dd>
      ${written(run.a, row, row.a)} ${written(run.b, row, row.b)}
    </dl>
  </li>`;
}

function written(title: string, row: ComparedRow, text: string): TemplateResult {
  const nSame = agreement(row, text);
  // The space between what was given and what was written is nothing to look at.
  const from = Math.min(nSame, text.length - text.trimStart().length);
  return html`<dt>${title}</dt>
    <dd>
      ${
        text.trim() === ''
          ? html`<span class="muted">${t('(nothing)')}</span>`
          : html`<code><span class="same">${text.slice(from, nSame)}</span>${text.slice(nSame)}</code>`
      }
      ${isExact(row, text) ? html`<span class="exact" title=${t('As the author wrote it')}>${icon('check')}</span>` : nothing}
    </dd>`;
}

function agreement({ author }: ComparedRow, text: string): number {
  let n = 0;
  while (n < text.length && n < author.length && text[n] === author[n]) n++;
  return n;
}

function isExact({ author }: ComparedRow, text: string): boolean {
  return author.trimEnd() === text.trimEnd();
}
