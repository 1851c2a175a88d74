/** What a person wants of the settings panel, done: settings written at the scope shown, models loaded first, commands run. */
import * as vscode from 'vscode';
import { isAbortError, messageOf, UserError } from '../core/errors';
import { type Dropped, putDropped } from '../host/modules/droppedFiles';
import type { ModuleSetting } from '../host/modules/moduleChoice';
import type { DroppedFile, FromSettingsPage, ModuleAction, PlainAction } from '../protocol/pages/settings';
import { installModel } from './installModel';
import { languageName } from './languageNames';
import { localMessageOf } from './localMessage';
import { chosenWith } from './modules/moduleCommands';
import { openRules } from './modules/moduleDecision';
import {
  askForSource,
  deleteModule,
  exportModule,
  type FlowParts,
  importModule,
  renameModule,
  revealModule,
  verifyModule,
} from './modules/moduleFileFlows';
import type { SettingsPanelModel, SettingsPanelParts } from './settingsPanelModel';
import { inspectIn, scopesOfWindow, writeIn } from './settingsPanelScopes';

type Intent = Exclude<FromSettingsPage, { kind: 'ready' }>;

export class SettingsPanelIntents {
  private readonly flows: FlowParts;
  private dropped: Dropped | undefined;

  constructor(
    private readonly parts: SettingsPanelParts,
    private readonly panel: SettingsPanelModel,
  ) {
    this.flows = {
      files: parts.moduleFiles,
      signing: parts.signing,
      say: (kind, text, actions) => panel.notices.say(kind, text, actions),
      use: id => this.onModule('use', id),
      attempt: work => this.attempt(work),
    };
  }

  hear(intent: Intent): Promise<void> {
    return this.attempt(() => this.handle(intent));
  }

  dispose(): void {
    void this.dropped?.remove();
  }

  /** What fails becomes a notice, and changes nothing. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isAbortError(error)) return;
      this.parts.log.error(`settings panel: ${messageOf(error)}`);
      this.panel.notices.say('error', localMessageOf(error), [
        { label: vscode.l10n.t('Show Log'), run: () => this.parts.log.show() },
      ]);
    }
  }

  private async handle(intent: Intent): Promise<void> {
    switch (intent.kind) {
      case 'selectScope':
        return scopesOfWindow().some(({ id }) => id === intent.scope)
          ? this.panel.selectScope(intent.scope)
          : undefined;
      case 'do':
        return this.do(intent.action);
      case 'module':
        return this.onModule(intent.action, intent.id);
      case 'moveModule':
        return this.write('modules', moved(this.panel.settings.modules, intent.id, intent.to));
      case 'setStrength':
        return this.setStrength(intent.id, intent.strength);
      case 'draft':
        return this.panel.setDrafts(intent.strengths);
      case 'chooseProposal':
        return this.chooseProposal(intent.id);
      case 'setEnable':
        return this.write('enable', intent.isOn);
      case 'setLearning':
        return this.write('learnFromFeedback', intent.isOn);
      case 'setLanguage':
        return this.setLanguage(intent.id, intent.isOn);
      case 'setNumber':
        return this.write(intent.name, intent.value);
      case 'reset':
        return this.write(intent.name, undefined);
      case 'compare':
        return this.compare(intent.a, intent.b);
      case 'notice':
        return this.panel.notices.answer(intent.id, intent.action);
      case 'droppedPaths':
        return this.importPaths(intent.uris);
      case 'droppedFiles':
        return this.importDropped(intent.files);
    }
  }

  private async do(action: PlainAction): Promise<void> {
    const { instant, pausing, log } = this.parts;
    switch (action) {
      case 'pause':
        return vscode.commands.executeCommand('residual.pause');
      case 'resume':
        return pausing.resumeAll();
      case 'importModule':
        return this.importAll([(await askForSource()) ?? []].flat());
      case 'addProposal':
        return vscode.commands.executeCommand('residual.addProposal');
      case 'installModel':
        return installModel();
      case 'measure':
        return this.panel.measure();
      case 'trainModule':
        return vscode.commands.executeCommand('residual.trainModule');
      case 'buildInstant':
        return vscode.commands.executeCommand('residual.buildInstantModule');
      case 'cancelBuild':
        return instant?.cancelBuild();
      case 'exploreInstant':
        return vscode.commands.executeCommand('residual.exploreInstantModule');
      case 'cancelComparison':
        return this.panel.comparison.cancel();
      case 'addLanguage':
        return this.addLanguage();
      case 'manageTrust':
        return vscode.commands.executeCommand('workbench.trust.manage');
      case 'showLog':
        return log.show();
      case 'openSettings':
        return vscode.commands.executeCommand('workbench.action.openSettings', '@ext:residual.residual');
      case 'improveFromFeedback':
      case 'exportFeedback':
      case 'eraseFeedback':
        return vscode.commands.executeCommand(`residual.${action}`);
      case 'openRules':
        return openRules(this.panel.document?.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri);
    }
  }

  private async onModule(action: ModuleAction, id: string): Promise<void> {
    const { modules } = this.panel.settings;
    switch (action) {
      case 'use':
        return this.use(id, chosenWith(id, modules));
      case 'add':
        return this.use(id, [...modules.filter(module => module.id !== id), { id }]);
      case 'drop':
        return this.write(
          'modules',
          modules.filter(module => module.id !== id),
        );
      case 'export':
        return exportModule(this.flows, id);
      case 'reveal':
        return revealModule(this.flows, id);
      case 'rename':
        return renameModule(this.flows, id);
      case 'delete':
        return this.delete(id);
      case 'compareEdits':
        return vscode.commands.executeCommand('residual.compareModule', id);
      case 'verify':
        return this.panel.whileLoading(id, signal => verifyModule(this.flows, id, signal));
    }
  }

  private async importPaths(uris: readonly string[]): Promise<void> {
    const elsewhere = uris.filter(uri => pathOf(uri).length === 0);
    if (elsewhere.length > 0)
      this.panel.notices.say(
        'error',
        vscode.l10n.t('{0} is no file of this machine. Save it here first.', elsewhere[0]),
      );
    await this.importAll(uris.flatMap(pathOf));
  }

  /** The files stay until the next ones: a question whether to replace a module may still be open. */
  private async importDropped(files: readonly DroppedFile[]): Promise<void> {
    await this.dropped?.remove();
    this.dropped = await putDropped(files);
    await this.importAll(this.dropped.sources);
  }

