/** Where completions are wanted at all: settings, languages, globs, secrets, and documents that are read rather than written. */
import { realpath } from 'node:fs/promises';
import * as vscode from 'vscode';
import { notebookOf } from './documentText';
import { matchesGlob } from './globs';
import { isLanguageOn, type Settings, settingsFor } from './settings';

/** People write code in these though no file system has them. What else has none is a text box, an output or a view. */
const WRITTEN_SCHEMES = new Set(['untitled', 'vscode-notebook-cell', 'vscode-userdata']);

/** Answers within this many characters a line; a longer line is data, and slow to handle everywhere. */
const LONGEST_LINE_CHARS = 5000;

/** How far settings switch completions off where a person is, if they do. */
export function switchedOff(
  document: vscode.TextDocument | undefined,
  settings: Settings,
): 'everywhere' | 'language' | 'file' | undefined {
  if (!settings.enable) return 'everywhere';
  if (document === undefined) return undefined;
  if (!isLanguageOn(settings.languages, document.languageId)) return 'language';
  return isExcluded(document.uri, settings.exclude) ? 'file' : undefined;
}

/** @returns why nothing is suggested here, as a word for the log, or undefined when something may be. */
export function refusalFor(
  document: vscode.TextDocument,
  position: vscode.Position,
  settings: Settings,
): string | undefined {
  const off = switchedOff(document, settings);
  if (off !== undefined) return `switched off: ${off}`;
  if (!isWrittenIn(document)) return 'not a document to write in';
  if (isCompared(document)) return 'in a comparison';
  if (document.lineAt(position.line).text.length > LONGEST_LINE_CHARS) return 'line too long';
  const editor = vscode.window.activeTextEditor;
  if (editor?.document === document && editor.selections.length > 1) return 'several cursors';
  return undefined;
}

/**
 * Whether people write in documents of this kind: on a disk or in any other file system that can be written, and before
 * they are saved. Not in commit boxes, chat inputs, consoles, comments, outputs, older revisions and generated views.
 */
export function isWrittenIn({ uri }: vscode.TextDocument): boolean {
  return WRITTEN_SCHEMES.has(uri.scheme) || vscode.workspace.fs.isWritableFileSystem(uri.scheme) === true;
}

/** Whether a person looks at a document in a diff editor: ghost text there would read as a difference. */
function isCompared(document: vscode.TextDocument): boolean {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (!(input instanceof vscode.TabInputTextDiff || input instanceof vscode.TabInputNotebookDiff)) return false;
  const uri = (notebookOf(document)?.uri ?? document.uri).toString();
  return [input.original, input.modified].some(side => side.toString() === uri);
}

/** Whether a document's text may be shown to a model when another one is completed. */
export function isReadable(document: vscode.TextDocument): boolean {
  return isWrittenIn(document) && mayRead(document.uri);
}

/** Whether a file may be read for context. */
export function mayRead(uri: vscode.Uri): boolean {
  return !isExcluded(uri, settingsFor(uri).exclude);
}

/** Whether a file may be read, and what it links to as well: a link is no way around an exclusion. */
export async function mayReadTarget(uri: vscode.Uri): Promise<boolean> {
  if (!mayRead(uri)) return false;
  if (uri.scheme !== 'file') return true;
  const target = await realpath(uri.fsPath).catch(() => uri.fsPath);
  return target === uri.fsPath || mayRead(vscode.Uri.file(target));
}

/** As `mayRead` for many files of one folder: the settings are read once. */
export function readableIn(folder: vscode.Uri): (uri: vscode.Uri) => boolean {
  const { exclude } = settingsFor(folder);
  return uri => !isExcluded(uri, exclude);
}

function isExcluded(uri: vscode.Uri, globs: Readonly<Record<string, boolean>>): boolean {
  return Object.entries(globs).some(([glob, excluded]) => excluded && matchesGlob(uri, glob));
}
