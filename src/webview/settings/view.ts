/** The settings panel as a whole: its head with the scopes, what it has to say, and its sections. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { Notice, PanelState, ScopeTab } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { alignmentSection } from './alignment';
import { compareSection } from './compare';
import { modulesSection } from './library';
import { optionsSection } from './options';
import { icon, iconButton, spinner } from './parts';
import { proposalSection } from './proposal';
import type { SettingsPage } from './settingsPage';
import { memory } from './text';

export function pageView(page: SettingsPage): TemplateResult {
  const { state } = page;
  return html`
    <div class="page" aria-busy=${state === undefined}>
      ${state === undefined ? loadingView() : stateView(page, state)}
    </div>
    <div class="spoken" role="status" aria-live="polite">${page.announcement}</div>
    <div class="drop" ?hidden=${!page.isDropTarget}>
      <p>${icon('cloud-download')} ${t('Drop a module (.ram or its folder) to import it')}</p>
    </div>
  `;
}

function loadingView(): TemplateResult {
  return html`<h1>${t('Residual')}</h1>
    <p class="muted">${spinner()} ${t('Reading settings and looking for models…')}</p>
    <div class="skeleton" aria-hidden="true"></div>
    <div class="skeleton" aria-hidden="true"></div>`;
}

function stateView(page: SettingsPage, state: PanelState): TemplateResult {
  return html`
    <header>
      <div class="head">
        <h1>${t('Residual')}</h1>
        ${stateLine(page, state)}
      </div>
      ${scopeTabs(page, state)} ${noticesView(page, state)}
    </header>
    ${alignmentSection(page, state)} ${modulesSection(page, state)} ${proposalSection(page, state)}
    ${compareSection(page, state)} ${optionsSection(page, state)}
  `;
}

/** Beside the scopes, where they are seen however far the page is scrolled. */
function noticesView(page: SettingsPage, { isTrusted, notices }: PanelState): TemplateResult | typeof nothing {
  if (isTrusted && notices.length === 0 && page.complaint === undefined) return nothing;
  return html`<div class="notices" role="region" aria-label=${t('Messages')}>
    ${page.complaint === undefined ? nothing : complaintView(page, page.complaint)}
    ${repeat(
      notices,
      ({ id }) => id,
      notice => noticeView(page, notice),
    )}
    ${isTrusted ? nothing : untrustedView(page)}
  </div>`;
}

/** Whether completions come at all, and the switch that a person looks for first. */
function stateLine(page: SettingsPage, { engine, pauses, options }: PanelState): TemplateResult {
  const isOff = !options.enable.value;
  const isPaused = pauses.length > 0;
  const [name, text] = isOff
    ? ['circle-slash', t('Switched off')]
    : isPaused
      ? ['debug-pause', pauses.join(', ')]
      : engineText(engine.state);
  const act = (action: 'pause' | 'resume') => () => page.post({ kind: 'do', action });
  return html`<div class="state">
    <span class="state-text" data-state=${isOff ? 'off' : isPaused ? 'paused' : engine.state}>
      ${name === 'loading' ? spinner() : icon(name)} ${text}${
        engine.rssBytes === undefined
          ? nothing
          : html` <span class="muted" title=${t('Memory of the engine’s process')}>· ${memory(engine.rssBytes)}</span>`
      }
    </span>
    ${
      isPaused
        ? html`<button class="secondary" @click=${act('resume')}>${t('Resume')}</button>`
        : html`<button class="secondary" ?disabled=${isOff} @click=${act('pause')}>${t('Pause…')}</button>`
    }
  </div>`;
}

function engineText(state: PanelState['engine']['state']): [string, string] {
  switch (state) {
    case 'idle':
      return ['sparkle', t('Ready; the engine starts with the first completion')];
    case 'starting':
      return ['loading', t('The engine is starting')];
    case 'ready':
      return ['sparkle', t('Ready')];
    case 'stopped':
      return ['sparkle', t('Ready; the engine rests')];
    case 'failed':
      return ['error', t('The engine ended')];
  }
}

function scopeTabs(page: SettingsPage, { scopes, scope }: PanelState): TemplateResult {
  return html`<fieldset class="scopes">
    <legend class="spoken">${t('Settings shown and changed')}</legend>
    ${scopes.map(
      tab => html`<label class="scope" title=${titleOf(tab)}>
        <input
          type="radio"
          name="scope"
          .checked=${tab.id === scope}
          @change=${() => page.selectScope(tab.id)}
        /><span>${nameOf(tab)}</span>
      </label>`,
    )}
  </fieldset>`;
}

function nameOf({ kind, name }: ScopeTab): string {
  return kind === 'user' ? t('User') : kind === 'workspace' ? t('Workspace') : name;
}

function titleOf({ kind, name }: ScopeTab): string {
  switch (kind) {
    case 'user':
      return t('For you, in every workspace');
    case 'workspace':
      return t('For everybody in {0}', name);
    case 'folder':
      return t('For everybody, in the folder {0}', name);
  }
}

function untrustedView(page: SettingsPage): TemplateResult {
  return html`<div class="notice is-info" data-notice="untrusted">
    ${icon('shield')}
    <p>${t('You have not trusted this workspace: the models and modules that it brings are not looked at.')}</p>
    <div class="actions">
      <button class="secondary" @click=${() => page.post({ kind: 'do', action: 'manageTrust' })}>
        ${t('Manage Workspace Trust')}
      </button>
    </div>
  </div>`;
}

function complaintView(page: SettingsPage, text: string): TemplateResult {
  return html`<div class="notice is-error" role="alert">
    ${icon('error')}
    <p>${text}</p>
    <div class="actions">${iconButton('close', t('Dismiss'), () => page.complain(undefined))}</div>
  </div>`;
}

function noticeView(page: SettingsPage, { id, kind, text, actions }: Notice): TemplateResult {
  return html`<div class="notice is-${kind}" role=${kind === 'error' ? 'alert' : 'status'}>
    ${icon(kind)}
    <p>${text}</p>
    <div class="actions">
      ${actions.map(
        action =>
          html`<button class="secondary" @click=${() => page.post({ kind: 'notice', id, action: action.id })}>
            ${action.label}
          </button>`,
      )}
      ${iconButton('close', t('Dismiss'), () => page.post({ kind: 'notice', id, action: undefined }))}
    </div>
  </div>`;
}
