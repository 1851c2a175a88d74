/** The suggestion as text, token by token: what was typed before, what is shown, what was cut off, and who changed what. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { WhyToken, WhyView } from '../../protocol/pages/why';
import { t } from '../page';
import { badge, broken, list, visible } from './text';
import type { WhyPage } from './whyPage';

export function tokensView(page: WhyPage, view: WhyView): TemplateResult {
  return html`<div
    class="tokens"
    role="listbox"
    id="tokens"
    aria-label=${t('Tokens of the suggestion')}
    aria-orientation="horizontal"
    @keydown=${(event: KeyboardEvent) => onKey(event, page, view)}
    >${view.tokens.map((token, i) => tokenView(page, view, token, i))}</div
  >`;
}

function tokenView(page: WhyPage, view: WhyView, token: WhyToken, i: number): TemplateResult {
  const { text, nTyped, nShown, why } = token;
  const isSelected = page.selected === i;
  const marks = why.changedBy.map(badge).join('');
  const by = why.changedBy[0];
  const mark = by === undefined ? '' : ` is-changed module-${by % 4}`;
  // No white space between the parts: it would be shown.
  const parts = [
    part('typed', text.slice(0, nTyped)),
    part('', text.slice(nTyped, nShown)),
    part('cut', text.slice(Math.max(nTyped, nShown))),
    text === '' ? html`<span class="end">${t('end')}</span>` : nothing,
    marks === '' ? nothing : html`<sup aria-hidden="true" data-marks=${marks}></sup>`,
  ];
  return html`<span
      class="token${mark}"
      role="option"
      id="token-${i}"
      tabindex=${isSelected ? 0 : -1}
      aria-selected=${isSelected}
      aria-label=${labelOf(token, view)}
      @click=${() => page.select(i)}
      >${parts}</span
    >`;
}

function part(kind: string, text: string) {
  if (text === '') return nothing;
  return kind === '' ? html`<span>${broken(text)}</span>` : html`<span class=${kind}>${broken(text)}</span>`;
}

function labelOf({ text, nTyped, nShown, why }: WhyToken, { modules }: WhyView): string {
  const changes = why.changedBy.map(k => modules[k]?.title ?? '');
  const said = [
    visible(text),
    ...(text !== '' && nTyped === text.length ? [t('typed before')] : []),
    ...(text !== '' && nTyped < text.length && nShown === nTyped ? [t('cut off')] : []),
    ...(changes.length > 0 ? [t('changed by {0}', list(changes))] : []),
  ];
  return said.join(', ');
}

function onKey(event: KeyboardEvent, page: WhyPage, view: WhyView): void {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const to: Record<string, number> = {
    ArrowLeft: page.selected - 1,
    ArrowRight: page.selected + 1,
    ArrowUp: inOtherLine(page, -1),
    ArrowDown: inOtherLine(page, 1),
    Home: 0,
    End: view.tokens.length - 1,
  };
  const index = to[event.key];
  if (index === undefined) return;
  event.preventDefault();
  page.select(index);
}

/** The token nearest above or below on the screen, or the one looked at where there is no such line. */
function inOtherLine(page: WhyPage, direction: 1 | -1): number {
  const boxes = [...document.querySelectorAll('#tokens [role=option]')].map(token => token.getClientRects()[0]);
  const here = boxes[page.selected];
  const beyond = boxes
    .map((box, i) => ({ box, i }))
    .filter(({ box }) => box !== undefined && (box.top - here.top) * direction > here.height / 2);
  const line = Math.min(...beyond.map(({ box }) => Math.abs(box.top - here.top)));
  const near = beyond
    .filter(({ box }) => Math.abs(box.top - here.top) <= line + here.height / 2)
    .sort((a, b) => Math.abs(a.box.left - here.left) - Math.abs(b.box.left - here.left));
  return near[0]?.i ?? page.selected;
}
