// What other extensions and VS Code itself see of the extension.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the extension in its host', () => {
  it('activates', async () => {
    const extension = vscode.extensions.getExtension('residual.residual');
    assert.ok(extension, 'VS Code does not know the extension');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers every command that it contributes', async () => {
    const extension = vscode.extensions.getExtension('residual.residual')!;
    await extension.activate();
    const contributed: readonly { command: string }[] = extension.packageJSON.contributes.commands ?? [];
    assert.notEqual(contributed.length, 0);
    const registered = await vscode.commands.getCommands(true);
    const missing = contributed.map(({ command }) => command).filter(command => !registered.includes(command));
    assert.deepEqual(missing, []);
  });
});
