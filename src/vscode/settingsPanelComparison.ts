/** Two modules compared on the open file: a handful of lines are written by both, beside what the author wrote. */
import * as vscode from 'vscode';
import { isAbortError } from '../core/errors';
import { clock } from '../host/clock';
import type { CompletionEngine } from '../host/completer';
import { type LineEngine, writeLine } from '../host/lineWriting';
import { compareAt, spotsIn } from '../host/modules/comparison';
import type { Choice } from '../host/modules/moduleChoice';
import type { Quiet } from '../host/quiet';
import type { ComparedRow, Comparison } from '../protocol/pages/settingsState';
import { isReadable } from './admission';
import { shownPath, textAround } from './documentText';
import { localMessageOf } from './localMessage';

const N_LINES = 8;
/** Source beyond this is not looked through for lines. */
const MAX_CHARS = 400_000;

export interface Sides {
  readonly a: Choice;
  readonly b: Choice;
}

export class ComparisonOnFile {
  private running: AbortController | undefined;
  private shown: Comparison = { kind: 'none' };
  private readonly line: Omit<LineEngine, 'contextTokens'>;

  constructor(
    engine: CompletionEngine,
    quiet: Quiet,
    private readonly onChange: (comparison: Comparison) => void,
  ) {
    this.line = { engine, quiet, clock };
  }

  get last(): Comparison {
    return this.shown;
  }

  cancel(): void {
    this.running?.abort();
  }

  /**
   * Compares on the lines of a document; one that runs is cancelled.
   * @param contextTokens by the proposal's folder
   * @param sides says which models, and throws when they are not there.
   */
  async run(
    document: vscode.TextDocument | undefined,
    titles: { readonly a: string; readonly b: string },
    contextTokens: (proposalDir: string) => number,
    sides: () => Promise<Sides>,
  ): Promise<void> {
    this.cancel();
    const running = new AbortController();
    this.running = running;
    const rows: ComparedRow[] = [];
    const base = { file: document === undefined ? '' : shownPath(document.uri), ...titles, nRows: 0, rows };
    const fail = (problem: string) => this.show({ kind: 'failed', ...base, problem });
    if (document === undefined || document.isClosed)
      return fail(vscode.l10n.t('Open a file with code first: its lines are what the modules are compared on.'));
    if (!isReadable(document)) return fail(vscode.l10n.t('This file is excluded from completions.'));
    const spots = spotsIn(document.getText().slice(0, MAX_CHARS), N_LINES);
    if (spots.length === 0)
      return fail(vscode.l10n.t('There is no line in {0} that is worth completing. Open a file with code.', base.file));
    const shown = { ...base, nRows: spots.length };
    this.show({ kind: 'running', ...shown });
    try {
      const choices = await sides();
      const write = (spot: (typeof spots)[number], side: 'a' | 'b', signal: AbortSignal) => {
        const text = { ...textAround(document, new vscode.Position(spot.line, spot.column), []), lineRest: '' };
        const line = { ...this.line, contextTokens: contextTokens(choices[side].proposal.dir) };
        return writeLine(line, choices[side], text, signal).then(({ written }) => written);
      };
      for await (const row of compareAt(spots, write, running.signal)) {
        rows.push(row);
        this.show({ kind: 'running', ...shown });
      }
      this.show({ kind: 'done', ...shown });
    } catch (error) {
      if (this.running !== running) return;
      if (isAbortError(error)) this.show({ kind: 'cancelled', ...shown });
      else this.show({ kind: 'failed', ...shown, problem: localMessageOf(error) });
    }
  }

  private show(comparison: Comparison): void {
    this.shown = comparison;
    this.onChange(comparison);
  }
}
