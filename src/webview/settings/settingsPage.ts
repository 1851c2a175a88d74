/**
 * What the page of the settings panel holds between two drawings: the last states it heard, and drafts (a slider that
 * moves, a number half typed, which details are open). Everything else is the extension's.
 */
import { nothing, render } from 'lit-html';
import type { FromSettingsPage, Section, ToSettingsPage } from '../../protocol/pages/settings';
import type { Comparison, PanelState, Preview } from '../../protocol/pages/settingsState';
import { pageView } from './view';

export interface Host {
  post(message: FromSettingsPage): void;
  /** Keeps something over a reload of the page. */
  keep(state: unknown): void;
}

/** A slider is let go in many small steps when it is moved by keys. */
const COMMIT_MS = 250;
/** A draft that the settings never came to agree with was refused. */
const FORGET_MS = 3000;

export class SettingsPage {
  state: PanelState | undefined;
  preview: Preview = { kind: 'none', reason: 'no-editor' };
  comparison: Comparison = { kind: 'none' };
  /** Strengths by module id that are not stored yet. */
  readonly strengths = new Map<string, number>();
  /** What is typed into number fields, by field. */
  readonly typed = new Map<string, string>();
  readonly openDetails = new Set<string>();
  filter = '';
  compared: { readonly a: string; readonly b: string } | undefined;
  /** Why what was dropped was not even sent. */
  complaint: string | undefined;
  /** A file is being dragged over the page. */
  isDropTarget = false;
  dragged: { readonly id: string; readonly to: number } | undefined;
  /** Said to a screen reader. */
  announcement = '';
  private readonly timers = new Map<string, number>();

  constructor(
    private readonly root: HTMLElement,
    private readonly host: Host,
  ) {}

  begin(kept: unknown): void {
    const { scope, filter } = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
    if (typeof filter === 'string') this.filter = filter;
    this.redraw();
    // What is scrolled to, or tabbed to, must not end up behind the head.
    new ResizeObserver(() => {
      const header = this.root.querySelector('header');
      const isSticky = header !== null && getComputedStyle(header).position === 'sticky';
      const head = isSticky ? header.offsetHeight : 0;
      document.documentElement.style.scrollPaddingTop = `${head + 12}px`;
    }).observe(this.root);
    this.post({ kind: 'ready', scope: typeof scope === 'string' ? scope : undefined });
  }

  /** What cannot be drawn is as if it had not come. */
  hear(message: ToSettingsPage): void {
    const { state, preview, comparison } = this;
    try {
      this.take(message);
    } catch (error) {
      Object.assign(this, { state, preview, comparison });
      // A drawing that ended in the middle cannot be gone on with.
      render(nothing, this.root);
      this.redraw();
      throw error;
    }
  }

  private take(message: ToSettingsPage): void {
    // The extension sends the rest once more after the first state, without which none of it can be drawn.
    if (this.state === undefined && message.kind !== 'state') return;
    switch (message.kind) {
      case 'state':
        this.state = message.state;
        this.dropStoredDrafts();
        this.keep();
        break;
      case 'preview':
        this.preview = message.preview;
        break;
      case 'comparison':
        this.comparison = message.comparison;
        break;
      case 'reveal':
        this.reveal(message.section);
        return;
    }
    this.redraw();
  }

  post(message: FromSettingsPage): void {
    this.host.post(message);
  }

  redraw(): void {
    const focused = document.activeElement?.id;
    render(pageView(this), this.root);
    // A row that moved in the list lost the focus on its way.
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  }

  /** Kept before the extension has answered: a window that is closed meanwhile comes back with it. */
  selectScope(scope: string): void {
    this.host.keep({ scope, filter: this.filter });
    this.post({ kind: 'selectScope', scope });
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.keep();
    this.redraw();
  }

  toggleDetails(key: string, isOpen: boolean): void {
    if (isOpen) this.openDetails.add(key);
    else this.openDetails.delete(key);
  }

  announce(text: string): void {
    this.announcement = text;
    this.redraw();
  }

  /** Without a text, there is nothing to complain of any more. */
  complain(text: string | undefined): void {
    this.complaint = text;
    this.redraw();
  }

  /** A slider moves: the preview follows at once, the setting when it stands still. */
  draftStrength(id: string, strength: number): void {
    this.strengths.set(id, strength);
    this.postDrafts();
    this.redraw();
  }

  commitStrength(id: string): void {
    this.later(id, COMMIT_MS, () => {
      const strength = this.strengths.get(id);
      if (strength === undefined) return;
      this.post({ kind: 'setStrength', id, strength });
      this.later(id, FORGET_MS, () => this.forgetStrength(id));
    });
  }

  /** Back to the strength that was measured to be best. */
  calibrate(id: string): void {
    this.forgetStrength(id);
    this.post({ kind: 'setStrength', id, strength: undefined });
  }

  move(id: string, title: string, to: number, n: number, say: (place: number) => string): void {
    if (to < 0 || to >= n) return;
    this.post({ kind: 'moveModule', id, to });
    this.announce(`${title}: ${say(to + 1)}`);
  }

  reveal(section: Section): void {
    const target = document.getElementById(section);
    target?.scrollIntoView({ block: 'start' });
    target?.focus({ preventScroll: true });
  }

  private forgetStrength(id: string): void {
    clearTimeout(this.timers.get(id));
    if (!this.strengths.delete(id)) return;
    this.postDrafts();
    this.redraw();
  }

  private dropStoredDrafts(): void {
    for (const { id, strength } of this.state?.modules.value ?? [])
      if (this.strengths.get(id) === strength && !this.timers.has(id)) this.strengths.delete(id);
    const active = new Set(this.state?.modules.value.map(({ id }) => id));
    for (const id of this.strengths.keys()) if (!active.has(id)) this.strengths.delete(id);
  }

  private postDrafts(): void {
    this.post({ kind: 'draft', strengths: [...this.strengths].map(([id, strength]) => ({ id, strength })) });
  }

  private later(id: string, ms: number, run: () => void): void {
    clearTimeout(this.timers.get(id));
    const timer = window.setTimeout(() => {
      this.timers.delete(id);
      run();
    }, ms);
    this.timers.set(id, timer);
  }

  private keep(): void {
    this.host.keep({ scope: this.state?.scope, filter: this.filter });
  }
}
