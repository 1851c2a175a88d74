/** Ghost text. Asks the completer at the cursor and hands its suggestions to the editor. */
import * as vscode from 'vscode';
import { isAbortError } from '../core/errors';
import type { Completer } from '../host/completer';
import type { ContextBudget } from '../host/contextBudget';
import type { ModuleChoice } from '../host/modules/moduleChoice';
import { refusalFor } from './admission';
import { abortSignalOf } from './cancellation';
import { textAround } from './documentText';
import type { EditorFeedback } from './feedback';
import type { FirstKeys } from './firstKeys';
import { decisionFor, reasonFor, scopeOf } from './modules/moduleDecision';
import type { Neighbours } from './neighbours';
import type { OtherProviders } from './otherProviders';
import type { Pausing } from './pausing';
import { settingsFor } from './settings';
import type { StatusBar } from './statusBar';

/** How many completions a person who invokes them is offered. */
const N_INVOKED = 3;

export class InlineCompletions implements vscode.InlineCompletionItemProvider {
  constructor(
    private readonly completer: Completer,
    private readonly choices: ModuleChoice,
    private readonly budget: ContextBudget,
    private readonly neighbours: Neighbours,
    private readonly status: StatusBar,
    private readonly pausing: Pausing,
    private readonly others: OtherProviders,
    private readonly feedback: EditorFeedback,
    private readonly firstKeys: FirstKeys,
  ) {}

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[] | undefined> {
    this.firstKeys.onAsked(document);
    const settings = settingsFor(document);
    if (this.pausing.in(document) !== undefined || refusalFor(document, position, settings) !== undefined)
      return undefined;

    const { version } = document;
    const selected = context.selectedCompletionInfo;
    const invoked = context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
    const signal = abortSignalOf(token);
    const done = this.status.startWork();
    try {
      const decision = decisionFor(document, settings);
      const scope = scopeOf(document, decision);
      const choice = await this.choices.current(scope, settings.proposal, decision.modules, signal);
      this.status.showChoice(choice, reasonFor(document, decision));
      if (this.pausing.in(document) !== undefined) return undefined; // while the models were loading
      const answer = await this.completer.complete(
        {
          document: document.uri.toString(),
          text: textAround(document, position, this.neighbours.for(document, position), selected),
          choice,
          ...this.budget.typingAt(settings.contextTokens, choice.proposal.dir),
          nCompletions: invoked ? N_INVOKED : 1,
          debounce: settings.debounce,
          showGate: settings.showGate,
        },
        signal,
      );
      if (token.isCancellationRequested) return undefined;
      this.status.clearProblem();
      if (answer.suggestions.length > 0) this.others.onShown();
      return this.feedback.offer({ document, position, selected, version }, answer);
    } catch (error) {
      if (!isAbortError(error) && !token.isCancellationRequested) this.status.showProblem(error);
      return undefined;
    } finally {
      done();
    }
  }
}
