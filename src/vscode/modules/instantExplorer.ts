/** `Residual: Explore Instant Module`: what it learned of this workspace, and what it expects behind a text. */
import path from 'node:path';
import * as vscode from 'vscode';
import { isAbortError, messageOf } from '../../core/errors';
import type { EngineClient } from '../../host/engineClient';
import { InstantMeasurement } from '../../host/modules/instantMeasurement';
import type { InstantModule } from '../../host/modules/instantModule';
import { surveyInstant } from '../../host/modules/instantSurvey';
import {
  type ExplorerState,
  type FromExplorerPage,
  parseFromExplorerPage,
  type ToExplorerPage,
} from '../../protocol/pages/instantExplorer';
import { languageOfFile } from '../languageNames';
import { localMessageOf } from '../localMessage';
import { Panel } from '../panel';
import { usesInstantModule, workspaceFolders } from './instantWorkspace';

const N_EXPECTED = 8;
const N_NAMES = 8;

export interface ExplorerParts {
  readonly extensionUri: vscode.Uri;
  readonly engine: EngineClient;
  /** Absent in a window without a workspace. */
  readonly instant: InstantModule | undefined;
  readonly log: vscode.LogOutputChannel;
}

export function registerInstantExplorer(parts: ExplorerParts): vscode.Disposable {
  const explorer = new InstantExplorer(parts);
  return vscode.Disposable.from(
    explorer,
    vscode.commands.registerCommand('residual.exploreInstantModule', () => explorer.open()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => explorer.show()),
    { dispose: () => explorer.stopMeasuring() },
    ...(parts.instant === undefined ? [] : [parts.instant.onDidChangeBuild(() => explorer.show())]),
  );
}

class InstantExplorer implements vscode.Disposable {
  private readonly panel: Panel<ToExplorerPage, FromExplorerPage>;
  private surveying = new AbortController();
  private asking = new AbortController();
  private readonly measurement: InstantMeasurement | undefined;

  constructor(private readonly parts: ExplorerParts) {
    const { engine, instant } = parts;
    if (instant !== undefined) {
      this.measurement = new InstantMeasurement({ engine, instant, now: () => new Date().toISOString() });
      this.measurement.onDidChange(() => this.showProgress());
    }
    this.panel = new Panel<ToExplorerPage, FromExplorerPage>({
      name: 'instantExplorer',
      title: vscode.l10n.t('Residual: Instant Module'),
      extensionUri: parts.extensionUri,
      column: vscode.ViewColumn.Active,
      parse: parseFromExplorerPage,
      onMessage: message => void this.hear(message).catch(error => this.say(localMessageOf(error))),
    });
  }

  open(): void {
    // A page that was hidden asks when it is back.
    const isShown = this.panel.isVisible;
    this.panel.open();
    if (isShown) void this.show();
  }

  dispose(): void {
    this.surveying.abort();
    this.asking.abort();
    this.panel.dispose();
  }

  /** Asks the engine again, if somebody is looking. */
  async show(): Promise<void> {
    if (!this.panel.isVisible) return;
    this.surveying.abort();
    this.surveying = new AbortController();
    const { signal } = this.surveying;
    if (this.parts.instant?.building === undefined) this.panel.post({ kind: 'working' });
    try {
      const state = await this.state(signal);
      if (!signal.aborted) this.panel.post({ kind: 'state', state });
    } catch (error) {
      if (isAbortError(error) || signal.aborted) return;
      this.parts.log.warn(`instant module: not explored: ${messageOf(error)}`);
      this.panel.post({ kind: 'state', state: { kind: 'failed', message: localMessageOf(error) } });
    }
  }

  stopMeasuring(): void {
    this.measurement?.cancel();
  }

  private showProgress(): void {
    this.panel.post({ kind: 'measuring', progress: this.measurement?.progress });
  }

  private async measure(): Promise<void> {
    try {
      await this.measurement?.run();
      this.say(vscode.l10n.t('It is measured.'));
    } catch (error) {
      if (isAbortError(error)) return;
      this.parts.log.warn(`instant module: not measured: ${messageOf(error)}`);
      throw error;
    }
    await this.show();
  }

  private say(text: string): void {
    this.panel.post({ kind: 'said', text });
  }

  private async hear(message: FromExplorerPage): Promise<void> {
    const { instant } = this.parts;
    switch (message.kind) {
      case 'ready':
        this.showProgress();
        return this.show();
      case 'refresh':
        return this.show();
      case 'measure':
        return this.measure();
      case 'cancelMeasuring':
        return this.stopMeasuring();
      case 'build':
        await vscode.commands.executeCommand('residual.buildInstantModule');
        return;
      case 'cancelBuild':
        return instant?.cancelBuild();
      case 'manageTrust':
        await vscode.commands.executeCommand('workbench.trust.manage');
        return;
      case 'ask':
        return this.ask(message.text);
      case 'open':
        return openFile(message.name);
    }
  }

  private async state(signal: AbortSignal): Promise<ExplorerState> {
    const { engine, instant } = this.parts;
    if (!vscode.workspace.isTrusted) return { kind: 'unavailable', reason: 'untrusted' };
    if (instant === undefined || workspaceFolders().length === 0) {
      const hasFolders = (vscode.workspace.workspaceFolders ?? []).length > 0;
      return { kind: 'unavailable', reason: hasFolders ? 'virtual' : 'no-folder' };
    }
    if (instant.building !== undefined) return { kind: 'building', ...instant.building };
    if (!(await instant.isBuilt())) return { kind: 'notBuilt' };
    await instant.update();
    const parts = { engine, instant, isUsed: usesInstantModule(), languageOf: languageOfFile };
    return { kind: 'learned', learned: await surveyInstant(parts, signal) };
  }

  /** The answer to what was asked last. */
  private async ask(text: string): Promise<void> {
    const { engine, instant } = this.parts;
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    if (instant === undefined || !vscode.workspace.isTrusted) return;
    try {
      const request = { ...(await instant.target()), text, nExpected: N_EXPECTED, nNames: N_NAMES };
      const expectation = await engine.call('ngramExpect', request, signal);
      if (!signal.aborted) this.panel.post({ kind: 'expected', text, expectation });
    } catch (error) {
      if (!isAbortError(error) && !signal.aborted) throw error;
    }
  }
}

/** @param name of a file as the module names it: the folder's name and the path in it. What is no such name does nothing. */
async function openFile(name: string): Promise<void> {
  for (const folder of workspaceFolders()) {
    if (!name.startsWith(`${folder.name}/`)) continue;
    const file = path.join(folder.dir, name.slice(folder.name.length + 1));
    if (path.relative(folder.dir, file).startsWith('..') || !folder.mayRead(file)) continue;
    await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
    return;
  }
}
