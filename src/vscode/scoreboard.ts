/** The scoreboard: counts what becomes of suggestions while the switch is on, and its panel shows, exports and erases them. */
import * as vscode from 'vscode';
import type { Offered } from '../host/feedback/feedbackEvents';
import { EMPTY_TALLY, type Tally } from '../host/feedback/scoreboard';
import { ScoreboardFile } from '../host/feedback/scoreboardFile';
import { daysOf, filtered, groupsOf, moduleSetsOf, totalOf } from '../host/feedback/scoreboardSummary';
import type { Registry } from '../host/modules/registry';
import {
  type FromScoreboardPage,
  parseFromScoreboardPage,
  type ScoreboardFilter,
  type ScoreboardState,
  type ToScoreboardPage,
} from '../protocol/pages/scoreboard';
import type { EditorFeedback } from './feedback';
import { languageName } from './languageNames';
import { localMessageOf } from './localMessage';
import { Panel } from './panel';
import { saveJson } from './saveJson';
import { isScoreboardOn, switchScoreboard } from './settings';

const NO_FILTER: ScoreboardFilter = { languageId: undefined, modules: undefined };

export function registerScoreboard(
  context: vscode.ExtensionContext,
  feedback: EditorFeedback,
  registry: Registry,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const file = vscode.Uri.joinPath(context.globalStorageUri, 'scoreboard.json').fsPath;
  const scoreboard = new ScoreboardFile(file, localDay, reason => log.warn(reason));
  let filter = NO_FILTER;
  /** Accepts that were counted: of others, it is not counted either what was kept. */
  const taken = new WeakSet<Offered>();

  const onMessage = async (message: FromScoreboardPage): Promise<void> => {
    switch (message.kind) {
      case 'ready':
        return show();
      case 'setOn':
        return switchScoreboard(message.isOn);
      case 'filter':
        filter = message.filter;
        return show();
      case 'export': {
        const name = await saveJson('residual-scoreboard.json', scoreboard.read());
        if (name !== undefined) say(vscode.l10n.t('Saved as {0}.', name));
        return;
      }
      case 'erase':
        await erase();
        say(vscode.l10n.t('Everything that was counted is erased.'));
    }
  };
  const panel = new Panel<ToScoreboardPage, FromScoreboardPage>({
    name: 'scoreboard',
    title: vscode.l10n.t('Residual: Scoreboard'),
    extensionUri: context.extensionUri,
    column: vscode.ViewColumn.Active,
    parse: parseFromScoreboardPage,
    onMessage: message => void onMessage(message).catch(error => say(localMessageOf(error))),
  });
  const say = (text: string) => panel.post({ kind: 'said', text });
  const show = async (): Promise<void> => {
    const { tally, problem } = readTally(scoreboard);
    panel.post({ kind: 'state', state: await stateOf(tally, problem, filter, registry) });
  };

  const erase = async (): Promise<void> => {
    scoreboard.erase();
    filter = NO_FILTER;
    await show();
  };

  return vscode.Disposable.from(
    panel,
    scoreboard,
    // For `Residual: Reset…`; not in the palette.
    vscode.commands.registerCommand('residual.eraseScoreboard', erase),
    vscode.commands.registerCommand('residual.showScoreboard', () => panel.open()),
    feedback.onEvent(event => {
      if (!isScoreboardOn() || (event.kind === 'kept' && !taken.has(event.offered))) return;
      if (event.kind === 'accepted' || event.kind === 'acceptedPart') taken.add(event.offered);
      scoreboard.add(event);
      if (panel.isVisible) void show();
    }),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('residual.scoreboard')) void show();
    }),
  );
}

function readTally(scoreboard: ScoreboardFile): { readonly tally: Tally; readonly problem: string | undefined } {
  try {
    return { tally: scoreboard.read(), problem: undefined };
  } catch (error) {
    return { tally: EMPTY_TALLY, problem: localMessageOf(error) };
  }
}

async function stateOf(
  { rows }: Tally,
  problem: string | undefined,
  filter: ScoreboardFilter,
  registry: Registry,
): Promise<ScoreboardState> {
  const modules = await registry.modules();
  const title = (id: string) => modules.find(module => module.id === id)?.manifest?.title ?? id;
  const seen = filtered(rows, filter);
  return {
    isOn: isScoreboardOn(),
    problem,
    filter,
    languages: [...new Set(rows.map(({ languageId }) => languageId))]
      .map(id => ({ id, name: languageName(id) }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    moduleSets: moduleSetsOf(rows).map(ids => ({ ids, titles: ids.map(title) })),
    total: totalOf(seen),
    days: daysOf(seen, localDay()),
    groups: groupsOf(seen, { language: languageName, module: title }),
    since: rows[0]?.day,
  };
}

/** `2025-03-31`, as the person's calendar has it. */
function localDay(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}
