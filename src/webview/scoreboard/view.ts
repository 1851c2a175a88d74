/** The scoreboard's page: the switch, the figures, the chart, and a row for each language and set of modules. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Figures, GroupFigures, KeptFigures, ScoreboardState } from '../../protocol/pages/scoreboard';
import { date, number, percent } from '../numbers';
import { t } from '../page';
import { chartView } from './chart';
import type { ScoreboardPage } from './scoreboardPage';

export function pageView(page: ScoreboardPage): TemplateResult {
  const { state } = page;
  return html`
    <div class="page" aria-busy=${state === undefined}>
      <header>
        <h1>${t('Scoreboard')}</h1>
        ${state === undefined ? nothing : switchView(page, state)}
      </header>
      ${state === undefined ? html`<p class="muted">${t('Reading what was counted…')}</p>` : stateView(page, state)}
    </div>
    <p class="said" role="status" aria-live="polite">${page.said}</p>
  `;
}

function switchView(page: ScoreboardPage, { isOn }: ScoreboardState): TemplateResult {
  return html`<label class="switch">
    <input
      type="checkbox"
      role="switch"
      id="on"
      .checked=${isOn}
      aria-checked=${isOn}
      @change=${(event: Event) => page.post({ kind: 'setOn', isOn: (event.target as HTMLInputElement).checked })}
    />
    ${t('Count what becomes of suggestions')}
  </label>`;
}

function stateView(page: ScoreboardPage, state: ScoreboardState): TemplateResult {
  const { problem, since, isOn, total, days, groups } = state;
  if (problem !== undefined)
    return html`<p class="error" role="alert"><span class="codicon codicon-error" aria-hidden="true"></span> ${problem}</p>
      <div class="actions">${eraseButton(page)}</div>`;
  if (since === undefined)
    return html`<p>
        ${
          isOn
            ? t('Nothing has been counted yet. Type until a suggestion stands at the cursor, and take it with Tab.')
            : t('Nothing is being counted, and nothing has been.')
        }
      </p>
      ${privacy()}`;
  return html`
    ${isOn ? nothing : html`<p class="note">${t('Nothing is being counted now. What was counted before is below.')}</p>`}
    ${filters(page, state)} ${figuresView(total)} ${chartView(days)} ${groupsView(groups)}
    <div class="actions">
      <button class="secondary" id="export" @click=${() => page.post({ kind: 'export' })}>
        ${t('Export as JSON…')}
      </button>
      ${eraseButton(page)}
    </div>
    ${privacy(since)}
  `;
}

function privacy(since?: string): TemplateResult {
  return html`<p class="muted">
    ${t('These are counts and times on this machine: no code, no file names. They are kept for 90 days and go nowhere.')}
    ${since === undefined ? nothing : t('Counted since {0}.', date(since))}
  </p>`;
}

/** Asks back in its place: nothing can bring the counts back. */
function eraseButton(page: ScoreboardPage): TemplateResult {
  if (!page.isAsking)
    return html`<button class="secondary" id="erase" @click=${() => page.ask()}>${t('Erase…')}</button>`;
  return html`<span class="asking" role="group" aria-label=${t('Erase everything that was counted?')}>
    ${t('Erase everything that was counted?')}
    <button id="erase-yes" @click=${() => page.answer('erase')}>${t('Erase')}</button>
    <button class="secondary" id="erase-no" @click=${() => page.answer('keep')}>${t('Keep')}</button>
  </span>`;
}

function filters(
  page: ScoreboardPage,
  { filter, languages, moduleSets }: ScoreboardState,
): TemplateResult | typeof nothing {
  if (languages.length < 2 && moduleSets.length < 2) return nothing;
  const chosen = filter.modules === undefined ? '' : JSON.stringify(filter.modules);
  return html`<div class="filters">
    <label
      >${t('Language')}
      <select
        id="language"
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          page.filter({ ...filter, languageId: value === '' ? undefined : value });
        }}
      >
        <option value="" ?selected=${filter.languageId === undefined}>${t('All languages')}</option>
        ${languages.map(
          ({ id, name }) => html`<option value=${id} ?selected=${filter.languageId === id}>${name}</option>`,
        )}
      </select></label
    >
    <label
      >${t('Modules')}
      <select
        id="modules"
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          page.filter({ ...filter, modules: value === '' ? undefined : JSON.parse(value) });
        }}
      >
        <option value="" ?selected=${chosen === ''}>${t('All modules')}</option>
        ${moduleSets.map(({ ids, titles }) => {
          const value = JSON.stringify(ids);
          return html`<option value=${value} ?selected=${chosen === value}>${modulesText(titles)}</option>`;
        })}
      </select></label
    >
  </div>`;
}

