/** From a chat to what its panel shows: turns in pairs, reasons in words, code for failures as next steps. */
import * as vscode from 'vscode';
import type { ChatAccount, ContextItem, ContextUse } from '../../core/chat/chat';
import type { Sentence } from '../../core/sentence';
import type { AssistantTurn, Turn, UserTurn } from '../../protocol/chatState';
import type { ChatAction, Chip, Problem, ShownAnswer, ShownTurn, UsedContext } from '../../protocol/pages/chat';
import { localText } from '../localMessage';
import type { ContextPiece } from './chatContext';

/** What to offer by the code of a failure; `showLog` where nothing better is known. */
const NEXT_STEPS: Readonly<Record<string, readonly ChatAction[]>> = {
  'broken-module': ['chooseModules', 'showLog'],
  'no-proposal': ['addProposal'],
  'chat-template': ['newChat', 'openSettings', 'showLog'],
  'instant-not-built': ['chooseModules'],
  'prompt-too-long': ['newChat', 'openSettings'],
  'too-little-memory': ['openSettings', 'showLog'],
  'unknown-module': ['chooseModules', 'openSettings'],
  'unknown-proposal': ['openSettings'],
  'wrong-tokenizer': ['chooseModules'],
};

/** @param titles of proposals by their ids, as far as they are known. */
export function shownTurns(turns: readonly Turn[], titles: ReadonlyMap<string, string>): ShownTurn[] {
  return turns.flatMap((turn, index): ShownTurn[] => {
    if (turn.kind !== 'user') return [];
    const next = turns[index + 1];
    const answer = next?.kind === 'assistant' ? next : undefined;
    return [
      {
        id: turn.id,
        question: turn.text,
        ...(turn.command !== undefined && { command: turn.command }),
        context: usedContext(turn, answer),
        ...(answer !== undefined && { answer: shownAnswer(answer, titles) }),
      },
    ];
  });
}

function usedContext({ context }: UserTurn, answer: AssistantTurn | undefined): UsedContext[] {
  const uses: readonly (ContextUse | undefined)[] = answer?.account?.context ?? [];
  return context.map((item, index) => {
    const fit = uses[index]?.fit;
    return { label: labelOf(item), ...(fit !== undefined && { fit }) };
  });
}

function labelOf({ kind, path, text, firstLine }: ContextItem): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (kind === 'diagnostics') return vscode.l10n.t('problems in {0}', name);
  if (kind !== 'selection' || firstLine === undefined) return name;
  const nLines = text.replace(/\n$/, '').split('\n').length;
  return nLines === 1 ? `${name}:${firstLine}` : `${name}:${firstLine}–${firstLine + nLines - 1}`;
}

function shownAnswer(turn: AssistantTurn, titles: ReadonlyMap<string, string>): ShownAnswer {
  const { text, state, writers } = turn;
  const note = noteOf(turn);
  return {
    text,
    state: state.kind,
    writers: writers.map(writer => titles.get(writer) ?? writer),
    ...(state.kind === 'failed' && { problem: problemOf(state) }),
    ...(note !== undefined && { note }),
  };
}

function noteOf({ state, text }: AssistantTurn): string | undefined {
  if (state.kind === 'stopped') return vscode.l10n.t('Stopped.');
  if (state.kind !== 'done') return undefined;
  if (text.trim() === '') return vscode.l10n.t('The model had nothing to say. Ask in other words, or add context.');
  if (state.stop === 'length') return vscode.l10n.t('Cut off here: this is as long as an answer may be.');
  if (state.stop === 'repeat') return vscode.l10n.t('Ended here: the model began to repeat itself.');
  return undefined;
}

/** A failure with what to do about it. */
export function problemOf({
  code,
  message,
  sentence = message,
}: {
  readonly code: string;
  readonly message: string;
  readonly sentence?: Sentence | string;
}): Problem {
  return { message: localText(sentence), actions: NEXT_STEPS[code] ?? ['showLog'] };
}

/** A time as people say it, from a minute to a date. */
export function ago(timeMs: number, nowMs: number): string {
  const minutes = Math.round((nowMs - timeMs) / 60_000);
  if (minutes < 1) return vscode.l10n.t('just now');
  if (minutes < 60) return vscode.l10n.t('{0} min ago', minutes);
  const hours = Math.round(minutes / 60);
  if (hours < 24) return vscode.l10n.t('{0} h ago', hours);
  return new Date(timeMs).toLocaleDateString(vscode.env.language, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** The pieces of context, each with how much of it fits. */
export function chipsOf(pieces: readonly ContextPiece[], account: ChatAccount | undefined): Chip[] {
  let at = 0;
  return pieces.map(({ id, kind, label, detail, without, items }) => {
    const uses = account?.context.slice(at, at + items.length) ?? [];
    at += items.length;
    const head = { id, kind, label, detail };
    if (without !== undefined) return { ...head, fit: without };
    if (uses.length < items.length) return { ...head, fit: 'unknown' };
    const nTokens = uses.reduce((sum, use) => sum + use.nTokens, 0);
    const isAll = (fit: string) => uses.every(use => use.fit === fit);
    return { ...head, fit: isAll('whole') ? 'whole' : isAll('left-out') ? 'left-out' : 'cut', nTokens };
  });
}

/** Tells whether a count belongs to these pieces. */
export function shapeOf(pieces: readonly ContextPiece[]): string {
  return pieces.map(({ id, items }) => `${id} ${items.length}`).join('\n');
}
