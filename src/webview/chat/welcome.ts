/** What the panel shows in place of a conversation: a new one's examples, or why there can be none. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ChatPageState, FromChatPage, ShownModel } from '../../protocol/pages/chat';
import { number } from '../numbers';
import { t } from '../page';
import { actionButtons } from './actions';
import { commandsLike } from './commands';

type Post = (message: FromChatPage) => void;

export function welcome(state: ChatPageState, post: Post): TemplateResult {
  return html`<div class="welcome">
    <span class="emblem codicon codicon-comment-discussion" aria-hidden="true"></span>
    <h2>${t('Ask about your code')}</h2>
    <p class="muted">${t('Answers are written on this machine. Nothing leaves it, and no account is needed.')}</p>
    <ul class="examples" aria-label=${t('Examples')}>
      ${examples(state).map(
        ({ text, does }) => html`<li>
          <button type="button" class="example" @click=${() => post({ kind: 'ask', text })}>
            ${does === undefined ? text : html`<span class="command">${text}</span> <span class="does">${does}</span>`}
          </button>
        </li>`,
      )}
    </ul>
    ${state.model === undefined ? nothing : abilities(state.model, post)}
    ${state.recent.length === 0 ? nothing : recent(state, post)}
  </div>`;
}

export function switchedOff(post: Post): TemplateResult {
  return html`<div class="welcome">
    <span class="emblem codicon codicon-circle-slash" aria-hidden="true"></span>
    <h2>${t('Residual is switched off')}</h2>
    <p class="muted">${t('While the setting residual.enable is false, no model is asked anything. Your chats are kept.')}</p>
    ${actionButtons(['turnOn', 'openSettings'], post)}
  </div>`;
}

/** What the model can do, in a line that opens; nothing for a larger one that follows instructions. */
export function modelNotice({ model }: ChatPageState, post: Post): TemplateResult | typeof nothing {
  if (model === undefined || (model.isInstruct && !model.isSmall)) return nothing;
  const heading = model.isInstruct ? t('A small model: check what it says') : t('Answers with code, not conversation');
  return html`<details class="notice">
    <summary><span class="codicon codicon-info" aria-hidden="true"></span> ${heading}</summary>
    <p>${whatItDoes(model)}</p>
    ${actionButtons(['addProposal'], post, { isQuiet: true })}
  </details>`;
}

function abilities(model: ShownModel, post: Post): TemplateResult {
  if (model.isInstruct && !model.isSmall)
    return html`<p class="muted">${t('{0} follows instructions.', model.proposal)}</p>`;
  return html`<section class="abilities">
    <h3>${t('What to expect')}</h3>
    <p>${whatItDoes(model)}</p>
    ${actionButtons(['addProposal'], post, { isQuiet: true })}
  </section>`;
}

function whatItDoes({ proposal, isInstruct, contextLength }: ShownModel): string {
  if (isInstruct)
    return t(
      '{0} follows instructions, and is small. It does well with one clear wish about a few lines: document, convert, add types, a short function, a regular expression. Tests, reasons for errors and anything of several steps it often gets wrong, and it knows few facts: run and read what it writes.',
      proposal,
    );
  return t(
    '{0} completes code; it was not trained to follow instructions, and no instruction module is installed. Your question becomes a documentation comment, and the answer is what the model writes below it: short code in the style of what it sees, often wrong, to be read before it is used. It keeps {1} tokens in view, answer included, and knows no facts.',
    proposal,
    number(contextLength),
  );
}

function recent(state: ChatPageState, post: Post): TemplateResult {
  return html`<section class="recent">
    <h3>${t('Recent')}</h3>
    <ul>
      ${state.recent.map(
        ({ id, title, when }) => html`<li>
          <button type="button" class="row" @click=${() => post({ kind: 'openConversation', id })}>
            <span class="title">${title}</span><span class="when muted">${when}</span>
          </button>
        </li>`,
      )}
    </ul>
    <button type="button" class="link" @click=${() => post({ kind: 'act', action: 'history' })}>${t('Show all chats…')}</button>
  </section>`;
}

interface Example {
  readonly text: string;
  /** Of a command: what it does. */
  readonly does?: string;
}

/** With code selected, examples that are about it. */
function examples({ chips }: ChatPageState): Example[] {
  const isAboutSelection = chips.some(({ kind, fit }) => kind === 'selection' && fit !== 'excluded');
  const commands = commandsLike('').map(({ name, description }) => ({ text: `/${name}`, does: description }));
  if (isAboutSelection) return commands.slice(0, 3);
  const test = commands.filter(({ text }) => text === '/test');
  return [{ text: t('A function that groups items by a key') }, { text: t('Parse a date like 2024-05-01') }, ...test];
}
