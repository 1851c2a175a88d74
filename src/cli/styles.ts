/**
 * How a simulated person writes code, line by line: what a line of somebody else's becomes in their hand, and whether a line
 * follows their style. Works on text alone; code that it cannot read stays as it is.
 */

export const HABITS = ['quotes', 'semicolons', 'returns', 'names'] as const;
export type Habit = (typeof HABITS)[number];

export interface Style {
  readonly name: string;
  /** What of it differs from the files that this bench takes: single quotes, semicolons, returns in blocks, camelCase. */
  readonly habits: readonly Habit[];
}

export const STYLES: readonly Style[] = [
  /** Double quotes, no semicolons, `if (…) return …` on one line. */
  { name: 'terse', habits: ['quotes', 'semicolons', 'returns'] },
  /** Local names in snake_case. */
  { name: 'snake', habits: ['names'] },
];

const DECLARED = /\b(?:const|let|var) +([A-Za-z_]\w*)/;
const GUARD = /^(\s*(?:\} else )?if \(.*\)) \{$/;
const RETURN = /^\s*(return\b[^{([]*(?:\([^()]*\))?;?|throw\b.*;|continue;|break;)$/;

/** @returns a line for each, undefined where it became part of the one before. */
export function restyled(lines: readonly string[], style: Style): (string | undefined)[] {
  const names = style.habits.includes('names') ? localNames(lines) : new Map<string, string>();
  const own: (string | undefined)[] = [...lines];
  for (let i = 0; i < lines.length; i++) {
    let line = own[i];
    if (line === undefined) continue;
    const guard = style.habits.includes('returns') ? guardOf(lines, i) : undefined;
    if (guard !== undefined) {
      line = guard;
      own[i + 1] = undefined;
      own[i + 2] = undefined;
    }
    own[i] = restyledLine(line, style, names);
  }
  return own;
}

/** The line as this person would write it among lines that stay as they are. */
export function restyledAt(lines: readonly string[], i: number, style: Style): string {
  const declared = style.habits.includes('names') ? localNames([lines[i]]) : new Map<string, string>();
  const guard = style.habits.includes('returns') ? guardOf(lines, i) : undefined;
  return restyledLine(guard ?? lines[i], style, declared);
}

/** Whether what was written after `head` follows a habit; undefined where it says nothing of it. */
export function follows(habit: Habit, head: string, written: string): boolean | undefined {
  const line = head + written;
  switch (habit) {
    case 'quotes': {
      const first = stringsOf(line).find(({ start }) => start >= head.length);
      return first && line[first.start] === '"';
    }
    case 'semicolons': {
      const end = line.trimEnd();
      if (end.endsWith(';')) return false;
      return /[\w)\]'"`]$/.test(end) && isBalanced(end) ? true : undefined;
    }
    case 'returns': {
      const after = /^\s*(\{|return\b|throw\b|continue\b|break\b)/.exec(written)?.[1];
      return after === undefined ? undefined : after !== '{';
    }
    case 'names': {
      const name = DECLARED.exec(line)?.[1];
      if (name === undefined || !/[a-z0-9][A-Z]|[a-z0-9]_[a-z]/.test(name)) return undefined;
      return /[a-z0-9]_[a-z]/.test(name) && !/[A-Z]/.test(name);
    }
  }
}

/** Where on a line a person with this habit can be asked: offsets at which its next decision is still open. */
export function placesFor(habit: Habit, line: string, own: string): readonly number[] {
  const common = commonLength(line, own);
  if (common >= line.length && habit !== 'semicolons') return [];
  switch (habit) {
    case 'quotes': {
      const first = stringsOf(line)[0];
      if (first === undefined || line[first.start] !== "'" || own[first.start] !== '"') return [];
      return boundaries(line, first.start);
    }
    case 'semicolons':
      return line.endsWith(';') && !own.endsWith(';') ? boundaries(line, Math.min(common, line.length - 1)) : [];
    case 'returns': {
      const guard = GUARD.exec(line)?.[1];
      return guard !== undefined && own.startsWith(guard) && own.length > guard.length + 2 ? [guard.length] : [];
    }
    case 'names': {
      const found = DECLARED.exec(line);
      if (found === null || common >= line.length) return [];
      return [found.index + found[0].length - found[1].length];
    }
  }
}

function restyledLine(line: string, { habits }: Style, names: ReadonlyMap<string, string>): string {
  let own = line;
  if (habits.includes('quotes')) own = withDoubleQuotes(own);
  if (habits.includes('semicolons') && /;\s*$/.test(own) && !/^\s*for \(/.test(own)) own = own.replace(/;\s*$/, '');
  if (names.size > 0) own = own.replace(/(?<![.\w$])[A-Za-z_]\w*/g, name => names.get(name) ?? name);
  return own;
}

/** `if (…) {`, a short return, `}` as one line. */
function guardOf(lines: readonly string[], i: number): string | undefined {
  const head = GUARD.exec(lines[i] ?? '')?.[1];
  const body = RETURN.exec(lines[i + 1] ?? '')?.[1];
  if (head === undefined || body === undefined || lines[i + 2]?.trim() !== '}') return undefined;
  return `${head} ${body}`;
}

function localNames(lines: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of lines) {
    const name = DECLARED.exec(line)?.[1];
    if (name === undefined || /^export\b/.test(line) || !/^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)+$/.test(name)) continue;
    names.set(
      name,
      name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
    );
  }
  return names;
}

function withDoubleQuotes(line: string): string {
  let own = line;
  for (const { start, end } of stringsOf(line)) {
    if (line[start] === "'" && !/["\\]/.test(line.slice(start + 1, end)))
      own = `${own.slice(0, start)}"${line.slice(start + 1, end)}"${own.slice(end + 1)}`;
  }
  return own;
}

/** Plain strings of a line, comments and templates aside. @returns offsets of their quotes; an open one ends the line. */
function stringsOf(line: string): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  if (/^\s*(?:\*|\/\/|\/\*)/.test(line)) return found;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '/' && line[i + 1] === '/' && line[i - 1] !== ':') break;
    if (char !== "'" && char !== '"' && char !== '`') continue;
    if (char === "'" && /[A-Za-z]/.test(line[i - 1] ?? '')) continue; // an apostrophe
    let end = i + 1;
    while (end < line.length && line[end] !== char) end += line[end] === '\\' ? 2 : 1;
    if (char !== '`') found.push({ start: i, end: Math.min(end, line.length) });
    i = end;
  }
  return found;
}

function isBalanced(line: string): boolean {
  const count = (open: string, close: string) => line.split(open).length - line.split(close).length;
  return count('(', ')') <= 0 && count('[', ']') <= 0 && count('{', '}') <= 0;
}

function commonLength(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}

/** Starts of words up to an offset, the offset itself included, after the indentation. */
function boundaries(line: string, to: number): number[] {
  const from = line.length - line.trimStart().length;
  const places = [...line.matchAll(/(?<=[^\w$])(?=[\w$])|(?<=[(,=] ?)/g)].map(({ index }) => index);
  return [...new Set([...places.filter(at => at > from && at < to), to])].filter(at => at > from);
}
