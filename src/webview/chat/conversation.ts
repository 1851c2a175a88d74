/** The questions and answers of a conversation. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { unsafeHTML } from 'lit-html/directives/unsafe-html.js';
import type { FromChatPage, Problem, ShownAnswer, ShownTurn, UsedContext } from '../../protocol/pages/chat';
import { t } from '../page';
import { actionButtons } from './actions';
import { htmlBlocks } from './markdown';

export interface ConversationView {
  readonly turns: readonly ShownTurn[];
  readonly isAnswering: boolean;
  /** The turn whose question is being edited; it and what follows will be replaced. */
  readonly editing: string | undefined;
  readonly post: (message: FromChatPage) => void;
  readonly onEdit: (turn: ShownTurn) => void;
}

export function conversation(view: ConversationView): TemplateResult {
  const from = view.turns.findIndex(turn => turn.id === view.editing);
  return html`${repeat(
    view.turns,
    turn => turn.id,
    (turn, index) => html`<article class="turn ${from >= 0 && index >= from ? 'replaced' : ''}">
      ${question(turn, view)}${
        turn.answer === undefined ? nothing : answer(turn.answer, view, index === view.turns.length - 1)
      }
    </article>`,
  )}`;
}

function question(turn: ShownTurn, { isAnswering, post, onEdit }: ConversationView): TemplateResult {
  const text = [turn.command && `/${turn.command}`, turn.question].filter(Boolean).join(' ');
  return html`<div class="question">
    <h2 class="spoken">${t('You asked')}</h2>
    <p class="asked">${
      turn.command === undefined ? nothing : html`<span class="command">/${turn.command}</span> `
    }${turn.question}</p>
    ${turn.context.length === 0 ? nothing : usedContext(turn.context)}
    <div class="tools" role="group" aria-label=${t('Question')}>
      ${tool('edit', t('Edit and send again'), () => onEdit(turn), isAnswering)}
      ${tool('copy', t('Copy question'), () => post({ kind: 'copy', text }))}
    </div>
  </div>`;
}

function usedContext(context: readonly UsedContext[]): TemplateResult {
  return html`<ul class="used" aria-label=${t('Context')}>
    ${context.map(({ label, fit }) => html`<li class=${fit ?? ''}>${label}${fitNote(fit)}</li>`)}
  </ul>`;
}

function fitNote(fit: UsedContext['fit']): TemplateResult | typeof nothing {
  if (fit === 'cut') return html` <span class="muted">${t('(shortened)')}</span>`;
  if (fit === 'left-out') return html` <span class="muted">${t('(did not fit)')}</span>`;
  return nothing;
}

function answer(shown: ShownAnswer, view: ConversationView, isLast: boolean): TemplateResult {
  const { text, state, note, writers, problem } = shown;
  const isOver = state !== 'waiting' && state !== 'streaming';
  return html`<div class="answer" aria-busy=${isOver ? 'false' : 'true'}>
    <h2 class="spoken">${t('Residual answered')}</h2>
    <div class="markdown ${state}">${htmlBlocks(text).map(block => html`<div class="block">${unsafeHTML(block)}</div>`)}</div>
    ${
      state === 'waiting'
        ? html`<p class="waiting muted"><span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true"></span> ${t('Reading…')}</p>`
        : nothing
    }
    ${problem === undefined ? nothing : problemBox(problem, view.post)}
    ${note === undefined ? nothing : html`<p class="note muted">${note}</p>`}
    ${
      isOver
        ? html`<div class="foot">
          <span class="writers muted">${writers.join(' + ')}</span>
          <div class="tools" role="group" aria-label=${t('Answer')}>
            ${text === '' ? nothing : tool('copy', t('Copy answer'), () => view.post({ kind: 'copy', text }))}
            ${isLast ? tool('refresh', t('Try again'), () => view.post({ kind: 'retry' }), view.isAnswering) : nothing}
          </div>
        </div>`
        : nothing
    }
  </div>`;
}

export function problemBox({ message, actions }: Problem, post: (message: FromChatPage) => void): TemplateResult {
  return html`<div class="problem" role="alert">
    <span class="codicon codicon-error" aria-hidden="true"></span>
    <p>${message}</p>
    ${actionButtons(actions, post)}
  </div>`;
}

function tool(icon: string, label: string, onClick: () => void, disabled = false): TemplateResult {
  return html`<button type="button" class="icon codicon codicon-${icon}" title=${label} aria-label=${label} ?disabled=${disabled} @click=${onClick}></button>`;
}
