/**
 * The live before and after of the settings panel: what is suggested at the cursor of the editor last written in, by the
 * proposal alone and with the modules as their sliders stand. It waits for quiet and gives way to every key.
 */
import * as vscode from 'vscode';
import { isAbortError } from '../core/errors';
import type { CompletionText } from '../core/fim';
import { tidy } from '../core/tidy';
import { type CompletionEngine, requestOf } from '../host/completer';
import type { ContextBudget } from '../host/contextBudget';
import type { Choice } from '../host/modules/moduleChoice';
import type { Quiet } from '../host/quiet';
import type { Preview, PreviewSide } from '../protocol/pages/settingsState';
import { isWrittenIn, refusalFor } from './admission';
import { shownPath, textAround } from './documentText';
import { localMessageOf } from './localMessage';
import type { Neighbours } from './neighbours';
import { settingsFor } from './settings';

/** Lines above the cursor that are shown. */
const SHOWN_LINES = 4;
const AFTER_CURSOR_MS = 250;
const AFTER_SLIDER_MS = 60;

export interface PreviewParts {
  readonly engine: CompletionEngine;
  readonly quiet: Quiet;
  readonly neighbours: Neighbours;
  readonly budget: ContextBudget;
  /** The proposal of the scope shown. @throws UserError when there is none. */
  alone(): Promise<Choice>;
  /** The same with its modules, as their sliders stand. @throws UserError when one of them is not there. */
  aligned(): Promise<Choice>;
  onChange(preview: Preview): void;
}

interface Place {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
}

/** What stays the same while a slider moves. */
interface Asked {
  /** Tells texts apart. */
  readonly key: string;
  readonly text: CompletionText;
  readonly alone: string;
}

export class LivePreview implements vscode.Disposable {
  private place: Place | undefined;
  private asked: Asked | undefined;
  private shown: Preview = { kind: 'none', reason: 'no-editor' };
  private isOn = false;
  private timer: NodeJS.Timeout | undefined;
  private running = new AbortController();
  private readonly disposable: vscode.Disposable;

