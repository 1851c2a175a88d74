/** Every module that is found, as cards, and the instant module's, which may not be there yet. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ModuleAction } from '../../protocol/pages/settings';
import type { GainView, ModuleCard, PanelState } from '../../protocol/pages/settingsState';
import { dateWithYear, moment } from '../numbers';
import { t } from '../page';
import { instantCard } from './instant';
import { INSTANT_ID } from './names';
import { icon, iconButton, section, spinner } from './parts';
import type { SettingsPage } from './settingsPage';
import { fixed, number, origin, size } from './text';

/** Fewer are seen at a glance. */
const FILTERED_FROM = 7;

export function modulesSection(page: SettingsPage, state: PanelState): TemplateResult {
  const others = state.library.filter(({ id }) => id !== INSTANT_ID);
  const shown = others.filter(card => matches(card, page.filter));
  const does = (action: 'importModule' | 'trainModule') => () => page.post({ kind: 'do', action });
  return section(
    'modules',
    t('Modules'),
    html`<span class="section-actions">
      <button class="secondary" id="train-module" @click=${does('trainModule')}>${icon('mortar-board')} ${t('Train…')}</button>
      <button class="secondary" @click=${does('importModule')}>${icon('cloud-download')} ${t('Import…')}</button>
    </span>`,
    html`${others.length >= FILTERED_FROM ? filterBox(page) : nothing}
      <ul class="cards">
        ${page.filter === '' ? instantCard(page, state) : nothing}
        ${repeat(
          shown,
          ({ id }) => id,
          card =>
            html`<li class="card ${card.isActive ? 'is-active' : ''}" data-card=${card.id}>${cardView(page, state, card)}</li>`,
        )}
      </ul>
      ${shown.length === 0 ? noneFound(page, others.length) : nothing}`,
  );
}

function filterBox(page: SettingsPage): TemplateResult {
  return html`<input
    type="search"
    class="filter"
    placeholder=${t('Filter modules')}
    aria-label=${t('Filter modules')}
    .value=${page.filter}
    @input=${(event: Event) => page.setFilter((event.target as HTMLInputElement).value)}
  />`;
}

function noneFound(page: SettingsPage, n: number): TemplateResult {
  return n === 0
    ? html`<p class="muted">
        ${t('No other modules are found. Import one that somebody shared, or train your own.')}
      </p>`
    : html`<p class="muted">
        ${t('No module matches "{0}".', page.filter)}
        <button class="link" @click=${() => page.setFilter('')}>${t('Show All')}</button>
      </p>`;
}

function matches({ id, title, domain, description }: ModuleCard, filter: string): boolean {
  return [id, title, domain, description].some(text => text.toLowerCase().includes(filter.trim().toLowerCase()));
}

function cardView(page: SettingsPage, state: PanelState, card: ModuleCard): TemplateResult {
  const facts = [card.domain, kindText(card), size(card.sizeBytes)].filter(Boolean).join(' · ');
  return html`<div class="card-head">
      <h3 title=${card.title}>${card.title}</h3>
      ${card.isActive ? html`<span class="badge">${t('In use')}</span>` : nothing}
    </div>
    <p class="facts">${facts}</p>
    <p class="origin">${icon(originIcon(card))} ${origin(card.origin, card.extension)}</p>
    ${signatureLine(card)}
    ${
      card.problem === undefined
        ? html`<p class="description">${card.description}</p>
            ${gainView(card.gains)} ${details(page, card)}`
        : html`<p class="problem">${icon('error')} ${card.problem}</p>`
    }
    <div class="card-foot">${useButtons(page, state, card)}${fileButtons(page, card)}</div>`;
}

export function kindText({ kind }: ModuleCard): string {
  return kind === undefined ? '' : kind === 'neural' ? t('neural') : t('n-gram');
}

/** A name alone proves nothing, so the key stands below it; in a line of its own, so that no name can read like one. */
function signatureLine({ signature }: ModuleCard): TemplateResult | typeof nothing {
  if (signature === undefined) return nothing;
  if (signature.kind === 'unsigned') return html`<p class="origin muted">${icon('unlock')} ${t('Unsigned')}</p>`;
  const { signer, fingerprint, known } = signature;
  const since =
    known === undefined
      ? t('not known yet')
      : known.name === signer
        ? t('known since {0}', dateWithYear(known.since))
        : t('known since {0} as “{1}”', dateWithYear(known.since), known.name);
  return html`<p class="origin signature">
    ${icon(known === undefined ? 'unverified' : 'verified')}
    <span>
      <span class="signer">${t('Signed by “{0}”', signer)}</span>
      <span class="key">${t('key {0}', fingerprint.replaceAll(' ', '\u00a0'))}, ${since}</span>
    </span>
  </p>`;
}

function originIcon({ origin: of }: ModuleCard): string {
  return { shipped: 'package', personal: 'account', team: 'organization', workspace: 'zap' }[of];
}

