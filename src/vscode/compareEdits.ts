/**
 * `Residual: Compare Module on My Edits`: replays what a person wrote lately, with the proposal alone and with modules,
 * in a panel. One run at a time; it gives way to typing, and goes on while the panel is hidden.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { type AnsweredPlace, figuresOf } from '../core/edits/editFigures';
import type { EditPlace } from '../core/edits/editPlaces';
import { isAbortError, messageOf } from '../core/errors';
import { clock } from '../host/clock';
import type { CompletionEngine } from '../host/completer';
import type { ContextBudget } from '../host/contextBudget';
import { type ComparedModules, comparedModules, modulesAnywhere } from '../host/edits/comparedModules';
import { listChanges } from '../host/edits/editChanges';
import { placesOf, replay } from '../host/edits/replayEdits';
import type { EngineClient } from '../host/engineClient';
import type { Choice, ModuleChoice, ModuleSetting } from '../host/modules/moduleChoice';
import { decide } from '../host/modules/moduleSettings';
import type { Registry } from '../host/modules/registry';
import { Quiet } from '../host/quiet';
import type { Folder } from '../host/workspaceFiles';
import {
  type ComparedModule,
  type EditsQuestion,
  type EditsResult,
  type EditsRun,
  type EditsState,
  type FromEditsPage,
  parseFromEditsPage,
  type ToEditsPage,
} from '../protocol/pages/edits';
import { isWrittenIn } from './admission';
import { matchesGlob } from './globs';
import { languageOfFile } from './languageOfFile';
import { localMessageOf } from './localMessage';
import { workspaceFolders } from './modules/instantWorkspace';
import { ruleText } from './modules/moduleDecision';
import { Panel } from './panel';
import { saveJson } from './saveJson';
import { isLanguageOn, settingsFor } from './settings';

export interface CompareEditsParts {
  readonly extensionUri: vscode.Uri;
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly budget: ContextBudget;
  readonly log: vscode.LogOutputChannel;
}

/** Time without a key after which a place may be written. */
const QUIET_MS = 400;
const N_PLACES = 200;
const N_COMMITS = 10;

export function registerCompareEdits(parts: CompareEditsParts): vscode.Disposable {
  const compare = new CompareEdits(parts);
  return vscode.Disposable.from(
    compare,
    vscode.commands.registerCommand('residual.compareModule', (id?: unknown) => compare.open(id)),
  );
}

class CompareEdits implements vscode.Disposable {
  private readonly panel: Panel<ToEditsPage, FromEditsPage>;
  private readonly quiet = new Quiet(clock, QUIET_MS);
  private readonly watched: vscode.Disposable;
  private question: EditsQuestion = {
    folder: '',
    source: { kind: 'last', n: N_COMMITS },
    module: '',
    nPlaces: N_PLACES,
  };
  private run: EditsRun = { kind: 'none' };
  private running: AbortController | undefined;
  private nPosted = 0;

