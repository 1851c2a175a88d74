/**
 * A model's answer while it grows: where it ends, how much of it is settled (nothing that was shown is ever taken back),
 * and how it reads as Markdown.
 */
import { balance } from '../brackets';
import { indentWidth, opensBlock } from '../indentation';
import { repeats } from '../stopping';
import type { AnswerShape, ChatStop } from './chat';
import { commentLanguage } from './commentLanguage';

/** What ends an answer besides the model's own end token. */
export interface AnswerEnd {
  readonly stopTexts: readonly string[];
  /**
   * `open`: nothing else. `unit`: the first whole declaration or statement of code. `comment`: the first line that does
   * not begin as this comment's lines do.
   */
  readonly extent: { readonly kind: 'open' } | UnitExtent | { readonly kind: 'comment'; readonly line: string };
}

export interface UnitExtent {
  readonly kind: 'unit';
  /** Code before the model's text that belongs to its first line or block. */
  readonly opening: string;
  readonly isIndented: boolean;
}

interface AnswerStop {
  readonly reason: ChatStop;
  /** Characters of the text to keep. */
  readonly keep: number;
}

/** The model's text while it grows, handed on piece by piece as soon as nothing can take a piece back. */
export class GrowingAnswer {
  #text: string;
  #nShown: number;

  /** @param written what was handed on before */
  constructor(
    written: string,
    private readonly end: AnswerEnd,
  ) {
    this.#text = written;
    this.#nShown = written.length;
  }

  /** All that was handed on. */
  get shown(): string {
    return this.#text.slice(0, this.#nShown);
  }

  /**
   * @param text never ending inside a character
   * @returns the piece to hand on, and why the answer is over if it is
   */
  append(text: string): { readonly piece: string; readonly stop?: ChatStop } {
    this.#text += text;
    const found = findAnswerStop(this.#text, this.end);
    if (found !== undefined) return { piece: this.#show(found.keep), stop: found.reason };
    return { piece: this.#show(settledLength(this.#text, this.end)) };
  }

  /** The model ended it: what was held back is handed on. */
  finish(): string {
    return this.#show(this.#text.trimEnd().length);
  }

  #show(length: number): string {
    const from = this.#nShown;
    this.#nShown = Math.max(from, length);
    return this.#text.slice(from, this.#nShown);
  }
}

/** @param text the model's text so far, never ending inside a character. */
function findAnswerStop(text: string, end: AnswerEnd): AnswerStop | undefined {
  const at = Math.min(...end.stopTexts.map(stop => text.indexOf(stop)).filter(index => index >= 0));
  if (Number.isFinite(at)) return { reason: 'stop', keep: text.slice(0, at).trimEnd().length };
  const keep = extentEnd(text, end.extent);
  if (keep !== undefined) return { reason: 'end', keep };
  const loop = loopStart(text);
  return loop === undefined ? undefined : { reason: 'repeat', keep: loop };
}

/** Length of the text that no later stop can take back: white space, a half-written stop text and a repeated line wait. */
function settledLength(text: string, { stopTexts, extent }: AnswerEnd): number {
  let settled = text.trimEnd().length;
  for (const stop of stopTexts) {
    for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) {
      if (text.endsWith(stop.slice(0, n))) {
        settled = Math.min(settled, text.slice(0, text.length - n).trimEnd().length);
        break;
      }
    }
  }
  const lastLine = text.lastIndexOf('\n') + 1;
  const begun = text.slice(lastLine);
  const isUndecided =
    extent.kind === 'comment' ? begun.length < extent.line.length : extent.kind === 'unit' && mayBeJoiner(begun);
  if (lastLine > 0 && isUndecided) settled = Math.min(settled, text.slice(0, lastLine).trimEnd().length);
  return Math.min(settled, loopBegin(text));
}

/** Whether an answer came to an end, and was not cut off: only then is the code in it whole. */
export function isWhole(stop: ChatStop): boolean {
  return stop === 'end' || stop === 'stop';
}

/**
 * Markdown that something may stand behind: a fenced block that was cut off is closed. An answer leaves it open, by which
 * anyone sees that it is not whole.
 */
export function withClosedFence(markdown: string): string {
  let open: string | undefined;
  for (const line of markdown.split('\n')) {
    const fence = /^\s*(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence === null) continue;
    if (open === undefined) open = fence[1];
    else if (fence[1].startsWith(open) && fence[2].trim() === '') open = undefined;
  }
  return open === undefined ? markdown : `${markdown.trimEnd()}\n${open}`;
}

/**
 * The answer as Markdown. What is shown while streaming is a beginning of what is shown at the end; what was cut off stays as
 * it was shown while streaming.
 */
export function shownAnswer(shape: AnswerShape, text: string, state: 'streaming' | 'over'): string {
  switch (shape.kind) {
    case 'plain':
      return state === 'over' ? text.trim() : text.trimStart();
    case 'prose':
      return prose(text, state);
    case 'code': {
      const { fence } = commentLanguage(shape.languageId);
      // A fence may stand in Markdown itself; a longer one around it does not mind.
      const ticks = shape.languageId === 'markdown' ? '````' : '```';
      const code = `${shape.opening}${text}`.trimEnd();
      if (code.trim() === '') return '';
      return `${ticks}${fence}\n${code}${state === 'over' ? `${shape.closing ?? ''}\n${ticks}` : ''}`;
    }
  }
}

const LEADER = /^[ \t]*(?:\*(?!\/)|#|\/\/|--)?[ \t]?/;

/** The words of a comment without its marks; tags such as `@param x` become a list. */
function prose(text: string, state: 'streaming' | 'over'): string {
  const lines = text.split('\n');
  // The marks of a line that has only begun may turn out to be more than marks.
  if (state === 'streaming' && lines.length > 1 && lines[lines.length - 1].replace(LEADER, '').trim() === '')
    lines.pop();
  return lines
    .map((line, i) => (i === 0 ? line : line.replace(LEADER, '')).trimEnd())
    .map(line => (line.startsWith('@') ? `- ${line}` : line))
    .join('\n')
    .trim();
}

function extentEnd(text: string, extent: AnswerEnd['extent']): number | undefined {
  switch (extent.kind) {
    case 'open':
      return undefined;
    case 'comment':
      return commentEnd(text, extent.line);
    case 'unit':
      return unitEnd(text, extent);
  }
}

function commentEnd(text: string, line: string): number | undefined {
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    const next = text.slice(at + 1);
    const begun = next.split('\n', 1)[0];
    const goesOn = begun.startsWith(line.trimEnd()) || (line.startsWith(begun) && !next.includes('\n'));
    if (!goesOn) return text.slice(0, at).trimEnd().length;
  }
  return undefined;
}

const JOINERS = ['else', 'elif', 'except', 'finally', 'catch', 'end'];
const JOINS = new RegExp(`^\\s*(?:[)\\]}]|(?:${JOINERS.join('|')})\\b)`);

/** Whether a line that has only begun may turn out to belong to the block above. */
function mayBeJoiner(begun: string): boolean {
  const word = begun.trimStart();
  return word !== '' && JOINERS.some(joiner => joiner.startsWith(word));
}

/** The end of the first whole unit: brackets closed, and the next line stands no deeper than the unit's first. */
function unitEnd(text: string, { opening, isIndented }: UnitExtent): number | undefined {
  const code = opening + text;
  const first = code.search(/\S/);
  if (first < 0) return undefined;
  const base = indentWidth(code.slice(code.lastIndexOf('\n', first) + 1));
  let hasUnit = false;
  let hasBlock = false;
  let end = 0;
  for (let start = 0; start < code.length; start = end + 1) {
    end = code.indexOf('\n', start);
    const isWhole = end >= 0;
    if (!isWhole) end = code.length;
    const line = code.slice(start, end);
    if (start > opening.length && hasUnit && line.trim() !== '') {
      const goesOn = JOINS.test(line) || (!isWhole && mayBeJoiner(line));
      const before = code.slice(0, start - 1);
      if (indentWidth(line) <= base && !goesOn && balance(before).open.length === 0)
        return Math.max(0, before.trimEnd().length - opening.length);
    }
    if (!isWhole) return undefined;
    const isPreamble = line.trim() === '' || /^\s*(?:import\b|from\b|\/\/|\/?\*|#|@|['"]use )/.test(line);
    hasUnit ||= !isPreamble;
    hasBlock ||= opensBlock(line);
    const isClosed = !isIndented && hasBlock && /^\s*[)\]}]/.test(line) && indentWidth(line) <= base;
    if (isClosed && end >= opening.length && balance(code.slice(0, end)).open.length === 0)
      return Math.max(0, end - opening.length);
  }
  return undefined;
}

