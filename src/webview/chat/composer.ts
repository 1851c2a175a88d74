/** The box a question is written in, with what goes along with it. Keeps the draft; everything else is told to it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { ChatPageState, FromChatPage, ShownTurn, Suggestion } from '../../protocol/pages/chat';
import { t } from '../page';
import { contextChips } from './chips';
import { modelButton, tokenMeter } from './footer';
import { SuggestionList } from './suggestionList';

/** What outlives the page. */
export interface Kept {
  readonly draft: string;
  readonly editing?: string;
}

export interface ComposerParts {
  readonly post: (message: FromChatPage) => void;
  readonly keep: (kept: Kept) => void;
  readonly redraw: () => void;
  readonly say: (text: string) => void;
  /** A question has been sent. */
  readonly onSent: () => void;
}

/** The budget is counted anew this long after the last key. */
const COUNT_AFTER_MS = 250;

export class Composer {
  private draft = '';
  /** Id of the turn whose question is edited, and the draft that waits meanwhile. */
  private edited: { readonly turn: string; readonly draftBefore: string } | undefined;
  private countTimer: number | undefined;
  private readonly list: SuggestionList;

  constructor(
    private readonly parts: ComposerParts,
    kept: unknown,
  ) {
    const { draft, editing } = (typeof kept === 'object' && kept !== null ? kept : {}) as Partial<Kept>;
    if (typeof draft === 'string') this.draft = draft;
    if (typeof editing === 'string') this.edited = { turn: editing, draftBefore: '' };
    this.list = new SuggestionList({
      ...parts,
      replace: (text, caret) => {
        this.setDraft(text);
        parts.redraw();
        this.moveCaret(caret);
      },
    });
  }

  get editing(): string | undefined {
    return this.edited?.turn;
  }

  get text(): string {
    return this.draft;
  }

  edit(turn: ShownTurn): void {
    this.edited = { turn: turn.id, draftBefore: this.edited?.draftBefore ?? this.draft };
    this.setDraft([turn.command && `/${turn.command}`, turn.question].filter(Boolean).join(' '));
    this.parts.redraw();
    this.focus();
    this.parts.say(t('Editing a question. What follows it will be replaced. Escape cancels.'));
  }

  /** Puts `text` before what is being typed. */
  compose(text: string): void {
    if (text !== '') this.setDraft(text + this.draft);
    this.parts.redraw();
    this.moveCaret(text === '' ? this.draft.length : text.length);
  }

  focus(): void {
    this.moveCaret(this.draft.length);
  }

  onSuggestions(request: number, items: readonly Suggestion[]): void {
    this.list.onSuggestions(request, items);
  }

  template(state: ChatPageState): TemplateResult {
    // A conversation that was replaced has no such turn.
    if (this.edited !== undefined && !state.turns.some(turn => turn.id === this.edited?.turn)) this.edited = undefined;
    return html`<form class="composer" @submit=${(event: Event) => {
      event.preventDefault();
      this.send(state);
    }}>
      ${this.edited === undefined ? nothing : this.editBanner()}
      ${contextChips(state, this.parts.post)}
      <div class="field">
        ${this.list.template()}
        <textarea
          id="question"
          rows="1"
          aria-label=${t('Question')}
          aria-autocomplete="list"
          aria-controls="suggestions"
          aria-activedescendant=${this.list.activeId ?? nothing}
          placeholder=${t('Ask, / for commands, @ for context')}
          .value=${live(this.draft)}
          @input=${(event: Event) => this.onInput(event.target as HTMLTextAreaElement)}
          @keydown=${(event: KeyboardEvent) => this.onKey(event, state)}
          @click=${(event: Event) => this.list.update(event.target as HTMLTextAreaElement)}
          @blur=${() => this.list.close()}
        ></textarea>
      </div>
      <div class="bar">
        ${modelButton(state, this.parts.post)} ${tokenMeter(state)} ${this.sendOrStop(state)}
      </div>
    </form>`;
  }

  /** @returns whether the key was used up: closes the list, ends the edit or stops the answer, in this order. */
  escape(state: ChatPageState): boolean {
    if (this.list.isOpen) this.list.close();
    else if (this.edited !== undefined) this.cancelEdit();
    else if (state.isAnswering) this.parts.post({ kind: 'stop' });
    else return false;
    return true;
  }

  private editBanner(): TemplateResult {
    const label = t('Cancel editing');
    return html`<div class="editing">
      <span class="codicon codicon-edit" aria-hidden="true"></span>
      <span>${t('Editing: what follows will be replaced')}</span>
      <button type="button" class="icon codicon codicon-close" title=${label} aria-label=${label} @click=${() => this.cancelEdit()}></button>
    </div>`;
  }

  private sendOrStop(state: ChatPageState): TemplateResult {
    if (state.isAnswering) {
      const label = t('Stop (Escape)');
      return html`<button type="button" class="icon send codicon codicon-debug-stop" title=${label} aria-label=${label} @click=${() => this.parts.post({ kind: 'stop' })}></button>`;
    }
    const label = t('Send (Enter)');
    return html`<button type="submit" class="icon send codicon codicon-send" title=${label} aria-label=${label} ?disabled=${this.draft.trim() === ''}></button>`;
  }

  private onInput(field: HTMLTextAreaElement): void {
    this.setDraft(field.value);
    this.list.update(field);
    this.parts.redraw();
  }

  private onKey(event: KeyboardEvent, state: ChatPageState): void {
    // A key that picks from an input method's candidates is not ours.
    if (event.isComposing) return;
    if (this.list.onKey(event)) {
      event.preventDefault();
      return;
    }
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.send(state);
    } else if (event.key === 'ArrowUp' && this.draft === '' && !state.isAnswering) {
      const last = state.turns.at(-1);
      if (last === undefined) return;
      event.preventDefault();
      this.edit(last);
    }
  }

  private send(state: ChatPageState): void {
    const text = this.draft.trim();
    if (text === '') return;
    if (state.isAnswering) {
      this.parts.say(t('An answer is on its way. Escape stops it.'));
      return;
    }
    const turn = this.edited?.turn;
    this.parts.post({ kind: 'ask', text, ...(turn !== undefined && { turn }) });
    const before = this.edited?.draftBefore ?? '';
    this.edited = undefined;
    this.setDraft(before);
    this.list.close();
    this.parts.onSent();
  }

  private cancelEdit(): void {
    const before = this.edited?.draftBefore ?? '';
    this.edited = undefined;
    this.setDraft(before);
    this.parts.redraw();
    this.focus();
  }

  private setDraft(text: string): void {
    this.draft = text;
    this.parts.keep({ draft: text, ...(this.edited !== undefined && { editing: this.edited.turn }) });
    window.clearTimeout(this.countTimer);
    this.countTimer = window.setTimeout(() => this.parts.post({ kind: 'draft', text }), COUNT_AFTER_MS);
  }

  private moveCaret(caret: number): void {
    const field = document.querySelector<HTMLTextAreaElement>('#question');
    field?.focus();
    field?.setSelectionRange(caret, caret);
  }
}
