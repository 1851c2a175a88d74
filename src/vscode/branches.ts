/** Hears of every change of branch in this window: of repositories in its folders, and of those that its folders are part of. */
import * as vscode from 'vscode';
import { gitFolderOf } from '../host/gitFolder';

export function watchBranches(dirs: () => readonly string[], onSwitch: () => void): vscode.Disposable {
  // git writes HEAD.lock and renames it: that is a change on one platform and a new file on another.
  const watch = (pattern: vscode.GlobPattern) => {
    const head = vscode.workspace.createFileSystemWatcher(pattern, false, false, true);
    return vscode.Disposable.from(head, head.onDidChange(onSwitch), head.onDidCreate(onSwitch));
  };
  let outside: vscode.Disposable[] = [];
  let nRounds = 0;
  const watchOutside = async () => {
    const round = ++nRounds;
    const open = dirs();
    const found = new Set(await Promise.all(open.map(gitFolderOf)));
    if (round !== nRounds) return;
    vscode.Disposable.from(...outside).dispose();
    const isInside = (folder: string) =>
      open.some(dir => vscode.Uri.file(folder).path.startsWith(`${vscode.Uri.file(dir).path}/`));
    outside = [...found].flatMap(folder =>
      folder === undefined || isInside(folder)
        ? []
        : [watch(new vscode.RelativePattern(vscode.Uri.file(folder), 'HEAD'))],
    );
  };
  void watchOutside();
  return vscode.Disposable.from(
    watch('**/.git/HEAD'),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void watchOutside()),
    {
      dispose: () => {
        nRounds++;
        vscode.Disposable.from(...outside).dispose();
      },
    },
  );
}
