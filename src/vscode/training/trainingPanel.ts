/** The page that trains a module: what it is shown, and what is done when a person acts on it. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { isAbortError, messageOf } from '../../core/errors';
import { spoken } from '../../core/sentence';
import type { ModuleChoice } from '../../host/modules/moduleChoice';
import type { ModuleFiles } from '../../host/modules/moduleFiles';
import { titleOf } from '../../host/modules/moduleIds';
import type { Registry } from '../../host/modules/registry';
import type { TrainingJobs } from '../../host/training/trainingJobs';
import { defaultForm, type Ground } from '../../host/training/trainingSpec';
import {
  type FromTrainingPage,
  type JobAction,
  type Obstacle,
  parseFromTrainingPage,
  type ToTrainingPage,
  type TrainingForm,
  type TrainingState,
} from '../../protocol/pages/training';
import { OBJECTIVES } from '../../protocol/training';
import { localMessageOf } from '../localMessage';
import { workspaceFolders } from '../modules/instantWorkspace';
import { chosenWith } from '../modules/moduleCommands';
import { decisionFor, settingsName } from '../modules/moduleDecision';
import { takeOutOfSettings } from '../modules/moduleReferences';
import { useModules } from '../modules/useModules';
import { Panel } from '../panel';

export interface TrainingPanelParts {
  readonly context: vscode.ExtensionContext;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly moduleFiles: ModuleFiles;
  readonly log: vscode.LogOutputChannel;
  /** Absent in a window without a workspace. */
  readonly jobs: TrainingJobs | undefined;
  readonly ground: () => Promise<Ground>;
}

/** Pairs of kept and turned down suggestions are none of this page's code. */
const TRAINED_FROM_CODE = OBJECTIVES.filter(objective => objective !== 'preference');

export class TrainingPanel implements vscode.Disposable {
  private readonly panel: Panel<ToTrainingPage, FromTrainingPage>;
  private readonly watched: vscode.Disposable;
  private showing: Promise<void> | undefined;
  private isStale = false;

