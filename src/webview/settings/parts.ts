/** Small pieces that the sections of the settings panel are made of. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { SettingName } from '../../protocol/pages/settings';
import type { SettingView } from '../../protocol/pages/settingsState';
import { t } from '../page';
import type { SettingsPage } from './settingsPage';
import { sourceText } from './text';

export function icon(name: string): TemplateResult {
  return html`<span class="codicon codicon-${name}" aria-hidden="true"></span>`;
}

export function spinner(): TemplateResult {
  return html`<span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true"></span>`;
}

/** A button that is an icon alone: its label is its tooltip, and what a screen reader says. */
export function iconButton(name: string, label: string, onClick: () => void, id?: string): TemplateResult {
  return html`<button class="icon" id=${id ?? nothing} title=${label} aria-label=${label} @click=${onClick}>
    ${icon(name)}
  </button>`;
}

/** A part of the page that can be jumped to. */
export function section(id: string, title: string, aside: unknown, content: unknown): TemplateResult {
  return html`<section id=${id} tabindex="-1" aria-labelledby="${id}-title">
    <div class="section-head">
      <h2 id="${id}-title">${title}</h2>
      ${aside}
    </div>
    ${content}
  </section>`;
}

/** Where a value comes from, and the way back to what a wider scope says. */
export function sourceOf(page: SettingsPage, name: SettingName, title: string, view: SettingView<unknown>) {
  const isWarning = view.overriddenIn !== undefined;
  return html`<span class="source ${isWarning ? 'is-warning' : ''}">
    ${isWarning ? icon('warning') : nothing}${sourceText(view)}${
      view.isSetHere && !view.isLocked
        ? iconButton('discard', t('Take {0} out of these settings', title), () => page.post({ kind: 'reset', name }))
        : nothing
    }
  </span>`;
}
