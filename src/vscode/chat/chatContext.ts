/**
 * What goes along with the next question: the selection or the file in front of a person by itself, open tabs, problems
 * and named files when asked for. What `residual.exclude` names is shown as excluded, and never read.
 */
import * as vscode from 'vscode';
import type { ContextItem, ContextKind } from '../../core/chat/chat';
import { isReadable, mayRead, mayReadTarget } from '../admission';
import { unixNewlines } from '../documentText';
import { readItem, shownFile } from './chatFiles';

/** A chip before its tokens are counted. */
export interface ContextPiece {
  readonly id: string;
  readonly kind: ContextKind;
  readonly label: string;
  readonly detail: string;
  /** Why there are no items, if there are none. */
  readonly without?: 'excluded' | 'empty';
  readonly items: readonly ContextItem[];
}

/** Kinds a person switched on or off by hand; the others come and go by themselves. */
type Choices = Partial<Record<ContextKind, 'on' | 'off'>>;

const MEMENTO = 'residual.chat.context';
/** What stands around a selection is shown as far as this. */
const AROUND_CHARS = 4000;
const MAX_SELECTION_CHARS = 60_000;
const MAX_TABS = 12;
const MAX_PROBLEMS = 20;
/** Selections and tabs change in bursts. */
const SETTLE_MS = 120;

export class ChatContext implements vscode.Disposable {
  private choices: Choices;
  private mentions: readonly vscode.Uri[] = [];
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposable: vscode.Disposable;
  private settling: NodeJS.Timeout | undefined;

  readonly onDidChange = this.changed.event;

  constructor(private readonly memento: vscode.Memento) {
    this.choices = memento.get<Choices>(MEMENTO, {});
    const touch = () => {
      clearTimeout(this.settling);
      this.settling = setTimeout(() => this.changed.fire(), SETTLE_MS);
    };
    this.disposable = vscode.Disposable.from(
      this.changed,
      vscode.window.onDidChangeActiveTextEditor(touch),
      vscode.window.onDidChangeTextEditorSelection(touch),
      vscode.window.tabGroups.onDidChangeTabs(touch),
      vscode.languages.onDidChangeDiagnostics(touch),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document === vscode.window.activeTextEditor?.document) touch();
      }),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('residual.exclude')) touch();
      }),
    );
  }

  /** The pieces as they are now, the most important first. Problems come by themselves when they are to be mended. */
  async pieces({ wantsProblems }: { readonly wantsProblems: boolean }): Promise<ContextPiece[]> {
    const editor = vscode.window.activeTextEditor;
    const pieces: ContextPiece[] = [];
    const isShown = editor !== undefined && (isReadable(editor.document) || !mayRead(editor.document.uri));
    if (isShown) {
      const hasSelection = !editor.selection.isEmpty && this.choices.selection !== 'off';
      if (hasSelection) pieces.push(await selectionPiece(editor));
      if (this.choices.diagnostics === 'on' || (wantsProblems && this.choices.diagnostics !== 'off'))
        pieces.push(await problemsPiece(editor));
      const wantsFile = this.choices.file === 'on' || (this.choices.file !== 'off' && !hasSelection);
      if (wantsFile) pieces.push(await filePiece(editor.document.uri, 'file'));
    }
    for (const uri of this.mentions) pieces.push(await filePiece(uri, 'mention'));
    if (this.choices.tab === 'on') pieces.push(await tabsPiece());
    return pieces;
  }

  add(kind: Exclude<ContextKind, 'mention'>): void {
    this.choose(kind, 'on');
  }

  mention(uri: vscode.Uri): void {
    if (this.mentions.some(other => other.toString() === uri.toString())) return;
    this.mentions = [...this.mentions, uri];
    this.changed.fire();
  }

  remove(id: string): void {
    const kept = this.mentions.filter(uri => mentionId(uri) !== id);
    if (kept.length < this.mentions.length) {
      this.mentions = kept;
      this.changed.fire();
    } else if (id === 'selection' || id === 'file' || id === 'tab' || id === 'diagnostics') {
      this.choose(id, 'off');
    }
  }

  /** Files that were named went along with one question. */
  dropMentions(): void {
    if (this.mentions.length === 0) return;
    this.mentions = [];
    this.changed.fire();
  }

  dispose(): void {
    clearTimeout(this.settling);
    this.disposable.dispose();
  }

  private choose(kind: keyof Choices, choice: 'on' | 'off'): void {
    this.choices = { ...this.choices, [kind]: choice };
    void this.memento.update(MEMENTO, this.choices);
    this.changed.fire();
  }
}

