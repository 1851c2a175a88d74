/** What every webview shares on the extension's side: a page with a strict content policy, and messages that are parsed. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** Where a page may load files from. */
export function webviewOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'media')] };
}

/**
 * A page that runs media/NAME.js and nothing else: no inline script or style, nothing from elsewhere.
 * @param name of a file in src/webview/pages, without its ending.
 */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString('hex');
  const uri = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'media', file)).toString();
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  const strings =
    vscode.l10n.bundle === undefined ? '' : ` data-strings="${escapeHtml(JSON.stringify(vscode.l10n.bundle))}"`;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(uri(`${name}.css`))}">
<title>${escapeHtml(title)}</title>
</head>
<body data-page="${escapeHtml(name)}"${strings}>
<main id="root"></main>
<script nonce="${nonce}" src="${escapeHtml(uri(`${name}.js`))}"></script>
</body>
</html>`;
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

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`);
}
