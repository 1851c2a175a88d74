/** From an editor's document and cursor to the text a completion is asked with. */
import * as vscode from 'vscode';
import type { CompletionText } from '../core/fim';

/** More is never shown to a model: its context holds fewer characters than this. */
const PREFIX_CHARS = 8192;
const SUFFIX_CHARS = 4096;
/** The left edge stays put while a person types, and moves in steps: otherwise every key would shift the whole prompt. */
const LEFT_EDGE_STEP_CHARS = 2048;

/** Replaces the text before the cursor on its line, as when a suggest widget's item is taken for typed. */
export interface Pretended {
  readonly range: vscode.Range;
  readonly text: string;
}

export function textAround(
  document: vscode.TextDocument,
  position: vscode.Position,
  pretended?: Pretended,
): CompletionText {
  const line = document.lineAt(position.line);
  const end = pretended?.range.start ?? position;
  const endOffset = document.offsetAt(end);
  const before = document.getText(new vscode.Range(leftEdge(document, endOffset), end));
  const lineRestStart =
    pretended === undefined || pretended.range.end.isBefore(position) ? position : pretended.range.end;
  const next = position.line + 1;
  const after =
    next < document.lineCount
      ? document.getText(
          new vscode.Range(
            new vscode.Position(next, 0),
            document.positionAt(document.offsetAt(line.range.end) + SUFFIX_CHARS),
          ),
        )
      : '';
  return {
    path: shownPath(document.uri),
    prefix: unixNewlines(before) + (pretended?.text ?? ''),
    lineRest: document.getText(new vscode.Range(lineRestStart, line.range.end)),
    suffix: unixNewlines(after),
    neighbours: [],
  };
}

function leftEdge(document: vscode.TextDocument, endOffset: number): vscode.Position {
  if (endOffset <= PREFIX_CHARS) return new vscode.Position(0, 0);
  const edge = Math.ceil((endOffset - PREFIX_CHARS) / LEFT_EDGE_STEP_CHARS) * LEFT_EDGE_STEP_CHARS;
  const at = document.positionAt(edge);
  // A whole line reads better than half of one, unless the line is longer than all that is shown.
  const nextLine = new vscode.Position(at.line + 1, 0);
  return document.offsetAt(nextLine) < endOffset ? nextLine : at;
}

/** At most the last three parts of the path below the workspace folder. */
function shownPath(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri, false).split(/[\\/]/).filter(Boolean).slice(-3).join('/');
}

function unixNewlines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}
