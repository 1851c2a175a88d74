/** Residual in VS Code's own chat, and as a model that other extensions may use. Editors that have neither do without. */
import * as vscode from 'vscode';
import { messageOf } from '../../core/errors';
import { chatEngine } from '../../host/chat/chatEngine';
import type { EngineClient } from '../../host/engineClient';
import type { ModuleFiles } from '../../host/modules/moduleFiles';
import type { Registry } from '../../host/modules/registry';
import { createParticipant } from './chatParticipant';
import { ModelProvider, VENDOR } from './languageModelProvider';

export interface EditorChatParts {
  readonly extensionUri: vscode.Uri;
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly log: vscode.LogOutputChannel;
  readonly moduleFiles: ModuleFiles;
}

export function registerEditorChat({
  extensionUri,
  engine,
  registry,
  log,
  moduleFiles,
}: EditorChatParts): vscode.Disposable {
  const asked = chatEngine(engine);
  const disposables: vscode.Disposable[] = [];
  // Forks of VS Code leave these out, or have them behind a switch.
  if (typeof vscode.chat?.createChatParticipant === 'function') {
    disposables.push(createParticipant(extensionUri, { engine: asked, registry, log }));
  }
  disposables.push(vscode.commands.registerCommand('residual.askInEditorChat', askInEditorChat));
  if (typeof vscode.lm?.registerLanguageModelChatProvider === 'function') {
    const provider = new ModelProvider(asked, registry, log);
    disposables.push(
      provider,
      vscode.lm.registerLanguageModelChatProvider(VENDOR, provider),
      moduleFiles.onDidChange(() => provider.refresh()),
      vscode.workspace.onDidChangeConfiguration(event => {
        const names = ['enable', 'proposal', 'chat'];
        if (names.some(name => event.affectsConfiguration(`residual.${name}`))) provider.refresh();
      }),
    );
    // VS Code answers a first question to a participant only once it knows a model.
    vscode.lm
      .selectChatModels({ vendor: VENDOR })
      .then(undefined, (error: unknown) => log.warn(`language model: ${messageOf(error)}`));
  }
  return vscode.Disposable.from(...disposables);
}

/** VS Code's chat gives a participant a model without tools in its mode for questions only, and opens in another one. */
function askInEditorChat(): Thenable<unknown> {
  const question = { mode: 'ask', query: '@residual ', isPartialQuery: true };
  return vscode.commands.executeCommand('workbench.action.chat.open', question);
}
