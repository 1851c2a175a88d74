/**
 * What stands behind the settings panel: everything that changes around it becomes a new state of the page. Keeps nothing
 * but which scope is shown, how the sliders stand, and notices; what a person wants is for the intents to do.
 */
import * as vscode from 'vscode';
import { clock } from '../host/clock';
import type { CompletionEngine } from '../host/completer';
import type { ContextBudget } from '../host/contextBudget';
import type { EngineClient } from '../host/engineClient';
import { INSTANT_ID } from '../host/modules/instantManifest';
import type { InstantModule } from '../host/modules/instantModule';
import { type Choice, type ModuleChoice, type ModuleSetting, resolveChoice } from '../host/modules/moduleChoice';
import type { ModuleFiles } from '../host/modules/moduleFiles';
import type { FoundModule, Registry } from '../host/modules/registry';
import { signatureView } from '../host/modules/signatureStates';
import { type PanelInput, panelState, settingsAt } from '../host/panelState';
import { Quiet } from '../host/quiet';
import type { Settings } from '../host/settingValues';
import type { Speed } from '../host/speed';
import type { EngineStatus } from '../protocol/messages';
import type { DraftStrength, ToSettingsPage } from '../protocol/pages/settings';
import type { InstantView, PanelState, ScopeKind } from '../protocol/pages/settingsState';
import { isWrittenIn } from './admission';
import { shownPath } from './documentText';
import { languageName } from './languageNames';
import type { FeedbackRecording } from './learning/feedbackRecording';
import { onDidChangeExtensionRoots } from './modelRoots';
import { workspaceFolders } from './modules/instantWorkspace';
import { decisionFor, ruleText } from './modules/moduleDecision';
import type { ModuleSigning } from './modules/moduleSigning';
import type { Neighbours } from './neighbours';
import type { Pausing } from './pausing';
import { ComparisonOnFile } from './settingsPanelComparison';
import { Notices } from './settingsPanelNotices';
import { LivePreview } from './settingsPanelPreview';
import { inspectIn, scopesOfWindow, scopeToBeginWith } from './settingsPanelScopes';

/** After a key, previews and comparisons wait this long. */
const QUIET_MS = 600;
/** Many things change together. */
const SETTLE_MS = 30;
/** What the engine has loaded changes without a word. */
const STATUS_MS = 3000;

export interface SettingsPanelParts {
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly pausing: Pausing;
  readonly neighbours: Neighbours;
  /** Absent in a window without a workspace. */
  readonly instant: InstantModule | undefined;
  readonly moduleFiles: ModuleFiles;
  readonly signing: ModuleSigning;
  readonly speed: Speed;
  readonly budget: ContextBudget;
  readonly recording: FeedbackRecording;
  readonly log: vscode.LogOutputChannel;
  /** Folders of models that may change while the panel is open. */
  changingRoots(): readonly string[];
}

export class SettingsPanelModel implements vscode.Disposable {
  private scopeShown: string;
  private drafts: readonly DraftStrength[] = [];
  private loading: string | undefined;
  private measuring: Promise<void> | undefined;
  private status: EngineStatus | undefined;
  private isVisible = false;
  private timer: NodeJS.Timeout | undefined;
  private nPosted = 0;
  private readonly gone = new AbortController();
  private readonly quiet = new Quiet(clock, QUIET_MS);
  private readonly engine: CompletionEngine;
  private readonly preview: LivePreview;
  private readonly disposable: vscode.Disposable;
  readonly comparison: ComparisonOnFile;
  readonly notices = new Notices(() => this.refresh());

