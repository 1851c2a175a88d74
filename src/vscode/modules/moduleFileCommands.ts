/** Modules as files from the command palette and the explorer: import, export, verify, rename, delete, reveal. */
import * as vscode from 'vscode';
import { isAbortError, messageOf, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { ModuleChoice } from '../../host/modules/moduleChoice';
import type { Imported, ModuleFiles, OnExisting } from '../../host/modules/moduleFiles';
import { isOwn } from '../../host/modules/moduleIds';
import type { CheckName, VerifyReport } from '../../host/modules/moduleVerification';
import type { FoundModule, Registry } from '../../host/modules/registry';
import { abortSignalOf } from '../cancellation';
import { localMessageOf, localText } from '../localMessage';
import { plainLabel, plainMessage } from '../plainText';
import { chosenWith, sizeText } from './moduleCommands';
import { decisionFor } from './moduleDecision';
import { takeOutOfSettings } from './moduleReferences';
import { droppedByRename, type ModuleSigning, saveSigned, signatureText } from './moduleSigning';
import { useModules } from './useModules';

export interface ModuleFileParts {
  readonly files: ModuleFiles;
  readonly signing: ModuleSigning;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly log: vscode.LogOutputChannel;
}

/** Each takes what it is about as an argument, or asks for it. */
export function registerModuleFileCommands(parts: ModuleFileParts): vscode.Disposable {
  const commands = new ModuleFileCommands(parts);
  const register = <T>(id: string, run: (what?: T) => Promise<void>) =>
    vscode.commands.registerCommand(id, (what?: T) => commands.reporting(() => run(what)));
  return vscode.Disposable.from(
    register<vscode.Uri>('residual.importModule', source => commands.import(source)),
    register<vscode.Uri>('residual.importModuleFile', source => commands.import(source)),
    register<string>('residual.exportModule', id => commands.export(id)),
    register<string>('residual.verifyModule', id => commands.verify(id)),
    register<string>('residual.renameModule', id => commands.rename(id)),
    register<string>('residual.deleteModule', id => commands.delete(id)),
    register<string>('residual.revealModule', id => commands.reveal(id)),
  );
}

/** Modules that hold no workspace's text. */
export function isSharable(module: FoundModule): boolean {
  return module.manifest?.kind === 'neural';
}

class ModuleFileCommands {
  constructor(private readonly parts: ModuleFileParts) {}

  async import(given?: vscode.Uri): Promise<void> {
    const source = given ?? (await pickSource());
    if (source === undefined) return;
    const imported = await this.importAs(onDisk(source), 'refuse');
    if (imported !== undefined) await this.offerToUse(imported);
  }

  async export(id?: string): Promise<void> {
    const module = await this.pick(id, vscode.l10n.t('Export Which Module?'), isSharable);
    if (module === undefined) return;
    const name = `${module.id}-${module.manifest?.version ?? ''}.ram`.replaceAll(/[^\w.-]/g, '_');
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const target = await vscode.window.showSaveDialog({
      ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
      filters: { [vscode.l10n.t('Residual Modules')]: ['ram'] },
      title: vscode.l10n.t('Export {0}', titleOf(module)),
    });
    if (target === undefined) return;
    const file = onDisk(target);
    const signing = await this.parts.signing.choose(titleOf(module));
    if (signing === undefined) return;
    const sizeBytes = await this.progress(vscode.l10n.t('Exporting {0}', titleOf(module)), signal =>
      saveSigned(this.parts.files, module.id, file, signing, signal),
    );
    const action = vscode.l10n.t('Reveal');
    const message = vscode.l10n.t('{0} is exported: {1}, {2}.', titleOf(module), target.fsPath, sizeText(sizeBytes));
    if ((await vscode.window.showInformationMessage(plainMessage(message), action)) === action)
      await revealFile(target);
  }

  async verify(id?: string): Promise<void> {
    const module = await this.pick(id, vscode.l10n.t('Verify Which Module?'), () => true);
    if (module === undefined) return;
    const report = await this.progress(vscode.l10n.t('Verifying {0}', titleOf(module)), signal =>
      this.parts.files.verify(module.id, signal),
    );
    this.parts.log.info(`verified ${report.id}: ${report.checks.map(c => `${c.name} ${c.outcome}`).join(', ')}`);
    if (report.isFine) {
      const message = vscode.l10n.t(
        '{0} is intact: its files are as they were made, its tokenizer is that of {1}, and it loads.',
        report.title,
        report.proposalId,
      );
      void vscode.window.showInformationMessage(plainMessage(message));
      return;
    }
    await this.showFaults(report, module);
  }

  async rename(id?: string): Promise<void> {
    const module = await this.pick(id, vscode.l10n.t('Rename Which Module?'), isOwn);
    if (module === undefined) return;
    const title = await vscode.window.showInputBox({
      title: vscode.l10n.t('Rename {0}', titleOf(module)),
      prompt: vscode.l10n.t('The title that you see. Settings name the module by its id, {0}, which stays.', module.id),
      value: titleOf(module),
      validateInput: value =>
        value.trim() === '' || value.length > 100 ? vscode.l10n.t('A title has 1 to 100 characters.') : undefined,
    });
    if (title === undefined) return;
    const { isSignatureDropped } = await this.parts.files.rename(module.id, title);
    if (isSignatureDropped) void vscode.window.showInformationMessage(plainMessage(droppedByRename(title)));
  }

  async delete(id?: string): Promise<void> {
    const module = await this.pick(id, vscode.l10n.t('Delete Which Module?'), isOwn);
    if (module === undefined) return;
    const undo = await this.parts.files.remove(module.id);
    const putBack = await takeOutOfSettings(module.id);
    const action = vscode.l10n.t('Undo');
    const message =
      putBack === undefined
        ? vscode.l10n.t('{0} is deleted.', undo.title)
        : vscode.l10n.t('{0} is deleted and taken out of the settings of this window.', undo.title);
    if ((await vscode.window.showInformationMessage(plainMessage(message), action)) !== action) return;
    await this.parts.files.undo(undo);
    await putBack?.();
  }

  async reveal(id?: string): Promise<void> {
    const module = await this.pick(id, vscode.l10n.t('Reveal Which Module?'), () => true);
    if (module !== undefined) await revealFile(vscode.Uri.joinPath(vscode.Uri.file(module.dir), 'module.json'));
  }

  /** Says what went wrong and what to do about it; a person who cancels hears nothing. */
  async reporting(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isAbortError(error)) return;
      this.parts.log.error(`${error instanceof UserError ? `${error.code}: ` : ''}${messageOf(error)}`);
      const action = vscode.l10n.t('Show Log');
      const chosen = await vscode.window.showErrorMessage(plainMessage(localMessageOf(error)), action);
      if (chosen === action) this.parts.log.show();
    }
  }

  /** @returns undefined when there is one of its id and the person lets it be. */
  private async importAs(file: string, onExisting: OnExisting): Promise<Imported | undefined> {
    try {
      return await this.progress(vscode.l10n.t('Importing a module'), signal =>
        this.parts.files.importFrom(file, onExisting, signal),
      );
    } catch (error) {
      if (!(error instanceof UserError) || !EXISTS.has(error.code)) throw error;
      const replace = vscode.l10n.t('Replace');
      const keepBoth = vscode.l10n.t('Keep Both');
      const actions = error.code === 'module-exists' ? [replace, keepBoth] : [keepBoth];
      const chosen = await vscode.window.showWarningMessage(plainMessage(localMessageOf(error)), ...actions);
      if (chosen === undefined) return undefined;
      return this.importAs(file, chosen === replace ? 'replace' : 'keep both');
    }
  }

  private async offerToUse(imported: Imported): Promise<void> {
    const { id, title, outcome } = imported;
    const said = {
      imported: vscode.l10n.t('{0} is imported.', title),
      replaced: vscode.l10n.t('{0} is imported in place of the one before.', title),
      unchanged: vscode.l10n.t('{0} is here already.', title),
    }[outcome];
    const document = vscode.window.activeTextEditor?.document;
    const { modules } = decisionFor(document);
    const isUsed = modules.some(module => module.id === id);
    const action = vscode.l10n.t('Use It Here');
    const message = plainMessage(`${said} ${signatureText(this.parts.signing, imported)}`);
    const chosen = await vscode.window.showInformationMessage(message, ...(isUsed ? [] : [action]));
    if (chosen === action) await useModules(this.parts.choices, document, chosenWith(id, modules));
  }

  private async showFaults(report: VerifyReport, module: FoundModule): Promise<void> {
    const check = report.checks.find(({ outcome }) => outcome === 'failed');
    if (check === undefined) return;
    const what: Record<CheckName, string> = {
      files: vscode.l10n.t('{0} is damaged.', report.title),
      tokenizer: vscode.l10n.t('{0} does not fit the proposal {1}.', report.title, report.proposalId),
      load: vscode.l10n.t('{0} does not load.', report.title),
    };
    const message = plainMessage(`${what[check.name]} ${localText(check.reason ?? '')}`);
    this.parts.log.error(message);
    const remove = vscode.l10n.t('Delete It');
    const showLog = vscode.l10n.t('Show Log');
    const actions = check.name !== 'tokenizer' && isOwn(module) ? [remove, showLog] : [showLog];
    const chosen = await vscode.window.showErrorMessage(message, ...actions);
    if (chosen === remove) await this.delete(module.id);
    if (chosen === showLog) this.parts.log.show();
  }

  /** The module that is named, or one that is picked among those that `fits`. */
  private async pick(
    id: string | undefined,
    title: string,
    fits: (module: FoundModule) => boolean,
  ): Promise<FoundModule | undefined> {
    if (typeof id === 'string') return this.parts.files.find(id);
    const rows = (await this.parts.registry.modules()).filter(fits).map(module => ({
      label: plainLabel(titleOf(module)),
      description: [module.id, sizeText(module.sizeBytes), originText(module)].join(' · '),
      detail: plainLabel(localText(module.problem ?? module.manifest?.description ?? '')),
      module,
    }));
    if (rows.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no module that this can be done with.'));
      return undefined;
    }
    return (await vscode.window.showQuickPick(rows, { title, matchOnDescription: true, matchOnDetail: true }))?.module;
  }

  private progress<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return Promise.resolve(
      vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: plainMessage(title), cancellable: true },
        (_, token) => work(abortSignalOf(token)),
      ),
    );
  }
}