  private async importAll(sources: readonly string[]): Promise<void> {
    for (const source of sources) await this.attempt(() => importModule(this.flows, source));
  }

  /** A module that is gone is of no use in the settings shown; with the way back, it is in use again. */
  private async delete(id: string): Promise<void> {
    const { scope } = this.panel;
    const { modules } = this.panel.settings;
    const isUsed =
      modules.some(module => module.id === id) && inspectIn(scope, 'modules')[this.panel.scopeKind] !== undefined;
    await deleteModule(this.flows, id, async () => {
      if (isUsed) await writeIn(scope, 'modules', modules);
    });
    if (isUsed)
      await writeIn(
        scope,
        'modules',
        modules.filter(module => module.id !== id),
      );
  }

  /** Loads first and writes only when that worked: a choice that does not load never replaces one that does. */
  private async use(id: string, modules: readonly ModuleSetting[]): Promise<void> {
    const { proposal } = this.panel.settings;
    try {
      await this.panel.whileLoading(id, signal => this.parts.choices.load(proposal, modules, signal));
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'instant-not-built') throw error;
      const build = { label: vscode.l10n.t('Build It'), run: () => this.do('buildInstant') };
      return this.panel.notices.say('error', localMessageOf(error), [build]);
    }
    await this.write('modules', modules);
  }

  private async setStrength(id: string, strength: number | undefined): Promise<void> {
    const { modules } = this.panel.settings;
    const changed = strength === undefined ? { id } : { id, strength };
    await this.write(
      'modules',
      modules.map(module => (module.id === id ? changed : module)),
    );
  }

  private async chooseProposal(id: string): Promise<void> {
    const { modules } = this.panel.settings;
    const load = (wanted: readonly ModuleSetting[]) =>
      this.panel.whileLoading(id, signal => this.parts.choices.load(id, wanted, signal));
    try {
      await load(modules);
      await this.write('proposal', id);
    } catch (error) {
      if (!(error instanceof UserError) || modules.length === 0) throw error;
      const withoutModules = async () => {
        await load([]);
        await this.write('modules', []);
        await this.write('proposal', id);
      };
      this.panel.notices.say('error', localMessageOf(error), [
        {
          label: vscode.l10n.t('Use It Without Modules'),
          run: () => withoutModules().catch(reason => this.panel.notices.say('error', localMessageOf(reason))),
        },
      ]);
    }
  }

  /** Of the object in the settings file, one entry is changed and the others stay. */
  private async setLanguage(id: string, isOn: boolean | undefined): Promise<void> {
    const said = inspectIn(this.panel.scope, 'languages')[this.panel.scopeKind];
    const own = { ...(said as Record<string, boolean> | undefined) };
    if (isOn === undefined) delete own[id];
    else own[id] = isOn;
    await this.write('languages', Object.keys(own).length === 0 ? undefined : own);
  }

  /** A row of its own for a language, as it stands: its switch is for the person to turn. */
  private async addLanguage(): Promise<void> {
    const ids = await vscode.languages.getLanguages();
    const items = ids
      .map(id => ({ label: languageName(id), description: id }))
      .sort((a, b) => a.label.localeCompare(b.label));
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Switch Completions of Which Language?'),
      matchOnDescription: true,
    });
    if (picked === undefined) return;
    const { languages } = this.panel.settings;
    await this.setLanguage(picked.description, languages[picked.description] ?? languages['*'] ?? true);
  }

  private async compare(a: string, b: string): Promise<void> {
    const { modules: active, contextTokens } = this.panel.settings;
    const found = await this.parts.registry.modules();
    const titleOf = (id: string) =>
      id === '' ? vscode.l10n.t('The proposal alone') : (found.find(module => module.id === id)?.manifest?.title ?? id);
    const choiceOf = (id: string) =>
      this.panel.choiceOf(id === '' ? [] : [active.find(module => module.id === id) ?? { id }]);
    const tokensOf = (proposalDir: string) => this.parts.budget.tokensOf(contextTokens, proposalDir);
    await this.panel.comparison.run(this.panel.document, { a: titleOf(a), b: titleOf(b) }, tokensOf, async () => ({
      a: await choiceOf(a),
      b: await choiceOf(b),
    }));
  }

  private write(name: string, value: unknown): Promise<void> {
    return writeIn(this.panel.scope, name, value);
  }
}

/** A resource of this machine as a path; what is elsewhere has none. */
function pathOf(uri: string): string[] {
  try {
    const { scheme, fsPath } = vscode.Uri.parse(uri, true);
    // In a remote window the editor calls the remote machine's files by its name, and this runs there.
    return scheme === 'file' || scheme === 'vscode-remote' ? [fsPath] : [];
  } catch {
    return [];
  }
}

/** The list with one module in another place; the same list when it is not in it. */
function moved(modules: readonly ModuleSetting[], id: string, to: number): readonly ModuleSetting[] {
  const module = modules.find(other => other.id === id);
  if (module === undefined) return modules;
  const others = modules.filter(other => other !== module);
  return [...others.slice(0, to), module, ...others.slice(to)];
}
