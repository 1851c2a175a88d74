/** Where a workspace's training jobs are kept, for all that trains or erases them. */
import * as vscode from 'vscode';

/** @returns an absolute path that need not exist; undefined in a window without a workspace */
export function trainingFolder({ storageUri }: vscode.ExtensionContext): string | undefined {
  return storageUri && vscode.Uri.joinPath(storageUri, 'training').fsPath;
}
