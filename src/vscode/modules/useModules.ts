/** Taking modules into use: loaded first, stored only when that worked. */
import * as vscode from 'vscode';
import type { ModuleChoice, ModuleSetting } from '../../host/modules/moduleChoice';
import { settingsFor } from '../settings';
import { storeDecision } from './moduleDecision';

/**
 * Makes modules complete in the document and whatever shares its settings.
 * @returns whether they do: a person may have kept what a rule says.
 * @throws UserError when they do not load; then nothing is stored.
 */
export async function useModules(
  choices: ModuleChoice,
  document: vscode.TextDocument | undefined,
  modules: readonly ModuleSetting[],
): Promise<boolean> {
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Residual: loading the module') },
    () => choices.load(settingsFor(document).proposal, modules, new AbortController().signal),
  );
  return storeDecision(document, modules);
}
