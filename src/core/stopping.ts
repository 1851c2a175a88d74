/**
 * Where a completion ends. Fed with the text so far after each token; says when enough is there and how much of it
 * to keep. Works on lines and indentation alone, so that it serves every language.
 */

import { balance } from './brackets';
import { indentWidth, opensBlock } from './indentation';

/** `line` stops at the first newline; `block` goes on while a block that the completion opened is open. */
export type Extent = 'line' | 'block';

export type StopReason = 'end' | 'newline' | 'dedent' | 'close' | 'suffix' | 'repeat' | 'length';

export interface Stop {
  readonly reason: StopReason;
  /** Characters of the text to keep. */
  readonly keep: number;
}

export interface Surroundings {
  /** Text before the cursor. */
  readonly prefix: string;
  /** Text from the line after the cursor on. */
  readonly suffix: string;
}

/**
 * @param text the completion so far, never ending inside a character.
 * @returns undefined while more is wanted.
 */
export function findStop(text: string, extent: Extent, around: Surroundings): Stop | undefined {
  const firstNewline = text.indexOf('\n');
  // What stands before a loop on its line leads into it: nothing of the line is worth keeping.
  if (firstNewline < 0) return repeats(text) ? { reason: 'repeat', keep: 0 } : undefined;
  const firstLine = text.slice(0, firstNewline);
  if (extent === 'line') return { reason: 'newline', keep: firstNewline };

  const currentLine = around.prefix.slice(around.prefix.lastIndexOf('\n') + 1);
  const opening = currentLine + firstLine;
  if (firstLine.trim() === '' && currentLine.trim() === '') return { reason: 'newline', keep: 0 };
  if (opensComment(opening)) return findCommentEnd(text, firstNewline);
  const base = indentWidth(opening);
  const nextLine = around.suffix.split('\n', 20).find(line => line.trim() !== '');
  const bodyStands = nextLine !== undefined && indentWidth(nextLine) > base;
  if (!opensBlock(opening) || bodyStands) return { reason: 'newline', keep: firstNewline };

  let start = firstNewline + 1;
  let kept = firstNewline;
  const lines: { readonly text: string; readonly end: number }[] = [{ text: firstLine.trim(), end: firstNewline }];
  for (;;) {
    const end = text.indexOf('\n', start);
    if (end < 0) {
      if (leavesBlock(text.slice(start), base)) return { reason: 'dedent', keep: wholeStatements(text.slice(0, kept)) };
      return repeats(text) ? { reason: 'repeat', keep: beforeRepeat(text.slice(0, kept)) } : undefined;
    }
    const line = text.slice(start, end);
    if (line.trim() !== '') {
      const width = indentWidth(line);
      const closes = /^\s*(?:[)\]}]|end\b|<\/)/.test(line);
      if (width < base || (width === base && !closes))
        return { reason: 'dedent', keep: wholeStatements(text.slice(0, kept)) };
      if (width === base && closes) {
        if (line.trimEnd() === nextLine?.trimEnd())
          return { reason: 'suffix', keep: wholeStatements(text.slice(0, kept)) };
        if (!opensBlock(line)) return { reason: 'close', keep: end };
      }
      lines.push({ text: line.trim(), end });
      const once = beforeRound(lines);
      if (once !== undefined) return { reason: 'repeat', keep: beforeRepeat(text.slice(0, once)) };
      kept = end;
    }
    start = end + 1;
  }
}

/** Most lines of a unit that a model writes over and over. */
const LONGEST_ROUND = 6;

/** The end of the text before the last lines said themselves again: one line twice, or several with a word three times. */
function beforeRound(lines: readonly { readonly text: string; readonly end: number }[]): number | undefined {
  const { length } = lines;
  if (lines[length - 1].text === lines[length - 2].text) return lines[length - 2].end;
  for (let n = 2; n <= LONGEST_ROUND && 3 * n <= length; n++) {
    const same = (back: number) => lines[length - back].text === lines[length - back - n].text;
    const isRound = Array.from({ length: 2 * n }, (_, i) => i + 1).every(same);
    if (isRound && lines.slice(-n).some(({ text }) => /\w/.test(text))) return lines[length - 2 * n - 1].end;
  }
  return undefined;
}

function opensComment(line: string): boolean {
  return /^\s*\/\*(?!.*\*\/)/.test(line);
}

/** A block comment is whole or not there: an open one would swallow the code below. */
function findCommentEnd(text: string, from: number): Stop | undefined {
  const close = text.indexOf('*/');
  if (close >= 0) return { reason: 'close', keep: close + 2 };
  const prose = text.slice(from + 1);
  const lastLine = prose.slice(0, prose.lastIndexOf('\n') + 1).trimEnd();
  const left = lastLine !== '' && !/^\s*\*/.test(lastLine.slice(lastLine.lastIndexOf('\n') + 1));
  return left || repeats(text) ? { reason: 'repeat', keep: 0 } : undefined;
}

/**
 * Where to cut a text that was still going on when its tokens ran out: of a block whole statements are kept, of a line
 * that finds no end nothing.
 */
export function stopAtLength(text: string): Stop {
  const lastLine = text.lastIndexOf('\n');
  const whole = lastLine >= 0 && !opensComment(text.slice(0, text.indexOf('\n')));
  return { reason: 'length', keep: whole ? wholeStatements(text.slice(0, lastLine)) : 0 };
}

/**
 * Length of the longest run of whole lines in which only what the first line opened is still open: half of a nested
 * statement is no help.
 */
function wholeStatements(block: string): number {
  const firstLine = block.split('\n', 1)[0];
  const nOpened = balance(firstLine).open.length;
  let kept = firstLine.length;
  for (let end = block.indexOf('\n', kept + 1); kept < block.length; end = block.indexOf('\n', end + 1)) {
    const lineEnd = end < 0 ? block.length : end;
    if (balance(block.slice(0, lineEnd)).open.length <= nOpened) kept = lineEnd;
    if (end < 0) break;
  }
  return kept;
}

/** A block in which a model went round in circles before it closed it is worth its first line. */
function beforeRepeat(block: string): number {
  const kept = wholeStatements(block);
  return balance(block.slice(0, kept)).open.length > 0 ? block.split('\n', 1)[0].length : kept;
}

/** Whether the beginning of a line already shows that it stands outside the block and does not close it. */
function leavesBlock(begun: string, base: number): boolean {
  const word = begun.trimStart();
  if (word === '' || indentWidth(begun) > base) return false;
  return indentWidth(begun) < base || !(/^[)\]}<]/.test(word) || 'end'.startsWith(word) || word.startsWith('end'));
}

/** The text ends in four or more copies of a unit of 2 to 24 characters, or twelve of one, that is not just ruling. */
export function repeats(text: string): boolean {
  if (/([^\s\-=*#_/~.])\1{11}$/.test(text)) return true;
  const loop = /(\S[\s\S]{1,23}?)\1{3,}$/.exec(text);
  return loop !== null && /\w/.test(loop[1]);
}
