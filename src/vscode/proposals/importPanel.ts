/** The page that imports a proposal: what it is shown, and what is done when a person acts on it. */
import * as vscode from 'vscode';
import { isAbortError, messageOf } from '../../core/errors';
import { MARGIN_BYTES } from '../../host/proposals/disk';
import { expectedSpeed, PROMPT_TOKENS } from '../../host/proposals/expectedSpeed';
import { busy, type Imported, ImportRun, type ImportRunParts, type ImportSource } from '../../host/proposals/importRun';
import { allowanceFor, available } from '../../host/proposals/memoryNeed';
import type { ImportPlan, MachineSpeed } from '../../protocol/importing';
import {
  type FormatView,
  type FromImportPage,
  type ImportPlanView,
  type ImportStage,
  parseFromImportPage,
  type ToImportPage,
} from '../../protocol/pages/importProposal';
import { localMessageOf } from '../localMessage';
import { Panel } from '../panel';
import { engineLimits } from '../settings';
import { reportLines } from './proposalChecks';

export interface ImportPanelParts {
  readonly extensionUri: vscode.Uri;
  readonly run: Omit<ImportRunParts, 'onChange'>;
  /** Bytes that are free where proposals are written. */
  readonly freeDisk: () => Promise<number>;
  readonly log: vscode.LogOutputChannel;
  readonly onImported: (imported: Imported) => void;
  /** @returns whether it is in use now */
  readonly use: (imported: Imported) => Promise<boolean>;
  readonly remove: (imported: Imported) => Promise<void>;
}

const MIB = 1024 * 1024;

export class ImportPanel implements vscode.Disposable {
  private readonly panel: Panel<ToImportPage, FromImportPage>;
  private current: ImportRun | undefined;

  constructor(private readonly parts: ImportPanelParts) {
    this.panel = new Panel<ToImportPage, FromImportPage>({
      name: 'importProposal',
      title: vscode.l10n.t('Residual: Import a Model'),
      extensionUri: parts.extensionUri,
      column: vscode.ViewColumn.Active,
      parse: parseFromImportPage,
      onMessage: message => void this.attempt(() => this.hear(message)),
    });
  }

  /** @throws UserError while another one is imported */
  async open(source: ImportSource): Promise<void> {
    if (this.current?.isWorking) {
      this.panel.open();
      throw busy(this.current.source.name);
    }
    void this.current?.close();
    const run: ImportRun = new ImportRun(source, {
      ...this.parts.run,
      onChange: () => {
        if (this.current === run) void this.attempt(() => this.show());
      },
    });
    this.current = run;
    this.panel.open();
    await this.show();
    await run.look();
  }

  dispose(): void {
    void this.current?.close();
    this.panel.dispose();
  }

  private async hear(message: FromImportPage): Promise<void> {
    const run = this.current;
    switch (message.kind) {
      case 'ready':
        return this.show();
      case 'choose':
        await vscode.commands.executeCommand('residual.addProposal');
        return;
      case 'showLog':
        return this.parts.log.show();
      case 'cancel':
        return run?.cancel();
      case 'again':
        return run?.look();
      case 'try':
        return run?.try(message.before, message.after);
      case 'import':
        return run && this.import(run, message.format);
      case 'use':
      case 'keep':
      case 'delete':
        return run && this.decide(run, message.kind);
    }
  }

  private async import(run: ImportRun, format: ImportPlan['formats'][number]['format']): Promise<void> {
    if (run.stage.kind !== 'planned') return;
    const wanted = run.stage.plan.formats.find(one => one.format === format);
    const raised = wanted && raisedMemory(wanted.sizeBytes);
    if (raised !== undefined) {
      const settings = vscode.workspace.getConfiguration('residual');
      await settings.update('memoryMiB', raised, vscode.ConfigurationTarget.Global);
    }
    await run.import(format);
    // By a function: what the stage was before says nothing of it now.
    const imported = importedOf(run);
    if (imported === undefined) return;
    this.parts.onImported(imported.imported);
    await run.try(imported.trial.before, imported.trial.after);
  }

  private async decide(run: ImportRun, kind: 'use' | 'keep' | 'delete'): Promise<void> {
    const imported = importedOf(run)?.imported;
    if (imported === undefined) return;
    if (kind === 'use' && (await this.parts.use(imported))) run.end('used');
    if (kind === 'keep') run.end('kept');
    if (kind === 'delete') {
      await this.parts.remove(imported);
      run.end('deleted');
    }
  }

  private async show(): Promise<void> {
    const run = this.current;
    if (run === undefined) return this.panel.post({ kind: 'nothing' });
    const { name, source, sizeBytes } = run.source;
    const stage = await this.stageOf(run);
    // Reading what is free takes a moment, in which it may have gone on.
    if (run === this.current)
      this.panel.post({ kind: 'state', view: { source: { name, place: source, sizeBytes }, stage } });
  }

  private async stageOf({ stage }: ImportRun): Promise<ImportStage> {
    switch (stage.kind) {
      case 'looking':
      case 'ended':
        return stage;
      case 'planned':
        return { kind: 'planned', plan: await this.planView(stage.plan, stage.speeds) };
      case 'working': {
        const { title, step } = stage;
        const share = step.phase === 'trying' || step.total <= 0 ? undefined : Math.min(1, step.done / step.total);
        return { kind: 'working', title, phase: step.phase, ...(share !== undefined && { share }) };
      }
      case 'imported': {
        const { imported, trial } = stage;
        const { before, after, text, error, elapsedMs } = trial;
        return {
          kind: 'imported',
          title: imported.title,
          facts: reportLines(imported.report),
          trial: {
            before,
            after,
            text,
            ...(elapsedMs !== undefined && { elapsedMs }),
            ...(error !== undefined && { problem: localMessageOf(error) }),
          },
        };
      }
      case 'failed':
        return { kind: 'failed', problem: localMessageOf(stage.error) };
    }
  }

  private async planView(plan: ImportPlan, speeds: readonly MachineSpeed[]): Promise<ImportPlanView> {
    const { title, licence, family, nParameters, contextLength, fim, chat } = plan;
    return {
      ...{ title, family, nParameters, contextLength, fim, chat },
      licence: this.current?.source.licence ?? licence,
      formats: plan.formats.map(({ format, sizeBytes, memoryBytes }): FormatView => {
        const speed = expectedSpeed(plan, format, speeds);
        const raised = raisedMemory(sizeBytes);
        return {
          ...{ format, sizeBytes, memoryBytes },
          ...(speed && { speed }),
          ...(raised !== undefined && { raisesMemoryTo: raised }),
        };
      }),
      freeDiskBytes: await this.parts.freeDisk(),
      freeMemoryBytes: available(),
      marginBytes: MARGIN_BYTES,
      promptTokens: PROMPT_TOKENS,
    };
  }

  /** What fails is said on the page; nobody else shows it. */
  private async attempt(work: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isAbortError(error)) return;
      this.parts.log.error(`import: ${messageOf(error)}`);
      this.panel.post({ kind: 'said', text: localMessageOf(error) });
    }
  }
}

function importedOf({ stage }: ImportRun) {
  return stage.kind === 'imported' ? stage : undefined;
}

/** @returns what `residual.memoryMiB` has to be, where that is more than it is */
function raisedMemory(sizeBytes: number): number | undefined {
  return sizeBytes > engineLimits().memoryMiB * MIB ? allowanceFor(sizeBytes) : undefined;
}
