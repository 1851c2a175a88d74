/** Saves something as JSON where a person says. */
import * as vscode from 'vscode';

/** @returns the name of the file; undefined when the person changed their mind. @throws what the disk throws. */
export async function saveJson(name: string, content: unknown): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    filters: { JSON: ['json'] },
    title: vscode.l10n.t('Export as JSON'),
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (uri === undefined) return undefined;
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(`${JSON.stringify(content, undefined, 2)}\n`));
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}
