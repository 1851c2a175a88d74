/** A GGUF file that a person chooses, or what of a folder can be imported. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Importable } from '../../host/proposals/importLayout';
import { bytesText } from '../amounts';
import { plainLabel } from '../plainText';
import type { AddParts } from './addParts';

export async function addFile(parts: AddParts): Promise<void> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: true,
      canSelectFolders: false,
      canSelectMany: false,
      filters: { [vscode.l10n.t('Models')]: ['gguf'] },
      title: vscode.l10n.t('GGUF File of a Model'),
      openLabel: vscode.l10n.t('Import This File'),
    })) ?? [];
  if (chosen === undefined) return;
  const { fsPath } = chosen;
  const { size: sizeBytes } = await stat(fsPath);
  await parts.import({ name: path.basename(fsPath).replace(/\.gguf$/i, ''), source: fsPath, sizeBytes });
}

/** @param dir the folder that they are in */
export async function importFrom(parts: AddParts, dir: string, importables: readonly Importable[]): Promise<void> {
  const chosen = importables.length === 1 ? importables[0] : await pickImportable(path.basename(dir), importables);
  if (chosen === undefined) return;
  const { form, label, files, sizeBytes } = chosen;
  const source = form === 'gguf' ? path.join(dir, ...files[0].name.split('/')) : dir;
  await parts.import({ name: form === 'gguf' ? label : path.basename(dir), source, sizeBytes });
}

async function pickImportable(name: string, importables: readonly Importable[]): Promise<Importable | undefined> {
  const items = importables.map(one => ({ label: plainLabel(one.label), description: bytesText(one.sizeBytes), one }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Which Model of {0}?', name),
    ignoreFocusOut: true,
  });
  return picked?.one;
}
