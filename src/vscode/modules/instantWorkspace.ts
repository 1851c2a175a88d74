/** The instant module of this window: which folders it counts, whether it is used, and what tells it of changes. */
import * as vscode from 'vscode';
import { clock } from '../../host/clock';
import type { EngineClient } from '../../host/engineClient';
import { INSTANT_ID } from '../../host/modules/instantManifest';
import { InstantModule } from '../../host/modules/instantModule';
import { resolveChoice } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import type { Folder } from '../../host/workspaceFiles';
import { readableIn } from '../admission';
import { watchBranches } from '../branches';
import type { Pausing } from '../pausing';
import { settingsFor } from '../settings';
import { settingsName } from './moduleDecision';

/** @returns undefined in a window without a workspace, which has no storage of its own. */
export function openInstantModule(
  context: vscode.ExtensionContext,
  engine: EngineClient,
  registry: Registry,
  pausing: Pausing,
  log: vscode.LogOutputChannel,
): InstantModule | undefined {
  if (context.storageUri === undefined) return undefined;
  const instant = new InstantModule({
    engine,
    root: context.storageUri.fsPath,
    folders: workspaceFolders,
    proposal: async () => resolveChoice(settingsFor(undefined).proposal, [], await registry.proposals(), []).proposal,
    isUsed: () => usesInstantModule() && settingsFor(undefined).enable && !pausing.isWindowPaused,
    onLog: line => log.info(line),
    now: clock.now,
  });
  context.subscriptions.push(instant, watchWorkspace(instant));
  return instant;
}

/** Folders of this window that are on this machine's disk. */
export function workspaceFolders(): Folder[] {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  return folders.map(({ name, uri, index }) => {
    const mayRead = readableIn(uri);
    const isDouble = folders.some(other => other.name === name && other.index < index);
    return {
      name: isDouble ? `${name}-${index}` : name,
      dir: uri.fsPath,
      mayRead: file => mayRead(vscode.Uri.file(file)),
    };
  });
}

/** Whether any folder of this window completes with the instant module. */
export function usesInstantModule(): boolean {
  return vscode.workspace.isTrusted && settingsName(INSTANT_ID);
}

/** Tells the module of every file that comes, goes or changes, and of another branch. */
function watchWorkspace(instant: InstantModule): vscode.Disposable {
  const files = vscode.workspace.createFileSystemWatcher('**/*');
  // Of another window on the same workspace. A rename is a change on one platform and a new file on another.
  const written = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(vscode.Uri.file(instant.dir), 'module.json'),
    false,
    false,
    true,
  );
  const touch = (uri: vscode.Uri) => {
    if (uri.scheme === 'file' && !/[\\/](?:\.git|node_modules)[\\/]/.test(uri.fsPath)) instant.touch(uri.fsPath);
  };
  return vscode.Disposable.from(
    written,
    written.onDidChange(() => instant.noticeWritten()),
    written.onDidCreate(() => instant.noticeWritten()),
    files,
    files.onDidChange(touch),
    files.onDidCreate(touch),
    files.onDidDelete(touch),
    watchBranches(
      () => workspaceFolders().map(({ dir }) => dir),
      () => instant.touchAll(),
    ),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => touch(uri)),
    vscode.workspace.onDidRenameFiles(() => instant.touchAll()),
    vscode.workspace.onDidDeleteFiles(() => instant.touchAll()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => instant.touchAll()),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('residual.modules') || event.affectsConfiguration('residual.enable'))
        void instant.update();
      if (event.affectsConfiguration('residual.exclude')) instant.touchAll();
    }),
  );
}
