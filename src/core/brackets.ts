/** Which brackets a piece of text opens and closes. Quoted text is skipped; comments are not known, on purpose: every language has others. */

export interface Bracket {
  readonly char: string;
  readonly at: number;
  /** Columns of white space before the line the bracket stands on. */
  readonly indent: number;
  /** Whether only white space and other closers stand before it on its line. */
  readonly leads: boolean;
}

export interface Balance {
  /** Openers that stay open, outermost first. */
  readonly open: readonly Bracket[];
  /** Closers of what was opened before the text, in order. */
  readonly unopened: readonly Bracket[];
}

export const CLOSER: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

export function balance(text: string): Balance {
  const open: Bracket[] = [];
  const unopened: Bracket[] = [];
  let indent = 0;
  let leads = true;
  let lineStart = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\n') {
      lineStart = at + 1;
      indent = 0;
      leads = true;
    } else if ((char === ' ' || char === '\t') && at === lineStart + indent) {
      indent++;
    } else if (char === '"' || char === '`' || (char === "'" && !isLifetime(text, at))) {
      const end = closingQuote(text, at);
      if (end > 0) at = end;
      leads = false;
    } else if (char === '(' || char === '[' || char === '{') {
      open.push({ char, at, indent, leads });
      leads = false;
    } else if (char === ')' || char === ']' || char === '}') {
      if (open.length > 0) open.pop();
      else unopened.push({ char, at, indent, leads });
    } else if (char !== ' ' && char !== '\t') leads = false;
  }
  return { open, unopened };
}

/**
 * Closers that are missing at the cursor, innermost first: openers before it that nothing after it closes.
 * A closer that leads its line closes the opener on a line of the same indentation, so that in
 * `function f() {⏎  if (x) {⏎    █⏎}` the lone `}` belongs to the function and the `if` still owes one.
 */
export function owedClosers(before: string, after: string): string[] {
  const { open } = balance(before);
  const { unopened } = balance(after);
  const owed: string[] = [];
  let next = 0;
  for (let i = open.length - 1; i >= 0; i--) {
    const opener = open[i];
    const closer = unopened[next];
    const closes =
      closer !== undefined &&
      closer.char === CLOSER[opener.char] &&
      (!closer.leads || after.lastIndexOf('\n', closer.at) < 0 || closer.indent === opener.indent);
    if (closes) next++;
    else if (closer === undefined && unopened.length > 0)
      break; // beyond what the text after the cursor shows
    else owed.push(CLOSER[opener.char]);
  }
  return owed;
}

/** Rust's `<'a>` and `&'a str`, whose quote is half of nothing. */
function isLifetime(text: string, at: number): boolean {
  const before = text[at - 1];
  return (before === '&' || before === '<') && /^'\w+(?:[>,:]| (?!'))/.test(text.slice(at, at + 40));
}

/** Index of the quote that closes the one at `at`, or −1: an apostrophe in prose is not closed on its line and is harmless. */
function closingQuote(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === text[at]) return i;
    else if (text[i] === '\n' && text[at] !== '`') return -1;
  }
  return -1;
}
