/** `Residual: Compose Modules…`: which modules complete here, in which order and how strong each is, by keyboard alone. */
import * as vscode from 'vscode';
import { composes } from '../../core/rules';
import { calibrated, chooseProposal, type ModuleChoice, type ModuleSetting } from '../../host/modules/moduleChoice';
import type { FoundModule, Registry } from '../../host/modules/registry';
import { localText } from '../localMessage';
import { plainLabel } from '../plainText';
import { settingsFor } from '../settings';
import { sizeText } from './moduleCommands';
import { decisionFor, ruleText } from './moduleDecision';
import { askStrength } from './moduleStrength';
import { useModules } from './useModules';

/** A module that may be chosen. */
interface Part {
  readonly setting: ModuleSetting;
  readonly title: string;
  readonly description: string;
  readonly detail: string;
  /** The strength measured to be best with the proposal in use; undefined for a module that is not there. */
  readonly measured: number | undefined;
  /** Of a rule that goes with no other module. */
  readonly soleRule: string | undefined;
}

type Step = 'use' | 'back' | 'open' | 'up' | 'down' | 'strength' | 'remove' | 'none';

interface Answer {
  readonly step: Step;
  /** The module that it is about. */
  readonly at: number;
}

/** Picks, then arranges; going back keeps what was arranged. What is chosen is loaded before it is stored. */
export async function composeModules(registry: Registry, choices: ModuleChoice): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  const { modules, rule } = decisionFor(document);
  const proposal = chooseProposal(settingsFor(document).proposal, await registry.proposals());
  const found = await registry.modules();
  const where =
    rule === undefined
      ? vscode.l10n.t('The modules for this workspace')
      : vscode.l10n.t('Rule {0} decides here: {1}', rule.index + 1, ruleText(rule));
  let chosen: readonly Part[] = modules.map(setting => partOf(setting, found, proposal?.id ?? ''));
  const others = found
    .filter(
      ({ id, manifest, problem }) => manifest !== undefined && problem === undefined && !modules.some(m => m.id === id),
    )
    .map(({ id }) => partOf({ id }, found, proposal?.id ?? ''));
  const all = [...chosen, ...others];
  for (;;) {
    const picked = await pickParts(all, chosen, where);
    if (picked === undefined) return;
    const arranged = await arrange(picked, where);
    if (arranged === undefined) return;
    chosen = arranged.parts;
    if (arranged.step === 'back') continue;
    await useModules(
      choices,
      document,
      chosen.map(({ setting }) => setting),
    );
    return;
  }
}

function partOf(setting: ModuleSetting, found: readonly FoundModule[], proposalId: string): Part {
  const module = found.find(({ id }) => id === setting.id);
  const manifest = module?.manifest;
  if (module === undefined || manifest === undefined) {
    const description = vscode.l10n.t('not found');
    return { setting, title: setting.id, description, detail: '', measured: undefined, soleRule: undefined };
  }
  if (module.problem !== undefined) {
    const [description, detail] = [vscode.l10n.t('cannot be used'), localText(module.problem)];
    const measured = calibrated(module, proposalId);
    return { setting, title: manifest.title, description, detail, measured, soleRule: undefined };
  }
  return {
    setting,
    title: manifest.title,
    description: [manifest.domain, sizeText(module.sizeBytes)].join(' · '),
    detail: manifest.description,
    measured: calibrated(module, proposalId),
    soleRule: composes(manifest.rule) ? undefined : manifest.rule,
  };
}

