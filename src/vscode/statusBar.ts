/** The status bar item: which module completes here, and whether it is loading, ready, busy, paused or in trouble. */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../core/errors';
import type { EngineState } from '../host/engineClient';
import type { Choice } from '../host/moduleChoice';

/** Work shorter than this is not shown: a spinner that flickers at every key annoys. */
const BUSY_AFTER_MS = 400;

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private choice: Choice | undefined;
  private problem: string | undefined;
  private engine: EngineState = 'idle';
  private paused = false;
  private nWorking = 0;
  private busy = false;
  private busyTimer: NodeJS.Timeout | undefined;

  constructor(private readonly log: vscode.LogOutputChannel) {
    this.item = vscode.window.createStatusBarItem('module', vscode.StatusBarAlignment.Right, 100);
    this.item.name = vscode.l10n.t('Residual Alignment Module');
    this.item.command = 'residual.switchModule';
    this.draw();
    this.item.show();
  }

  get isPaused(): boolean {
    return this.paused;
  }

  get shownChoice(): Choice | undefined {
    return this.choice;
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    void vscode.commands.executeCommand('setContext', 'residual.paused', paused);
    this.draw();
  }

  showChoice(choice: Choice): void {
    if (choice === this.choice) return;
    this.choice = choice;
    this.draw();
  }

  showEngine(state: EngineState): void {
    this.engine = state;
    this.draw();
  }

  /** A failed completion never pops up: it shows here and in the log. */
  showProblem(error: unknown): void {
    const message = messageOf(error);
    if (this.problem !== message) this.log.error(error instanceof UserError ? `${error.code}: ${message}` : message);
    this.problem = message;
    this.draw();
  }

  clearProblem(): void {
    if (this.problem === undefined) return;
    this.problem = undefined;
    this.draw();
  }

  /** @returns to be called when the work is over. */
  startWork(): () => void {
    this.nWorking++;
    this.busyTimer ??= setTimeout(() => {
      this.busy = this.nWorking > 0;
      this.draw();
    }, BUSY_AFTER_MS);
    return () => {
      if (--this.nWorking > 0) return;
      clearTimeout(this.busyTimer);
      this.busyTimer = undefined;
      if (!this.busy) return;
      this.busy = false;
      this.draw();
    };
  }

  redraw(): void {
    this.draw();
  }

  dispose(): void {
    clearTimeout(this.busyTimer);
    this.item.dispose();
  }

  private draw(): void {
    const module = this.choice === undefined ? '' : this.choice.titles.join(' + ') || vscode.l10n.t('no module');
    const { icon, state } = this.look();
    this.item.text = `$(${icon}) ${module === '' ? 'Residual' : `Residual: ${module}`}`;
    this.item.backgroundColor =
      this.problem === undefined ? undefined : new vscode.ThemeColor('statusBarItem.warningBackground');
    this.item.accessibilityInformation = { label: `Residual, ${module}, ${state}` };
    this.item.tooltip = this.tooltip(state);
  }

  private look(): { icon: string; state: string } {
    if (!vscode.workspace.getConfiguration('residual').get('enable', true))
      return { icon: 'circle-slash', state: vscode.l10n.t('off') };
    if (this.paused) return { icon: 'debug-pause', state: vscode.l10n.t('paused') };
    if (this.problem !== undefined) return { icon: 'warning', state: vscode.l10n.t('error') };
    if (this.engine === 'starting') return { icon: 'loading~spin', state: vscode.l10n.t('loading') };
    if (this.busy) return { icon: 'sync~spin', state: vscode.l10n.t('busy') };
    return { icon: 'sparkle', state: vscode.l10n.t('ready') };
  }

  private tooltip(state: string): vscode.MarkdownString {
    const tip = new vscode.MarkdownString('', true);
    tip.isTrusted = {
      enabledCommands: ['residual.switchModule', 'residual.setStrength', 'residual.pause', 'residual.showLog'],
    };
    tip.appendMarkdown(`**Residual** — ${state}\n\n`);
    if (this.problem !== undefined) tip.appendText(this.problem).appendMarkdown('\n\n');
    if (this.choice !== undefined) {
      tip.appendMarkdown(`${vscode.l10n.t('Proposal')}: \`${this.choice.proposal.id}\`\n\n`);
      this.choice.modules.forEach((m, i) => {
        tip.appendMarkdown(
          `${vscode.l10n.t('Module')}: ${escapeMarkdown(this.choice!.titles[i])} (${vscode.l10n.t('strength {0}', m.strength.toFixed(2))})\n\n`,
        );
      });
    }
    const pause = this.paused ? vscode.l10n.t('Resume') : vscode.l10n.t('Pause');
    tip.appendMarkdown(
      `[${vscode.l10n.t('Switch module')}](command:residual.switchModule) · [${vscode.l10n.t('Strength')}](command:residual.setStrength) · [${pause}](command:residual.pause) · [${vscode.l10n.t('Log')}](command:residual.showLog)`,
    );
    return tip;
  }
}

/** A title comes from a file somebody shared: it is text, never Markdown. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~$]/g, '\\$&');
}
