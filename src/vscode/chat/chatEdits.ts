/**
 * What becomes of code in an answer: at the cursor, in place of the selection after a look at the difference, or in a new
 * file. Every change is one step of the editor's own undo; a replacement can be taken back from the chat as well.
 */
import * as vscode from 'vscode';
import { fitted } from '../../host/chat/codeBlock';
import type { ShownEdit } from '../../protocol/pages/chat';
import { shownFile } from './chatFiles';
import { languageIdOf } from './fenceLanguages';

const SCHEME = 'residual-proposed';
const REVIEWING = 'residual.isReviewingEdit';
/** Tries to write while the text keeps changing. */
const N_ATTEMPTS = 3;

/** A replacement that waits for a person's word. */
interface Review {
  readonly kind: 'review';
  readonly id: string;
  readonly document: vscode.Uri;
  /** The document as the replacement was made for, and the part that is replaced. */
  readonly before: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Where the proposed document is shown from. */
  readonly proposed: vscode.Uri;
}

interface Applied {
  readonly kind: 'applied';
  readonly id: string;
  readonly document: vscode.Uri;
  readonly start: number;
  readonly old: string;
  readonly text: string;
}

export class ChatEdits implements vscode.Disposable {
  private current: Review | Applied | undefined;
  private nEdits = 0;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly contents = new vscode.EventEmitter<vscode.Uri>();
  private readonly disposable: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor() {
    this.disposable = vscode.Disposable.from(
      this.changed,
      this.contents,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.contents.event,
        provideTextDocumentContent: uri => {
          const { current } = this;
          return current?.kind === 'review' && current.proposed.toString() === uri.toString()
            ? proposedText(current)
            : '';
        },
      }),
      vscode.commands.registerCommand('residual.acceptProposedEdit', () => this.accept()),
      vscode.commands.registerCommand('residual.rejectProposedEdit', () => this.reject()),
      // Closing the comparison is a no.
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        if (this.current?.kind === 'review' && closed.some(tab => this.isComparison(tab))) this.forget();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.checkApplied(document);
      }),
    );
  }

  get shown(): ShownEdit | undefined {
    if (this.current === undefined) return undefined;
    const { id, document, kind } = this.current;
    const path = shownFile(document);
    return { id, file: path.slice(path.lastIndexOf('/') + 1), state: kind };
  }

  /** Puts code at the cursor of the editor in front, or in a new file where there is none. */
  async insert(code: string, language: string): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return this.newFile(code, language);
    const { document } = editor;
    for (let attempt = 0; attempt < N_ATTEMPTS; attempt++) {
      const at = editor.selection.active;
      const text = fitted(code, indentationBefore(document, at), eolOf(document));
      // Also refused when the text has just changed and this process does not know it yet.
      if (!(await editor.edit(edit => edit.insert(at, text), { undoStopBefore: true, undoStopAfter: true }))) continue;
      const end = document.positionAt(document.offsetAt(at) + text.length);
      editor.selection = new vscode.Selection(end, end);
      editor.revealRange(new vscode.Range(at, end));
      await vscode.window.showTextDocument(document, editor.viewColumn);
      return;
    }
    refuse(document);
  }

  async newFile(code: string, language: string): Promise<void> {
    const content = `${fitted(code, '', '\n')}\n`;
    const document = await vscode.workspace.openTextDocument({ content, language: await languageIdOf(language) });
    await vscode.window.showTextDocument(document);
  }

  /** Shows what replacing the selection would change, and waits for a person's word. */
  async replace(code: string): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || editor.selection.isEmpty || editor.document.uri.scheme === SCHEME) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Select the code to replace in an editor first.'));
      return;
    }
    const { document, selection } = editor;
    if (vscode.workspace.fs.isWritableFileSystem(document.uri.scheme) === false) return refuse(document);
    await this.close();
    const range = wholeIndentation(document, selection);
    const before = document.getText();
    // A selection of whole lines ends with a line end, and so does what takes its place.
    const tail = document.getText(range).endsWith('\n') ? eolOf(document) : '';
    const text = fitted(code, indentationBefore(document, range.start), eolOf(document)) + tail;
    const id = String(++this.nEdits);
    const proposed = document.uri.with({ scheme: SCHEME, authority: '', query: id, fragment: '' });
    const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    this.current = { kind: 'review', id, document: document.uri, before, start, end, text, proposed };
    await this.show();
    this.publish();
  }

  async decide(id: string, how: 'accept' | 'reject' | 'undo' | 'show'): Promise<void> {
    if (this.current?.id !== id) return;
    if (how === 'accept') await this.accept();
    else if (how === 'reject') await this.reject();
    else if (how === 'show') await this.show();
    else await this.undo();
  }

  dispose(): void {
    this.disposable.dispose();
  }

  private async show(): Promise<void> {
    if (this.current?.kind !== 'review') return;
    const { document, proposed } = this.current;
    const title = vscode.l10n.t('{0}: proposed change', this.shown?.file ?? '');
    await vscode.commands.executeCommand('vscode.diff', document, proposed, title, { preview: true });
  }

  private async accept(): Promise<void> {
    const review = this.current;
    if (review?.kind !== 'review') return;
    const document = await vscode.workspace.openTextDocument(review.document);
    if (document.getText() !== review.before) {
      void vscode.window.showWarningMessage(
        vscode.l10n.t(
          '{0} has changed since the change was proposed. Select the code again and replace it anew.',
          shownFile(review.document),
        ),
      );
      return;
    }
    const old = review.before.slice(review.start, review.end);
    this.current = { ...review, kind: 'applied', old };
    if (!(await write(document, review.start, review.end, review.text))) {
      this.current = review;
      return refuse(document);
    }
    await this.closeComparison(review);
    await reveal(document, review.start, review.start + review.text.length);
    this.publish();
  }

  private async reject(): Promise<void> {
    await this.close();
    this.publish();
  }

  private async undo(): Promise<void> {
    const applied = this.current;
    if (applied?.kind !== 'applied') return;
    const document = await vscode.workspace.openTextDocument(applied.document);
    const end = applied.start + applied.text.length;
    this.current = undefined;
    if (await write(document, applied.start, end, applied.old))
      await reveal(document, applied.start, applied.start + applied.old.length);
    this.publish();
  }

  /** What was put in can be taken back while it stands where it was put. */
  private checkApplied(document: vscode.TextDocument): void {
    const { current } = this;
    if (current?.kind !== 'applied' || document.uri.toString() !== current.document.toString()) return;
    const { start, text } = current;
    if (document.getText().slice(start, start + text.length) !== text) this.forget();
  }

  private async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    if (current?.kind === 'review') await this.closeComparison(current);
  }

  private async closeComparison({ proposed }: { readonly proposed: vscode.Uri }): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap(group => group.tabs);
    const comparison = tabs.filter(({ input }) => isOf(input, proposed));
    await vscode.window.tabGroups.close(comparison);
  }

  private isComparison({ input }: vscode.Tab): boolean {
    return this.current?.kind === 'review' && isOf(input, this.current.proposed);
  }

  private forget(): void {
    this.current = undefined;
    this.publish();
  }

  private publish(): void {
    void vscode.commands.executeCommand('setContext', REVIEWING, this.current?.kind === 'review');
    this.changed.fire();
  }
}

