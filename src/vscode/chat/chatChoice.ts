/** What answers in a chat, by the settings: its own modules beside the proposal in use, and how much is asked and said. */
import * as vscode from 'vscode';
import type { ChatLimits } from '../../host/chat/chatSession';
import { type Choice, resolveChoice } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import { settingsFor } from '../settings';

/** @throws UserError when a setting names what is not here. */
export async function chatChoice(registry: Registry): Promise<Choice> {
  const { proposal, 'chat.modules': modules } = chatSettings();
  const setting = 'residual.chat.modules';
  return resolveChoice(proposal, modules, await registry.proposals(), await registry.modules(), setting);
}

export function chatLimits(): ChatLimits {
  const { 'chat.maxTokens': maxTokens, 'chat.contextTokens': contextTokens } = chatSettings();
  return { maxTokens, contextTokens };
}

/** A conversation is the window's: in a workspace of several folders the settings of the workspace count. */
function chatSettings() {
  const { workspaceFolders } = vscode.workspace;
  return settingsFor(workspaceFolders?.length === 1 ? workspaceFolders[0].uri : undefined);
}
