// What a workspace may not decide, trusted or not: where models come from, and how much of the machine they take.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { hubEndpoint } from '../../../src/vscode/proposals/hubSettings';
import { engineLimits, settingsFor } from '../../../src/vscode/settings';

describe('the settings file of a workspace', () => {
  const file = vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0].uri, '.vscode/settings.json');

  after(() => vscode.workspace.fs.delete(file));

  it('decides how code is completed, but names no hub, and takes no memory and no processor', async () => {
    const before = { endpoint: hubEndpoint(), limits: engineLimits() };
    const changed = new Promise<void>(resolve => {
      const listening = vscode.workspace.onDidChangeConfiguration(() => {
        if (settingsFor(undefined).contextTokens !== 512) return;
        listening.dispose();
        resolve();
      });
    });
    const written = {
      'residual.hub.endpoint': 'https://hub.example.com',
      'residual.memoryMiB': 65536,
      'residual.threads': 64,
      'residual.contextTokens': 512,
    };
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(written)));
    await changed;
    assert.deepEqual({ endpoint: hubEndpoint(), limits: engineLimits() }, before);
  });

  it('is asked for nothing that names a place before it is trusted', () => {
    const { capabilities, contributes } = vscode.extensions.getExtension('residual.residual')!.packageJSON;
    const settings = Object.entries<{ scope: string }>(contributes.configuration.properties);
    const places = settings.filter(([name]) => /endpoint|path|dir|folder|url/i.test(name));
    assert.deepEqual(
      places.map(([name, { scope }]) => [name, scope]),
      [['residual.hub.endpoint', 'machine']],
    );
    const { supported, restrictedConfigurations } = capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    for (const [name] of places) assert.ok(restrictedConfigurations.includes(name), name);
  });
});
