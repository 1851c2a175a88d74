/**
 * `Residual: Add a Proposal…`: a bigger model from a folder, from a hub, or from a download that was stopped. Nothing is
 * read before a person chose a folder, and nothing sent before a person agreed to the connection.
 */
import * as vscode from 'vscode';
import { isAbortError, messageOf, UserError } from '../../core/errors';
import { clock } from '../../host/clock';
import type { EngineClient } from '../../host/engineClient';
import type { ModuleChoice } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import { ProposalDownloads, type Unfinished } from '../../host/proposals/proposalDownload';
import { ProposalStore } from '../../host/proposals/proposalStore';
import { bytesText } from '../amounts';
import { localMessageOf } from '../localMessage';
import { offer } from '../offer';
import { addFolder } from './addFolder';
import { addFromHub, resumeDownload } from './addFromHub';
import type { AddParts } from './addParts';
import { HubTokens, hubEndpoint } from './hubSettings';
import { reportLines } from './proposalChecks';
import { offerUse } from './useProposal';

export interface EditorParts {
  readonly context: vscode.ExtensionContext;
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly log: vscode.LogOutputChannel;
}

export function registerAddProposal({ context, engine, registry, choices, log }: EditorParts): vscode.Disposable {
  const root = context.globalStorageUri.fsPath;
  const parts: AddParts = {
    registry,
    log,
    store: new ProposalStore(root),
    downloads: new ProposalDownloads(root, { sleep: (ms, signal) => clock.sleep(ms, signal) }),
    tokens: new HubTokens(context.secrets),
    inspect: (request, signal) => engine.call('inspectProposal', request, signal),
    onAdded(id, title, report) {
      const { dtype, weightsBytes, msPerToken } = report;
      log.info(`proposal ${id} added: ${dtype}, ${weightsBytes} bytes, ${msPerToken.toFixed(1)} ms a token`);
      choices.forget();
      const proposal = { id, title, tokenizerSha256: report.tokenizerSha256 };
      void offerUse({ registry, choices, log }, proposal, reportLines(report).slice(1));
    },
    onFailure(error, actions = {}) {
      if (isAbortError(error)) return;
      log.error(`add a proposal: ${error instanceof UserError ? `${error.code}: ` : ''}${messageOf(error)}`);
      offer(vscode.window.showErrorMessage, localMessageOf(error), {
        ...actions,
        [vscode.l10n.t('Show Log')]: () => log.show(),
      }).catch(parts.onFailure);
    },
  };
  return vscode.commands.registerCommand('residual.addProposal', () => chooseSource(parts).catch(parts.onFailure));
}

interface SourceItem extends vscode.QuickPickItem {
  readonly run?: () => Promise<void>;
  readonly unfinished?: Unfinished;
}

async function chooseSource(parts: AddParts): Promise<void> {
  const endpoint = hubEndpoint();
  const picked = await pickSource(parts, [
    {
      label: `$(folder-opened) ${vscode.l10n.t('A Folder on This Machine…')}`,
      detail: vscode.l10n.t('A model in the Hugging Face layout: config.json, tokenizer.json and onnx/model*.onnx.'),
      run: () => addFolder(parts),
    },
    {
      label: `$(cloud-download) ${vscode.l10n.t('A Model from {0}…', new URL(endpoint).host)}`,
      detail: vscode.l10n.t('By its name. Asks before anything is sent, and shows sizes first.'),
      run: () => addFromHub(parts, endpoint),
    },
  ]);
  await picked?.run?.();
}

/** Downloads that were stopped are listed below, each with a button that throws it away. */
async function pickSource(parts: AddParts, sources: readonly SourceItem[]): Promise<SourceItem | undefined> {
  const quickPick = vscode.window.createQuickPick<SourceItem>();
  const trash = { iconPath: new vscode.ThemeIcon('trash'), tooltip: vscode.l10n.t('Delete This Download') };
  const list = async () => {
    const unfinished = await parts.downloads.unfinished();
    const rows = unfinished.map((one): SourceItem => {
      const { plan, doneBytes, totalBytes } = one;
      return {
        label: `$(debug-continue) ${vscode.l10n.t('Resume {0}', plan.title)}`,
        description: vscode.l10n.t('{0} of {1}', bytesText(doneBytes), bytesText(totalBytes)),
        detail: vscode.l10n.t('From {0}.', `${plan.endpoint}/${plan.repo}`),
        buttons: [trash],
        run: () => resumeDownload(parts, plan),
        unfinished: one,
      };
    });
    const heading = { label: vscode.l10n.t('Stopped Downloads'), kind: vscode.QuickPickItemKind.Separator };
    quickPick.items = rows.length === 0 ? sources : [...sources, heading, ...rows];
  };
  await list();
  quickPick.title = vscode.l10n.t('Add a Proposal');
  quickPick.placeholder = vscode.l10n.t('Where is the model?');
  return new Promise(resolve => {
    quickPick.onDidTriggerItemButton(async ({ item }) => {
      if (item.unfinished !== undefined) await parts.downloads.discard(item.unfinished.plan.id).catch(parts.onFailure);
      await list();
    });
    quickPick.onDidAccept(() => {
      resolve(quickPick.selectedItems[0]);
      quickPick.hide();
    });
    quickPick.onDidHide(() => {
      resolve(undefined);
      quickPick.dispose();
    });
    quickPick.show();
  });
}
