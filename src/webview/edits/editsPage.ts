/** What the page knows: the extension's state, and what a person has changed in the form and not asked for yet. */
import { render } from 'lit-html';
import type { EditsQuestion, EditsState, FromEditsPage, ToEditsPage } from '../../protocol/pages/edits';
import { pageView } from './view';

export class EditsPage {
  state: EditsState | undefined;
  said = '';
  /** As it stands in the form. */
  draft: EditsQuestion | undefined;
  /** What is typed as a range and as a number of commits, while another source is chosen too. */
  typed = { n: 10, range: '' };

  constructor(
    private readonly root: HTMLElement,
    readonly post: (message: FromEditsPage) => void,
  ) {
    this.draw();
  }

  hear(message: ToEditsPage): void {
    if (message.kind === 'said') this.said = message.text;
    else {
      const { question, run } = message.state;
      if (this.state?.run.kind !== run.kind) this.said = '';
      // What the extension says anew, as when another card was clicked, comes before what was left in the form.
      if (JSON.stringify(this.state?.question) !== JSON.stringify(question)) this.take(question);
      this.state = message.state;
    }
    this.draw();
  }

  change(changed: Partial<EditsQuestion>): void {
    if (this.draft === undefined) return;
    this.draft = { ...this.draft, ...changed };
    this.draw();
  }

  setTyped(typed: Partial<EditsPage['typed']>): void {
    this.typed = { ...this.typed, ...typed };
    const { n, range } = this.typed;
    const kind = this.draft?.source.kind;
    if (kind === 'last') this.change({ source: { kind, n } });
    else if (kind === 'range') this.change({ source: { kind, range } });
  }

  /** What was shown belongs to another question. */
  run(question: EditsQuestion): void {
    if (this.state === undefined) return;
    this.said = '';
    this.state = { ...this.state, question, run: { kind: 'running', step: 'listing', nDone: 0, n: 0 } };
    this.draw();
    document.getElementById('cancel')?.focus();
    this.post({ kind: 'run', question });
  }

  private take(question: EditsQuestion): void {
    this.draft = question;
    if (question.source.kind === 'last') this.typed.n = question.source.n;
    if (question.source.kind === 'range') this.typed.range = question.source.range;
  }

  private draw(): void {
    const wasOnCancel = document.hasFocus() && document.activeElement?.id === 'cancel';
    render(pageView(this), this.root);
    // The button is gone with what it cancelled: whoever uses keys goes on where they were.
    if (wasOnCancel && document.getElementById('cancel') === null) document.getElementById('run')?.focus();
  }
}
