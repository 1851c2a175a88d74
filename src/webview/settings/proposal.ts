/** The proposal in use, how much it takes and how fast it is on this machine, and the others that are found. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { PanelState, ProposalCard, SpeedView } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { icon, section, sourceOf, spinner } from './parts';
import type { SettingsPage } from './settingsPage';
import { memory, number, origin, size } from './text';

export function proposalSection(page: SettingsPage, state: PanelState): TemplateResult {
  const { proposals, proposal } = state;
  const inUse = proposals.find(({ isInUse }) => isInUse);
  const others = proposals.filter(({ isInUse }) => !isInUse);
  const add = () => page.post({ kind: 'do', action: 'addProposal' });
  return section(
    'proposal',
    t('Proposal'),
    sourceOf(page, 'proposal', t('the proposal'), proposal),
    html`<p class="muted">${t('The model that proposes what to write. Modules weigh its proposals; they never change it.')}</p>
      ${inUse === undefined ? missing(page, state) : inUseView(page, state, inUse)}
      ${
        others.length === 0
          ? nothing
          : html`<h3>${t('Others found')}</h3>
              <ul class="others">
                ${repeat(
                  others,
                  ({ id }) => id,
                  card => html`<li data-proposal=${card.id}>${otherView(page, state, card)}</li>`,
                )}
              </ul>`
      }
      <button class="secondary" @click=${add}>${icon('add')} ${t('Add a Folder or Download…')}</button>`,
  );
}

function missing(page: SettingsPage, { proposal, proposals, modelExtension }: PanelState): TemplateResult {
  if (proposals.length > 0)
    return html`<p class="problem">
      ${icon('error')} ${t('There is no proposal "{0}". Choose another one below, or add its folder.', proposal.value)}
    </p>`;
  const install = () => page.post({ kind: 'do', action: 'installModel' });
  return html`<p class="problem">
      ${icon('error')} ${t('There are no completions without a model. Install the extension “{0}”, or add a model.', modelExtension)}
    </p>
    <button @click=${install}>${icon('cloud-download')} ${t('Install from VSIX…')}</button>`;
}

function inUseView(page: SettingsPage, state: PanelState, card: ProposalCard): TemplateResult {
  const rows: [string, unknown][] = [
    [t('Size'), [size(card.sizeBytes), card.dtype].filter(Boolean).join(', ')],
    [t('Licence'), card.licence || t('not stated')],
    [
      t('Context'),
      card.contextLength === undefined ? t('as its files say') : t('{0} tokens', number(card.contextLength)),
    ],
    [
      t('Memory'),
      card.loadedBytes === undefined ? t('not loaded') : t('{0} with its caches', memory(card.loadedBytes)),
    ],
    [t('Speed here'), speedRows(page, state, card)],
  ];
  return html`<div class="card is-active proposal" data-proposal=${card.id}>
    <div class="card-head">
      <h3>${card.title}</h3>
      <span class="badge">${t('In use')}</span>
    </div>
    <p class="origin">${icon('package')} ${origin(card.origin, card.extension)}</p>
    ${card.problem === undefined ? nothing : html`<p class="problem">${icon('error')} ${card.problem}</p>`}
    <dl>
      ${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
    </dl>
  </div>`;
}

function speedRows(page: SettingsPage, state: PanelState, { speedAlone, speedAligned }: ProposalCard): TemplateResult {
  const hasModules = state.modules.value.some(({ strength }) => strength > 0);
  const measure = () => page.post({ kind: 'do', action: 'measure' });
  return html`<div class="speed">
    ${speedText(speedAlone, t('alone'))} ${hasModules ? speedText(speedAligned, t('aligned')) : nothing}
    ${
      state.isMeasuring
        ? html`<span role="status">${spinner()} ${t('Measuring…')}</span>`
        : html`<button class="link" @click=${measure}>${
            speedAlone === undefined && speedAligned === undefined ? t('Measure') : t('Measure Again')
          }</button>`
    }
  </div>`;
}

function speedText(speed: SpeedView | undefined, title: string): TemplateResult {
  if (speed === undefined) return html`<span>${title}: <span class="muted">${t('not measured yet')}</span></span>`;
  const { prefillTokensPerS, decodeMsPerToken, nAnswers } = speed;
  const reads = prefillTokensPerS === undefined ? [] : [t('reads {0} tokens/s', number(prefillTokensPerS))];
  const writes = decodeMsPerToken === undefined ? [] : [t('writes a token in {0} ms', number(decodeMsPerToken, 1))];
  return html`<span
    >${title}: ${[...reads, ...writes].join(', ')}
    <span class="muted">(${nAnswers === 1 ? t('1 answer') : t('{0} answers', nAnswers)})</span></span
  >`;
}

function otherView(page: SettingsPage, state: PanelState, card: ProposalCard): TemplateResult {
  const { id, title, problem } = card;
  const isLoading = state.loading === id;
  const from = card.extension === undefined ? '' : origin(card.origin, card.extension);
  const facts = [size(card.sizeBytes), card.dtype, card.licence, from].filter(Boolean).join(' · ');
  return html`<div class="other">
    <div>
      <strong>${title}</strong> <span class="facts">${facts}</span>
      ${problem === undefined ? nothing : html`<p class="problem">${icon('error')} ${problem}</p>`}
    </div>
    ${
      isLoading
        ? html`<span class="loading" role="status">${spinner()} ${t('Loading…')}</span>`
        : html`<button
            class="secondary"
            ?disabled=${problem !== undefined || state.loading !== undefined}
            aria-label=${t('Use {0}', title)}
            @click=${() => page.post({ kind: 'chooseProposal', id })}
          >
            ${t('Use')}
          </button>`
    }
  </div>`;
}
