/** The page as a whole: which suggestion, its tokens, the one looked at, and what the proposal alone would have written. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { WhyView } from '../../protocol/pages/why';
import { number, strengthText } from '../numbers';
import { t } from '../page';
import { detailView } from './detail';
import { badge, broken } from './text';
import { tokensView } from './tokens';
import type { WhyPage } from './whyPage';

export function pageView(page: WhyPage): TemplateResult {
  return html`
    <div class="page" aria-busy=${page.isWorking}>
      <h1>${t('Why this completion')}</h1>
      ${page.isWorking ? workingView() : nothing} ${contentView(page)}
    </div>
    <p class="said" role="status" aria-live="polite">${page.said}</p>
  `;
}

function workingView(): TemplateResult {
  return html`<p class="muted working">
    <span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true"></span>
    ${t('Asking the models once more, this time for their reasons…')}
  </p>`;
}

function contentView(page: WhyPage) {
  const { state } = page;
  switch (state.kind) {
    case 'begun':
      return nothing;
    case 'nothing':
      return html`<p>
        ${t('Nothing has been suggested in this window yet. Type until a suggestion stands at the cursor, and this page explains it.')}
      </p>`;
    case 'failed':
      return html`<p class="error" role="alert">
          <span class="codicon codicon-error" aria-hidden="true"></span> ${t('The suggestion could not be explained.')}
          ${state.message}
        </p>
        <button id="retry" ?disabled=${page.isWorking} @click=${() => page.post({ kind: 'retry' })}>${t('Try Again')}</button>`;
    case 'explained':
      return explainedView(page, state.view);
  }
}

function explainedView(page: WhyPage, view: WhyView): TemplateResult {
  return html`
    ${factsView(view)} ${choicesView(page, view)}
    ${view.differsAt === undefined ? nothing : differsView(view.differsAt)}
    ${view.modules.length === 0 ? noModuleView(page) : nothing}
    <div class="text-head">
      <h2 id="text-title">${t('Written together')}</h2>
      ${changesView(page, view)}
    </div>
    ${tokensView(page, view)}
    <p class="muted hint">${hintOf(view)}</p>
    ${detailView(view, page.selected)} ${aloneView(view)}
    <div class="actions">
      <button class="secondary" id="export" @click=${() => page.post({ kind: 'export' })}>${t('Export as JSON…')}</button>
    </div>
  `;
}

function factsView({ state, file, proposal, modules, rule }: WhyView): TemplateResult {
  const where = {
    shown: t('Shown in {0}', file),
    partly: t('Accepted in part in {0}', file),
    accepted: t('Accepted in {0}', file),
  }[state];
  return html`<p class="facts">
    <span>${where}</span>
    <span><span class="muted">${t('Proposal')}</span> ${proposal}</span>
    ${modules.map(
      ({ title, strength }, k) =>
        html`<span
          ><span class="badge module-${k % 4}" aria-hidden="true">${badge(k)}</span> ${title}
          <span class="muted">${t('strength {0}', strengthText(strength))}</span></span
        >`,
    )}
    ${modules.length === 0 ? nothing : html`<span><span class="muted">${t('Rule')}</span> ${rule}</span>`}
  </p>`;
}

function choicesView(page: WhyPage, { choices, index }: WhyView): TemplateResult | typeof nothing {
  if (choices.length < 2) return nothing;
  return html`<label class="choices"
    >${t('Offered side by side')}
    <select
      id="choice"
      @change=${(event: Event) => page.post({ kind: 'choose', index: (event.target as HTMLSelectElement).selectedIndex })}
    >
      ${choices.map((text, i) => html`<option ?selected=${i === index}>${number(i + 1)}: ${text}</option>`)}
    </select></label
  >`;
}

function differsView(differsAt: number): TemplateResult {
  return html`<p class="note">
    ${t(
      'The models write something else now, from token {0} on: a module has learned since, or was replaced. What follows explains what they write now.',
      number(differsAt + 1),
    )}
  </p>`;
}

function noModuleView(page: WhyPage): TemplateResult {
  return html`<p class="note">
    ${t('No module was active: the proposal wrote all of it.')}
    <button class="secondary" id="switch" @click=${() => page.post({ kind: 'switchModule' })}>${t('Choose a Module…')}</button>
  </p>`;
}

function changesView(page: WhyPage, { tokens, modules }: WhyView): TemplateResult | typeof nothing {
  if (modules.length === 0) return nothing;
  const nChanged = tokens.filter(({ why }) => why.changedBy.length > 0).length;
  if (nChanged === 0) return html`<span class="muted">${t('No token was changed.')}</span>`;
  return html`<span class="changes">
    ${t('{0} of {1} tokens changed', number(nChanged), number(tokens.length))}
    <button class="secondary" id="next-change" @click=${() => page.selectNextChange()}>${t('Next Change')}</button>
  </span>`;
}

/** What the marks in the text mean, as far as there are such. */
function hintOf({ tokens, modules }: WhyView): string {
  const words = tokens.filter(({ text }) => text !== '');
  return [
    t('Arrow keys go from token to token.'),
    ...(words.some(({ nTyped }) => nTyped > 0) ? [t('Grey text stood there already.')] : []),
    ...(words.some(({ text, nTyped, nShown }) => Math.max(nTyped, nShown) < text.length)
      ? [t('Struck-out text was cut off before it was shown.')]
      : []),
    ...(modules.length > 0 ? [t('A numbered underline names the module that changed a token.')] : []),
  ].join(' ');
}

function aloneView({ alone, tokens }: WhyView): TemplateResult | typeof nothing {
  if (alone === undefined) return nothing;
  const isSame = tokens.every(({ why }) => why.changedBy.length === 0);
  return html`<section aria-labelledby="alone-title">
    <h2 id="alone-title">${t('Written by the proposal alone')}</h2>
    ${
      isSame
        ? html`<p>${t('The same.')}</p>`
        : alone.text === ''
          ? html`<p>${t('Nothing that could be kept.')}</p>`
          : html`<pre class="alone"><code>${broken(alone.text.slice(0, alone.nSame))}<mark>${broken(alone.text.slice(alone.nSame))}</mark></code></pre>`
    }
  </section>`;
}