  constructor(
    private readonly parts: SettingsPanelParts,
    private readonly post: (message: ToSettingsPage) => void,
  ) {
    const { engine, speed, budget, neighbours, pausing, instant } = parts;
    this.engine = {
      complete: (request, onProgress, signal) => engine.stream('complete', request, onProgress, signal),
    };
    const completions: CompletionEngine = {
      complete: async (request, onProgress, signal) =>
        speed.add(request, await this.engine.complete(request, onProgress, signal)),
    };
    this.scopeShown = scopeToBeginWith(vscode.window.activeTextEditor?.document);
    this.preview = new LivePreview({
      engine: completions,
      quiet: this.quiet,
      neighbours,
      budget,
      alone: () => this.choiceOf([]),
      aligned: () => this.choiceOf(this.settings.modules.map(module => ({ ...module, ...this.draftOf(module.id) }))),
      onChange: preview => post({ kind: 'preview', preview }),
    });
    this.comparison = new ComparisonOnFile(completions, this.quiet, comparison =>
      post({ kind: 'comparison', comparison }),
    );
    const refresh = () => this.refresh();
    const asking = setInterval(() => void this.askStatus(), STATUS_MS);
    this.disposable = vscode.Disposable.from(
      this.preview,
      new vscode.Disposable(() => clearInterval(asking)),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('residual')) this.onChoice();
      }),
      vscode.workspace.onDidChangeTextDocument(({ contentChanges, document }) => {
        if (contentChanges.length > 0 && isWrittenIn(document)) this.quiet.touch();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(refresh),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.onChoice()),
      onDidChangeExtensionRoots(() => this.onChoice()),
      vscode.window.onDidChangeVisibleTextEditors(refresh),
      // Of two files side by side, a rule may decide in one.
      vscode.window.onDidChangeActiveTextEditor(refresh),
      pausing.onDidChange(refresh),
      parts.recording.onDidChange(refresh),
      engine.onDidChangeState(() => void this.askStatus()),
      parts.moduleFiles.onDidChange(() => this.onChoice()),
      ...(instant === undefined ? [] : [instant.onDidChangeBuild(refresh)]),
      ...parts.changingRoots().map(root => watch(root, () => this.onChoice())),
    );
  }

  get scope(): string {
    // A folder may have left the workspace.
    const scopes = scopesOfWindow();
    return (scopes.find(({ id }) => id === this.scopeShown) ?? scopes[scopes.length === 1 ? 0 : 1]).id;
  }

  get scopeKind(): ScopeKind {
    return scopesOfWindow().find(({ id }) => id === this.scope)?.kind ?? 'user';
  }

  /** As of the scope shown. */
  get settings(): Settings {
    return settingsAt({ inspect: name => inspectIn(this.scope, name) }, this.scopeKind).settings;
  }

  /** The document that the preview shows. */
  get document(): vscode.TextDocument | undefined {
    return this.preview.document;
  }

  /** The page is there, perhaps anew. */
  async begin(scope: string | undefined): Promise<void> {
    if (scope !== undefined) this.scopeShown = scope;
    await this.postState();
    this.post({ kind: 'preview', preview: this.preview.last });
    this.post({ kind: 'comparison', comparison: this.comparison.last });
    this.setVisible(true);
  }

  setVisible(isVisible: boolean): void {
    this.isVisible = isVisible;
    this.drafts = [];
    this.preview.setVisible(isVisible);
    if (isVisible) void this.askStatus();
  }

  selectScope(scope: string): void {
    this.scopeShown = scope;
    this.onChoice();
  }

  setDrafts(drafts: readonly DraftStrength[]): void {
    this.drafts = drafts;
    this.preview.onChoice();
  }

  /** Shows that something is being loaded while `work` does so. */
  async whileLoading<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.loading = id;
    this.refresh();
    try {
      return await work(this.gone.signal);
    } finally {
      this.loading = undefined;
      this.refresh();
    }
  }

  /** Measures the proposal alone and with the modules of the scope shown, when nobody types. */
  async measure(): Promise<void> {
    this.measuring ??= this.measureBoth().finally(() => {
      this.measuring = undefined;
      this.refresh();
    });
    this.refresh();
    await this.measuring;
  }

  /** The models that settings mean. @throws UserError when they are not there. */
  async choiceOf(modules: readonly ModuleSetting[]): Promise<Choice> {
    const { registry } = this.parts;
    return resolveChoice(this.settings.proposal, modules, await registry.proposals(), await registry.modules());
  }

  refresh(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.postState(), SETTLE_MS);
  }

  dispose(): void {
    this.gone.abort();
    clearTimeout(this.timer);
    this.comparison.cancel();
    this.disposable.dispose();
  }

  private onChoice(): void {
    this.refresh();
    this.preview.onChoice();
  }

  private draftOf(id: string): { strength?: number } {
    const draft = this.drafts.find(other => other.id === id);
    return draft === undefined ? {} : { strength: draft.strength };
  }

  private async measureBoth(): Promise<void> {
    const { contextTokens, modules } = this.settings;
    const { speed, budget } = this.parts;
    for (const choice of [await this.choiceOf([]), ...(modules.length === 0 ? [] : [await this.choiceOf(modules)])])
      await this.quiet.run(
        signal => speed.measure(this.engine, choice, budget.tokensOf(contextTokens, choice.proposal.dir), signal),
        this.gone.signal,
      );
  }

  /** Asks only an engine that runs: looking at a panel must not start one. */
  private async askStatus(): Promise<void> {
    const { engine } = this.parts;
    if (!this.isVisible) return;
    this.status =
      engine.state === 'ready' ? await engine.call('status', null, this.gone.signal).catch(() => undefined) : undefined;
    this.refresh();
  }

  private async postState(): Promise<void> {
    const n = ++this.nPosted;
    const state = await this.state();
    if (n === this.nPosted) this.post({ kind: 'state', state });
  }

  private async state(): Promise<PanelState> {
    const { engine, registry, pausing, speed, budget } = this.parts;
    const modules = await registry.modules();
    return panelState({
      scopes: scopesOfWindow(),
      scope: this.scope,
      inspect: name => inspectIn(this.scope, name),
      isTrusted: vscode.workspace.isTrusted,
      engine: { state: engine.state, ...(this.status && { status: this.status }) },
      pauses: pausing.everywhere,
      notices: this.notices.all,
      ...(this.loading !== undefined && { loading: this.loading }),
      proposals: await registry.proposals(),
      modules,
      ...this.ruleOfPreview(),
      isMeasuring: this.measuring !== undefined,
      speedOf: (dir, ids) => speed.of(dir, ids),
      contextInTime: dir => budget.tokensOf('auto', dir),
      instant: this.instantView(modules),
      learning: this.parts.recording.view,
      openLanguages: vscode.window.visibleTextEditors
        .filter(({ document }) => isWrittenIn(document))
        .map(({ document }) => document.languageId),
      languageName,
      signatureOf: id => {
        const { signature, origin, manifest } = modules.find(module => module.id === id) ?? {};
        // What ships is the extension's, and an instant module is never shared.
        if (signature === undefined || origin === 'shipped' || manifest?.kind !== 'neural') return undefined;
        return signatureView(signature, this.parts.signing.known);
      },
      translate: template => vscode.l10n.t(template),
    });
  }

  private ruleOfPreview(): Pick<PanelInput, 'rule'> {
    const document = this.preview.document;
    const rule = document && decisionFor(document).rule;
    return rule === undefined
      ? {}
      : {
          rule: {
            file: shownPath(document!.uri),
            number: rule.index + 1,
            text: ruleText(rule),
            modules: rule.modules,
          },
        };
  }

  private instantView(modules: readonly FoundModule[]): InstantView {
    const { instant } = this.parts;
    if (!vscode.workspace.isTrusted) return { kind: 'unavailable', reason: 'untrusted' };
    if (instant === undefined || workspaceFolders().length === 0) {
      const hasFolders = (vscode.workspace.workspaceFolders ?? []).length > 0;
      return { kind: 'unavailable', reason: hasFolders ? 'virtual' : 'no-folder' };
    }
    if (instant.building !== undefined) return { kind: 'building', ...instant.building };
    const found = modules.find(({ id }) => id === INSTANT_ID);
    if (found === undefined) return { kind: 'offered' };
    const counts = found.manifest?.counts;
    return { kind: 'built', ...(counts && { nFiles: counts.files, nTokens: counts.tokens }) };
  }
}

function watch(root: string, onChange: () => void): vscode.Disposable {
  const pattern = new vscode.RelativePattern(vscode.Uri.file(root), '{modules,proposals}/*/*.json');
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(onChange),
    watcher.onDidChange(onChange),
    watcher.onDidDelete(onChange),
  );
}
