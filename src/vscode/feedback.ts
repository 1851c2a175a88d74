/**
 * Tells the feedback what the editor tells of a suggestion. The stable API says neither that one was shown nor that a
 * word of it was accepted: both are read from edits and the cursor, and a full accept from the item's command.
 */
import * as vscode from 'vscode';
import { Feedback, type Latest } from '../host/feedback/feedback';
import type { FeedbackEvent } from '../host/feedback/feedbackEvents';
import type { Answer } from '../host/suggestion';

/** Not for people: it stands in no menu, and does nothing but count. */
const ACCEPTED = '_residual.suggestionAccepted';

/** Where the texts of an answer go. */
export interface Place {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  /** What the suggest widget has chosen: it replaces `range` and begins every text. */
  readonly selected?: { readonly range: vscode.Range; readonly text: string } | undefined;
  /** Version of the document that was asked for. */
  readonly version: number;
}

export class EditorFeedback implements vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<FeedbackEvent>();
  readonly onEvent = this.emitter.event;
  private readonly feedback: Feedback;
  private readonly watched: vscode.Disposable;
  private closing: vscode.TextDocument | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    this.feedback = new Feedback({ read: (...range) => this.read(...range) }, performance, event =>
      this.emitter.fire(event),
    );
    this.watched = vscode.Disposable.from(
      vscode.commands.registerCommand(ACCEPTED, (requestId: number, index: number) =>
        this.tell(() => this.feedback.accepted(requestId, index)),
      ),
      vscode.workspace.onDidChangeTextDocument(event => this.onChange(event)),
      vscode.workspace.onDidCloseTextDocument(document => this.onClose(document)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections, kind }) => {
        if (textEditor !== vscode.window.activeTextEditor) return;
        const { document } = textEditor;
        const isByKey = kind === vscode.TextEditorSelectionChangeKind.Keyboard;
        this.tell(() => this.feedback.cursorAt(keyOf(document), document.offsetAt(selections[0].active), { isByKey }));
      }),
      vscode.window.onDidChangeActiveTextEditor(editor => {
        if (editor === undefined || keyOf(editor.document) !== this.latest?.offered.document)
          this.tell(() => this.feedback.left());
      }),
    );
  }

  /** The suggestion that was shown or accepted last. */
  get latest(): Latest | undefined {
    return this.feedback.latest;
  }

  /** The editor's items for an answer, watched from now on. */
  offer({ document, position, selected, version }: Place, answer: Answer): vscode.InlineCompletionItem[] {
    const start = selected?.range.start ?? position;
    const end = selected?.range.end.isAfter(position) ? selected.range.end : position;
    const texts = answer.suggestions.map(({ text }) => (selected?.text ?? '') + text);
    const items = answer.suggestions.map(({ replaceRight, origin }, index) => {
      const item = new vscode.InlineCompletionItem(
        texts[index],
        new vscode.Range(start, end.translate(0, replaceRight)),
      );
      item.command = { command: ACCEPTED, title: '', arguments: [origin.requestId, index] };
      return item;
    });
    // The text has changed already: the editor will not show this.
    if (document.version !== version || items.length === 0) return items;
    const isCrlf = document.eol === vscode.EndOfLine.CRLF;
    this.tell(() =>
      this.feedback.offer({
        document: keyOf(document),
        languageId: document.languageId,
        start: document.offsetAt(start),
        cursor: document.offsetAt(position),
        end: Math.max(...items.map(({ range }) => document.offsetAt(range!.end))),
        texts: isCrlf ? texts.map(text => text.replaceAll('\n', '\r\n')) : texts,
        answer,
      }),
    );
    return items;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.feedback.flush();
    this.watched.dispose();
    this.emitter.dispose();
  }

  private onChange({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    const edits = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
      offset: rangeOffset,
      nRemoved: rangeLength,
      text,
    }));
    const isUndo = reason === vscode.TextDocumentChangeReason.Undo;
    this.tell(() => this.feedback.changed(keyOf(document), edits, { isUndo }));
  }

  private onClose(document: vscode.TextDocument): void {
    this.closing = document;
    this.tell(() => this.feedback.closed(keyOf(document)));
    this.closing = undefined;
  }

  /** Whatever happens may change when the feedback wants to be woken. */
  private tell(what: () => void): void {
    what();
    clearTimeout(this.timer);
    const dueMs = this.feedback.nextDueMs;
    if (dueMs === undefined) return;
    this.timer = setTimeout(() => this.tell(() => this.feedback.tick()), Math.max(0, dueMs - performance.now()));
    this.timer.unref();
  }

  private read(key: string, from: number, to: number): string | undefined {
    const open = vscode.workspace.textDocuments;
    const document = [...(this.closing === undefined ? [] : [this.closing]), ...open].find(one => keyOf(one) === key);
    return document?.getText(new vscode.Range(document.positionAt(from), document.positionAt(to)));
  }
}

function keyOf(document: vscode.TextDocument): string {
  return document.uri.toString();
}
