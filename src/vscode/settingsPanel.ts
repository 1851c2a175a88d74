/** The settings panel: one per window, back after a reload. Opens it, hears its intents, and posts what it draws. */
import * as vscode from 'vscode';
import {
  type FromSettingsPage,
  parseFromSettingsPage,
  type Section,
  type ToSettingsPage,
} from '../protocol/pages/settings';
import { SettingsPanelIntents } from './settingsPanelIntents';
import { SettingsPanelModel, type SettingsPanelParts } from './settingsPanelModel';
import { listen, pageHtml, webviewOptions } from './webview';

const VIEW_TYPE = 'residual.settings';

export function registerSettingsPanel(extensionUri: vscode.Uri, parts: SettingsPanelParts): vscode.Disposable {
  let open: { readonly panel: vscode.WebviewPanel; readonly show: (section: Section) => void } | undefined;

  const adopt = (panel: vscode.WebviewPanel) => {
    open?.panel.dispose();
    const show = attach(panel, extensionUri, parts);
    open = { panel, show };
    panel.onDidDispose(() => {
      if (open?.panel === panel) open = undefined;
    });
  };
  const openPanel = (section?: Section) => {
    if (open === undefined) {
      const title = vscode.l10n.t('Residual');
      adopt(vscode.window.createWebviewPanel(VIEW_TYPE, title, vscode.ViewColumn.Active, webviewOptions(extensionUri)));
    } else open.panel.reveal();
    if (section !== undefined) open?.show(section);
  };
  return vscode.Disposable.from(
    vscode.commands.registerCommand('residual.openSettingsPanel', () => openPanel()),
    vscode.commands.registerCommand('residual.compareOnFile', () => openPanel('compare')),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel) {
        adopt(panel);
      },
    }),
    { dispose: () => open?.panel.dispose() },
  );
}

/** @returns what brings a section into view, once the page is there. */
function attach(
  panel: vscode.WebviewPanel,
  extensionUri: vscode.Uri,
  parts: SettingsPanelParts,
): (section: Section) => void {
  const { webview } = panel;
  webview.options = webviewOptions(extensionUri);
  panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
  let isReady = false;
  let wanted: Section | undefined;
  const post = (message: ToSettingsPage) => {
    // A hidden page is not there; it says when it is.
    if (isReady) void webview.postMessage(message);
  };
  const show = (section: Section | undefined) => {
    wanted = section;
    if (!isReady || section === undefined) return;
    post({ kind: 'reveal', section });
    wanted = undefined;
  };
  const model = new SettingsPanelModel(parts, post);
  const intents = new SettingsPanelIntents(parts, model);
  const onMessage = (message: FromSettingsPage) => {
    if (message.kind !== 'ready') return void intents.hear(message);
    isReady = true;
    void model.begin(message.scope).then(() => show(wanted));
  };
  const disposable = vscode.Disposable.from(
    model,
    intents,
    listen(webview, parseFromSettingsPage, onMessage),
    panel.onDidChangeViewState(() => {
      // The page is thrown away while it is hidden.
      isReady &&= panel.visible;
      model.setVisible(panel.visible);
    }),
  );
  panel.onDidDispose(() => disposable.dispose());
  webview.html = pageHtml(webview, extensionUri, 'settings', vscode.l10n.t('Residual'));
  return show;
}
