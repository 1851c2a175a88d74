/**
 * Where private keys stand in a text: PEM and PGP blocks, however they are quoted in code. Also what is left of one in a text
 * that was cut: its last lines before `END`, or lines of nothing but base64 where the text begins.
 */

/** `part`: the text begins where it was cut, which may be inside a key. */
export type Extent = 'whole' | 'part';

/** UTF-16 offsets. */
export interface KeySpan {
  readonly start: number;
  readonly end: number;
}

const BEGIN = /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const END = /-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const BODY = /^(?:[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]*={1,2}|=[A-Za-z0-9+/]{4})$/;
/** What stands between a key's first and last line. */
const HEADER_OR_NOTHING = /^(?:[A-Z][\w-]+: .*)?$/;
/** The last line is as short as it happens to be, and so is one that was cut. */
const PART_OF_LINE = /^[A-Za-z0-9+/]+={0,2}$/;
const FULL_LINE = /^[A-Za-z0-9+/]{40,}={0,2}$/;
/** A key of 4096 bits in one line has fewer. */
const LONGEST_LINE_CHARS = 4096;
const SOME_BODY = /[A-Za-z0-9+/=]{16,}/;
/** So many full lines are no accident. */
const FEWEST_FULL_LINES = 3;

/** @returns the keys in the order in which they stand; none overlaps another. */
export function privateKeys(text: string, extent: Extent): KeySpan[] {
  const head = extent === 'part' ? headWithoutBegin(text) : undefined;
  const found = head === undefined ? [] : [head];
  if (!text.includes('PRIVATE KEY')) return found;
  for (const { 0: begin, index } of text.matchAll(BEGIN)) {
    const end = endOfBody(text, index, index + begin.length);
    // Code that only looks for keys names their first line.
    if (end !== undefined && !found.some(span => index < span.end)) found.push({ start: index, end });
  }
  for (const { 0: end, index } of text.matchAll(END)) {
    if (found.some(span => span.start <= index && index < span.end)) continue;
    const start = startOfBody(text, index);
    if (start === undefined) continue;
    // The body may be known already, but for a last line that is short.
    const at = found.findIndex(span => span.start <= start && start <= span.end + 1);
    const span = { start: at < 0 ? start : found[at].start, end: index + end.length };
    if (at < 0) found.push(span);
    else found[at] = span;
  }
  return found.sort((a, b) => a.start - b.start);
}

/** @returns where the last line ends that belongs to the key whose first line is at `start`; undefined where none follows. */
function endOfBody(text: string, start: number, beginEnd: number): number | undefined {
  const newline = text.indexOf('\n', start);
  let end = beginEnd;
  // The whole key may be one string with escaped newlines.
  let hasBody = SOME_BODY.test(text.slice(end, newline < 0 ? text.length : newline));
  for (let next = newline; next >= 0 && next < text.length; ) {
    const lineEnd = text.indexOf('\n', next + 1);
    const line = text.slice(next + 1, lineEnd < 0 ? text.length : lineEnd);
    const isLast = line.includes('-----END ');
    const body = unquoted(line);
    if (!isLast && !BODY.test(body) && !HEADER_OR_NOTHING.test(body)) break;
    if (SOME_BODY.test(line)) hasBody = true;
    if (isLast || line.trim() !== '') end = lineEnd < 0 ? text.length : lineEnd;
    if (isLast || lineEnd < 0) break;
    next = lineEnd;
  }
  return hasBody ? end : undefined;
}

/** @returns where the first line begins that belongs to the key whose last line is at `end`; undefined where none precedes. */
function startOfBody(text: string, end: number): number | undefined {
  let start = text.lastIndexOf('\n', end - 1) + 1;
  let hasBody = /[A-Za-z0-9+/=]{16,}$/.test(text.slice(start, end).replace(/\\[rn]/g, ''));
  for (let isLast = true; start > 0; isLast = false) {
    const above = text.lastIndexOf('\n', start - 2) + 1;
    const line = unquoted(text.slice(above, start - 1));
    if (!BODY.test(line) && !(isLast && PART_OF_LINE.test(line))) break;
    if (SOME_BODY.test(line)) hasBody = true;
    start = above;
  }
  return hasBody ? start : undefined;
}

function headWithoutBegin(text: string): KeySpan | undefined {
  let [nFull, at, end] = [0, 0, 0];
  for (let isFirst = true; at < text.length; isFirst = false) {
    const newline = text.indexOf('\n', at);
    const lineEnd = newline < 0 ? text.length : newline;
    const line = unquoted(text.slice(at, lineEnd));
    const isFull = FULL_LINE.test(line);
    if (!isFull && !(isFirst && PART_OF_LINE.test(line)) && !BODY.test(line)) break;
    if (isFull) nFull++;
    end = lineEnd;
    at = lineEnd + 1;
  }
  return nFull < FEWEST_FULL_LINES ? undefined : { start: 0, end };
}

/** A line without what surrounds it in strings, lists and comments. A longer one than any key's is left as it is. */
function unquoted(line: string): string {
  if (line.length > LONGEST_LINE_CHARS) return line;
  return line.replace(/^[\s"'`+,;|#*\\/]+/, '').replace(/(?:\\[nr]|["'`+,;|\\\s])+$/, '');
}
