/** A quick pick for the name of a hub's model: typed, pasted, or one of a few that are suggested. Asks no server. */
import * as vscode from 'vscode';
import { type HubAddress, parseHubAddress } from '../../host/proposals/hubAddress';
import { SUGGESTED_MODELS, type SuggestedModel } from '../../host/proposals/suggestedModels';
import { bytesText } from '../amounts';
import { localMessageOf } from '../localMessage';
import { type HubTokens, openHubEndpoint } from './hubSettings';

interface ModelItem extends vscode.QuickPickItem {
  readonly address?: HubAddress;
}

export function pickHubModel(endpoint: string, tokens: HubTokens): Promise<HubAddress | undefined> {
  const quickPick = vscode.window.createQuickPick<ModelItem>();
  const token = { iconPath: new vscode.ThemeIcon('key'), tooltip: vscode.l10n.t('Store or Delete a Token…') };
  const other = { iconPath: new vscode.ThemeIcon('gear'), tooltip: vscode.l10n.t('Use Another Hub or Mirror…') };
  quickPick.title = vscode.l10n.t('A Model from {0}', new URL(endpoint).host);
  quickPick.placeholder = vscode.l10n.t('owner/name, or owner/name@revision, of a model as GGUF, safetensors or ONNX');
  quickPick.matchOnDescription = true;
  quickPick.ignoreFocusOut = true;
  quickPick.buttons = [token, other];
  const suggestions = KINDS.flatMap(kind => [
    { label: kindText(kind), kind: vscode.QuickPickItemKind.Separator },
    ...SUGGESTED_MODELS.filter(model => model.kind === kind).map(suggestionItem),
  ]);
  const list = (text: string) => {
    quickPick.items = [...typedItems(text, endpoint), ...suggestions];
  };
  list('');
  quickPick.onDidChangeValue(list);
  return new Promise(resolve => {
    let isAskedAgain = false;
    quickPick.onDidTriggerButton(async button => {
      // A token is for what follows; another endpoint is another question.
      isAskedAgain = button === token;
      quickPick.hide();
      if (button === other) return void (await openHubEndpoint());
      await tokens.ask(endpoint);
      resolve(await pickHubModel(endpoint, tokens));
    });
    quickPick.onDidAccept(() => {
      const { address } = quickPick.selectedItems[0] ?? {};
      if (address === undefined) return;
      resolve(address);
      quickPick.hide();
    });
    quickPick.onDidHide(() => {
      quickPick.dispose();
      if (!isAskedAgain) resolve(undefined);
    });
    quickPick.show();
  });
}

const KINDS: readonly SuggestedModel['kind'][] = ['base', 'instruct', 'graph'];

function kindText(kind: SuggestedModel['kind']): string {
  switch (kind) {
    case 'base':
      return vscode.l10n.t('complete better: base models, imported');
    case 'instruct':
      return vscode.l10n.t('answer too: instruct models, imported');
    case 'graph':
      return vscode.l10n.t('used as they are, not tested by Residual');
  }
}

function typedItems(text: string, endpoint: string): ModelItem[] {
  if (!text.includes('/')) return [];
  try {
    const address = parseHubAddress(text, endpoint);
    const { repo, revision } = address;
    return [{ label: `$(arrow-right) ${repo}`, ...(revision && { description: revision }), alwaysShow: true, address }];
  } catch (error) {
    return [{ label: `$(info) ${localMessageOf(error)}`, alwaysShow: true }];
  }
}

function suggestionItem({ repo, name, nParameters, sizeBytes, licence, fillsIn }: SuggestedModel): ModelItem {
  return {
    label: name,
    description: repo,
    detail: [
      vscode.l10n.t('{0} parameters', nParameters),
      vscode.l10n.t('a download of {0}', bytesText(sizeBytes)),
      licence,
      fillsIn ? vscode.l10n.t('fills in the middle') : vscode.l10n.t('continues text only'),
    ].join(' · '),
    address: { repo },
  };
}
