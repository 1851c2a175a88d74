/**
 * `Residual: Add a Proposal…`: a bigger model from a folder, from a hub, or from a download that was stopped. Nothing is
 * read before a person chose a folder, and nothing sent before a person agreed to the connection.
 */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import * as vscode from 'vscode';
import { isAbortError, messageOf, UserError } from '../../core/errors';
import type { CompletionText } from '../../core/fim';
import { tidy } from '../../core/tidy';
import { clock } from '../../host/clock';
import { requestOf } from '../../host/completer';
import type { EngineClient } from '../../host/engineClient';
import type { ModuleChoice } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import type { Inspect } from '../../host/proposals/addDownload';
import { freeBytes } from '../../host/proposals/disk';
import { defaultThreads } from '../../host/proposals/expectedSpeed';
import { importerOf } from '../../host/proposals/importer';
import { ProposalDownloads, type Unfinished } from '../../host/proposals/proposalDownload';
import { ProposalStore } from '../../host/proposals/proposalStore';
import type { InspectResult } from '../../protocol/inspection';
import type { FolderRef } from '../../protocol/messages';
import { bytesText } from '../amounts';
import { localMessageOf } from '../localMessage';
import { offer } from '../offer';
import { engineLimits } from '../settings';
import { addFile } from './addFile';
import { addFolder } from './addFolder';
import { addFromHub, resumeDownload } from './addFromHub';
import { addOnThisMachine } from './addOnThisMachine';
import type { AddParts } from './addParts';
import { HubTokens, hubEndpoint } from './hubSettings';
import { ImportPanel } from './importPanel';
import { reportLines } from './proposalChecks';
import { type NewProposal, offerUse, useWhereItCounts } from './useProposal';

export interface EditorParts {
  readonly context: vscode.ExtensionContext;
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly log: vscode.LogOutputChannel;
}

export function registerAddProposal({ context, engine, registry, choices, log }: EditorParts): vscode.Disposable {
  const root = context.globalStorageUri.fsPath;
  const store = new ProposalStore(root);
  const useParts = { registry, choices, log };
  const onNew = (id: string, { dtype, weightsBytes, msPerToken }: InspectResult) => {
    log.info(`proposal ${id} added: ${dtype}, ${weightsBytes} bytes, ${msPerToken.toFixed(1)} ms a token`);
    choices.forget();
  };
  const inspect: Inspect = (request, signal) => engine.call('inspectProposal', request, signal);
  const withImporter = importerOf({
    script: context.asAbsolutePath('dist/importer.js'),
    onLog: line => log.debug(line),
  });
  const panel = new ImportPanel({
    extensionUri: context.extensionUri,
    log,
    run: {
      ...{ store, withImporter, inspect },
      nThreads: () => engineLimits().threads || defaultThreads(availableParallelism()),
      taken: async () => (await registry.proposals()).map(({ id }) => id),
      complete: ({ id }, text, signal) => completeWith(engine, { id, dir: store.dirOf(id) }, text, signal),
      now: clock.now,
    },
    freeDisk: async () => {
      await mkdir(root, { recursive: true });
      return freeBytes(root);
    },
    onImported: ({ id, report }) => onNew(id, report),
    use: ({ id, title, report }) => useWhereItCounts(useParts, newProposal(id, title, report)),
    remove: async ({ id }) => {
      await store.remove(id);
      choices.forget();
    },
  });
  const parts: AddParts = {
    registry,
    log,
    store,
    downloads: new ProposalDownloads(root, { sleep: (ms, signal) => clock.sleep(ms, signal) }),
    tokens: new HubTokens(context.secrets),
    inspect,
    withImporter,
    import: source => panel.open(source),
    onAdded(id, title, report) {
      onNew(id, report);
      void offerUse(useParts, newProposal(id, title, report), reportLines(report).slice(1));
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
  return vscode.Disposable.from(
    panel,
    vscode.commands.registerCommand('residual.addProposal', () => chooseSource(parts).catch(parts.onFailure)),
  );
}

function newProposal(id: string, title: string, { tokenizerSha256 }: InspectResult): NewProposal {
  return { id, title, tokenizerSha256 };
}

/** What it writes there on its own, as it would be suggested. */
async function completeWith(
  engine: EngineClient,
  proposal: FolderRef,
  text: CompletionText,
  signal: AbortSignal,
): Promise<string> {
  const choice = { proposal, modules: [], titles: [] };
  const request = requestOf({ choice, text, contextTokens: TRIAL_TOKENS, nCompletions: 1 });
  const { completions } = await engine.call('complete', { ...request, lane: 'preview' }, signal);
  return tidy(completions[0]?.text ?? '', text)?.text ?? '';
}

/** As many as a sample has room for. */
const TRIAL_TOKENS = 512;

interface SourceItem extends vscode.QuickPickItem {
  readonly run?: () => Promise<void>;
  readonly unfinished?: Unfinished;
}

async function chooseSource(parts: AddParts): Promise<void> {
  const endpoint = hubEndpoint();
  const picked = await pickSource(parts, [
    {
      label: `$(vm) ${vscode.l10n.t('On This Machine…')}`,
      detail: vscode.l10n.t(
        'Models of Ollama, LM Studio, llama.cpp, Hugging Face, Jan and GPT4All. Nothing is copied yet.',
      ),
      run: () => addOnThisMachine(parts),
    },
    {
      label: `$(file) ${vscode.l10n.t('A File on This Machine…')}`,
      detail: vscode.l10n.t('A model as GGUF, in one file or several.'),
      run: () => addFile(parts),
    },
    {
      label: `$(folder-opened) ${vscode.l10n.t('A Folder on This Machine…')}`,
      detail: vscode.l10n.t(
        'A model in the Hugging Face layout: with onnx/model*.onnx it is used as it is, with safetensors it is imported.',
      ),
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
        label:
          plan.form !== undefined && doneBytes === totalBytes
            ? `$(arrow-right) ${vscode.l10n.t('Import {0}', plan.title)}`
            : `$(debug-continue) ${vscode.l10n.t('Resume {0}', plan.title)}`,
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