function figuresView(figures: Figures): TemplateResult {
  const tile = (id: string, name: string, value: string, about: string) =>
    html`<div class="tile" id=${id}>
      <dt>${name}</dt>
      <dd><span class="value">${value}</span> <span class="muted">${about}</span></dd>
    </div>`;
  const { shown, accepted, partly, undone, nSaved, kept30s, kept5min, p50Ms } = figures;
  const undoneText = undone === 0 ? '' : `, ${t('{0} undone', number(undone))}`;
  return html`<dl class="tiles">
    ${tile('shown', t('Shown'), number(shown), t('stood at the cursor, or were taken'))}
    ${tile(
      'accepted',
      t('Accepted'),
      rate(figures),
      `${t('{0} whole, {1} in part', number(accepted), number(partly))}${undoneText}`,
    )}
    ${tile('kept30s', t('Kept after 30 s'), keptShare(kept30s), keptText(kept30s))}
    ${tile('kept5min', t('Kept after 5 min'), keptShare(kept5min), keptText(kept5min))}
    ${tile('saved', t('Characters saved'), number(nSaved), t('that nobody typed'))}
    ${tile(
      'latency',
      t('Time to a suggestion'),
      milliseconds(p50Ms),
      p50Ms === undefined
        ? t('none had to be written yet')
        : t('half of them; 95 % within {0}', milliseconds(figures.p95Ms)),
    )}
  </dl>`;
}

function groupsView(groups: readonly GroupFigures[]): TemplateResult | typeof nothing {
  if (groups.length === 0) return html`<p>${t('Nothing was counted for this choice.')}</p>`;
  // Roles, because a narrow page draws the rows as blocks, and a table that is none to the browser loses them.
  const cell = (name: string, value: string) =>
    html`<td role="cell"><span class="name" aria-hidden="true">${name}</span>${value}</td>`;
  return html`<section aria-labelledby="groups-title">
    <h2 id="groups-title">${t('By language and module')}</h2>
    <table class="groups" role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${[
            t('Language'),
            t('Modules'),
            t('Shown'),
            t('Accepted'),
            t('Kept 30 s'),
            t('Kept 5 min'),
            t('Saved'),
            t('p50'),
            t('p95'),
          ].map(name => html`<th role="columnheader" scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${groups.map(
          group =>
            html`<tr role="row">
              <th role="rowheader" scope="row">${group.language}</th>
              ${cell(t('Modules'), modulesText(group.titles))} ${cell(t('Shown'), number(group.shown))}
              ${cell(t('Accepted'), rate(group))} ${cell(t('Kept 30 s'), keptShare(group.kept30s))}
              ${cell(t('Kept 5 min'), keptShare(group.kept5min))} ${cell(t('Saved'), number(group.nSaved))}
              ${cell(t('p50'), milliseconds(group.p50Ms))} ${cell(t('p95'), milliseconds(group.p95Ms))}
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

function modulesText(titles: readonly string[]): string {
  return titles.length === 0 ? t('Proposal alone') : titles.join(' + ');
}

function rate({ shown, accepted, partly }: Figures): string {
  return shown === 0 ? '–' : percent(Math.min(1, (accepted + partly) / shown));
}

function keptShare({ share }: KeptFigures): string {
  return share === undefined ? '–' : percent(share);
}

function keptText({ n, nWhole }: KeptFigures): string {
  return n === 0 ? t('not looked at yet') : t('{0} of {1} untouched', number(nWhole), number(n));
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : t('{0} ms', number(ms));
}
