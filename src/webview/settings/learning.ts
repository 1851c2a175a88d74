/** The switch for recording feedback, how much of it there is, and what can be done with it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { LearningView, SettingView } from '../../protocol/pages/settingsState';
import { t } from '../page';
import type { SettingsPage } from './settingsPage';
import { number, size } from './text';

export function learningControl(
  page: SettingsPage,
  { value }: SettingView<boolean>,
  learning: LearningView,
): TemplateResult {
  const onChange = (event: Event) =>
    page.post({ kind: 'setLearning', isOn: (event.target as HTMLInputElement).checked });
  return html`<label class="check">
      <input
        type="checkbox"
        id="learnFromFeedback"
        .checked=${live(value)}
        aria-describedby="about-learnFromFeedback learning-amount"
        @change=${onChange}
      />
      ${value ? t('On') : t('Off')}
    </label>
    <p class="muted" id="learning-amount">${amountText(learning)}</p>
    ${learning.kind !== 'no-workspace' && learning.nRecords > 0 ? actions(page) : nothing}`;
}

function amountText(learning: LearningView): string {
  if (learning.kind === 'no-workspace') return t('Nothing is recorded without a workspace.');
  const amount =
    learning.nRecords === 0
      ? t('Nothing is recorded in this workspace yet.')
      : t('Recorded in this workspace: {0} suggestions, {1}.', number(learning.nRecords), size(learning.sizeBytes));
  if (learning.kind === 'trusted') return amount;
  return `${amount} ${t('This workspace is not trusted: recording is off here unless your own settings switch it on.')}`;
}

function actions(page: SettingsPage): TemplateResult {
  const button = (action: 'improveFromFeedback' | 'exportFeedback' | 'eraseFeedback', label: string) =>
    html`<button class="secondary" id=${action} @click=${() => page.post({ kind: 'do', action })}>${label}</button>`;
  return html`<div class="actions">
    ${button('improveFromFeedback', t('Improve a Module…'))} ${button('exportFeedback', t('Export…'))}
    ${button('eraseFeedback', t('Erase…'))}
  </div>`;
}
