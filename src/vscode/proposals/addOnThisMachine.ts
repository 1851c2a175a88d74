/** Models that other programs have on this machine, in a quick pick that fills as they are found. Nothing is copied here. */
import os from 'node:os';
import * as vscode from 'vscode';
import { isAbortError, messageOf } from '../../core/errors';
import {
  type FoundModel,
  type FoundModels,
  MACHINE_VARIABLES,
  type MachineView,
  type Tool,
} from '../../protocol/importing';
import { bytesText } from '../amounts';
import { localMessageOf, localText } from '../localMessage';
import { plainLabel } from '../plainText';
import { addFolderAt } from './addFolder';
import type { AddParts } from './addParts';

interface ModelItem extends vscode.QuickPickItem {
  readonly model?: FoundModel;
}

export async function addOnThisMachine(parts: AddParts): Promise<void> {
  const model = await pickModel(parts);
  if (model === undefined) return;
  const { form, source, name, sizeBytes, licence, sha256 } = model;
  if (form === 'onnx') return addFolderAt(parts, source);
  await parts.import({
    ...{ name, source, sizeBytes },
    ...(licence !== undefined && { licence }),
    ...(sha256 !== undefined && { sha256 }),
  });
}

function pickModel(parts: AddParts): Promise<FoundModel | undefined> {
  const quickPick = vscode.window.createQuickPick<ModelItem>();
  const controller = new AbortController();
  const found: FoundModel[] = [];
  quickPick.title = vscode.l10n.t('Models on This Machine');
  quickPick.placeholder = vscode.l10n.t('Looking in the folders of other programs…');
  quickPick.matchOnDescription = true;
  quickPick.matchOnDetail = true;
  quickPick.busy = true;
  // What was found meanwhile must not take the choice away.
  quickPick.keepScrollPosition = true;
  const list = () => {
    const active = quickPick.activeItems[0]?.model?.source;
    const items = itemsOf(found);
    quickPick.items = items;
    const same = items.find(({ model }) => model !== undefined && model.source === active);
    if (same !== undefined) quickPick.activeItems = [same];
  };
  const look = async () => {
    try {
      const all = await parts.withImporter(
        importer =>
          importer.call('find', thisMachine(), model => {
            found.push(model);
            list();
          }),
        controller.signal,
      );
      const nUsable = all.models.filter(({ obstacle }) => obstacle === undefined).length;
      const n = all.models.length;
      quickPick.placeholder =
        n === 0
          ? vscode.l10n.t('None was found')
          : vscode.l10n.t('{0} that can be used, of {1} that were found', nUsable, n);
      if (n === 0) quickPick.items = nothingItems(all);
    } catch (error) {
      if (isAbortError(error)) return;
      parts.log.error(`models on this machine: ${messageOf(error)}`);
      quickPick.items = [...itemsOf(found), { label: `$(error) ${localMessageOf(error)}`, alwaysShow: true }];
    } finally {
      quickPick.busy = false;
    }
  };
  return new Promise(resolve => {
    quickPick.onDidAccept(() => {
      const { model } = quickPick.selectedItems[0] ?? {};
      // What cannot be used says why, and stays.
      if (model === undefined || model.obstacle !== undefined) return;
      resolve(model);
      quickPick.hide();
    });
    quickPick.onDidHide(() => {
      controller.abort();
      resolve(undefined);
      quickPick.dispose();
    });
    quickPick.show();
    void look();
  });
}

function itemsOf(found: readonly FoundModel[]): ModelItem[] {
  const usable = found.filter(({ obstacle }) => obstacle === undefined);
  const others = found.filter(({ obstacle }) => obstacle !== undefined);
  const separator = { label: vscode.l10n.t('cannot be used'), kind: vscode.QuickPickItemKind.Separator };
  return [...usable.map(itemOf), ...(others.length > 0 ? [separator] : []), ...others.map(itemOf)];
}

function itemOf(model: FoundModel): ModelItem {
  const { name, sizeBytes, quantisation, architecture, nParameters, licence, tool, form, obstacle } = model;
  const detail =
    obstacle === undefined
      ? [
          toolName(tool),
          ...(architecture === undefined ? [] : [architecture]),
          ...(nParameters === undefined ? [] : [parametersText(nParameters)]),
          licence ?? vscode.l10n.t('licence unknown'),
          form === 'onnx' ? vscode.l10n.t('used as it is') : vscode.l10n.t('is imported'),
        ].join(' · ')
      : `$(circle-slash) ${plainLabel(localText(obstacle))}`;
  return {
    label: plainLabel(name),
    description: plainLabel([bytesText(sizeBytes), quantisation ?? ''].filter(Boolean).join(' · ')),
    detail: obstacle === undefined ? plainLabel(detail) : detail,
    model,
  };
}

/** Where it was looked, so that a person knows what to do about it. */
function nothingItems({ lookedInto }: FoundModels): ModelItem[] {
  return [
    {
      label: `$(info) ${vscode.l10n.t('No model of another program was found.')}`,
      detail: vscode.l10n.t('These folders were looked into. A file or folder elsewhere can be chosen by hand.'),
      alwaysShow: true,
    },
    ...lookedInto.map(({ tool, dir, state }) => ({
      label: plainLabel(dir),
      description: [toolName(tool), placeText(state)].join(' · '),
    })),
  ];
}

function placeText(state: FoundModels['lookedInto'][number]['state']): string {
  switch (state) {
    case 'read':
      return vscode.l10n.t('nothing there');
    case 'absent':
      return vscode.l10n.t('not there');
    case 'unreadable':
      return vscode.l10n.t('may not be read');
  }
}

function toolName(tool: Tool): string {
  switch (tool) {
    case 'ollama':
      return 'Ollama';
    case 'lmstudio':
      return 'LM Studio';
    case 'llamacpp':
      return 'llama.cpp';
    case 'huggingface':
      return 'Hugging Face';
    case 'jan':
      return 'Jan';
    case 'gpt4all':
      return 'GPT4All';
  }
}

function parametersText(n: number): string {
  const text = n >= 1e9 ? `${(n / 1e9).toFixed(1)} B` : `${Math.round(n / 1e6)} M`;
  return vscode.l10n.t('{0} parameters', text);
}

/** Of where the extension runs, which is where models are. */
function thisMachine(): MachineView {
  const variables = MACHINE_VARIABLES.flatMap(name => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { platform: process.platform, home: os.homedir(), variables: Object.fromEntries(variables) };
}