  constructor(private readonly parts: PreviewParts) {
    this.follow(vscode.window.activeTextEditor);
    this.disposable = vscode.Disposable.from(
      vscode.window.onDidChangeActiveTextEditor(editor => this.follow(editor)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && document === this.place?.document) this.later(AFTER_CURSOR_MS);
      }),
      vscode.workspace.onDidCloseTextDocument(document => {
        if (document !== this.place?.document) return;
        this.place = undefined;
        this.later(0);
      }),
    );
  }

  get last(): Preview {
    return this.shown;
  }

  /** The document that is previewed, for what else is done with the open file. */
  get document(): vscode.TextDocument | undefined {
    return this.place?.document;
  }

  /** While nobody looks, nothing is asked for. */
  setVisible(isVisible: boolean): void {
    this.isOn = isVisible;
    clearTimeout(this.timer);
    this.running.abort();
    this.later(0);
  }

  /** The models or their strengths have changed. */
  onChoice(): void {
    this.later(AFTER_SLIDER_MS);
  }

  dispose(): void {
    this.setVisible(false);
    this.disposable.dispose();
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    // The panel itself, an output or a commit box has the focus: the code is where it was.
    if (editor === undefined || !isWrittenIn(editor.document)) return;
    this.place = { document: editor.document, position: editor.selection.active };
    this.later(AFTER_CURSOR_MS);
  }

  private later(ms: number): void {
    if (!this.isOn) return;
    clearTimeout(this.timer);
    this.running.abort();
    const controller = new AbortController();
    this.running = controller;
    this.timer = setTimeout(() => void this.update(controller.signal), ms);
  }

  private async update(signal: AbortSignal): Promise<void> {
    const place = this.placeNow();
    if (place === undefined) return this.show({ kind: 'none', reason: 'no-editor' });
    const { document, position } = place;
    const file = shownPath(document.uri);
    const settings = settingsFor(document);
    const reason = refusalFor(document, position, settings);
    if (reason !== undefined) return this.show({ kind: 'refused', file, reason: sentenceOf(reason) });
    const first = new vscode.Position(Math.max(0, position.line - SHOWN_LINES), 0);
    const base = {
      kind: 'shown',
      file,
      line: position.line + 1,
      before: document.getText(new vscode.Range(first, position)),
      lineRest: document.getText(new vscode.Range(position, document.lineAt(position.line).range.end)),
    } as const;
    const before = this.shown.kind === 'shown' && isSamePlace(this.shown, base) ? this.shown : undefined;
    try {
      const proposal = await this.parts.alone();
      if (signal.aborted) return;
      const contextTokens = this.parts.budget.tokensOf(settings.contextTokens, proposal.proposal.dir);
      const key = JSON.stringify([document.uri, document.version, position, proposal.proposal.dir, contextTokens]);
      const kept = this.asked?.key === key ? this.asked : undefined;
      const text = kept?.text ?? textAround(document, position, this.parts.neighbours.for(document, position));
      const working = { ...before?.aligned, isWorking: true };
      if (kept === undefined) this.show({ ...base, alone: { ...before?.alone, isWorking: true }, aligned: working });
      const alone = kept?.alone ?? (await this.complete(proposal, text, contextTokens, signal));
      this.asked = { key, text, alone };
      this.show({ ...base, alone: sideOf(alone), aligned: working });
      const aligned = await this.align(alone, text, contextTokens, signal);
      if (!signal.aborted) this.show({ ...base, alone: sideOf(alone), aligned });
    } catch (error) {
      if (isAbortError(error) || signal.aborted) return;
      const problem = { isWorking: false, problem: localMessageOf(error) };
      this.show({ ...base, alone: problem, aligned: problem });
    }
  }

  /** A module that is missing or broken leaves the proposal's own completion on screen. */
  private async align(
    alone: string,
    text: CompletionText,
    contextTokens: number,
    signal: AbortSignal,
  ): Promise<PreviewSide> {
    try {
      const choice = await this.parts.aligned();
      // What weighs nothing leaves the proposal as it is, bit for bit.
      if (choice.modules.every(({ strength }) => strength === 0)) return sideOf(alone);
      return sideOf(await this.complete(choice, text, contextTokens, signal));
    } catch (error) {
      if (isAbortError(error) || signal.aborted) throw error;
      return { isWorking: false, problem: localMessageOf(error) };
    }
  }

  private placeNow(): Place | undefined {
    if (this.place === undefined || this.place.document.isClosed) return undefined;
    const { document, position } = this.place;
    return { document, position: document.validatePosition(position) };
  }

  private async complete(
    choice: Choice,
    text: CompletionText,
    contextTokens: number,
    signal: AbortSignal,
  ): Promise<string> {
    const request = { ...requestOf({ choice, text, contextTokens, nCompletions: 1 }), lane: 'preview' as const };
    const { completions } = await this.parts.quiet.run(s => this.parts.engine.complete(request, () => {}, s), signal);
    return tidy(completions[0]?.text ?? '', text)?.text ?? '';
  }

  private show(preview: Preview): void {
    this.shown = preview;
    this.parts.onChange(preview);
  }
}

function sideOf(text: string): PreviewSide {
  return { isWorking: false, text };
}

type Shown = Extract<Preview, { kind: 'shown' }>;

function isSamePlace(a: Shown, b: Omit<Shown, 'alone' | 'aligned'>): boolean {
  return a.file === b.file && a.line === b.line && a.before === b.before && a.lineRest === b.lineRest;
}

/** The log's words as a person reads them. */
function sentenceOf(reason: string): string {
  switch (reason) {
    case 'switched off: everywhere':
      return vscode.l10n.t('Completions are switched off.');
    case 'switched off: language':
      return vscode.l10n.t('Completions are switched off in this language.');
    case 'switched off: file':
      return vscode.l10n.t('This file is excluded from completions.');
    case 'several cursors':
      return vscode.l10n.t('There are several cursors: nothing is suggested.');
    case 'line too long':
      return vscode.l10n.t('The line is too long for a suggestion.');
    default:
      return vscode.l10n.t('Nothing is suggested here.');
  }
}
