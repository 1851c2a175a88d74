/** Buttons for what a person may do next. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ChatAction, FromChatPage } from '../../protocol/pages/chat';
import { t } from '../page';

const labels: Readonly<Record<ChatAction, string>> = {
  addContext: t('Add Context…'),
  addProposal: t('Add a Bigger Model…'),
  chooseModules: t('Choose Modules…'),
  history: t('Show All Chats…'),
  newChat: t('New Chat'),
  openSettings: t('Open Settings'),
  showLog: t('Show Log'),
  turnOn: t('Turn On'),
};

/** The first is the one that most people want, unless nothing needs to be done: then they are quiet. */
export function actionButtons(
  actions: readonly ChatAction[],
  post: (message: FromChatPage) => void,
  { isQuiet = false } = {},
): TemplateResult | typeof nothing {
  if (actions.length === 0) return nothing;
  return html`<div class="actions">
    ${actions.map(
      (action, index) =>
        html`<button type="button" class=${index === 0 && !isQuiet ? '' : 'secondary'} @click=${() => post({ kind: 'act', action })}>${labels[action]}</button>`,
    )}
  </div>`;
}
