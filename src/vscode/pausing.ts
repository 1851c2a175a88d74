/** Pausing completions: what is paused in the editor's terms, and the quick pick that pauses and resumes. */
import * as vscode from 'vscode';
import { clock } from '../host/clock';
import { type Pause, type PausedPlace, Pauses } from '../host/pauses';
import { notebookOf } from './documentText';
import { languageName } from './languageNames';

const OFFERED_MINUTES = [5, 15, 60];

interface Row extends vscode.QuickPickItem {
  readonly run?: () => void;
}

export class Pausing implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly pauses = new Pauses({ now: Date.now, sleep: clock.sleep }, () => this.changed.fire());

  /** What pauses completions in a document, in words; undefined where they are wanted. */
  in(document: vscode.TextDocument): string | undefined {
    const pause = this.pauses.at(placeOf(document));
    return pause && textOf(pause);
  }

  /** What pauses completions where a person is, in words. */
  get here(): string | undefined {
    const document = vscode.window.activeTextEditor?.document;
    if (document !== undefined) return this.in(document);
    return this.pauses.window && textOf(this.pauses.window);
  }

  /** Everything that is paused, in words. */
  get everywhere(): string[] {
    return this.pauses.all.map(textOf);
  }

  get isWindowPaused(): boolean {
    return this.pauses.window !== undefined;
  }

  resumeAll(): void {
    this.pauses.resumeAll();
  }

  /** For a person who asks for a completion where they are paused. */
  async offerToResume(pause: string): Promise<void> {
    const action = vscode.l10n.t('Resume');
    const message = vscode.l10n.t('Completions are {0}.', pause);
    if ((await vscode.window.showInformationMessage(message, action)) === action) this.resumeAll();
  }

  /** Offers to resume what is paused, and to pause what is not. */
  async pick(): Promise<void> {
    const rows = [...this.rowsToResume(), ...this.rowsToPause(vscode.window.activeTextEditor?.document)];
    const title = vscode.l10n.t('Pause or Resume Completions');
    const placeHolder = vscode.l10n.t('Completions are {0}.', this.here ?? vscode.l10n.t('not paused here'));
    const picked = await vscode.window.showQuickPick(rows, { title, placeHolder });
    picked?.run?.();
  }

  dispose(): void {
    this.pauses.dispose();
    this.changed.dispose();
  }

  private rowsToResume(): Row[] {
    const rows = this.pauses.all.map(pause => ({
      label: `$(debug-continue) ${vscode.l10n.t('Resume')}`,
      description: textOf(pause),
      run: () => this.pauses.resume(pause),
    }));
    if (rows.length === 0) return [];
    const everything: Row = {
      label: `$(debug-continue) ${vscode.l10n.t('Resume Everywhere')}`,
      run: () => this.resumeAll(),
    };
    return [...(rows.length > 1 ? [everything] : []), ...rows, separator(vscode.l10n.t('pause'))];
  }

  private rowsToPause(document: vscode.TextDocument | undefined): Row[] {
    const untilResumed = vscode.l10n.t('Until you resume or the window closes.');
    const orForGood = (setting: string) =>
      vscode.l10n.t('Until you resume or the window closes. For good: the setting {0}.', setting);
    const row = (icon: string, label: string, detail: string, run: () => void): Row => ({
      label: `$(${icon}) ${label}`,
      detail,
      run,
    });
    const inDocument = (languageId: string, place: PausedPlace) => [
      row('file', vscode.l10n.t('In {0}', nameOf(place.document)), untilResumed, () =>
        this.pauses.pause({ kind: 'file', document: place.document }),
      ),
      row('code', vscode.l10n.t('In {0} Files', languageName(languageId)), orForGood('residual.languages'), () =>
        this.pauses.pause({ kind: 'language', languageId }),
      ),
    ];
    const inWindow = row('window', vscode.l10n.t('In This Window'), orForGood('residual.enable'), () =>
      this.pauses.pause({ kind: 'window' }),
    );
    return [
      ...(document === undefined ? [] : inDocument(document.languageId, placeOf(document))),
      inWindow,
      ...OFFERED_MINUTES.map(minutes =>
        row('watch', vscode.l10n.t('For {0} Minutes', minutes), vscode.l10n.t('In this window.'), () =>
          this.pauses.pauseFor(minutes * 60_000),
        ),
      ),
    ];
  }
}

/** The cells of a notebook are one file. */
function placeOf(document: vscode.TextDocument): PausedPlace {
  const uri = notebookOf(document)?.uri ?? document.uri;
  return { document: uri.toString(), languageId: document.languageId };
}

function textOf(pause: Pause): string {
  switch (pause.kind) {
    case 'file':
      return vscode.l10n.t('paused in {0}', nameOf(pause.document));
    case 'language':
      return vscode.l10n.t('paused in {0} files', languageName(pause.languageId));
    case 'window': {
      if (pause.untilMs === undefined) return vscode.l10n.t('paused in this window');
      const time = new Intl.DateTimeFormat(vscode.env.language, { timeStyle: 'short' }).format(pause.untilMs);
      return vscode.l10n.t('paused until {0}', time);
    }
  }
}

function nameOf(document: string): string {
  return vscode.Uri.parse(document).path.split('/').at(-1) || document;
}

function separator(label: string): Row {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
