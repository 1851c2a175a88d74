/** What stands below the question: which model answers, and how much of its room is used. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ChatPageState, FromChatPage } from '../../protocol/pages/chat';
import { t } from '../page';

export function modelButton(
  { model }: ChatPageState,
  post: (message: FromChatPage) => void,
): TemplateResult | typeof nothing {
  if (model === undefined) return html`<span class="model"></span>`;
  const name = [model.proposal, ...model.modules].join(' + ');
  return html`<button
    type="button"
    class="model"
    title=${t('{0}: choose what answers in the chat', name)}
    @click=${() => post({ kind: 'act', action: 'chooseModules' })}
  >
    <span class="name">${name}</span><span class="codicon codicon-chevron-down" aria-hidden="true"></span>
    <span class="spoken">${t('Choose what answers in the chat')}</span>
  </button>`;
}

/** Only a model that converses misses the turns that do not fit. */
export function tokenMeter({ budget, model }: ChatPageState): TemplateResult | typeof nothing {
  if (budget === undefined) return nothing;
  const { usedTokens, limitTokens, nTurnsLeftOut } = budget;
  const used = t('{0} of {1} tokens of the prompt are used.', usedTokens, limitTokens);
  const forgets = nTurnsLeftOut > 0 && model?.isInstruct === true;
  const forgotten = !forgets ? '' : t('Earlier questions and answers do not fit any more: {0}.', nTurnsLeftOut);
  return html`<span class="budget ${forgets ? 'forgets' : ''}" title="${used} ${forgotten}">
    <meter min="0" max=${limitTokens} value=${usedTokens} aria-label=${t('Prompt')} aria-valuetext="${used} ${forgotten}"></meter>
    <span class="numbers" aria-hidden="true">${usedTokens}/${limitTokens}</span>
  </span>`;
}
