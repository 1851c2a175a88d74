/** The pieces of context that go along with the next question, and how much of each the model will see. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ChatPageState, Chip, ContextKind, FromChatPage } from '../../protocol/pages/chat';
import { t } from '../page';

export const contextIcons: Readonly<Record<ContextKind, string>> = {
  selection: 'list-selection',
  diagnostics: 'warning',
  file: 'file-code',
  mention: 'file',
  tab: 'files',
};

export function contextChips({ chips }: ChatPageState, post: (message: FromChatPage) => void): TemplateResult {
  const add = t('Add context…');
  return html`<ul class="chips" aria-label=${t('Context for the next question')}>
    ${chips.map(chip => {
      const remove = t('Remove {0}', chip.label);
      return html`<li class="chip ${chip.fit} ${isUsed(chip) ? '' : 'unused'}" title="${chip.detail}\n${fitText(chip)}">
        <span class="codicon codicon-${chip.fit === 'excluded' ? 'lock' : contextIcons[chip.kind]}" aria-hidden="true"></span>
        <span class="chip-label">${chip.label}</span>
        ${chip.nTokens === undefined ? nothing : html`<span class="tokens muted" aria-hidden="true">${chip.nTokens}</span>`}
        <span class="spoken">${fitText(chip)}</span>
        <button type="button" class="icon codicon codicon-close" title=${remove} aria-label=${remove} @click=${() => post({ kind: 'removeContext', id: chip.id })}></button>
      </li>`;
    })}
    <li>
      <button type="button" class="icon codicon codicon-add" title=${add} aria-label=${add} @click=${() => post({ kind: 'act', action: 'addContext' })}></button>
    </li>
  </ul>`;
}

function isUsed({ fit }: Chip): boolean {
  return fit === 'whole' || fit === 'cut' || fit === 'unknown';
}

function fitText({ fit, nTokens }: Chip): string {
  switch (fit) {
    case 'unknown':
      return '';
    case 'whole':
      return t('{0} tokens, all of it fits.', nTokens ?? 0);
    case 'cut':
      return t('Shortened to {0} tokens: the rest does not fit.', nTokens ?? 0);
    case 'left-out':
      return t('Does not fit: the model will not see it.');
    case 'excluded':
      return t('Excluded by the setting residual.exclude: never shown to a model.');
    case 'empty':
      return t('Nothing to show.');
  }
}
