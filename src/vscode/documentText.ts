/** From an editor's document and cursor to the text a completion is asked with. */
import * as vscode from 'vscode';
import type { CompletionText, TextChunk } from '../core/fim';
import { fromWholeLine, leftEdge, SUFFIX_CHARS } from '../core/shownText';

/** Replaces the text before the cursor on its line, as when a suggest widget's item is taken for typed. */
export interface Pretended {
  readonly range: vscode.Range;
  readonly text: string;
}

export function textAround(
  document: vscode.TextDocument,
  position: vscode.Position,
  neighbours: readonly TextChunk[],
  pretended?: Pretended,
): CompletionText {
  const cells = cellsAround(document);
  const end = pretended?.range.start ?? position;
  const restStart = pretended?.range.end.isAfter(position) ? pretended.range.end : position;
  return {
    path: shownPath(document.uri),
    prefix: textBefore(document, end, cells.before) + (pretended?.text ?? ''),
    lineRest: document.getText(new vscode.Range(restStart, document.lineAt(position.line).range.end)),
    suffix: [...linesBelow(document, position.line), ...cells.after].join('\n').slice(0, SUFFIX_CHARS),
    neighbours,
  };
}

/** At most the last three parts of the path below the workspace folder. */
export function shownPath(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri, false).split(/[\\/]/).filter(Boolean).slice(-3).join('/');
}

export function unixNewlines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

function textBefore(document: vscode.TextDocument, end: vscode.Position, cellsBefore: string): string {
  const length = cellsBefore.length + document.offsetAt(end);
  const edge = leftEdge(length);
  const start = document.positionAt(Math.max(0, edge - cellsBefore.length));
  const shown = cellsBefore.slice(edge) + unixNewlines(document.getText(new vscode.Range(start, end)));
  return edge === 0 ? shown : fromWholeLine(shown);
}

/** As much of the text as is ever shown, in one piece; nothing below the last line. */
function linesBelow(document: vscode.TextDocument, line: number): string[] {
  if (line + 1 >= document.lineCount) return [];
  const start = new vscode.Position(line + 1, 0);
  const end = document.positionAt(document.offsetAt(start) + SUFFIX_CHARS);
  return [unixNewlines(document.getText(new vscode.Range(start, end)))];
}

/** The notebook that a document is a cell of. */
export function notebookOf(document: vscode.TextDocument): vscode.NotebookDocument | undefined {
  if (document.uri.scheme !== 'vscode-notebook-cell') return undefined;
  return vscode.workspace.notebookDocuments.find(n => n.getCells().some(cell => cell.document === document));
}

/** A notebook is one program: the cells of the same language around a cell are its prefix and suffix. */
function cellsAround(document: vscode.TextDocument): { before: string; after: readonly string[] } {
  const cells = notebookOf(document)?.getCells() ?? [];
  const at = cells.findIndex(cell => cell.document === document);
  const textsOf = (some: readonly vscode.NotebookCell[]) =>
    some
      .filter(cell => cell.document.languageId === document.languageId)
      .map(cell => unixNewlines(cell.document.getText()));
  const before = textsOf(cells.slice(0, Math.max(0, at)));
  return { before: before.map(text => `${text}\n`).join(''), after: textsOf(cells.slice(at + 1)) };
}
