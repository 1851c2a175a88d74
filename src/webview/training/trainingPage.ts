/** What the training page knows, and what it does when a person acts. Drawn anew whenever it changes. */
import { render } from 'lit-html';
import type {
  FromTrainingPage,
  JobAction,
  JobView,
  ToTrainingPage,
  TrainingState,
} from '../../protocol/pages/training';
import type { TrainingProgress } from '../../protocol/training';
import { Draft } from './draft';
import { pageView } from './view';

export interface Outside {
  post(message: FromTrainingPage): void;
  /** Outlives the page being hidden. */
  keep(kept: unknown): void;
}

/** Something that cannot be taken back is asked once more. */
export interface Asking {
  readonly action: JobAction;
  readonly id: string;
}

export class TrainingPage {
  state: TrainingState | undefined;
  readonly draft = new Draft();
  said = '';
  asking: Asking | undefined;
  isMoreOpen = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly outside: Outside,
  ) {
    this.redraw();
  }

  /** @param kept what an earlier page kept, or anything */
  restore(kept: unknown): void {
    const { draft, isMoreOpen } = (kept ?? {}) as { readonly draft?: unknown; readonly isMoreOpen?: unknown };
    this.draft.restore(draft);
    this.isMoreOpen = isMoreOpen === true;
  }

  hear(message: ToTrainingPage): void {
    const before = this.job;
    switch (message.kind) {
      case 'state':
        this.state = message.state;
        this.draft.begin(message.state);
        if (this.asking !== undefined && !this.isThere(this.asking.id)) this.asking = undefined;
        break;
      case 'progress':
        this.progress(message.id, message.progress);
        break;
      case 'folder':
        this.draft.folder = message.path;
        this.draft.codeKind = 'folder';
        this.keep();
        break;
      case 'said':
        this.said = message.text;
        break;
    }
    const hadFocus = document.hasFocus() && document.activeElement !== document.body;
    this.redraw();
    // What had the focus may be gone with what it stood in: it goes to the heading of what came instead.
    const isOther = before?.id !== this.job?.id || before?.stage.kind !== this.job?.stage.kind;
    if (isOther && hadFocus && document.activeElement === document.body) document.getElementById('job-title')?.focus();
    // It stands below the form, whose button brought it.
    if (isOther && before !== undefined && this.job?.stage.kind === 'checked')
      document.getElementById('begin')?.scrollIntoView({ block: 'end' });
  }

  get job(): JobView | undefined {
    return this.state?.job;
  }

  post(message: FromTrainingPage): void {
    this.said = '';
    this.outside.post(message);
    this.redraw();
  }

  /** After the draft was changed. */
  changed(): void {
    this.keep();
    this.redraw();
  }

  toggleMore(isOpen: boolean): void {
    if (isOpen === this.isMoreOpen) return;
    this.isMoreOpen = isOpen;
    this.keep();
  }

  submit(kind: 'check' | 'train'): void {
    const form = this.state && this.draft.form(this.state);
    if (form !== undefined) this.post({ kind, form });
  }

  ask(action: JobAction, id: string): void {
    this.asking = { action, id };
    this.redraw();
    // The safe answer is the one that Enter gives.
    document.getElementById('ask-no')?.focus();
  }

  answer(answer: 'yes' | 'no'): void {
    const { asking } = this;
    this.asking = undefined;
    if (asking !== undefined && answer === 'yes') this.post({ kind: 'job', ...asking });
    else this.redraw();
    if (asking !== undefined) document.getElementById(`${asking.action}-${asking.id}`)?.focus();
  }

  private isThere(id: string): boolean {
    return this.job?.id === id || this.state?.past.some(job => job.id === id) === true;
  }

  private progress(id: string, progress: TrainingProgress): void {
    const { state } = this;
    if (state?.job?.id !== id || state.job.stage.kind !== 'training') return;
    const { nTokens, loss, heldOut } = progress;
    const isPoint = loss !== undefined || heldOut !== undefined;
    const point = { nTokens, ...(loss !== undefined && { loss }), ...(heldOut && { heldOut }) };
    const curve = isPoint ? [...state.job.curve, point] : state.job.curve;
    this.state = { ...state, job: { ...state.job, curve, stage: { ...state.job.stage, progress } } };
  }

  private keep(): void {
    this.outside.keep({ draft: this.draft.kept, isMoreOpen: this.isMoreOpen });
  }

  private redraw(): void {
    render(pageView(this), this.root);
  }
}