/** The first measurement with the proposal in use, as a person would say it. */
export function gainView(gains: readonly GainView[]): TemplateResult {
  const gain = gains.find(({ isThisProposal }) => isThisProposal);
  if (gain === undefined)
    return html`<p class="gain muted">${icon('question')} ${t('Not measured with this proposal')}</p>`;
  const { metric, proposal, aligned, n, dataset, verdict, measured } = gain;
  const percent = number(Math.abs((100 * (aligned - proposal)) / (proposal || 1)), 1);
  const said = { better: t('{0} % better', percent), worse: t('{0} % worse', percent), same: t('the same') }[verdict];
  const arrow = { better: 'arrow-up', worse: 'arrow-down', same: 'dash' }[verdict];
  return html`<p class="gain is-${verdict}" title=${dataset}>
    ${icon(arrow)} <strong>${said}</strong> ${t('than the proposal alone')}
    <span class="muted"
      >${t('{0} {1} → {2}, {3} samples', metric, number(proposal, 3), number(aligned, 3), number(n))}${
        measured === undefined ? nothing : `, ${moment(measured)}`
      }</span
    >
  </p>`;
}

function details(page: SettingsPage, card: ModuleCard): TemplateResult {
  const key = `details-${card.id}`;
  const { training } = card;
  const rows: [string, unknown][] = [
    [t('Id'), html`<code>${card.id}</code>`],
    [t('Version'), card.version],
    [t('Licence'), card.licence],
    [t('Rule'), card.rule],
    [t('Calibrated strength'), fixed(card.calibrated)],
    ...(training === undefined
      ? []
      : ([
          [t('Trained from'), training.base],
          [t('Trained on'), t('{0} tokens ({1})', number(training.tokens), training.objective)],
        ] as [string, unknown][])),
    ...card.gains.map((gain): [string, unknown] => [gain.metric, gainDetail(gain)]),
  ];
  return html`<details
    ?open=${page.openDetails.has(key)}
    @toggle=${(event: Event) => page.toggleDetails(key, (event.target as HTMLDetailsElement).open)}
  >
    <summary>${t('Details')}<span class="spoken"> ${t('of {0}', card.title)}</span></summary>
    <dl>
      ${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
    </dl>
  </details>`;
}

function gainDetail({ proposal, aligned, n, dataset, isThisProposal }: GainView): TemplateResult {
  return html`${number(proposal, 4)} → ${number(aligned, 4)}
    <span class="muted">(${t('{0} samples', number(n))}, ${dataset}${isThisProposal ? '' : `, ${t('another proposal')}`})</span>`;
}

/** One module takes another's place; two go together when a person says so. */
function useButtons(page: SettingsPage, state: PanelState, card: ModuleCard): TemplateResult {
  const { id, title } = card;
  const does = (action: 'use' | 'add' | 'drop') => () => page.post({ kind: 'module', action, id });
  if (state.loading === id) return html`<span class="loading" role="status">${spinner()} ${t('Loading…')}</span>`;
  if (card.isActive)
    return html`<button class="secondary" aria-label=${t('Stop using {0}', title)} @click=${does('drop')}>
      ${t('Stop Using')}
    </button>`;
  const isDisabled = card.problem !== undefined || state.loading !== undefined;
  const hasOther = state.modules.value.some(module => module.id !== INSTANT_ID && module.problem === undefined);
  // What is read aloud begins with what is seen, so that people who speak to their machine can say it.
  return html`<button
      class=${hasOther ? 'secondary' : ''}
      ?disabled=${isDisabled}
      aria-label=${hasOther ? t('Use Instead: {0}', title) : t('Use {0}', title)}
      @click=${does('use')}
    >
      ${hasOther ? t('Use Instead') : t('Use')}</button
    >${
      hasOther
        ? html`<button
            class="secondary"
            ?disabled=${isDisabled}
            aria-label=${t('Add {0} to what is in use', title)}
            @click=${does('add')}
          >
            ${t('Add')}
          </button>`
        : nothing
    }`;
}

function fileButtons(page: SettingsPage, card: ModuleCard): TemplateResult {
  const { id, title } = card;
  const button = (name: string, label: string, action: Exclude<ModuleAction, 'use' | 'add' | 'drop'>) =>
    iconButton(name, label, () => page.post({ kind: 'module', action, id }), `${action}-${id}`);
  const compare = () => {
    page.compared = { a: '', b: id };
    page.redraw();
    page.reveal('compare');
  };
  return html`<div class="toolbar" role="group" aria-label=${t('Files of {0}', title)}>
    ${
      card.problem === undefined
        ? html`${iconButton('diff', t('Compare {0} on the open file', title), compare)}
          ${button('git-compare', t('Compare {0} on my edits…', title), 'compareEdits')}`
        : nothing
    }
    ${button('verified', t('Verify {0}', title), 'verify')} ${button('export', t('Export {0}…', title), 'export')}
    ${button('folder-opened', t('Show the files of {0}', title), 'reveal')}
    ${
      card.isOwn
        ? html`${button('edit', t('Rename {0}…', title), 'rename')} ${button('trash', t('Delete {0}', title), 'delete')}`
        : nothing
    }
  </div>`;
}
