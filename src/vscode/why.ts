/** `Residual: Show Why`: explains the suggestion that was shown or accepted last in a panel beside the editor. */
import * as vscode from 'vscode';
import { isAbortError, messageOf } from '../core/errors';
import type { EngineClient } from '../host/engineClient';
import { explain } from '../host/explain';
import type { Latest } from '../host/feedback/feedback';
import { type FromWhyPage, parseFromWhyPage, type ToWhyPage, type WhyView } from '../protocol/pages/why';
import type { EditorFeedback } from './feedback';
import { localMessageOf } from './localMessage';
import { Panel } from './panel';
import { saveJson } from './saveJson';

export function registerWhy(
  extensionUri: vscode.Uri,
  feedback: EditorFeedback,
  engine: EngineClient,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const why = new Why(extensionUri, feedback, engine, log);
  return vscode.Disposable.from(
    why,
    vscode.commands.registerCommand('residual.showWhy', () => why.open()),
    feedback.onEvent(({ kind }) => {
      if (kind === 'shown' || kind === 'accepted' || kind === 'acceptedPart') why.follow();
    }),
  );
}

class Why implements vscode.Disposable {
  private readonly panel: Panel<ToWhyPage, FromWhyPage>;
  private subject: Latest | undefined;
  private index = 0;
  private view: WhyView | undefined;
  private hasFailed = false;
  private running = new AbortController();

  constructor(
    extensionUri: vscode.Uri,
    private readonly feedback: EditorFeedback,
    private readonly engine: EngineClient,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.panel = new Panel<ToWhyPage, FromWhyPage>({
      name: 'why',
      title: vscode.l10n.t('Residual: Why'),
      extensionUri,
      column: vscode.ViewColumn.Beside,
      parse: parseFromWhyPage,
      onMessage: message => void this.hear(message),
    });
  }

  open(): void {
    this.panel.open();
    if (this.hasFailed) void this.explain();
    else this.follow();
  }

  /** Explains the suggestion that was shown or accepted last, if somebody is looking. */
  follow(): void {
    const { latest } = this.feedback;
    if (!this.panel.isVisible || latest === this.subject) return;
    const isSame = latest !== undefined && latest.offer === this.subject?.offer && this.indexOf(latest) === this.index;
    this.subject = latest;
    if (isSame && this.view !== undefined) {
      this.view = { ...this.view, state: latest.state };
      this.panel.post({ kind: 'explained', view: this.view });
      return;
    }
    this.index = this.indexOf(latest);
    void this.explain();
  }

  dispose(): void {
    this.running.abort();
    this.panel.dispose();
  }

  /** Which of what was offered side by side: the first, or the one that was accepted. */
  private indexOf(latest: Latest | undefined): number {
    return latest === undefined ? 0 : Math.max(0, latest.offer.answer.suggestions.indexOf(latest.offered.suggestion));
  }

  private async hear(message: FromWhyPage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.subject = this.feedback.latest ?? this.subject;
        this.index = this.indexOf(this.subject);
        return this.explain();
      case 'retry':
        return this.explain();
      case 'choose':
        this.index = message.index;
        return this.explain();
      case 'switchModule':
        await vscode.commands.executeCommand('residual.switchModule');
        return;
      case 'export':
        return this.export();
    }
  }

  private async explain(): Promise<void> {
    this.running.abort();
    this.running = new AbortController();
    const { signal } = this.running;
    this.view = undefined;
    this.hasFailed = false;
    if (this.subject === undefined) {
      this.panel.post({ kind: 'nothing' });
      return;
    }
    this.panel.post({ kind: 'working' });
    try {
      const engine = {
        complete: (...[request, signal]: Parameters<Parameters<typeof explain>[2]['complete']>) =>
          this.engine.call('complete', request, signal),
      };
      this.view = await explain(this.subject, this.index, engine, signal);
      if (!signal.aborted) this.panel.post({ kind: 'explained', view: this.view });
    } catch (error) {
      if (isAbortError(error) || signal.aborted) return;
      this.log.warn(`no explanation: ${messageOf(error)}`);
      this.hasFailed = true;
      this.panel.post({ kind: 'failed', message: localMessageOf(error) });
    }
  }

  private async export(): Promise<void> {
    if (this.view === undefined) return;
    try {
      const name = await saveJson('residual-why.json', { formatVersion: 1, ...this.view });
      if (name !== undefined) this.panel.post({ kind: 'said', text: vscode.l10n.t('Saved as {0}.', name) });
    } catch (error) {
      this.panel.post({ kind: 'said', text: localMessageOf(error) });
    }
  }
}
