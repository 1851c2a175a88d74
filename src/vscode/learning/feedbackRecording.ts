/**
 * Records what becomes of suggestions in this workspace's own storage, while the switch is on: nothing without a workspace,
 * nothing of files that are excluded or lie elsewhere. Erases and exports it.
 */
import * as vscode from 'vscode';
import { FeedbackLog } from '../../host/feedback/feedbackLog';
import type { FeedbackRecord } from '../../host/feedback/feedbackRecord';
import { FeedbackRecorder } from '../../host/feedback/feedbackRecorder';
import type { LearningView } from '../../protocol/pages/settingsState';
import { mayRead } from '../admission';
import type { EditorFeedback } from '../feedback';
import { localMessageOf } from '../localMessage';
import { plainMessage } from '../plainText';
import { isLearningOn } from '../settings';

/** In the workspace's storage. */
const FILE = ['feedback', 'feedback.jsonl'];

export class FeedbackRecording implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  /** Absent without a workspace. */
  private readonly log: FeedbackLog | undefined;
  private readonly watched: vscode.Disposable;

  constructor(context: vscode.ExtensionContext, feedback: EditorFeedback, output: vscode.LogOutputChannel) {
    const storage = context.storageUri;
    const hasWorkspace = (vscode.workspace.workspaceFolders ?? []).length > 0;
    this.log =
      storage === undefined || !hasWorkspace
        ? undefined
        : new FeedbackLog(vscode.Uri.joinPath(storage, ...FILE).fsPath, reason =>
            output.warn(`feedback is not recorded: ${reason}`),
          );
    const { log } = this;
    const recorder = log && new FeedbackRecorder(log, { mayKeep, now: () => new Date().toISOString() });
    this.watched = vscode.Disposable.from(
      this.changed,
      feedback.onEvent(event => {
        if (recorder?.hear(event)) this.changed.fire();
      }),
      vscode.commands.registerCommand('residual.eraseFeedback', () => this.reporting(() => this.erase())),
      vscode.commands.registerCommand('residual.exportFeedback', () => this.reporting(() => this.export())),
    );
  }

  get view(): LearningView {
    if (this.log === undefined) return { kind: 'no-workspace' };
    return { kind: vscode.workspace.isTrusted ? 'trusted' : 'untrusted', ...this.log.account() };
  }

  /** Oldest first. */
  records(): readonly FeedbackRecord[] {
    return this.log?.read() ?? [];
  }

  /** Without a question: for whoever has asked. */
  forget(): void {
    this.log?.erase();
    this.changed.fire();
  }

  dispose(): void {
    this.watched.dispose();
  }

  private async erase(): Promise<void> {
    if (!this.hasRecords()) return;
    const action = vscode.l10n.t('Erase');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('Erase what was recorded of suggestions in this workspace?'),
      { modal: true, detail: vscode.l10n.t('Modules that were trained on it stay.') },
      action,
    );
    if (chosen !== action) return;
    this.forget();
    void vscode.window.showInformationMessage(vscode.l10n.t('What was recorded is erased.'));
  }

  private async export(): Promise<void> {
    if (!this.hasRecords()) return;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const uri = await vscode.window.showSaveDialog({
      filters: { 'JSON Lines': ['jsonl'] },
      title: vscode.l10n.t('Export Feedback'),
      ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, 'residual-feedback.jsonl') }),
    });
    if (uri === undefined) return;
    const lines = this.log?.exported() ?? [];
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(lines.join('')));
    void vscode.window.showInformationMessage(
      plainMessage(vscode.l10n.t('{0} records are exported. They hold code of this workspace.', lines.length)),
    );
  }

  private hasRecords(): boolean {
    if ((this.log?.account().nRecords ?? 0) > 0) return true;
    void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is recorded in this workspace.'));
    return false;
  }

  private async reporting(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      void vscode.window.showErrorMessage(plainMessage(localMessageOf(error)));
    }
  }
}

/** Files of the workspace, and what has no file yet. */
function mayKeep(document: string): boolean {
  const given = vscode.Uri.parse(document);
  // A cell of a notebook is a part of its file.
  const uri = given.scheme === 'vscode-notebook-cell' ? given.with({ scheme: 'file', fragment: '' }) : given;
  const isHere = uri.scheme === 'untitled' || vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  return isHere && isLearningOn(uri) && mayRead(uri);
}
