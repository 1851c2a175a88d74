/** The status bar item: which module completes here, and whether it is loading, ready, busy, paused or in trouble. */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../core/errors';
import type { EngineState } from '../host/engineClient';
import type { Choice } from '../host/modules/moduleChoice';
import { isWrittenIn, switchedOff } from './admission';
import { localMessageOf } from './localMessage';
import type { Pausing } from './pausing';
import { shortLabel } from './plainText';
import { settingsFor } from './settings';

/** Work shorter than this is not shown: a spinner that flickers at every key annoys. */
const BUSY_AFTER_MS = 400;
/** The status bar is shared with others; the whole title is in the hover. */
const MOST_LABEL_CHARS = 48;

interface Look {
  readonly icon: string;
  /** In words, for the hover and for screen readers. */
  readonly state: string;
  readonly isError?: boolean;
  /** The setting that switches completions off here. */
  readonly change?: string;
}

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private choice: Choice | undefined;
  private reason = '';
  private problem: string | undefined;
  private engine: EngineState = 'idle';
  private nWorking = 0;
  private busy = false;
  private busyTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly pausing: Pausing,
  ) {
    this.item = vscode.window.createStatusBarItem('module', vscode.StatusBarAlignment.Right, 100);
    this.item.name = vscode.l10n.t('Residual Alignment Module');
    this.item.command = 'residual.switchModule';
    this.draw();
    this.item.show();
  }

  get shownChoice(): Choice | undefined {
    return this.choice;
  }

  /** @param reason why it is this one, as a sentence. */
  showChoice(choice: Choice, reason: string): void {
    if (choice === this.choice && reason === this.reason) return;
    this.choice = choice;
    this.reason = reason;
    this.draw();
  }

  showEngine(state: EngineState): void {
    this.engine = state;
    this.draw();
  }

  /** A failed completion never pops up: it shows here and in the log. */
  showProblem(error: unknown): void {
    const message = localMessageOf(error);
    if (this.problem !== message)
      this.log.error(error instanceof UserError ? `${error.code}: ${messageOf(error)}` : messageOf(error));
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
    const { icon, state, isError = false, change } = this.look();
    this.item.text = `$(${icon}) ${module === '' ? 'Residual' : `Residual: ${shortLabel(module, MOST_LABEL_CHARS)}`}`;
    this.item.backgroundColor = isError ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.item.accessibilityInformation = {
      label: [['Residual', module, state].filter(Boolean).join(', '), this.reason].filter(Boolean).join('. '),
    };
    this.item.tooltip = this.tooltip(state, change);
  }

  private look(): Look {
    const off = offHere();
    if (off !== undefined) return off;
    const paused = this.pausing.here;
    if (paused !== undefined) return { icon: 'debug-pause', state: paused };
    // An engine that starts is about to show whether what went wrong still does.
    if (this.engine === 'starting') return { icon: 'loading~spin', state: vscode.l10n.t('loading') };
    if (this.problem !== undefined) return { icon: 'warning', state: vscode.l10n.t('error'), isError: true };
    if (this.busy) return { icon: 'sync~spin', state: vscode.l10n.t('busy') };
    return { icon: 'sparkle', state: vscode.l10n.t('ready') };
  }

  /** @param change the setting that switches completions off here, if one does. */
  private tooltip(state: string, change: string | undefined): vscode.MarkdownString {
    const tip = new vscode.MarkdownString('', true);
    tip.isTrusted = {
      enabledCommands: [
        'residual.switchModule',
        'residual.setStrength',
        'residual.pause',
        'residual.openSettingsPanel',
        'residual.showLog',
        'workbench.action.openSettings',
      ],
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
      tip.appendText(this.reason).appendMarkdown('\n\n');
    }
    const resume = `residual.pause?${encodeURIComponent('["resume"]')}`;
    const links = [
      [vscode.l10n.t('Switch module'), 'residual.switchModule'],
      [vscode.l10n.t('Strength'), 'residual.setStrength'],
      change !== undefined
        ? [vscode.l10n.t('Switch on'), `workbench.action.openSettings?${encodeURIComponent(JSON.stringify([change]))}`]
        : this.pausing.here === undefined
          ? [vscode.l10n.t('Pause'), 'residual.pause']
          : [vscode.l10n.t('Resume'), resume],
      [vscode.l10n.t('Settings'), 'residual.openSettingsPanel'],
      [vscode.l10n.t('Log'), 'residual.showLog'],
    ];
    tip.appendMarkdown(links.map(([text, command]) => `[${text}](command:${command})`).join(' · '));
    return tip;
  }
}

/** Where settings switch completions off. */
function offHere(): Look | undefined {
  const document = documentHere();
  const icon = 'circle-slash';
  switch (switchedOff(document, settingsFor(document))) {
    case 'everywhere':
      return { icon, state: vscode.l10n.t('off'), change: 'residual.enable' };
    case 'language':
      return { icon, state: vscode.l10n.t('off in this language'), change: 'residual.languages' };
    case 'file':
      return { icon, state: vscode.l10n.t('off in this file'), change: 'residual.exclude' };
    case undefined:
      return undefined;
  }
}

/** The document that a person writes in: an output or a commit box that has the focus says nothing of completions. */
function documentHere(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document !== undefined && isWrittenIn(document) ? document : undefined;
}

/** A title comes from a file somebody shared: it is text, never Markdown. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~$]/g, '\\$&');
}
