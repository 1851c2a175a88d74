/** The extension with the model is a file beside ours: whoever has one of them has the other, also without a network. */
import * as vscode from 'vscode';

export function installModel(): Thenable<void> {
  return vscode.commands.executeCommand('workbench.extensions.action.installVSIX');
}
