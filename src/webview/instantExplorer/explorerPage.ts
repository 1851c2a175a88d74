/** What the page knows of the instant module, and what a person looks for in it. Keeps nothing: it shows the workspace's text. */
import { render } from 'lit-html';
import type { NgramExpectation, NgramMeasureProgress } from '../../protocol/ngramQuestions';
import type { ExplorerState, FromExplorerPage, ToExplorerPage } from '../../protocol/pages/instantExplorer';
import { pageView } from './view';

export class ExplorerPage {
  state: ExplorerState | undefined;
  isWorking = true;
  said = '';
  /** How far a measurement is. */
  measuring: NgramMeasureProgress | undefined;
  /** What is looked for. */
  text = '';
  /** The last answer; to an earlier text while the next one is on its way. */
  answer: { readonly text: string; readonly expectation: NgramExpectation } | undefined;
  readonly openGroups = new Set<string>();

  constructor(
    private readonly root: HTMLElement,
    readonly post: (message: FromExplorerPage) => void,
  ) {
    this.draw();
  }

  hear(message: ToExplorerPage): void {
    switch (message.kind) {
      case 'working':
        this.isWorking = true;
        break;
      case 'state':
        this.isWorking = false;
        this.state = message.state;
        // The counts may have changed: what was asked is asked again.
        if (message.state.kind === 'learned' && this.text.trim() !== '') this.post({ kind: 'ask', text: this.text });
        break;
      case 'measuring':
        this.measuring = message.progress;
        break;
      case 'expected':
        if (message.text === this.text) this.answer = message;
        break;
      case 'said':
        this.said = message.text;
        break;
    }
    this.draw();
  }

  lookFor(text: string): void {
    this.text = text;
    this.said = '';
    if (text.trim() === '') this.answer = undefined;
    else this.post({ kind: 'ask', text });
    this.draw();
  }

  /** As if it had been typed. */
  pick(text: string): void {
    this.lookFor(text);
    const field = document.getElementById('look-for');
    field?.focus();
    field?.scrollIntoView({ block: 'nearest' });
  }

  toggle(group: string, isOpen: boolean): void {
    if (isOpen) this.openGroups.add(group);
    else this.openGroups.delete(group);
  }

  private draw(): void {
    render(pageView(this), this.root);
  }
}
