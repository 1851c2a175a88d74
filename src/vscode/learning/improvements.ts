/**
 * `Residual: Improve Module from My Feedback`: trains on what was recorded here, shows what would change, and uses the
 * module only when the person says so (improvementDecisions.ts).
 */
import { availableParallelism } from 'node:os';
import * as vscode from 'vscode';
import { isAbortError, messageOf, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { EngineClient } from '../../host/engineClient';
import { type Learnable, learnableOf } from '../../host/feedback/feedbackPairs';
import type { FeedbackRecord } from '../../host/feedback/feedbackRecord';
import {
  type AskedEngine,
  changesOn,
  N_COMPARED,
  PendingImprovement,
  pairsOf,
  trainOn,
} from '../../host/feedback/improvement';
import { nextImprovementId, withImprovement } from '../../host/feedback/improvementHistory';
import { BASE_ID, FEWEST_PAIRS, improvementSpec } from '../../host/feedback/improvementSpec';
import { type Choice, type ModuleChoice, type ModuleSetting, resolveChoice } from '../../host/modules/moduleChoice';
import type { Registry } from '../../host/modules/registry';
import type { ModuleUse } from '../../protocol/messages';
import type { ImprovementView } from '../../protocol/pages/improvement';
import type { TrainingOutcome, TrainingProgress } from '../../protocol/training';
import { abortSignalOf } from '../cancellation';
import { localMessageOf } from '../localMessage';
import { decisionFor } from '../modules/moduleDecision';
import { plainMessage } from '../plainText';
import { engineLimits, settingsFor } from '../settings';
import { trainingFolder } from '../training/trainingFolder';
import type { FeedbackRecording } from './feedbackRecording';
import { ImprovementDecisions } from './improvementDecisions';
import { ImprovementPanel } from './improvementPanel';

export interface ImprovementParts {
  readonly context: vscode.ExtensionContext;
  readonly engine: EngineClient;
  readonly registry: Registry;
  readonly choices: ModuleChoice;
  readonly recording: FeedbackRecording;
  readonly log: vscode.LogOutputChannel;
}

/** More take completions their time while people type. */
const MOST_THREADS = 2;
const MEMORY_MIB = 1536;

interface Ground {
  readonly id: string;
  readonly alone: Choice;
  readonly before: Choice;
  /** Without earlier improvements. */
  readonly beside: Choice;
  readonly base: ModuleUse;
}

interface Material {
  readonly records: readonly FeedbackRecord[];
  readonly learnable: Learnable;
  readonly minutes: number | undefined;
}

export function registerImprovements(parts: ImprovementParts): vscode.Disposable {
  const improvements = new Improvements(parts);
  return vscode.Disposable.from(
    improvements,
    vscode.commands.registerCommand('residual.improveFromFeedback', (how?: { readonly minutes?: number }) =>
      improvements.reporting(() => improvements.improve(how?.minutes)),
    ),
    vscode.commands.registerCommand('residual.undoImprovement', () =>
      improvements.reporting(() => improvements.decisions.undo()),
    ),
  );
}

class Improvements implements vscode.Disposable {
  readonly decisions: ImprovementDecisions;
  private readonly panel: ImprovementPanel;
  private readonly pending: PendingImprovement | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly parts: ImprovementParts) {
    const { storageUri, extensionUri } = parts.context;
    this.pending =
      storageUri && new PendingImprovement(vscode.Uri.joinPath(storageUri, 'feedback', 'improvement').fsPath);
    this.decisions = new ImprovementDecisions(parts, this.pending);
    this.panel = new ImprovementPanel(extensionUri, {
      view: async () => this.pending?.read(),
      decide: decision =>
        this.reporting(async () => {
          const view = await this.pending?.read();
          if (view === undefined) return;
          await this.decisions.take(decision, view);
          this.panel.close();
        }),
    });
  }

  dispose(): void {
    this.panel.dispose();
  }

  async reporting(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (isAbortError(error)) return;
      this.parts.log.warn(`feedback: ${messageOf(error)}`);
      void vscode.window.showErrorMessage(plainMessage(localMessageOf(error)));
    }
  }

  /** @param minutes of training; as tuned when absent */
  async improve(minutes?: number): Promise<void> {
    const isWaiting = (await this.pending?.read()) !== undefined;
    if (isWaiting && this.running === undefined && !(await this.isAnotherWanted())) return;
    if (this.running !== undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t('A module is being trained on your feedback already.'));
      return;
    }
    this.running = this.train(minutes).finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  /** One that waits is not thrown away without a word. */
  private async isAnotherWanted(): Promise<boolean> {
    const [decide, another] = [vscode.l10n.t('Decide'), vscode.l10n.t('Train Another')];
    const message = vscode.l10n.t('A module that was trained on your feedback waits for your decision.');
    const chosen = await vscode.window.showInformationMessage(message, decide, another);
    if (chosen === decide) await this.panel.show();
    return chosen === another;
  }

  private async train(minutes: number | undefined): Promise<void> {
    const { context, recording, log } = this.parts;
    const { pending } = this;
    const trainingRoot = trainingFolder(context);
    if (!vscode.workspace.isTrusted || pending === undefined || trainingRoot === undefined) throw notHere();
    const records = recording.records();
    const learnable = learnableOf(records);
    const nAtMost = learnable.pairs.length + learnable.open.length;
    if (nAtMost < FEWEST_PAIRS) throw tooFew(records.length, nAtMost);
    const ground = await this.ground();
    const view = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Learning from your feedback'),
        cancellable: true,
      },
      async (progress, token) => {
        const [tell, signal] = [teller(progress), abortSignalOf(token)];
        const material = { ...ground, records, learnable, minutes };
        return pending.make(trainingRoot, () => this.work(material, pending, tell, signal));
      },
    );
    log.info(`feedback: ${view.rows.filter(({ before, after }) => before !== after).length} completions would change`);
    await this.panel.show();
  }

  /** The models that training starts from, and what completes here with and without an improvement. */
  private async ground(): Promise<Ground> {
    const { registry } = this.parts;
    const document = vscode.window.activeTextEditor?.document;
    const { proposal } = settingsFor(document);
    const { modules } = decisionFor(document);
    const [proposals, found] = [await registry.proposals(), await registry.modules()];
    const choose = (wanted: readonly ModuleSetting[]) => resolveChoice(proposal, wanted, proposals, found);
    const id = nextImprovementId(found.map(module => module.id));
    return {
      id,
      alone: choose([]),
      before: choose(modules),
      beside: choose(withImprovement(modules, id).filter(module => module.id !== id)),
      base: choose([{ id: BASE_ID }]).modules[0],
    };
  }

  private async work(
    { id, alone, before, beside, base, records, learnable, minutes }: Ground & Material,
    pending: PendingImprovement,
    tell: (share: number, message: string) => void,
    signal: AbortSignal,
  ): Promise<ImprovementView> {
    const { context, engine, log } = this.parts;
    const asked: AskedEngine = { complete: (request, during) => engine.call('complete', request, during) };
    tell(0.01, vscode.l10n.t('gathering what was kept and what was shown'));
    const pairs = await pairsOf(learnable, alone, asked, signal);
    if (pairs.length < FEWEST_PAIRS) throw tooFew(records.length, pairs.length);
    const wanted = {
      id,
      title: vscode.l10n.t('My Feedback, {0}', new Date().toLocaleDateString(vscode.env.language)),
      description: vscode.l10n.t('Learned from {0} suggestions that were kept or turned down.', pairs.length),
      proposal: alone.proposal,
      base,
      threads: engineLimits().threads || Math.min(MOST_THREADS, availableParallelism()),
      memoryMiB: MEMORY_MIB,
    };
    const options = {
      script: context.asAbsolutePath('dist/trainer.js'),
      modelsDir: context.asAbsolutePath('models'),
      onLog: (line: string) => log.debug(line),
    };
    const spec = improvementSpec(wanted, minutes === undefined ? {} : { minutes });
    const onProgress = ({ share, secondsLeft }: TrainingProgress) =>
      tell(0.05 + 0.8 * share, vscode.l10n.t('training, about {0} s left', Math.ceil(secondsLeft)));
    const outcome = await trainOn(pairs, spec, pending.jobDir, options, onProgress, signal);
    log.info(
      `feedback: trained on ${pairs.length} pairs, ${outcome.nTokens} tokens in ${outcome.seconds.toFixed(0)} s, ${outcome.state}`,
    );
    tell(0.9, vscode.l10n.t('asking both for your last {0} completions', Math.min(N_COMPARED, records.length)));
    const use = { id, dir: outcome.moduleDir, strength: outcome.strength };
    const after = { ...beside, modules: [...beside.modules, use] };
    return viewOf(wanted, pairs.length, outcome, await changesOn(records, before, after, asked, signal));
  }
}

