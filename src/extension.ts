/** Composition root: builds everything once and connects it. Nothing is loaded before the first completion is wanted. */
import * as vscode from 'vscode';
import { clock } from './host/clock';
import { Completer } from './host/completer';
import { type Budgets, ContextBudget } from './host/contextBudget';
import { EngineClient } from './host/engineClient';
import { ModuleChoice } from './host/modules/moduleChoice';
import { Registry } from './host/modules/registry';
import { Speed } from './host/speed';
import { accountLine } from './vscode/accountLine';
import { registerChat } from './vscode/chat/registerChat';
import { registerEditorChat } from './vscode/chat/registerEditorChat';
import { registerCommands } from './vscode/commands';
import { registerCompareEdits } from './vscode/compareEdits';
import { followContextKeys } from './vscode/contextKeys';
import { Diagnostics } from './vscode/diagnostics';
import { showExpectedChoice } from './vscode/expectedChoice';
import { EditorFeedback } from './vscode/feedback';
import { FirstKeys } from './vscode/firstKeys';
import { registerFirstRun } from './vscode/firstRun';
import { InlineCompletions } from './vscode/inlineCompletions';
import { FeedbackRecording } from './vscode/learning/feedbackRecording';
import { registerImprovements } from './vscode/learning/improvements';
import { changingRoots, modelRoots } from './vscode/modelRoots';
import { registerInstantExplorer } from './vscode/modules/instantExplorer';
import { openInstantModule } from './vscode/modules/instantWorkspace';
import { registerModuleFileCommands } from './vscode/modules/moduleFileCommands';
import { ModuleSigning } from './vscode/modules/moduleSigning';
import { openModuleFiles } from './vscode/modules/moduleStorage';
import { Neighbours } from './vscode/neighbours';
import { OtherProviders } from './vscode/otherProviders';
import { Pausing } from './vscode/pausing';
import { registerAddProposal } from './vscode/proposals/addProposal';
import { refusalMessage } from './vscode/refusalMessage';
import { registerReset } from './vscode/resetCommand';
import { registerScoreboard } from './vscode/scoreboard';
import { engineLimits } from './vscode/settings';
import { registerSettingsPanel } from './vscode/settingsPanel';
import { StatusBar } from './vscode/statusBar';
import { registerTraining } from './vscode/training/registerTraining';
import { registerWhy } from './vscode/why';
import { followWindow } from './vscode/windowChanges';

/** Of the global state: how much text the models see in time. */
const BUDGETS_KEY = 'residual.contextBudgets';

export function activate(context: vscode.ExtensionContext): void {
  const startMs = performance.now();
  const log = vscode.window.createOutputChannel('Residual', { log: true });
  const pausing = new Pausing();
  const status = new StatusBar(log, pausing);
  const registry = new Registry(() => modelRoots(context));
  const engine = new EngineClient({
    script: context.asAbsolutePath('dist/engine.js'),
    limits: engineLimits(),
    onLog: (line, level) => log[level](line),
  });
  const diagnostics = new Diagnostics(context.extension.packageJSON.version, engine, registry, status);
  const choices = new ModuleChoice(
    registry,
    { warm: async ({ proposal, modules }, signal) => void (await engine.call('warm', { proposal, modules }, signal)) },
    (reason, kept) => refusalMessage(log, reason, kept),
  );
  const speed = new Speed();
  const budget = new ContextBudget(
    context.globalState.get<Budgets>(BUDGETS_KEY, {}),
    budgets => void context.globalState.update(BUDGETS_KEY, budgets),
  );
  const completer = new Completer(
    {
      complete: async (request, onProgress, signal) => {
        const result = await engine.stream('complete', request, onProgress, signal);
        budget.add(request, result);
        return speed.add(request, result);
      },
    },
    account => {
      log.info(accountLine(account));
      diagnostics.onAnswer(account);
    },
    clock,
    ({ proposal, modules, text, contextTokens, maxTokens }) => {
      const request = { proposal, modules, prompt: { text, contextTokens, maxTokens } };
      // Given up for whatever is asked next, which then says so again.
      engine.call('warm', request, new AbortController().signal).catch(() => {});
    },
  );
  const neighbours = new Neighbours();
  const feedback = new EditorFeedback();
  const firstKeys = new FirstKeys();
  const recording = new FeedbackRecording(context, feedback, log);
  const signing = new ModuleSigning(context);
  const moduleFiles = openModuleFiles(context, engine, registry, signing);
  const instant = openInstantModule(context, engine, registry, pausing, log);
  const training = registerTraining({ context, registry, choices, moduleFiles, log });
  context.subscriptions.push(
    log,
    neighbours,
    feedback,
    firstKeys,
    recording,
    pausing,
    status,
    engine,
    engine.onDidChangeState(state => status.showEngine(state)),
    vscode.languages.registerInlineCompletionItemProvider(
      { pattern: '**' },
      new InlineCompletions(
        completer,
        choices,
        budget,
        neighbours,
        status,
        pausing,
        new OtherProviders(context.globalState),
        feedback,
        firstKeys,
      ),
    ),
    registerFirstRun(),
    registerChat({ context, engine, registry, log }),
    registerEditorChat({ extensionUri: context.extensionUri, engine, registry, log, moduleFiles }),
    registerScoreboard(context, feedback, registry, log),
    registerImprovements({ context, engine, registry, choices, recording, log }),
    registerAddProposal({ context, engine, registry, choices, log }),
    registerCompareEdits({ extensionUri: context.extensionUri, engine, registry, choices, budget, log }),
    registerWhy(context.extensionUri, feedback, engine, log),
    registerCommands({ registry, choices, completer, status, pausing, log, diagnostics, instant }),
    registerInstantExplorer({ extensionUri: context.extensionUri, engine, instant, log }),
    moduleFiles.onDidChange(() => choices.forget()),
    registerSettingsPanel(context.extensionUri, {
      engine,
      registry,
      choices,
      pausing,
      neighbours,
      instant,
      moduleFiles,
      signing,
      speed,
      budget,
      recording,
      log,
      changingRoots: () => changingRoots(context),
    }),
    showExpectedChoice(choices, moduleFiles, status),
    registerModuleFileCommands({ files: moduleFiles, signing, registry, choices, log }),
    training,
    followContextKeys(registry, moduleFiles),
    registerReset(context, [
      {
        label: vscode.l10n.t('Remembered Completions'),
        detail: vscode.l10n.t('Forgets what was suggested and which modules failed to load.'),
        reset: () => {
          completer.stop();
          choices.forget();
        },
      },
      {
        label: vscode.l10n.t('Scoreboard'),
        detail: vscode.l10n.t('Erases what was counted of suggestions.'),
        reset: () => vscode.commands.executeCommand('residual.eraseScoreboard'),
      },
      {
        label: vscode.l10n.t('Recorded Feedback'),
        detail: vscode.l10n.t('Erases what was recorded of suggestions in this workspace.'),
        reset: () => recording.forget(),
      },
      ...training.resettable,
    ]),
    followWindow({ engine, choices, completer, status, pausing, instant }),
  );
  log.info(`activated in ${(performance.now() - startMs).toFixed(1)} ms`);
}
