/** The change of a file that waits for a person's word, or that can be undone. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { FromChatPage, ShownEdit } from '../../protocol/pages/chat';
import { t } from '../page';

export function editBar(
  edit: ShownEdit | undefined,
  post: (message: FromChatPage) => void,
): TemplateResult | typeof nothing {
  if (edit === undefined) return nothing;
  const decide = (how: 'accept' | 'reject' | 'undo' | 'show') => () => post({ kind: 'decide', edit: edit.id, how });
  if (edit.state === 'review') {
    return html`<div class="edit-bar" role="group" aria-label=${t('Proposed change')}>
      <button type="button" class="link what" @click=${decide('show')}>${t('Change in {0}', edit.file)}</button>
      <button type="button" @click=${decide('accept')}>${t('Accept')}</button>
      <button type="button" class="secondary" @click=${decide('reject')}>${t('Reject')}</button>
    </div>`;
  }
  return html`<div class="edit-bar" role="group" aria-label=${t('Change made')}>
    <span class="what">${t('Changed {0}', edit.file)}</span>
    <button type="button" class="secondary" @click=${decide('undo')}>${t('Undo')}</button>
  </div>`;
}
