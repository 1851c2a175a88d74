/** What the page knows: the import as it is told of it, the form that a person prefers, the text that is to be completed. */
import { render } from 'lit-html';
import type { ImportFormat } from '../../protocol/importing';
import type { FromImportPage, ImportStage, ImportView, ToImportPage } from '../../protocol/pages/importProposal';
import { pageView } from './view';

export class ImportPage {
  /** Absent until it is known whether there is one. */
  view: ImportView | 'nothing' | undefined;
  said = '';
  /** The form that was picked; until then the first one is. */
  picked: ImportFormat | undefined;
  /** Deleting is asked once more. */
  isAsking = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly send: (message: FromImportPage) => void,
  ) {
    this.redraw();
  }

  hear(message: ToImportPage): void {
    const before = this.stageKind;
    // A page beside the one that is typed in takes the keys from nobody.
    const hadFocus = document.hasFocus() && document.activeElement !== document.body;
    switch (message.kind) {
      case 'nothing':
        this.view = 'nothing';
        break;
      case 'state':
        this.view = message.view;
        break;
      case 'said':
        this.said = message.text;
        break;
    }
    if (before !== this.stageKind) this.isAsking = false;
    this.redraw();
    if (before !== this.stageKind) this.placeCursor();
    // What had the focus may be gone with the stage that it was of: it goes to the heading of the next one.
    if (before !== this.stageKind && hadFocus && document.activeElement === document.body)
      document.getElementById('stage-title')?.focus();
  }

  post(message: FromImportPage): void {
    this.said = '';
    this.send(message);
    this.redraw();
  }

  pick(format: ImportFormat): void {
    this.picked = format;
    this.redraw();
  }

  /** The text up to the cursor and behind it. */
  tryText(): void {
    const sample = document.getElementById('sample') as HTMLTextAreaElement | null;
    if (sample === null) return;
    const { value, selectionStart } = sample;
    this.post({ kind: 'try', before: value.slice(0, selectionStart), after: value.slice(selectionStart) });
  }

  ask(isAsking: boolean): void {
    this.isAsking = isAsking;
    this.redraw();
    // The safe answer is the one that Enter gives.
    document.getElementById(isAsking ? 'delete-no' : 'delete')?.focus();
  }

  /** Of the sample, before anybody has been in it. */
  private placeCursor(): void {
    const stage = typeof this.view === 'object' ? this.view.stage : undefined;
    if (stage?.kind !== 'imported') return;
    const { length } = stage.trial.before;
    (document.getElementById('sample') as HTMLTextAreaElement | null)?.setSelectionRange(length, length);
  }

  private get stageKind(): ImportStage['kind'] | undefined {
    return typeof this.view === 'object' ? this.view.stage?.kind : undefined;
  }

  private redraw(): void {
    render(pageView(this), this.root);
  }
}
