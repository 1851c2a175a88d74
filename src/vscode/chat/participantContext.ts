/** The code beside a question in VS Code's own chat: what a person attached to it, else what is in front of them. */
import * as vscode from 'vscode';
import type { ChatTurn, ContextItem } from '../../core/chat/chat';
import { isAboutProblems } from '../../core/chat/questionWords';
import { isReadable, mayReadTarget } from '../admission';
import { unixNewlines } from '../documentText';
import { readItem, shownFile } from './chatFiles';

/** An item and where it is, to be named beside the answer. */
export interface Attached {
  readonly item: ContextItem;
  readonly at: vscode.Uri | vscode.Location;
}

const AROUND_CHARS = 4000;
const MAX_SELECTION_CHARS = 60_000;
const MAX_PROBLEMS = 20;

export async function attachedTo(
  references: readonly vscode.ChatPromptReference[],
  question: Pick<ChatTurn, 'command' | 'text'>,
): Promise<Attached[]> {
  // The list runs from the end of the prompt to its beginning.
  const named = await Promise.all([...references].reverse().map(reference => itemOf(reference.value)));
  const attached = named.filter(each => each !== undefined);
  const editor = vscode.window.activeTextEditor;
  if (attached.length === 0 && editor !== undefined) {
    const own = await inFront(editor);
    if (own !== undefined) attached.push(own);
  }
  const subject = attached[0];
  const problems = isAboutProblems(question) && subject !== undefined ? problemsOf(subject) : undefined;
  return problems === undefined ? attached : [...attached, problems];
}

async function itemOf(value: unknown): Promise<Attached | undefined> {
  if (value instanceof vscode.Location) return rangeItem(await openDocument(value.uri), value.range);
  if (!(value instanceof vscode.Uri)) return undefined;
  const item = await readItem(value, 'mention');
  return item && { item, at: value };
}

/** The selection, or the whole file when nothing is selected. */
async function inFront({ document, selection }: vscode.TextEditor): Promise<Attached | undefined> {
  if (!isReadable(document)) return undefined;
  if (!selection.isEmpty) return rangeItem(document, selection);
  const item = await readItem(document.uri, 'file');
  return item && item.text.trim() !== '' ? { item, at: document.uri } : undefined;
}

async function openDocument(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  if (!(await mayReadTarget(uri))) return undefined;
  return vscode.workspace.openTextDocument(uri).then(
    document => document,
    () => undefined,
  );
}

/** Whole lines: half of one says little. */
async function rangeItem(
  document: vscode.TextDocument | undefined,
  range: vscode.Range,
): Promise<Attached | undefined> {
  if (document === undefined || !(await mayReadTarget(document.uri))) return undefined;
  // A selection that ends before a line's first character does not reach into that line.
  const last = range.end.character === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
  const start = new vscode.Position(range.start.line, 0);
  const end = document.validatePosition(new vscode.Position(last + 1, 0));
  const text = (from: vscode.Position, to: vscode.Position) =>
    unixNewlines(document.getText(new vscode.Range(from, to)));
  const item: ContextItem = {
    kind: 'selection',
    path: shownFile(document.uri),
    languageId: document.languageId,
    text: text(start, end).slice(0, MAX_SELECTION_CHARS),
    firstLine: start.line + 1,
    before: text(new vscode.Position(0, 0), start).slice(-AROUND_CHARS),
    after: text(end, document.lineAt(document.lineCount - 1).range.end).slice(0, AROUND_CHARS),
  };
  return item.text.trim() === ''
    ? undefined
    : { item, at: new vscode.Location(document.uri, new vscode.Range(start, end)) };
}

function problemsOf({ item, at }: Attached): Attached | undefined {
  const uri = at instanceof vscode.Uri ? at : at.uri;
  const problems = vscode.languages
    .getDiagnostics(uri)
    .filter(({ severity }) => severity <= vscode.DiagnosticSeverity.Warning)
    .filter(({ range }) => at instanceof vscode.Uri || at.range.intersection(range) !== undefined)
    .slice(0, MAX_PROBLEMS);
  if (problems.length === 0) return undefined;
  const text = problems
    .map(({ range, message }) => `${range.start.line + 1}: ${message.replace(/\s+/g, ' ')}`)
    .join('\n');
  return { item: { kind: 'diagnostics', path: item.path, languageId: item.languageId, text }, at };
}
