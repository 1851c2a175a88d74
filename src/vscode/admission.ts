/** Where completions are wanted at all: settings, languages, globs, secrets, and documents that are read rather than written. */
import * as vscode from 'vscode';
import { isLanguageOn, type Settings, settingsFor } from './settings';

/** Commit boxes, chat inputs, consoles, comment threads, output: text boxes that happen to be editors. */
const EXCLUDED_SCHEMES = new Set([
  'comment',
  'output',
  'debug',
  'vscode-scm',
  'git',
  'vscode-chat-input',
  'chatSessionInput',
  'vscode-interactive-input',
  'vscode-terminal',
  'search-editor',
]);

/** Answers within this many characters a line; a longer line is data, and slow to handle everywhere. */
const LONGEST_LINE_CHARS = 5000;

/** @returns why nothing is suggested here, as a word for the log, or undefined when something may be. */
export function refusalFor(
  document: vscode.TextDocument,
  position: vscode.Position,
  settings: Settings,
): string | undefined {
  if (!settings.enable) return 'switched off';
  if (!isLanguageOn(settings.languages, document.languageId)) return 'language switched off';
  if (EXCLUDED_SCHEMES.has(document.uri.scheme)) return 'not a document to write in';
  if (vscode.workspace.fs.isWritableFileSystem(document.uri.scheme) === false) return 'read-only';
  if (isExcluded(document.uri, settings.exclude)) return 'excluded';
  if (document.lineAt(position.line).text.length > LONGEST_LINE_CHARS) return 'line too long';
  const editor = vscode.window.activeTextEditor;
  if (editor?.document === document && editor.selections.length > 1) return 'several cursors';
  return undefined;
}

/** Whether a document's text may be shown to a model when another one is completed. */
export function isReadable(document: vscode.TextDocument): boolean {
  return !EXCLUDED_SCHEMES.has(document.uri.scheme) && mayRead(document.uri);
}

/** Whether a file may be read for context. */
export function mayRead(uri: vscode.Uri): boolean {
  return !isExcluded(uri, settingsFor(uri).exclude);
}

/** As `mayRead` for many files of one folder: the settings are read once. */
export function readableIn(folder: vscode.Uri): (uri: vscode.Uri) => boolean {
  const { exclude } = settingsFor(folder);
  return uri => !isExcluded(uri, exclude);
}

/** Globs are those of VS Code: `**` crosses folders; a glob without a slash matches a name at any depth. */
function isExcluded(uri: vscode.Uri, globs: Readonly<Record<string, boolean>>): boolean {
  // Matching a pattern looks at nothing of a document but its address.
  const document = { uri, languageId: 'plaintext' } as vscode.TextDocument;
  return Object.entries(globs).some(
    ([glob, excluded]) =>
      excluded && vscode.languages.match({ pattern: glob.includes('/') ? glob : `**/${glob}` }, document) > 0,
  );
}
