/**
 * From what the model wrote to what a person should see: nothing that stands right of the cursor or on the next line
 * already, no closer that nothing owes, no trailing white space. Pure text in, text and range out.
 */
import { balance, owedClosers } from './brackets';
import { reindent } from './indentation';
import { misfitsBelow } from './lineBelow';
import { hasTypesInPlainScript } from './plainScript';
import { leavesStringOpen } from './quotes';

export interface Tidied {
  readonly text: string;
  /** Characters right of the cursor, on its line, that the text replaces. */
  readonly replaceRight: number;
}

export interface Surrounding {
  /** Of the file, for its ending; what only holds in some languages is left out without it. */
  readonly path?: string;
  readonly prefix: string;
  /** The rest of the cursor's line. */
  readonly lineRest: string;
  /** Text from the next line on. */
  readonly suffix: string;
}

/** How much text on either side decides which brackets are open. */
const REACH_CHARS = 4000;

/** @returns undefined when nothing worth showing is left. */
export function tidy(completion: string, around: Surrounding): Tidied | undefined {
  const rest = around.lineRest.trimEnd();
  if (splitsWord(around)) return undefined;
  let text = reindent(trimLineEnds(completion), around.prefix);
  if (rest !== '' && !onlyClosers(rest)) text = dropRepeatOf(rest, firstLine(text));
  text = dropNextLine(text, around);
  if (repeatsLineAbove(text, around)) return undefined;

  const closed = settleClosers(text, rest, around);
  const isUnfit =
    saysNothing(closed.text, around) || isMisfit(closed.text, around) || breaksLanguage(closed.text, around);
  return isUnfit ? undefined : closed;
}

/**
 * What cannot stand in the file's language, as far as its name tells: a quote that nothing opened or closes, which turns
 * the rest of its line into something else, or types in plain JavaScript.
 */
function breaksLanguage(text: string, { prefix, lineRest, path = '' }: Surrounding): boolean {
  if (lineRest.trim() !== '') return false;
  const start = prefix.lastIndexOf('\n') + 1;
  const lines = (prefix.slice(start) + text).split('\n');
  return lines.some((line, i) => {
    const before = [prefix.slice(Math.max(0, start - REACH_CHARS), start), ...lines.slice(0, i)].join('\n');
    return leavesStringOpen(line, before, path) || hasTypesInPlainScript(line, before, path);
  });
}

/** White space, or a comment's marker without the comment. */
function saysNothing(text: string, around: Surrounding): boolean {
  return text.trim() === '' || /^\s*(?:\/\/+|#+|\/?\*+)$/.test((currentLine(around.prefix) + text).trimEnd());
}

/** Whether it does not go with the line below: see `lineBelow`. Several lines bring their own, unless they are a comment. */
function isMisfit(text: string, around: Surrounding): boolean {
  if (around.lineRest.trim() !== '' && !onlyClosers(around.lineRest.trim())) return false;
  const line = currentLine(around.prefix) + text;
  const isWholeComment = line.trimStart().startsWith('/*') && line.trimEnd().endsWith('*/');
  if (text.includes('\n') && !isWholeComment) return false;
  return misfitsBelow(firstLine(line), nextLineOf(around), { isWholeComment });
}

/** The first line below that is not blank. */
function nextLineOf(around: Surrounding): string {
  return firstLine(around.suffix.replace(/^(?:[ \t]*\n)+/, ''));
}

/** Cuts the text where it starts to repeat what stands right of the cursor. */
function dropRepeatOf(rest: string, text: string): string {
  if (text.endsWith(rest)) return text.slice(0, -rest.length);
  const trimmed = rest.trim();
  const at = trimmed.length > 3 ? text.indexOf(trimmed) : -1;
  return at < 0 ? text : text.slice(0, at);
}

/** What the file already has as its next line is not written again, neither as the last line nor on the way. */
function dropNextLine(text: string, around: Surrounding): string {
  const next = nextLineOf(around).trimEnd();
  if (next.trim() === '' || around.lineRest.trim() !== '') return text;
  const lines = text.split('\n');
  const first = currentLine(around.prefix) + lines[0];
  if (first.trim() === next.trim() && next.trim().length > 2) return '';
  const at = lines.findIndex(
    (line, i) => i > 0 && line.trimEnd() === next && (/\w/.test(line) || i === lines.length - 1),
  );
  return at < 0 ? text : lines.slice(0, at).join('\n');
}

/** A line that says what the one above says, letter by letter, is a model going round in circles. */
function repeatsLineAbove(text: string, around: Surrounding): boolean {
  const lines = around.prefix.split('\n');
  const written = (lines.pop() + firstLine(text)).trimEnd();
  const above = lines.reverse().find(line => line.trim() !== '');
  return above !== undefined && above.trimEnd() === written && /\w.*\w/.test(written);
}

/** Between two letters of a word nothing can be inserted that the rest of the word does not spoil. */
function splitsWord({ prefix, lineRest }: Surrounding): boolean {
  return /[\p{L}\p{N}_$]$/u.test(prefix) && /^[\p{L}\p{N}_$]/u.test(lineRest);
}

/**
 * Lets a closer stand when the code owes it, lets it replace one that the editor put right of the cursor, and cuts the
 * text at any other.
 */
function settleClosers(text: string, rest: string, around: Surrounding): Tidied {
  const owed = owedClosers(
    around.prefix.slice(-REACH_CHARS),
    `${around.lineRest}\n${around.suffix.slice(0, REACH_CHARS)}`,
  );
  const quote = openQuote(currentLine(around.prefix), rest);
  const quoteAt = quote === undefined ? -1 : text.indexOf(quote);
  let replaceRight = quoteAt < 0 ? 0 : 1;
  const offset = quoteAt + 1;
  for (const closer of balance(text.slice(offset)).unopened) {
    if (rest[replaceRight] === closer.char) replaceRight++;
    else if (owed[0] === closer.char) owed.shift();
    else return { text: text.slice(0, offset + closer.at).trimEnd(), replaceRight };
  }
  if (replaceRight > 0 && text.endsWith(';') && rest[replaceRight] === ';') replaceRight++;
  return { text, replaceRight };
}

/** The quote that the cursor stands inside of, when the editor put its partner right of the cursor. */
function openQuote(line: string, rest: string): string | undefined {
  const quote = rest[0];
  if (quote !== '"' && quote !== "'" && quote !== '`') return undefined;
  return (line.split(quote).length - 1) % 2 === 1 ? quote : undefined;
}

function trimLineEnds(text: string): string {
  return text.replace(/[ \t]+(?=\n|$)/g, '').replace(/\n+$/, '');
}

function onlyClosers(text: string): boolean {
  return /^[)\]}'"`>;,\s]+$/.test(text);
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

function currentLine(prefix: string): string {
  return prefix.slice(prefix.lastIndexOf('\n') + 1);
}
