/**
 * What people do with modules as files, from the question to what is said at the end: import, export, show, rename, delete
 * with a way back, verify. Says things through whoever shows them.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../core/errors';
import type { Imported, ModuleFiles, OnExisting } from '../../host/modules/moduleFiles';
import { titleOf } from '../../host/modules/moduleIds';
import type { VerifyReport } from '../../host/modules/moduleVerification';
import { abortSignalOf } from '../cancellation';
import { localMessageOf, localText } from '../localMessage';
import { sizeText } from './moduleCommands';
import { droppedByRename, type ModuleSigning, saveSigned, signatureText } from './moduleSigning';

export interface FlowAction {
  readonly label: string;
  run(): void | Promise<void>;
}

export interface FlowParts {
  readonly files: ModuleFiles;
  readonly signing: ModuleSigning;
  say(kind: 'info' | 'error', text: string, actions: readonly FlowAction[]): void;
  /** Uses a module here. */
  use(id: string): Promise<void>;
  /** Runs what an action begins; what fails is said. */
  attempt(work: () => Promise<void>): Promise<void>;
}

const ARCHIVE = 'ram';

/** Asks for an archive or a folder; undefined when nothing is chosen. */
export async function askForSource(): Promise<string | undefined> {
  const archive = vscode.l10n.t('From a .ram File…');
  const folder = vscode.l10n.t('From a Folder…');
  const picked = await vscode.window.showQuickPick([archive, folder], { title: vscode.l10n.t('Import a Module') });
  if (picked === undefined) return undefined;
  const isArchive = picked === archive;
  const [source] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Import a Module'),
      openLabel: vscode.l10n.t('Import'),
      canSelectFiles: isArchive,
      canSelectFolders: !isArchive,
      ...(isArchive && { filters: { [vscode.l10n.t('Alignment modules')]: [ARCHIVE] } }),
    })) ?? [];
  return source?.fsPath;
}

/** @throws UserError; AbortError */
export async function importModule(parts: FlowParts, source: string, onExisting: OnExisting = 'refuse'): Promise<void> {
  try {
    sayImported(parts, await withProgress(parts, source, onExisting));
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'module-exists') throw error;
    const again = (label: string, choice: OnExisting): FlowAction => ({
      label,
      run: () => parts.attempt(() => importModule(parts, source, choice)),
    });
    const actions = [again(vscode.l10n.t('Keep Both'), 'keep both')];
    if (await isOwnNamedIn(parts.files, error.message)) actions.unshift(again(vscode.l10n.t('Replace'), 'replace'));
    parts.say('error', localMessageOf(error), actions);
  }
}

/** @throws UserError; AbortError */
export async function exportModule({ files, signing, say }: FlowParts, id: string): Promise<void> {
  const module = await files.find(id);
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri;
  const name = `${id}.${ARCHIVE}`;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export {0}', titleOf(module)),
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
    filters: { [vscode.l10n.t('Alignment modules')]: [ARCHIVE] },
  });
  if (target === undefined) return;
  const chosen = await signing.choose(titleOf(module));
  if (chosen === undefined) return;
  const sizeBytes = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Residual: exporting {0}', titleOf(module)) },
    () => saveSigned(files, id, target.fsPath, chosen, new AbortController().signal),
  );
  const text = vscode.l10n.t('“{0}” is exported to {1}, {2}.', titleOf(module), target.fsPath, sizeText(sizeBytes));
  say('info', text, [{ label: vscode.l10n.t('Show the File'), run: () => show(target) }]);
}

/** Shows a module's folder where files are shown, or its manifest where that is elsewhere. @throws UserError */
export async function revealModule({ files }: FlowParts, id: string): Promise<void> {
  const { dir } = await files.find(id);
  const manifest = vscode.Uri.file(path.join(dir, 'module.json'));
  await show(manifest);
}

/** @throws UserError */
export async function renameModule({ files, say }: FlowParts, id: string): Promise<void> {
  const title = titleOf(await files.find(id));
  const wanted = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename {0}', title),
    prompt: vscode.l10n.t('The title that people read. Settings name the id, which stays.'),
    value: title,
    validateInput: value =>
      value.trim() === '' || value.length > 100 ? vscode.l10n.t('A title has 1 to 100 characters.') : undefined,
  });
  if (wanted === undefined || wanted.trim() === title) return;
  const { isSignatureDropped } = await files.rename(id, wanted);
  if (isSignatureDropped) say('info', droppedByRename(wanted), []);
}

/**
 * Deletes without asking, because there is a way back.
 * @param onUndone hears that it is there again.
 * @throws UserError
 */
export async function deleteModule(
  { files, say, attempt }: FlowParts,
  id: string,
  onUndone: () => Promise<void>,
): Promise<void> {
  const undo = await files.remove(id);
  const back = () =>
    attempt(async () => {
      await files.undo(undo);
      await onUndone();
    });
  say('info', vscode.l10n.t('“{0}” is deleted.', undo.title), [{ label: vscode.l10n.t('Undo'), run: back }]);
}

/** @throws UserError; AbortError */
export async function verifyModule({ files, say }: FlowParts, id: string, signal: AbortSignal): Promise<void> {
  const report = await files.verify(id, signal);
  say(report.isFine ? 'info' : 'error', reportText(report), []);
}

function reportText({ title, proposalId, isFine, checks }: VerifyReport): string {
  if (isFine)
    return vscode.l10n.t(
      '“{0}” is fine: its files, its tokenizer and loading it beside {1} were checked.',
      title,
      proposalId,
    );
  const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ reason = '' }) => localText(reason));
  return vscode.l10n.t('“{0}” cannot be used. {1}', title, failed.join(' '));
}

function withProgress({ files }: FlowParts, source: string, onExisting: OnExisting): Promise<Imported> {
  const title = vscode.l10n.t('Importing {0}', path.basename(source));
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return Promise.resolve(
    vscode.window.withProgress(options, (_progress, token) =>
      files.importFrom(source, onExisting, abortSignalOf(token)),
    ),
  );
}

function sayImported({ signing, say, use, attempt }: FlowParts, imported: Imported): void {
  const { id, title, outcome } = imported;
  const text = {
    imported: vscode.l10n.t('“{0}” is imported.', title),
    replaced: vscode.l10n.t('“{0}” has taken the place of the one before.', title),
    unchanged: vscode.l10n.t('“{0}” was there already: nothing has changed.', title),
  }[outcome];
  const said = `${text} ${signatureText(signing, imported)}`;
  say('info', said, [{ label: vscode.l10n.t('Use It Here'), run: () => attempt(() => use(id)) }]);
}

/** Only a module of the person's own can be replaced. */
async function isOwnNamedIn(files: ModuleFiles, message: string): Promise<boolean> {
  return (await files.own()).some(({ id }) => message.includes(JSON.stringify(id)));
}

/** In the system's file manager; where the files are on another machine, in an editor. */
async function show(file: vscode.Uri): Promise<void> {
  const isHere = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  if (isHere) return void (await vscode.commands.executeCommand('revealFileInOS', file));
  if (file.path.endsWith('.json')) await vscode.window.showTextDocument(file);
  else await vscode.commands.executeCommand('revealInExplorer', file);
}
