/** The person's own modules in this editor: where they are kept, and what a new one is tried with. */
import * as vscode from 'vscode';
import type { EngineClient } from '../../host/engineClient';
import { ModuleFiles, type SignerQuestions } from '../../host/modules/moduleFiles';
import { ModuleFit } from '../../host/modules/moduleVerification';
import type { Registry } from '../../host/modules/registry';
import { settingsFor } from '../settings';

export function openModuleFiles(
  context: vscode.ExtensionContext,
  engine: EngineClient,
  registry: Registry,
  signers: SignerQuestions,
): ModuleFiles {
  const fit = new ModuleFit({
    registry,
    proposal: () => settingsFor(vscode.window.activeTextEditor?.document).proposal,
    load: async (proposal, module, signal) => {
      const { id, dir } = module;
      await engine.call('warm', { proposal, modules: [{ id, dir, strength: 1 }] }, signal);
    },
  });
  const files = new ModuleFiles({
    root: context.globalStorageUri.fsPath,
    ...(context.storageUri && { workspaceRoot: context.storageUri.fsPath }),
    registry,
    fit,
    signers,
  });
  // What cannot be removed now is tried again at the next start.
  files.clean().catch(() => {});
  return files;
}