/** @returns those picked: first the ones that were chosen before, in their order. */
async function pickParts(
  all: readonly Part[],
  chosen: readonly Part[],
  placeHolder: string,
): Promise<readonly Part[] | undefined> {
  const isChosen = (part: Part) => chosen.some(({ setting }) => setting.id === part.setting.id);
  const rows = [...chosen, ...all.filter(part => !isChosen(part))].map(part => ({
    label: plainLabel(part.title),
    description: plainLabel(part.description),
    detail: plainLabel(part.detail),
    picked: isChosen(part),
    part,
  }));
  const picked = await vscode.window.showQuickPick(rows, {
    title: vscode.l10n.t('Compose Modules (1/2)'),
    placeHolder,
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.map(({ part }) => part);
}

/** Order and strengths. @returns undefined when the person turned away. */
async function arrange(
  picked: readonly Part[],
  placeHolder: string,
): Promise<{ readonly step: 'use' | 'back'; readonly parts: readonly Part[] } | undefined> {
  let parts = picked;
  let active = -1;
  // Nothing to arrange: the proposal alone.
  if (parts.length === 0) return { step: 'use', parts };
  for (;;) {
    const asked = await ask(parts, active, placeHolder);
    const answer = asked?.step === 'open' ? await askStep(parts, asked.at) : asked;
    if (answer === undefined) return undefined;
    const { step, at } = answer;
    active = at;
    switch (step) {
      case 'use':
      case 'back':
        return { step, parts };
      case 'up':
      case 'down':
        active = step === 'up' ? at - 1 : at + 1;
        parts = moved(parts, at, active);
        break;
      case 'strength': {
        const { setting, title, measured } = parts[at];
        const changed = await askStrength(setting, title, measured);
        if (changed !== undefined) parts = parts.map((part, i) => (i === at ? { ...part, setting: changed } : part));
        break;
      }
      case 'remove':
        parts = parts.filter((_, i) => i !== at);
        active = -1;
        break;
      case 'open':
      case 'none':
        break;
    }
  }
}

interface ArrangeRow extends vscode.QuickPickItem {
  readonly answer: Answer;
}

/** Rows that a keyboard opens, with buttons for a mouse. */
function ask(parts: readonly Part[], active: number, placeHolder: string): Promise<Answer | undefined> {
  const steps = new Map<vscode.QuickInputButton, Step>();
  const button = (icon: string, tooltip: string, step: Step) => {
    const made = { iconPath: new vscode.ThemeIcon(icon), tooltip };
    steps.set(made, step);
    return made;
  };
  const rows: ArrangeRow[] = [
    useRow(parts),
    ...parts.map((part, at) => ({
      label: `${at + 1}. ${plainLabel(part.title)}`,
      description: strengthText(part),
      buttons: [
        ...(at > 0 ? [button('arrow-up', vscode.l10n.t('Move Up'), 'up')] : []),
        ...(at < parts.length - 1 ? [button('arrow-down', vscode.l10n.t('Move Down'), 'down')] : []),
        button('edit', vscode.l10n.t('Strength…'), 'strength'),
        button('close', vscode.l10n.t('Leave Out'), 'remove'),
      ],
      answer: { step: 'open' as const, at },
    })),
  ];
  return new Promise(resolve => {
    const quickPick = vscode.window.createQuickPick<ArrangeRow>();
    const answer = (given: Answer | undefined) => {
      resolve(given);
      quickPick.hide();
    };
    quickPick.title = vscode.l10n.t('Compose Modules (2/2)');
    quickPick.placeholder = placeHolder;
    quickPick.buttons = [vscode.QuickInputButtons.Back];
    quickPick.items = rows;
    quickPick.activeItems = [rows[active + 1] ?? rows[0]];
    quickPick.onDidTriggerButton(() => answer({ step: 'back', at: -1 }));
    quickPick.onDidTriggerItemButton(({ item, button: pressed }) =>
      answer({ step: steps.get(pressed) ?? 'none', at: item.answer.at }),
    );
    quickPick.onDidAccept(() => {
      const given = quickPick.selectedItems[0]?.answer;
      if (given !== undefined && given.step !== 'none') answer(given);
    });
    quickPick.onDidHide(() => {
      resolve(undefined);
      quickPick.dispose();
    });
    quickPick.show();
  });
}

/** Says what is in the way where the rules of the modules do not go together. */
function useRow(parts: readonly Part[]): ArrangeRow {
  const sole = parts.length > 1 ? parts.find(({ soleRule }) => soleRule !== undefined) : undefined;
  if (sole !== undefined) {
    return {
      label: `$(warning) ${vscode.l10n.t('These Do Not Go Together')}`,
      detail: vscode.l10n.t(
        '{0} uses the rule {1}, which decides alone. Leave it out, or use it by itself.',
        plainLabel(sole.title),
        sole.soleRule ?? '',
      ),
      answer: { step: 'none', at: -1 },
    };
  }
  const titles = parts.map(({ title }) => plainLabel(title)).join(' + ') || vscode.l10n.t('the proposal alone');
  return {
    label: `$(check) ${vscode.l10n.t('Use These')}`,
    description: titles,
    answer: { step: 'use', at: -1 },
  };
}

/** What is to be done with one module, for those who have no mouse. */
async function askStep(parts: readonly Part[], at: number): Promise<Answer> {
  const rows: (vscode.QuickPickItem & { readonly step: Step })[] = [
    { label: `$(edit) ${vscode.l10n.t('Strength…')}`, description: strengthText(parts[at]), step: 'strength' },
    ...(at > 0 ? [{ label: `$(arrow-up) ${vscode.l10n.t('Move Up')}`, step: 'up' as const }] : []),
    ...(at < parts.length - 1 ? [{ label: `$(arrow-down) ${vscode.l10n.t('Move Down')}`, step: 'down' as const }] : []),
    { label: `$(close) ${vscode.l10n.t('Leave Out')}`, step: 'remove' },
  ];
  const picked = await vscode.window.showQuickPick(rows, { title: parts[at].title });
  return { step: picked?.step ?? 'none', at };
}

function strengthText({ setting, measured }: Part): string {
  if (setting.strength !== undefined) return vscode.l10n.t('strength {0}', setting.strength);
  return measured === undefined
    ? vscode.l10n.t('not found')
    : vscode.l10n.t('strength {0}, measured to be best', measured);
}

function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const others = list.filter((_, i) => i !== from);
  return [...others.slice(0, to), list[from], ...others.slice(to)];
}
