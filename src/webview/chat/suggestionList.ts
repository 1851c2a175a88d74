/** The list above the question that completes a slash command or an `@`. The focus stays in the question. */
import { html, type TemplateResult } from 'lit-html';
import type { FromChatPage, Suggestion } from '../../protocol/pages/chat';
import { t } from '../page';
import { contextIcons } from './chips';
import { commandsLike } from './commands';
import { type Completing, completed, completingAt } from './completing';

interface Row {
  readonly icon: string;
  readonly label: string;
  readonly detail: string;
  readonly insert: string;
  /** Context that comes with the choice. */
  readonly suggestion?: Suggestion;
}

export interface ListParts {
  readonly post: (message: FromChatPage) => void;
  readonly redraw: () => void;
  readonly say: (text: string) => void;
  /** Puts a text into the question, with the cursor at `caret`. */
  readonly replace: (text: string, caret: number) => void;
}

export class SuggestionList {
  private completing: Completing | undefined;
  private text = '';
  private rows: readonly Row[] = [];
  private active = 0;
  /** Answers to earlier requests come too late to be shown. */
  private nRequests = 0;

  constructor(private readonly parts: ListParts) {}

  get isOpen(): boolean {
    return this.rows.length > 0;
  }

  get activeId(): string | undefined {
    return this.isOpen ? `suggestion-${this.active}` : undefined;
  }

  /** Follows the text and the cursor. */
  update(field: HTMLTextAreaElement): void {
    this.text = field.value;
    const isCaret = field.selectionStart === field.selectionEnd;
    this.completing = isCaret ? completingAt(field.value, field.selectionStart) : undefined;
    if (this.completing === undefined) this.close();
    else if (this.completing.kind === 'command') this.show(commandsLike(this.completing.query).map(commandRow));
    else this.parts.post({ kind: 'suggest', request: ++this.nRequests, query: this.completing.query });
  }

  onSuggestions(request: number, items: readonly Suggestion[]): void {
    if (request !== this.nRequests || this.completing?.kind !== 'context') return;
    this.show(items.map(contextRow));
  }

  close(): void {
    this.nRequests++;
    this.completing = undefined;
    this.show([]);
  }

  /** @returns whether the key was the list's. */
  onKey(event: KeyboardEvent): boolean {
    if (!this.isOpen) return false;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        this.active = (this.active + (event.key === 'ArrowDown' ? 1 : this.rows.length - 1)) % this.rows.length;
        this.parts.redraw();
        return true;
      case 'Enter':
      case 'Tab':
        if (event.shiftKey) return false;
        this.choose(this.active);
        return true;
      default:
        return false;
    }
  }

  template(): TemplateResult {
    return html`<ul id="suggestions" class="suggestions" role="listbox" aria-label=${t('Suggestions')} ?hidden=${!this.isOpen}>
      ${this.rows.map(
        ({ icon, label, detail }, index) => html`<li
          id="suggestion-${index}"
          role="option"
          aria-selected=${index === this.active ? 'true' : 'false'}
          @mousedown=${(event: Event) => {
            // A press would take the focus out of the question, and close the list.
            event.preventDefault();
            this.choose(index);
          }}
        >
          <span class="codicon codicon-${icon}" aria-hidden="true"></span>
          <span class="label">${label}</span> <span class="detail muted">${detail}</span>
        </li>`,
      )}
    </ul>`;
  }

  private show(rows: readonly Row[]): void {
    const wasOpen = this.isOpen;
    this.rows = rows;
    this.active = 0;
    if (wasOpen || this.isOpen) this.parts.redraw();
    if (this.isOpen && !wasOpen) this.parts.say(t('{0} suggestions', rows.length));
  }

  private choose(index: number): void {
    const { completing } = this;
    const row = this.rows[index];
    if (completing === undefined || row === undefined) return;
    const { text, caret } = completed(this.text, completing, row.insert);
    this.close();
    if (row.suggestion !== undefined)
      this.parts.post({ kind: 'addContext', context: row.suggestion.kind, path: row.suggestion.insert });
    this.parts.replace(text, caret);
  }
}

function commandRow({ name, description }: { readonly name: string; readonly description: string }): Row {
  return { icon: 'terminal', label: `/${name}`, detail: description, insert: `/${name}` };
}

function contextRow(suggestion: Suggestion): Row {
  const { kind, label, detail, insert } = suggestion;
  return { icon: contextIcons[kind], label, detail, insert: `@${insert}`, suggestion };
}
