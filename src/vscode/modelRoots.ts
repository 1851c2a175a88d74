/**
 * Where proposals and modules are looked for: what extensions bring, what a person added, and in a trusted workspace what its
 * team shares and what was built from it.
 *
 * An extension brings models by naming a folder of its own in its package.json: `"residual": { "models": "." }`. The folder is
 * laid out as every other one (`proposals/`, `modules/`, `graphs/`, `replay/`) and read as data, checked as every other one.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { BOXED_MODEL } from '../core/boxedModel';
import type { Root } from '../host/modules/registry';

export function modelRoots(context: vscode.ExtensionContext): Root[] {
  const roots: Root[] = [...extensionRoots(), { dir: context.globalStorageUri.fsPath, origin: 'personal' }];
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

/** What extensions bring. Ours comes first, so that no other one's models take the ids of those in the box. */
function extensionRoots(): Root[] {
  const roots = vscode.extensions.all.flatMap(({ id, extensionPath, packageJSON }) => {
    const folder: unknown = packageJSON.residual?.models;
    if (typeof folder !== 'string') return [];
    const dir = path.join(extensionPath, folder);
    // An extension brings what is its own.
    if (path.relative(extensionPath, dir).split(path.sep)[0] === '..') return [];
    const { displayName } = packageJSON;
    const extension = typeof displayName === 'string' && displayName !== '' ? displayName : id;
    return [{ id, root: { dir, origin: 'shipped', extension } satisfies Root }];
  });
  const rank = (id: string) => (id.toLowerCase() === BOXED_MODEL.extension ? 0 : 1);
  roots.sort((a, b) => rank(a.id) - rank(b.id) || a.id.localeCompare(b.id));
  return roots.map(({ root }) => root);
}

/** Hears when an extension with models was installed, updated, turned off or removed. */
export function onDidChangeExtensionRoots(listener: () => void): vscode.Disposable {
  const described = () => JSON.stringify(extensionRoots());
  let before = described();
  return vscode.extensions.onDidChange(() => {
    const now = described();
    if (now === before) return;
    before = now;
    listener();
  });
}
