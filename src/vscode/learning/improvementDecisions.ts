/** What a person decides about a module that learned from their feedback: use it, keep it, discard it, and go back. */
import * as vscode from 'vscode';
import type { PendingImprovement } from '../../host/feedback/improvement';
import {
  parseHistory,
  stillUsed,
  type UsedImprovement,
  withImprovement,
  withUsed,
} from '../../host/feedback/improvementHistory';
import type { ModuleChoice } from '../../host/modules/moduleChoice';
import type { Decision, ImprovementView } from '../../protocol/pages/improvement';
import { decisionFor, ruleText } from '../modules/moduleDecision';
import { plainMessage } from '../plainText';
import { levelOf, settingsFor, storeModules, targetFor } from '../settings';

/** In the workspace's own state. */
const HISTORY_KEY = 'residual.improvements';

export class ImprovementDecisions {
  constructor(
    private readonly parts: { readonly context: vscode.ExtensionContext; readonly choices: ModuleChoice },
    /** Absent without a workspace. */
    private readonly pending: PendingImprovement | undefined,
  ) {}

  /** @throws UserError when the module does not load; then it is among the others, and not in use. */
  take(decision: Decision, view: ImprovementView): Promise<void> {
    switch (decision) {
      case 'use':
        return this.use(view);
      case 'aside':
        return this.keepAside(view);
      case 'discard':
        return this.discard();
    }
  }

  /** What was used before the last improvement is used again, as the setting had it. */
  async undo(): Promise<void> {
    const { context, choices } = this.parts;
    const known = parseHistory(context.workspaceState.get(HISTORY_KEY));
    const history = stillUsed(known, ({ id, scope }) => settingsFor(uriOf(scope)).modules.some(one => one.id === id));
    const last = history.at(-1);
    await context.workspaceState.update(HISTORY_KEY, history.slice(0, -1));
    if (last === undefined) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t('No module that learned from your feedback is in use here.'),
      );
      return;
    }
    const section = vscode.workspace.getConfiguration('residual', uriOf(last.scope) ?? null);
    await section.update('modules', last.before, last.level);
    choices.retry();
    void vscode.window.showInformationMessage(
      plainMessage(vscode.l10n.t('{0} is no longer used. What was used before is back; the module stays.', last.title)),
    );
  }

  /** Loaded first, stored only when that worked. */
  private async use({ id, title }: ImprovementView): Promise<void> {
    const { context, choices } = this.parts;
    const document = vscode.window.activeTextEditor?.document;
    const scope = (document && vscode.workspace.getWorkspaceFolder(document.uri)?.uri) ?? firstFolder();
    const settings = settingsFor(scope);
    const modules = withImprovement(settings.modules, id);
    await this.place(id);
    await choices.load(settings.proposal, modules, new AbortController().signal);
    const level = levelOfChoice(scope);
    const before = writtenModules(scope, level);
    const where = { scope: scope?.toString() ?? '', level, ...(before !== undefined && { before }) };
    const used: UsedImprovement = { id, title, at: new Date().toISOString(), ...where };
    await storeModules(scope, modules);
    const history = parseHistory(context.workspaceState.get(HISTORY_KEY));
    await context.workspaceState.update(HISTORY_KEY, withUsed(history, used));
    // Whoever waits for the decision does not wait for an answer to this.
    void this.sayUsed(title, document);
  }

  private async sayUsed(title: string, document: vscode.TextDocument | undefined): Promise<void> {
    const { rule } = decisionFor(document);
    const but =
      rule === undefined
        ? ''
        : ` ${vscode.l10n.t('In the open file, rule {0} of residual.moduleRules decides instead: {1}.', rule.index + 1, ruleText(rule))}`;
    const undo = vscode.l10n.t('Go Back');
    const message = vscode.l10n.t('{0} completes from now on.', title) + but;
    const chosen = await vscode.window.showInformationMessage(plainMessage(message), undo);
    if (chosen === undo) await this.undo();
  }

  private async keepAside({ id, title }: ImprovementView): Promise<void> {
    await this.place(id);
    void vscode.window.showInformationMessage(
      plainMessage(
        vscode.l10n.t(
          '{0} is kept among the modules of this workspace. Switch to it with Residual: Switch Alignment Module….',
          title,
        ),
      ),
    );
  }

  private async discard(): Promise<void> {
    await this.pending?.discard();
    void vscode.window.showInformationMessage(vscode.l10n.t('The module is discarded. What was recorded stays.'));
  }

  /** An ordinary module of this workspace from here on. */
  private async place(id: string): Promise<void> {
    const { storageUri } = this.parts.context;
    if (storageUri === undefined) return;
    await this.pending?.place(vscode.Uri.joinPath(storageUri, 'modules').fsPath, id);
    this.parts.choices.forget();
  }
}

/** The level that `storeModules` writes to. */
function levelOfChoice(scope: vscode.Uri | undefined): vscode.ConfigurationTarget {
  const isOfFolder = levelOf('modules', scope) === vscode.ConfigurationTarget.WorkspaceFolder;
  return isOfFolder ? vscode.ConfigurationTarget.WorkspaceFolder : targetFor(scope);
}

function writtenModules(scope: vscode.Uri | undefined, level: vscode.ConfigurationTarget): unknown {
  const found = vscode.workspace.getConfiguration('residual', scope ?? null).inspect('modules');
  switch (level) {
    case vscode.ConfigurationTarget.WorkspaceFolder:
      return found?.workspaceFolderValue;
    case vscode.ConfigurationTarget.Workspace:
      return found?.workspaceValue;
    default:
      return found?.globalValue;
  }
}

function firstFolder(): vscode.Uri | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri;
}

function uriOf(scope: string): vscode.Uri | undefined {
  return scope === '' ? undefined : vscode.Uri.parse(scope);
}