  constructor(private readonly parts: CompareEditsParts) {
    this.panel = new Panel<ToEditsPage, FromEditsPage>({
      name: 'edits',
      title: vscode.l10n.t('Residual: My Edits'),
      extensionUri: parts.extensionUri,
      column: vscode.ViewColumn.Active,
      parse: parseFromEditsPage,
      onMessage: message => void this.hear(message).catch(error => this.say(localMessageOf(error))),
    });
    const show = () => void this.show();
    this.watched = vscode.Disposable.from(
      vscode.workspace.onDidGrantWorkspaceTrust(show),
      vscode.workspace.onDidChangeWorkspaceFolders(show),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('residual')) show();
      }),
      vscode.workspace.onDidChangeTextDocument(({ contentChanges, document }) => {
        if (contentChanges.length > 0 && isWrittenIn(document)) this.quiet.touch();
      }),
    );
  }

  /** @param id of the module to begin with, as from its card. */
  open(id?: unknown): void {
    if (typeof id === 'string') this.question = { ...this.question, module: id };
    this.panel.open();
    void this.show();
  }

  dispose(): void {
    this.running?.abort();
    this.watched.dispose();
    this.panel.dispose();
  }

  private async hear(message: FromEditsPage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.show();
      case 'run':
        if (unavailableHere(workspaceFolders().length) !== undefined) return this.show();
        this.question = message.question;
        return this.compare();
      case 'cancel':
        this.running?.abort();
        return;
      case 'manageTrust':
        await vscode.commands.executeCommand('workbench.trust.manage');
        return;
      case 'export':
        return this.export();
      case 'open':
        return this.openLine(message.list, message.index);
    }
  }

  private async compare(): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const { signal } = running;
    const answered: AnsweredPlace[] = [];
    let account: Omit<EditsResult, 'figures'> | undefined;
    const result = (): EditsResult | undefined =>
      account && answered.length > 0 ? { ...account, figures: figuresOf(answered) } : undefined;
    const progress = (step: 'listing' | 'reading' | 'loading' | 'writing', nDone = 0, n = 0) => {
      if (this.running === running) void this.show({ kind: 'running', step, nDone, n });
    };
    try {
      progress('listing');
      const { question } = this;
      const folder = this.folderOf(question);
      const listed = await listChanges(folder, question.source, signal);
      const onRead = (nRead: number) => {
        if (nRead % 16 === 0) progress('reading', nRead, listed.changes.length);
      };
      const { places, nFound } = await placesOf(folder, listed.changes, question.nPlaces, onRead, signal);
      progress('loading', 0, places.length);
      const { alone, with: aligned } = await this.sidesOf(question, folder, places, signal);
      const { alignedAt } = aligned;
      account = {
        folder: folder.name,
        source: question.source,
        nCommits: listed.nCommits,
        nFiles: listed.changes.length,
        nExcluded: listed.nExcluded,
        nFound,
        ...(await this.accountOf(alone, aligned)),
      };
      const line = {
        engine: this.completions,
        quiet: this.quiet,
        contextTokens: this.parts.budget.tokensOf(this.settings(folder).contextTokens, alone.proposal.dir),
        clock,
      };
      for await (const one of replay(places, { alone, alignedAt }, line, signal)) {
        answered.push(one);
        progress('writing', answered.length, places.length);
      }
      const done = result();
      if (this.running === running && done !== undefined) await this.show({ kind: 'done', result: done });
    } catch (error) {
      if (this.running !== running) return;
      if (isAbortError(error)) return void (await this.show({ kind: 'cancelled', result: result() }));
      this.parts.log.warn(`no comparison on edits: ${messageOf(error)}`);
      await this.show({ kind: 'failed', problem: localMessageOf(error) });
    } finally {
      if (this.running === running) this.running = undefined;
    }
  }

  private get completions(): CompletionEngine {
    const { engine } = this.parts;
    return { complete: (request, onProgress, signal) => engine.stream('complete', request, onProgress, signal) };
  }

  private settings({ dir }: Folder) {
    return settingsFor(vscode.Uri.file(dir));
  }

  private folderOf({ folder: name }: EditsQuestion): Folder {
    const folders = workspaceFolders();
    const folder = folders.find(one => one.name === name) ?? folders[0];
    const { languages } = this.settings(folder);
    // Where nothing is completed, nothing is gained or lost.
    return { ...folder, mayRead: file => folder.mayRead(file) && isLanguageOn(languages, languageOfFile(file)) };
  }

  /** All loaded before the first place is written. @throws UserError when a model is not there or does not load. */
  private async sidesOf(
    { module }: EditsQuestion,
    folder: Folder,
    places: readonly EditPlace[],
    signal: AbortSignal,
  ): Promise<{ readonly alone: Choice; readonly with: ComparedModules }> {
    const { proposal, modules, moduleRules } = this.settings(folder);
    const load = (wanted: readonly ModuleSetting[]) => this.parts.choices.load(proposal, wanted, signal);
    const alone = await load([]);
    const decideIn = (file: string) => {
      const uri = vscode.Uri.file(path.join(folder.dir, file));
      return decide({ modules, moduleRules }, languageOfFile(file), glob => matchesGlob(uri, glob));
    };
    return { alone, with: await comparedModules(places, module, { modules, moduleRules, decide: decideIn, load }) };
  }

  private async accountOf({ proposal }: Choice, { compared, nRuledOtherwise }: ComparedModules) {
    const found = await this.parts.registry.modules();
    const isShipped = (id: string) => found.find(module => module.id === id)?.origin === 'shipped';
    const modulesOf = ({ modules, titles }: Choice): readonly ComparedModule[] =>
      modules.map(({ id, strength }, i) => ({ id, title: titles[i], strength }));
    const all = compared.flatMap(({ choice }) => modulesOf(choice));
    const isFirst = ({ id, strength }: ComparedModule, i: number) =>
      all.findIndex(other => other.id === id && other.strength === strength) === i;
    return {
      proposal: proposal.id,
      modules: all.filter(isFirst),
      compared: compared.map(({ choice, rule, nPlaces }) => ({
        ...(rule && { rule: { number: rule.index + 1, text: ruleText(rule) } }),
        modules: modulesOf(choice),
        nPlaces,
      })),
      nRuledOtherwise,
      mayHaveSeen: [...new Set(all.filter(({ id }) => !isShipped(id)).map(({ title }) => title))],
    };
  }

  private async show(run = this.run): Promise<void> {
    this.run = run;
    const n = ++this.nPosted;
    const state = await this.state();
    if (n === this.nPosted) this.panel.post({ kind: 'state', state });
  }

  private async state(): Promise<EditsState> {
    const folders = workspaceFolders();
    const found = await this.parts.registry.modules();
    const titleOf = (id: string) => found.find(module => module.id === id)?.manifest?.title ?? id;
    const usable = found.filter(({ manifest, problem }) => manifest !== undefined && problem === undefined);
    const folder = folders.find(({ name }) => name === this.question.folder) ?? folders[0];
    const settings = folder && this.settings(folder);
    const inUse = settings === undefined ? [] : modulesAnywhere(settings);
    const isThere =
      usable.some(({ id }) => id === this.question.module) || (this.question.module === '' && inUse.length > 0);
    return {
      unavailable: unavailableHere(folders.length),
      folders: folders.map(({ name }) => name),
      modules: usable.map(({ id }) => ({ id, title: titleOf(id) })),
      inUse: inUse.map(({ id }) => titleOf(id)),
      hasRules: (settings?.moduleRules.length ?? 0) > 0,
      question: {
        ...this.question,
        folder: folder?.name ?? '',
        module: isThere ? this.question.module : inUse.length > 0 ? '' : (usable[0]?.id ?? ''),
      },
      run: this.run,
    };
  }

  private async openLine(list: 'best' | 'worst', index: number): Promise<void> {
    const { run } = this;
    const result = run.kind === 'done' || run.kind === 'cancelled' ? run.result : undefined;
    const difference = result?.figures[list][index];
    const folder = workspaceFolders().find(({ name }) => name === result?.folder);
    if (difference === undefined || folder === undefined) return;
    const uri = vscode.Uri.joinPath(vscode.Uri.file(folder.dir), ...difference.file.split('/'));
    const document = await vscode.workspace.openTextDocument(uri).then(
      opened => opened,
      () => undefined,
    );
    if (document === undefined) return this.say(vscode.l10n.t('{0} is not there any more.', difference.file));
    const at = new vscode.Position(Math.min(difference.line, document.lineCount) - 1, difference.head.length);
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      selection: new vscode.Range(at, at),
    });
  }

  private async export(): Promise<void> {
    const { run } = this;
    const result = run.kind === 'done' || run.kind === 'cancelled' ? run.result : undefined;
    if (result === undefined) return;
    const name = await saveJson('residual-edits.json', { formatVersion: 1, ...result });
    if (name !== undefined) this.say(vscode.l10n.t('Saved as {0}.', name));
  }

  private say(text: string): void {
    this.panel.post({ kind: 'said', text });
  }
}

function unavailableHere(nFolders: number): EditsState['unavailable'] {
  if ((vscode.workspace.workspaceFolders ?? []).length === 0) return 'no-folder';
  if (nFolders === 0) return 'virtual';
  return vscode.workspace.isTrusted ? undefined : 'untrusted';
}