function viewOf(
  { id, title }: { readonly id: string; readonly title: string },
  nPairs: number,
  { evaluation, state, strength, seconds }: TrainingOutcome,
  rows: ImprovementView['rows'],
): ImprovementView {
  const preferred = evaluation.find(({ metric }) => metric === 'preferred');
  const kept = evaluation.find(({ metric }) => metric === 'nats/token');
  const elsewhere = evaluation.find(({ metric }) => metric === 'top-1');
  return {
    id,
    title,
    nPairs,
    preferred: { proposal: preferred?.proposal ?? 0, aligned: preferred?.aligned ?? 0, n: preferred?.n ?? 0 },
    isHeldOut: preferred !== undefined && !preferred.dataset.endsWith('trained on'),
    ...(kept && { kept: { proposal: kept.proposal, aligned: kept.aligned } }),
    ...(elsewhere && { elsewhere: { proposal: elsewhere.proposal, aligned: elsewhere.aligned } }),
    gains: state === 'finished',
    strength,
    seconds: Math.round(seconds),
    rows,
  };
}

function teller(progress: vscode.Progress<{ message?: string; increment?: number }>) {
  let told = 0;
  return (share: number, message: string) => {
    const increment = Math.max(0, 100 * share - told);
    told += increment;
    progress.report({ increment, message });
  };
}

function notHere(): UserError {
  return new UserError(
    'feedback-no-workspace',
    say`A module learns from what is recorded in a workspace that you trust. Open a folder, and trust it.`,
  );
}

function tooFew(nRecords: number, nPairs: number): UserError {
  return new UserError(
    'feedback-too-little',
    say`A module needs at least ${FEWEST_PAIRS} suggestions of which it is known what you wanted instead, and ${nPairs} of the ${nRecords} recorded here say so. Accept, edit and type over some more; residual.learnFromFeedback must be on.`,
  );
}