  constructor(private readonly parts: TrainingPanelParts) {
    const { context, jobs, moduleFiles } = parts;
    this.panel = new Panel({
      name: 'training',
      title: vscode.l10n.t('Residual: Train Module'),
      extensionUri: context.extensionUri,
      column: vscode.ViewColumn.Active,
      parse: parseFromTrainingPage,
      onMessage: message => void this.attempt(() => this.hear(message)),
    });
    const show = () => void this.show();
    const listening = jobs?.listen({
      changed: show,
      progressed: (id, progress) => this.panel.post({ kind: 'progress', id, progress }),
    });
    this.watched = vscode.Disposable.from(
      this.panel,
      { dispose: () => listening?.dispose() },
      moduleFiles.onDidChange(show),
      vscode.workspace.onDidGrantWorkspaceTrust(show),
      vscode.workspace.onDidChangeWorkspaceFolders(show),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('residual')) show();
      }),
    );
  }

  get isVisible(): boolean {
    return this.panel.isVisible;
  }

  open(): void {
    this.panel.open();
  }

  /** Opens the page at a job. */
  async openAt(id: string): Promise<void> {
    await this.parts.jobs?.show(id);
    this.panel.open();
  }

  /** Takes the module of a finished job into use; never one that is no gain. @throws UserError */
  async use(id: string): Promise<void> {
    await this.parts.jobs?.show(id);
    const job = await this.jobShown(id);
    if (job?.stage.kind !== 'finished' || job.stage.report.state !== 'finished') return;
    const document = vscode.window.activeTextEditor?.document;
    const modules = chosenWith(job.moduleId, decisionFor(document).modules);
    if (await useModules(this.parts.choices, document, modules))
      this.say(vscode.l10n.t('Completions use “{0}” now.', job.form.title));
  }

  dispose(): void {
    this.watched.dispose();
  }

  private async hear(message: FromTrainingPage): Promise<void> {
    const { jobs, log } = this.parts;
    switch (message.kind) {
      case 'ready':
        // Another window may have worked meanwhile.
        void this.attempt(async () => jobs?.open());
        return this.show();
      case 'check':
        return jobs?.check(message.form);
      case 'train':
        return jobs?.train(message.form);
      case 'pause':
        return jobs?.pause();
      case 'form':
        return jobs?.show(undefined);
      case 'job':
        return this.onJob(message.action, message.id);
      case 'pickFolder':
        return this.pickFolder();
      case 'openFolder':
        return vscode.commands.executeCommand('vscode.openFolder');
      case 'manageTrust':
        return vscode.commands.executeCommand('workbench.trust.manage');
      case 'showLog':
        return log.show();
    }
  }

  private async onJob(action: JobAction, id: string): Promise<void> {
    const { jobs } = this.parts;
    if (jobs === undefined) return;
    switch (action) {
      case 'resume':
        return jobs.resume(id);
      case 'cancel':
        return jobs.cancel(id);
      case 'show':
        return jobs.show(id);
      case 'keep':
        return jobs.keep(id);
      case 'use':
        return this.use(id);
      case 'export': {
        const job = await this.jobShown(id);
        return job && vscode.commands.executeCommand('residual.exportModule', job.moduleId);
      }
      case 'delete':
        return jobs.remove(id);
      case 'deleteWithModule':
        return this.deleteWithModule(id);
    }
  }

  private async deleteWithModule(id: string): Promise<void> {
    const { jobs, moduleFiles } = this.parts;
    const job = await this.jobShown(id);
    if (job?.stage.kind === 'finished' && job.stage.report.place === 'modules') {
      await moduleFiles.remove(job.moduleId);
      await takeOutOfSettings(job.moduleId);
    }
    await jobs?.remove(id);
  }

  /** The job, if it is the one that the page shows: only of that one it offers what is done with modules. */
  private async jobShown(id: string) {
    const { job } = await this.state();
    return job?.id === id ? job : undefined;
  }

  private async pickFolder(): Promise<void> {
    const folders = workspaceFolders();
    if (folders.length === 0) return;
    const [picked] =
      (await vscode.window.showOpenDialog({
        title: vscode.l10n.t('Train from the Code of Which Folder?'),
        defaultUri: vscode.Uri.file(folders[0].dir),
        canSelectFiles: false,
        canSelectFolders: true,
      })) ?? [];
    if (picked === undefined) return;
    for (const { name, dir } of folders) {
      const below = path.relative(dir, picked.fsPath).split(path.sep);
      if (below[0] === '..' || path.isAbsolute(below.join(path.sep))) continue;
      const parts = [...(folders.length > 1 ? [name] : []), ...below].filter(part => part !== '');
      return this.panel.post({ kind: 'folder', path: parts.join('/') || '.' });
    }
    this.say(vscode.l10n.t('{0} is not in this workspace.', picked.fsPath));
  }

  /** Draws what is so now; however often it is asked to, one after the other. */
  private async show(): Promise<void> {
    this.isStale = true;
    this.showing ??= this.attempt(async () => {
      while (this.isStale) {
        this.isStale = false;
        this.panel.post({ kind: 'state', state: await this.state() });
      }
    }).finally(() => {
      this.showing = undefined;
    });
    await this.showing;
  }

  private async state(): Promise<TrainingState> {
    const { jobs, registry, ground } = this.parts;
    const modules = new Set((await registry.modules()).map(({ id }) => id));
    const found = await ground().catch((error: unknown) => localMessageOf(error));
    const bases = typeof found === 'string' ? [] : found.bases;
    const obstacle = obstacleOf(jobs) ?? (typeof found === 'string' ? 'unavailable' : undefined);
    const { job, past } = jobs?.view({
      speak: sentence => spoken(sentence, template => vscode.l10n.t(template)),
      hasModule: id => modules.has(id),
      isUsed: settingsName,
    }) ?? { job: undefined, past: [] };
    return {
      obstacle,
      obstacleText: obstacle === 'unavailable' && typeof found === 'string' ? found : undefined,
      defaults: defaults(bases[0]?.id ?? ''),
      bases: bases.map(module => ({ id: module.id, title: titleOf(module) })),
      objectives: TRAINED_FROM_CODE,
      mostThreads: availableParallelism(),
      proposal: typeof found === 'string' ? '' : (found.proposal.manifest?.title ?? found.proposal.id),
      job,
      past,
    };
  }

  private say(text: string): void {
    this.panel.post({ kind: 'said', text });
  }

  /** What fails is said on the page; nobody else shows it. */
  private async attempt(work: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isAbortError(error)) return;
      this.parts.log.error(`training: ${messageOf(error)}`);
      this.say(localMessageOf(error));
    }
  }
}

function obstacleOf(jobs: TrainingJobs | undefined): Obstacle | undefined {
  if ((vscode.workspace.workspaceFolders ?? []).length === 0) return 'no-folder';
  if (workspaceFolders().length === 0) return 'virtual';
  if (!vscode.workspace.isTrusted) return 'untrusted';
  if (jobs === undefined) return 'no-folder';
  return jobs.isElsewhere ? 'other-window' : undefined;
}

function defaults(base: string): TrainingForm {
  const title = vscode.l10n.t('Code of {0}', vscode.workspace.name ?? '').slice(0, 100);
  return defaultForm(title.replaceAll(/\p{Cc}/gu, ' ').trim(), base, availableParallelism());
}
