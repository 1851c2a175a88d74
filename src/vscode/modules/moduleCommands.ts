/** Switching modules and their strength from the command palette. */
import * as vscode from 'vscode';
import type { EvaluationRow } from '../../core/manifest';
import { INSTANT_ID } from '../../host/modules/instantManifest';
import { calibrated, chooseProposal, type ModuleChoice, type ModuleSetting } from '../../host/modules/moduleChoice';
import type { ModuleRule } from '../../host/modules/moduleSettings';
import type { FoundModule, Registry } from '../../host/modules/registry';
import { localText } from '../localMessage';
import { plainLabel } from '../plainText';
import { settingsFor } from '../settings';
import { decisionFor, ruleText, storeDecision } from './moduleDecision';
import { askStrength } from './moduleStrength';
import { useModules } from './useModules';

interface ModuleItem extends vscode.QuickPickItem {
  readonly modules: readonly ModuleSetting[];
  readonly isCurrent: boolean;
}

/** `Residual: Switch Alignment Module…`: loads what is picked first, and stores it only when that worked. */
export async function switchModule(
  registry: Registry,
  choices: ModuleChoice,
  onFailure: (error: unknown) => void,
): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  const settings = settingsFor(document);
  const { modules, rule } = decisionFor(document, settings);
  const current = modules.map(m => m.id).join();
  const proposalId = chooseProposal(settings.proposal, await registry.proposals())?.id ?? '';
  const found = await registry.modules();
  const items: ModuleItem[] = [
    ...found.map(module => itemOf(module, proposalId, modules)),
    {
      label: label(vscode.l10n.t('None'), current === ''),
      description: vscode.l10n.t('the proposal alone'),
      detail: vscode.l10n.t('Completions as the general model writes them, without alignment.'),
      modules: [],
      isCurrent: current === '',
    },
  ];
  const picked = await pick(items, rule);
  if (picked === undefined || picked.isCurrent) return;
  try {
    await useModules(choices, document, picked.modules);
  } catch (error) {
    onFailure(error);
  }
}

/** `Residual: Set Module Strength…`: of the one active module, or of one picked among several. */
export async function setStrength(registry: Registry): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  const { modules } = decisionFor(document);
  if (modules.length === 0) {
    const action = vscode.l10n.t('Switch Module…');
    const chosen = await vscode.window.showInformationMessage(
      vscode.l10n.t('No alignment module is active here.'),
      action,
    );
    if (chosen === action) await vscode.commands.executeCommand('residual.switchModule');
    return;
  }
  const found = await registry.modules();
  const proposalId = chooseProposal(settingsFor(document).proposal, await registry.proposals())?.id ?? '';
  const id =
    modules.length === 1
      ? modules[0].id
      : await vscode.window.showQuickPick(
          modules.map(m => m.id),
          { title: vscode.l10n.t('Strength of which module?') },
        );
  const module = found.find(m => m.id === id);
  const setting = modules.find(m => m.id === id);
  if (setting === undefined) return;
  const measured = module === undefined ? undefined : calibrated(module, proposalId);
  const changed = await askStrength(setting, module?.manifest?.title ?? setting.id, measured);
  if (changed === undefined) return;
  await storeDecision(
    document,
    modules.map(m => (m === setting ? changed : m)),
  );
}

/** The current module is preselected, so that Enter alone changes nothing. */
function pick(items: readonly ModuleItem[], rule: ModuleRule | undefined): Promise<ModuleItem | undefined> {
  return new Promise(resolve => {
    const quickPick = vscode.window.createQuickPick<ModuleItem>();
    quickPick.title = vscode.l10n.t('Switch Alignment Module');
    quickPick.placeholder =
      rule === undefined
        ? vscode.l10n.t('The module for this workspace')
        : vscode.l10n.t('Rule {0} decides here: {1}', rule.index + 1, ruleText(rule));
    quickPick.matchOnDescription = true;
    quickPick.matchOnDetail = true;
    quickPick.items = items;
    quickPick.activeItems = items.filter(i => i.isCurrent);
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

function itemOf(module: FoundModule, proposalId: string, current: readonly ModuleSetting[]): ModuleItem {
  const { manifest, problem } = module;
  const modules = chosenWith(module.id, current);
  const isCurrent = modules.map(m => m.id).join() === current.map(m => m.id).join();
  const isUsed = current.some(m => m.id === module.id);
  if (manifest === undefined || problem !== undefined) {
    return {
      label: `$(warning) ${plainLabel(manifest?.title ?? module.id)}`,
      description: vscode.l10n.t('cannot be used'),
      detail: plainLabel(localText(problem ?? '')),
      modules,
      isCurrent,
    };
  }
  return {
    label: label(plainLabel(manifest.title), isUsed),
    description: [plainLabel(manifest.domain), sizeText(module.sizeBytes), gain(manifest.evaluation, proposalId)]
      .filter(Boolean)
      .join(' · '),
    detail: plainLabel(manifest.description),
    modules,
    isCurrent,
  };
}

/** The instant module knows names and the others manners: it stays beside the one that is chosen, and is chosen beside it. */
export function chosenWith(id: string, current: readonly ModuleSetting[]): readonly ModuleSetting[] {
  if (id === INSTANT_ID)
    return current.some(m => m.id === id) ? current.filter(m => m.id === id) : [...current, { id }];
  return [{ id }, ...current.filter(m => m.id === INSTANT_ID)];
}

function label(title: string, isUsed: boolean): string {
  return `${isUsed ? '$(check)' : '$(blank)'} ${title}`;
}

/** A size as people read it. */
export function sizeText(sizeBytes: number): string {
  return sizeBytes < 1e5 ? `${Math.ceil(sizeBytes / 1e3)} kB` : `${(sizeBytes / 1e6).toFixed(1)} MB`;
}

/** The first measurement made with this proposal, as better or worse than the proposal alone. */
function gain(evaluation: readonly EvaluationRow[], proposalId: string): string {
  const row = evaluation.find(e => e.proposalId === proposalId);
  if (row === undefined || row.proposal === 0) return vscode.l10n.t('not measured with this proposal');
  const percent = (100 * (row.aligned - row.proposal)) / row.proposal;
  return `${row.metric} ${row.proposal.toFixed(3)} → ${row.aligned.toFixed(3)} (${percent > 0 ? '+' : ''}${percent.toFixed(1)} %)`;
}