async function selectionPiece({ document, selection }: vscode.TextEditor): Promise<ContextPiece> {
  // A selection that ends before a line's first character does not reach into that line.
  const last = selection.end.character === 0 ? selection.end.line : selection.end.line + 1;
  const lines = last === selection.start.line + 1 ? `${last}` : `${selection.start.line + 1}–${last}`;
  const path = shownFile(document.uri);
  const head = {
    id: 'selection',
    kind: 'selection',
    label: `${fileName(path)}:${lines}`,
    detail: vscode.l10n.t('Selection: {0}, lines {1}', path, lines),
  } as const;
  if (!(await mayReadTarget(document.uri))) return { ...head, without: 'excluded', items: [] };
  const before = new vscode.Range(new vscode.Position(0, 0), selection.start);
  const after = new vscode.Range(selection.end, document.lineAt(document.lineCount - 1).range.end);
  const item: ContextItem = {
    kind: 'selection',
    path,
    languageId: document.languageId,
    text: unixNewlines(document.getText(selection).slice(0, MAX_SELECTION_CHARS)),
    firstLine: selection.start.line + 1,
    before: unixNewlines(document.getText(before).slice(-AROUND_CHARS)),
    after: unixNewlines(document.getText(after).slice(0, AROUND_CHARS)),
  };
  return { ...head, items: [item] };
}

/** Problems of the lines that are selected, or of the file when nothing is: of many the errors, and those that are nearest. */
async function problemsPiece({ document, selection }: vscode.TextEditor): Promise<ContextPiece> {
  const path = shownFile(document.uri);
  const head = { id: 'diagnostics', kind: 'diagnostics', detail: vscode.l10n.t('Problems in {0}', path) } as const;
  if (!(await mayReadTarget(document.uri)))
    return { ...head, label: vscode.l10n.t('Problems'), without: 'excluded', items: [] };
  const problems = vscode.languages
    .getDiagnostics(document.uri)
    .filter(({ severity }) => severity <= vscode.DiagnosticSeverity.Warning)
    .filter(({ range }) => selection.isEmpty || linesBetween(selection, range) === 0)
    .sort((a, b) => a.severity - b.severity || linesBetween(selection, a.range) - linesBetween(selection, b.range))
    .slice(0, MAX_PROBLEMS)
    .sort((a, b) => a.range.start.compareTo(b.range.start));
  const label = vscode.l10n.t('Problems ({0})', problems.length);
  if (problems.length === 0) return { ...head, label, without: 'empty', items: [] };
  const lines = problems.map(({ range, message }) => `${range.start.line + 1}: ${message.replace(/\s+/g, ' ')}`);
  const text = lines.join('\n');
  return { ...head, label, items: [{ kind: 'diagnostics', path, languageId: document.languageId, text }] };
}

/** 0 where they share a line. */
function linesBetween(a: vscode.Range, b: vscode.Range): number {
  return Math.max(0, a.start.line - b.end.line, b.start.line - a.end.line);
}

async function filePiece(uri: vscode.Uri, kind: 'file' | 'mention'): Promise<ContextPiece> {
  const path = shownFile(uri);
  const head = { id: kind === 'file' ? 'file' : mentionId(uri), kind, label: fileName(path), detail: path } as const;
  if (!(await mayReadTarget(uri))) return { ...head, without: 'excluded', items: [] };
  const item = await readItem(uri, kind);
  return item === undefined || item.text.trim() === ''
    ? { ...head, without: 'empty', items: [] }
    : { ...head, items: [item] };
}

async function tabsPiece(): Promise<ContextPiece> {
  const active = vscode.window.activeTextEditor?.document.uri.toString();
  const uris = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri] : []))
    .filter(uri => uri.toString() !== active && vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== undefined);
  const distinct = [...new Map(uris.map(uri => [uri.toString(), uri])).values()].filter(mayRead).slice(0, MAX_TABS);
  const items = (await Promise.all(distinct.map(uri => readItem(uri, 'tab')))).filter(item => item !== undefined);
  const head = {
    id: 'tab',
    kind: 'tab',
    label: vscode.l10n.t('Open tabs ({0})', items.length),
    detail: items.map(({ path }) => path).join('\n'),
  } as const;
  return items.length === 0 ? { ...head, without: 'empty', items } : { ...head, items };
}

function mentionId(uri: vscode.Uri): string {
  return `mention:${uri.toString()}`;
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