const LONGEST_CYCLE_LINES = 8;
const MOST_COPIES = 3;
/** A repeated piece of a line is short: twelve copies of the longest are fewer characters than this. */
const LOOKED_BACK_CHARS = 300;

/** Where to cut a text that only repeats itself; undefined while it does not. */
function loopStart(text: string): number | undefined {
  const lines = text.split('\n').slice(0, -1);
  for (let n = 1; n <= LONGEST_CYCLE_LINES && n * MOST_COPIES <= lines.length; n++) {
    const cycle = lines.slice(-n);
    if (!cycle.some(line => /\w/.test(line))) continue;
    const isLoop = lines.slice(-n * MOST_COPIES).every((line, i) => line === cycle[i % n]);
    if (!isLoop) continue;
    const kept = lines.slice(0, lines.length - n * (MOST_COPIES - 1));
    return kept.join('\n').length;
  }
  return repeats(text.slice(-LOOKED_BACK_CHARS)) ? text.length : undefined;
}

/** Where the copies begin of what was just written: they are shown only when something else follows. */
function loopBegin(text: string): number {
  const lines = text.split('\n');
  const [before, begun] = [lines.at(-2), lines[lines.length - 1]];
  // A line that begins as the one before it is shown when it differs.
  if (before !== undefined && /\w/.test(begun) && before.startsWith(begun)) lines[lines.length - 1] = '';
  const shown = lines.join('\n').trimEnd().length;
  for (let n = 1; n <= LONGEST_CYCLE_LINES && 2 * n < lines.length; n++) {
    const done = lines.slice(0, -1);
    let nSame = 0;
    while (nSame < done.length - n && done[done.length - 1 - nSame] === done[done.length - 1 - nSame - n]) nSame++;
    if (nSame < n || !done.slice(-n).some(line => /\w/.test(line))) continue;
    return done.slice(0, done.length - nSame).join('\n').length;
  }
  return shown;
}
