/** Where the settings of this window name a module: taken out when it is deleted, and put back. */
import * as vscode from 'vscode';
import { modulesWithout, rulesWithout } from '../../host/modules/moduleSettings';

interface Place {
  readonly name: string;
  readonly folder: vscode.Uri | undefined;
  readonly target: vscode.ConfigurationTarget;
  readonly before: unknown;
  readonly after: unknown;
}

const WITHOUT: Readonly<Record<string, (value: unknown, id: string) => unknown>> = {
  modules: modulesWithout,
  moduleRules: rulesWithout,
};

/**
 * Takes a module out of every setting that names it.
 * @returns puts back what nobody has changed since; undefined when no setting named it.
 */
export async function takeOutOfSettings(id: string): Promise<(() => Promise<void>) | undefined> {
  const places = placesOf(id);
  for (const { name, folder, target, after } of places) await section(folder).update(name, after, target);
  if (places.length === 0) return undefined;
  return async () => {
    for (const { name, folder, target, before, after } of places) {
      const isAsLeft = JSON.stringify(written(name, folder, target)) === JSON.stringify(after);
      if (isAsLeft) await section(folder).update(name, before, target);
    }
  };
}

function placesOf(id: string): Place[] {
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  const folders = vscode.workspace.workspaceFile === undefined ? [] : (vscode.workspace.workspaceFolders ?? []);
  const levels: readonly (readonly [vscode.Uri | undefined, vscode.ConfigurationTarget])[] = [
    [undefined, Global],
    ...(vscode.workspace.workspaceFolders === undefined ? [] : [[undefined, Workspace] as const]),
    ...folders.map(({ uri }) => [uri, WorkspaceFolder] as const),
  ];
  return levels.flatMap(([folder, target]) =>
    Object.entries(WITHOUT).flatMap(([name, without]): Place[] => {
      const before = written(name, folder, target);
      const after = without(before, id);
      return JSON.stringify(after) === JSON.stringify(before) ? [] : [{ name, folder, target, before, after }];
    }),
  );
}

function written(name: string, folder: vscode.Uri | undefined, target: vscode.ConfigurationTarget): unknown {
  const found = section(folder).inspect(name);
  switch (target) {
    case vscode.ConfigurationTarget.Global:
      return found?.globalValue;
    case vscode.ConfigurationTarget.Workspace:
      return found?.workspaceValue;
    case vscode.ConfigurationTarget.WorkspaceFolder:
      return found?.workspaceFolderValue;
  }
}

function section(folder: vscode.Uri | undefined): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('residual', folder ?? null);
}
