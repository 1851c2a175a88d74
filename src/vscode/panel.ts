/** One page in an editor tab: there once, back after a reload, and thrown away by VS Code while it is hidden. */
import * as vscode from 'vscode';
import { listen, pageHtml, webviewOptions } from './webview';

export interface PanelOptions<FromPage> {
  /** A file of src/webview/pages, without its ending; the panel's type is `residual.NAME`. */
  readonly name: string;
  readonly title: string;
  readonly extensionUri: vscode.Uri;
  /** Where it opens first. */
  readonly column: vscode.ViewColumn;
  /** Never throws. */
  readonly parse: (message: unknown) => FromPage | undefined;
  /** Every page says `ready` first, and again whenever it was thrown away and is back. */
  readonly onMessage: (message: FromPage) => void;
}

export class Panel<ToPage, FromPage extends { readonly kind: string }> implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private isReady = false;
  private readonly serializer: vscode.Disposable;

  constructor(private readonly options: PanelOptions<FromPage>) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(this.type, {
      deserializeWebviewPanel: async panel => this.adopt(panel),
    });
  }

  private get type(): string {
    return `residual.${this.options.name}`;
  }

  get isVisible(): boolean {
    return this.panel?.visible === true;
  }

  open(): void {
    const { title, column, extensionUri } = this.options;
    if (this.panel !== undefined) this.panel.reveal();
    else this.adopt(vscode.window.createWebviewPanel(this.type, title, column, webviewOptions(extensionUri)));
  }

  /** Does nothing while the page is not there: it asks when it is. */
  post(message: ToPage): void {
    if (this.isReady) void this.panel?.webview.postMessage(message);
  }

  close(): void {
    this.panel?.dispose();
  }

  dispose(): void {
    this.serializer.dispose();
    this.panel?.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    const { name, title, extensionUri, parse, onMessage } = this.options;
    this.panel?.dispose();
    this.panel = panel;
    this.isReady = false;
    const { webview } = panel;
    webview.options = webviewOptions(extensionUri);
    panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
    const watched = vscode.Disposable.from(
      listen(webview, parse, message => {
        if (message.kind === 'ready') this.isReady = true;
        onMessage(message);
      }),
      panel.onDidChangeViewState(() => {
        this.isReady &&= panel.visible;
      }),
    );
    panel.onDidDispose(() => {
      watched.dispose();
      if (this.panel === panel) this.panel = undefined;
    });
    webview.html = pageHtml(webview, extensionUri, name, title);
  }
}