function proposedText({ before, start, end, text }: Review): string {
  return before.slice(0, start) + text + before.slice(end);
}

function isOf(input: unknown, proposed: vscode.Uri): boolean {
  return input instanceof vscode.TabInputTextDiff && input.modified.toString() === proposed.toString();
}

async function write(document: vscode.TextDocument, start: number, end: number, text: string): Promise<boolean> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  return vscode.workspace.applyEdit(edit);
}

async function reveal(document: vscode.TextDocument, start: number, end: number): Promise<void> {
  const selection = new vscode.Range(document.positionAt(start), document.positionAt(end));
  await vscode.window.showTextDocument(document, { selection });
}

/** A selection that begins within its first line's indentation means the whole of it. */
function wholeIndentation(document: vscode.TextDocument, selection: vscode.Selection): vscode.Range {
  const { firstNonWhitespaceCharacterIndex } = document.lineAt(selection.start.line);
  const isInIndentation = selection.start.character < firstNonWhitespaceCharacterIndex;
  const start = isInIndentation ? selection.start.with(undefined, firstNonWhitespaceCharacterIndex) : selection.start;
  return start.isAfter(selection.end) ? selection : new vscode.Range(start, selection.end);
}

function indentationBefore(document: vscode.TextDocument, position: vscode.Position): string {
  return /^[ \t]*/.exec(document.lineAt(position.line).text.slice(0, position.character))![0];
}

function eolOf(document: vscode.TextDocument): string {
  return document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
}

function refuse(document: vscode.TextDocument): void {
  void vscode.window.showWarningMessage(
    vscode.l10n.t('{0} cannot be written. Copy the code, or put it in a new file.', shownFile(document.uri)),
  );
}
