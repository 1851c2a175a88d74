/** The instant module's card: what it is, building it with progress, and what was counted. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { PanelState } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { gainView } from './library';
import { INSTANT_ID } from './names';
import { icon, spinner } from './parts';
import type { SettingsPage } from './settingsPage';
import { number, origin, size } from './text';

export function instantCard(page: SettingsPage, state: PanelState): TemplateResult {
  const card = state.library.find(({ id }) => id === INSTANT_ID);
  const isActive = state.modules.value.some(({ id }) => id === INSTANT_ID);
  return html`<li class="card is-instant ${isActive ? 'is-active' : ''}" data-card=${INSTANT_ID}>
    <div class="card-head">
      <h3>${t('Instant: this workspace')}</h3>
      ${isActive && card !== undefined ? html`<span class="badge">${t('In use')}</span>` : nothing}
    </div>
    <p class="facts">${[t('this workspace'), t('n-gram'), ...(card === undefined ? [] : [size(card.sizeBytes)])].join(' · ')}</p>
    <p class="origin">${icon('zap')} ${origin('workspace')}</p>
    <p class="description">
      ${t('Counts the names and habits of this workspace in seconds, keeps up as files are saved, and stays on this machine.')}
    </p>
    ${stateOf(page, state)}
  </li>`;
}

function stateOf(page: SettingsPage, state: PanelState): TemplateResult {
  const { instant } = state;
  const does = (action: 'buildInstant' | 'cancelBuild' | 'exploreInstant') => () => page.post({ kind: 'do', action });
  switch (instant.kind) {
    case 'unavailable':
      return html`<p class="muted">${icon('info')} ${unavailable(instant.reason)}</p>
        <div class="card-foot"><button disabled>${t('Build')}</button></div>`;
    case 'offered':
      return html`<div class="card-foot"><button @click=${does('buildInstant')}>${t('Build')}</button></div>`;
    case 'building': {
      const { nDone, nFiles } = instant;
      const text = nFiles === 0 ? t('Looking for files…') : t('{0} of {1} files', number(nDone), number(nFiles));
      return html`<p class="counting">${spinner()} ${text}</p>
        <progress max="1" value=${nFiles === 0 ? nothing : nDone / nFiles} aria-label=${t('Building the instant module')}></progress>
        <div class="card-foot"><button class="secondary" @click=${does('cancelBuild')}>${t('Cancel')}</button></div>`;
    }
    case 'built':
      return html`${counts(instant)} ${gainView(state.library.find(({ id }) => id === INSTANT_ID)?.gains ?? [])}
        <div class="card-foot">
          ${useButton(page, state)}
          <button class="secondary" @click=${does('exploreInstant')}>${t('Explore')}</button>
          <button class="secondary" @click=${does('buildInstant')}>${t('Rebuild')}</button>
        </div>`;
  }
}

function counts({ nFiles, nTokens }: { readonly nFiles?: number; readonly nTokens?: number }) {
  if (nFiles === undefined || nTokens === undefined) return nothing;
  return html`<p class="counting">${icon('pass')} ${t('{0} files, {1} tokens', number(nFiles), number(nTokens))}</p>`;
}

/** It joins what is in use: it knows the names, the others the manners. */
function useButton(page: SettingsPage, { loading, modules }: PanelState): TemplateResult {
  if (loading === INSTANT_ID) return html`<span class="loading" role="status">${spinner()} ${t('Loading…')}</span>`;
  const isActive = modules.value.some(({ id }) => id === INSTANT_ID);
  const label = isActive ? t('Stop using the instant module') : t('Use the instant module');
  const does = () => page.post({ kind: 'module', action: isActive ? 'drop' : 'add', id: INSTANT_ID });
  return html`<button class=${isActive ? 'secondary' : ''} aria-label=${label} @click=${does}>
    ${isActive ? t('Stop Using') : t('Use')}
  </button>`;
}

function unavailable(reason: 'untrusted' | 'no-folder' | 'virtual'): string {
  switch (reason) {
    case 'untrusted':
      return t('Residual reads no files of a workspace that you have not trusted.');
    case 'no-folder':
      return t('Open a folder to build it from.');
    case 'virtual':
      return t('It is built from files on disk, and this workspace is virtual.');
  }
}
