/**
 * Where proposals and modules are looked for: what ships, what a person added, and in a trusted workspace what its team
 * shares and what was built from it.
 */
import * as vscode from 'vscode';
import type { Root } from '../host/modules/registry';

export function modelRoots(context: vscode.ExtensionContext): Root[] {
  const roots: Root[] = [
    { dir: context.asAbsolutePath('models'), origin: 'shipped' },
    { dir: context.globalStorageUri.fsPath, origin: 'personal' },
  ];
  if (!vscode.workspace.isTrusted) return roots;
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    if (folder.uri.scheme === 'file')
      roots.push({ dir: vscode.Uri.joinPath(folder.uri, '.residual').fsPath, origin: 'team' });
  }
  if (context.storageUri !== undefined) roots.push({ dir: context.storageUri.fsPath, origin: 'workspace' });
  return roots;
}

/** Those of them whose models come and go while the editor runs. */
export function changingRoots(context: vscode.ExtensionContext): string[] {
  return modelRoots(context).flatMap(({ dir, origin }) => (origin === 'shipped' ? [] : [dir]));
}