const EXISTS: ReadonlySet<string> = new Set(['module-exists', 'module-exists-fixed']);

/** A dialog opens files or folders, not both, on most systems. */
async function pickSource(): Promise<vscode.Uri | undefined> {
  const rows = [
    {
      label: `$(file-zip) ${vscode.l10n.t('A Module File…')}`,
      detail: vscode.l10n.t('One that somebody exported: it ends in .ram.'),
      isFolder: false,
    },
    {
      label: `$(folder) ${vscode.l10n.t('A Module Folder…')}`,
      detail: vscode.l10n.t('With module.json and model.safetensors in it.'),
      isFolder: true,
    },
  ];
  const picked = await vscode.window.showQuickPick(rows, { title: vscode.l10n.t('Import a Module') });
  if (picked === undefined) return undefined;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const found = await vscode.window.showOpenDialog({
    ...(folder && { defaultUri: folder }),
    canSelectFiles: !picked.isFolder,
    canSelectFolders: picked.isFolder,
    canSelectMany: false,
    ...(!picked.isFolder && { filters: { [vscode.l10n.t('Residual Modules')]: ['ram'] } }),
    openLabel: vscode.l10n.t('Import'),
    title: vscode.l10n.t('Import a Module'),
  });
  return found?.[0];
}

/** @throws UserError for a file that is only in the editor or on another machine. */
function onDisk(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new UserError(
    'not-on-disk',
    say`${uri.toString(true)} is not a file on the disk of the machine where Residual runs. Save it there first.`,
  );
}

/** In the system's file manager where there is one, otherwise in an editor, whose tab says where it lies. */
async function revealFile(uri: vscode.Uri): Promise<void> {
  const isLocal = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  await vscode.commands.executeCommand(isLocal ? 'revealFileInOS' : 'vscode.open', uri);
}

function titleOf(module: FoundModule): string {
  return module.manifest?.title ?? module.id;
}

function originText({ origin, extension }: FoundModule): string {
  if (extension !== undefined) return vscode.l10n.t('of the extension {0}', extension);
  return {
    shipped: vscode.l10n.t('ships with Residual'),
    personal: vscode.l10n.t('yours'),
    team: vscode.l10n.t('of this workspace'),
    workspace: vscode.l10n.t('built from this workspace'),
  }[origin];
}
