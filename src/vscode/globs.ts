/** Globs in Residual's settings, with VS Code's own matching. */
import * as vscode from 'vscode';

/**
 * Whether a file matches: a glob without a slash by its name in any folder, one with a slash by its path below the
 * workspace folder, or by its whole path when it starts with `**` or `/`.
 */
export function matchesGlob(uri: vscode.Uri, glob: string): boolean {
  // Matching a pattern looks at nothing of a document but its address.
  const document = { uri, languageId: 'plaintext' } as vscode.TextDocument;
  const matches = (pattern: vscode.GlobPattern) => vscode.languages.match({ pattern }, document) > 0;
  if (!glob.includes('/')) return matches(`**/${glob}`);
  if (matches(glob)) return true;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  return folder !== undefined && matches(new vscode.RelativePattern(folder, glob));
}
