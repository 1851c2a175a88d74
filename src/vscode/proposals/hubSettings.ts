/** Where a person's hub is and the token for it, which is kept in the editor's secret storage and nowhere else. */
import * as vscode from 'vscode';
import { DEFAULT_ENDPOINT, isEncrypted, parseEndpoint } from '../../host/proposals/hubAddress';
import type { HubConnection } from '../../host/proposals/hubConnection';

/** @throws UserError when the setting holds no address */
export function hubEndpoint(): string {
  // Of this machine alone: no workspace sends anybody anywhere.
  const found = vscode.workspace.getConfiguration('residual').inspect<string>('hub.endpoint');
  return parseEndpoint(found?.globalValue ?? DEFAULT_ENDPOINT);
}

export function openHubEndpoint(): Thenable<unknown> {
  return vscode.commands.executeCommand('workbench.action.openSettings', 'residual.hub.endpoint');
}

export class HubTokens {
  constructor(private readonly secrets: vscode.SecretStorage) {}

  async connection(endpoint: string): Promise<HubConnection> {
    // Looked up when it is used: VS Code puts its own in the place of Node's, for proxies and certificates.
    const token = isEncrypted(endpoint) ? await this.secrets.get(keyOf(endpoint)) : undefined;
    return { endpoint, token, fetch: (input, init) => globalThis.fetch(input, init) };
  }

  async has(endpoint: string): Promise<boolean> {
    return (await this.secrets.get(keyOf(endpoint))) !== undefined;
  }

  /** @returns whether a token was stored or deleted */
  async ask(endpoint: string): Promise<boolean> {
    const { host } = new URL(endpoint);
    const entered = await vscode.window.showInputBox({
      title: vscode.l10n.t('Token for {0}', host),
      prompt: isEncrypted(endpoint)
        ? vscode.l10n.t(
            'For private and gated models. Kept in the secret storage of VS Code and sent to {0} alone. Empty deletes it.',
            host,
          )
        : vscode.l10n.t('The connection to {0} is not encrypted, so a token is never sent there.', host),
      password: true,
      ignoreFocusOut: true,
      validateInput: value =>
        /^[\x21-\x7e]*$/.test(value.trim()) ? undefined : vscode.l10n.t('A token has no spaces and no odd characters.'),
    });
    if (entered === undefined) return false;
    if (entered.trim() === '') await this.secrets.delete(keyOf(endpoint));
    else await this.secrets.store(keyOf(endpoint), entered.trim());
    return true;
  }
}

/** Each endpoint has its own: the hub's is of no concern to a mirror. */
function keyOf(endpoint: string): string {
  return `residual.hub.token ${endpoint}`;
}
