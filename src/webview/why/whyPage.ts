/** What the page knows of the suggestion that it explains, and which token a person looks at. */
import { render } from 'lit-html';
import type { FromWhyPage, ToWhyPage, WhyView } from '../../protocol/pages/why';
import { pageView } from './view';

type State = Exclude<ToWhyPage, { readonly kind: 'said' | 'working' }> | { readonly kind: 'begun' };

export class WhyPage {
  state: State = { kind: 'begun' };
  isWorking = true;
  said = '';
  selected = 0;

  constructor(
    private readonly root: HTMLElement,
    readonly post: (message: FromWhyPage) => void,
  ) {
    this.draw();
    window.addEventListener('focus', () => this.focusIfLookedAt());
  }

  hear(message: ToWhyPage): void {
    this.said = message.kind === 'said' ? message.text : '';
    this.isWorking = message.kind === 'working';
    if (message.kind === 'explained') this.selected = selectionIn(message.view, this.state, this.selected);
    if (message.kind !== 'said' && message.kind !== 'working') this.state = message;
    this.draw();
    if (message.kind === 'explained') this.focusIfLookedAt();
  }

  select(index: number): void {
    if (this.state.kind !== 'explained') return;
    this.selected = Math.max(0, Math.min(this.state.view.tokens.length - 1, index));
    this.draw();
    this.focus();
  }

  /** The next token that a module changed, from the first again after the last. */
  selectNextChange(): void {
    if (this.state.kind !== 'explained') return;
    const { tokens } = this.state.view;
    const order = tokens.map((_, i) => (this.selected + 1 + i) % tokens.length);
    const next = order.find(i => tokens[i].why.changedBy.length > 0);
    if (next !== undefined) this.select(next);
  }

  /** Whoever opened the page by a key goes on with keys; whoever types elsewhere is left alone. */
  private focusIfLookedAt(): void {
    if (document.hasFocus() && document.activeElement === document.body) this.focus();
  }

  private focus(): void {
    document.getElementById(`token-${this.selected}`)?.focus();
  }

  private draw(): void {
    render(pageView(this), this.root);
  }
}

/** The same token while the same text is explained; else the first that a module changed, or that was not typed. */
function selectionIn(view: WhyView, before: State, selected: number): number {
  const textOf = ({ tokens }: WhyView) => tokens.map(({ text }) => text).join('');
  if (before.kind === 'explained' && textOf(before.view) === textOf(view)) return selected;
  const changed = view.tokens.findIndex(({ why }) => why.changedBy.length > 0);
  const written = view.tokens.findIndex(({ text, nTyped }) => nTyped < text.length);
  return Math.max(0, changed >= 0 ? changed : written);
}
