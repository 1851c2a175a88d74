/**
 * What `when` clauses in package.json ask: one place that knows, so that the palette offers only what can be done here.
 * `residual.hasModule`: a module completes here. `.hasOwnModule`: the person has imported or trained one.
 * `.hasSharableModule`: there is one that holds no workspace's text. `.hasAnyModule`: there is one at all.
 */
import * as vscode from 'vscode';
import type { ModuleFiles } from '../host/modules/moduleFiles';
import { isOwn } from '../host/modules/moduleIds';
import type { Registry } from '../host/modules/registry';
import { onDidChangeExtensionRoots } from './modelRoots';
import { decisionFor } from './modules/moduleDecision';
import { isSharable } from './modules/moduleFileCommands';

export function followContextKeys(registry: Registry, files: ModuleFiles): vscode.Disposable {
  const known = new Map<string, boolean>();
  const set = (key: string, value: boolean) => {
    if (known.get(key) === value) return;
    known.set(key, value);
    void vscode.commands.executeCommand('setContext', `residual.${key}`, value);
  };
  const followEditor = () => set('hasModule', decisionFor(vscode.window.activeTextEditor?.document).modules.length > 0);
  let nAsked = 0;
  const followModules = async () => {
    const asked = ++nAsked;
    const modules = await registry.modules();
    if (asked !== nAsked) return;
    set('hasAnyModule', modules.length > 0);
    set('hasOwnModule', modules.some(isOwn));
    set('hasSharableModule', modules.some(isSharable));
  };
  followEditor();
  void followModules();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(followEditor),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('residual')) followEditor();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(followModules),
    onDidChangeExtensionRoots(followModules),
    // Modules may come by other ways than ours: whoever comes back to the window finds what is there.
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) void followModules();
    }),
    files.onDidChange(followModules),
  );
}
