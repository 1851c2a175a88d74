/** What every webview shares on the extension's side: a page with a strict content policy, and messages that are parsed. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageDocument } from './pageDocument';

/** Where a page may load files from. */
export function webviewOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'media')] };
}

/** @param name of a file in src/webview/pages, without its ending. */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, name: string, title: string): string {
  return pageDocument({
    name,
    title,
    language: vscode.env.language,
    strings: vscode.l10n.bundle,
    nonce: randomBytes(16).toString('hex'),
    source: webview.cspSource,
    uri: file => webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'media', file)).toString(),
  });
}

/**
 * Hears a page. What it sends is untrusted: a message that `parse` does not know is dropped.
 * @param parse returns undefined for anything that is no message of this page; never throws.
 */
export function listen<FromPage>(
  webview: vscode.Webview,
  parse: (message: unknown) => FromPage | undefined,
  onMessage: (message: FromPage) => void,
): vscode.Disposable {
  return webview.onDidReceiveMessage((message: unknown) => {
    const parsed = parse(message);
    if (parsed !== undefined) onMessage(parsed);
  });
}
