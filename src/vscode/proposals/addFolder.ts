/** The local half of `Residual: Add a Proposal…`: choose a folder, have it tried, copy it or use it where it is. */
import * as vscode from 'vscode';
import { graphsOf } from '../../core/graphFiles';
import { importablesOf } from '../../host/proposals/importLayout';
import { copyIn, filesOfFolder, surveyFolder, useInPlace } from '../../host/proposals/localProposal';
import { sizeOf, type Variant } from '../../host/proposals/proposalLayout';
import { freeId } from '../../host/proposals/proposalStore';
import { bytesText, transferText } from '../amounts';
import { abortSignalOf } from '../cancellation';
import { importFrom } from './addFile';
import type { AddParts } from './addParts';
import { confirmMemory, pickVariant, reportLines } from './proposalChecks';

export async function addFolder(parts: AddParts): Promise<void> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      canSelectMany: false,
      title: vscode.l10n.t('Folder of a Model'),
      openLabel: vscode.l10n.t('Check This Folder'),
    })) ?? [];
  if (chosen !== undefined) await addFolderAt(parts, chosen.fsPath);
}

/** A folder with graphs is used as it is; one with other weights is imported. */
export async function addFolderAt(parts: AddParts, dir: string): Promise<void> {
  try {
    const files = await filesOfFolder(dir);
    const importables = graphsOf(files.map(({ name }) => name)).length > 0 ? [] : importablesOf(files);
    if (importables.length > 0) await importFrom(parts, dir, importables);
    else await addChosen(parts, dir);
  } catch (error) {
    parts.onFailure(error, { [vscode.l10n.t('Choose Another Folder…')]: () => addFolder(parts) });
  }
}

async function addChosen(parts: AddParts, dir: string): Promise<void> {
  const folder = await surveyFolder(dir);
  const variant = await pickVariant(folder.name, folder.layout.variants);
  if (variant === undefined || !(await confirmMemory(folder.name, variant))) return;
  const taken = (await parts.registry.proposals()).map(({ id }) => id);
  const id = freeId(`${folder.name}-${variant.dtype}`, taken);
  const report = await withNotice(vscode.l10n.t('Trying {0}', folder.name), (_progress, signal) =>
    parts.inspect({ proposal: { id, dir }, graphFile: variant.graphFile }, signal),
  );
  const copySize = bytesText(sizeOf([...folder.layout.common, ...variant.files]));
  const copy = vscode.l10n.t('Copy It');
  const inPlace = vscode.l10n.t('Use It in Place');
  const detail = [
    ...reportLines(report),
    vscode.l10n.t('A copy takes {0} in the storage of VS Code; in place, the folder must stay where it is.', copySize),
  ];
  const question = vscode.l10n.t('{0} can be a proposal.', folder.name);
  const how = await vscode.window.showInformationMessage(
    question,
    { modal: true, detail: detail.join('\n\n') },
    copy,
    inPlace,
  );
  if (how === undefined) return;
  const act = how === copy ? copyIn : useInPlace;
  const heading = how === copy ? vscode.l10n.t('Copying {0}', folder.name) : vscode.l10n.t('Reading {0}', folder.name);
  await withNotice(heading, (progress, signal) => {
    const onBytes = counter(progress, variant, sizeOf(folder.layout.common));
    return act(parts.store, folder, variant, id, report, onBytes, signal);
  });
  parts.onAdded(id, `${folder.name} (${variant.dtype})`, report);
}

function withNotice<T>(
  title: string,
  act: (progress: vscode.Progress<{ message?: string; increment?: number }>, signal: AbortSignal) => Promise<T>,
): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, token) => act(progress, abortSignalOf(token)),
  );
}

function counter(
  progress: vscode.Progress<{ message?: string; increment?: number }>,
  variant: Variant,
  commonBytes: number,
): (bytes: number) => void {
  const totalBytes = variant.sizeBytes + commonBytes;
  let shownBytes = 0;
  return bytes => {
    const increment = (100 * (bytes - shownBytes)) / totalBytes;
    // Notices are redrawn at most a hundred times.
    if (increment < 1 && bytes < totalBytes) return;
    shownBytes = bytes;
    progress.report({ increment, message: transferText(bytes, totalBytes, undefined) });
  };
}
