/** Quotes that a line of code leaves open, in the languages whose strings end with their line. */

const ENDS_WITH_LINE = /\.(?:[cm]?[jt]sx?|py|pyi|java|kt|cs|go|swift|php|c|h|cc|cpp|hpp|dart|json)$/i;

/**
 * Whether a line leaves a string open that must end on it. Says no wherever that cannot be told: in prose, in other
 * languages, inside a text of several lines.
 * @param before the text above the line
 */
export function leavesStringOpen(line: string, before: string, path: string): boolean {
  if (!ENDS_WITH_LINE.test(path) || /^\s*(?:\/[/*]|\*|#)/.test(line) || isInLongText(before)) return false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (char === '`' || line.startsWith('/*', at) || /^(?:"""|''')/.test(line.slice(at))) return false;
    if (/^(?:\/\/|# )/.test(line.slice(at)) && line[at - 1] !== ':') return false;
    if (char === '/' && /(?:^|[(,=:[!&|?{};]|\breturn)\s*$/.test(line.slice(0, at))) {
      const end = endOfPattern(line, at);
      if (end === undefined) return false;
      at = end;
    } else if ((char === '"' || char === "'") && !isApostrophe(line, at)) {
      const end = endOfString(line, at);
      if (end === undefined) return !line.endsWith('\\');
      at = end;
    }
  }
  return false;
}

/** Between two letters: `don't`, but not the prefix of a Python string. */
function isApostrophe(line: string, at: number): boolean {
  return (
    line[at] === "'" &&
    /\p{L}$/u.test(line.slice(0, at)) &&
    /^\p{L}/u.test(line.slice(at + 1)) &&
    !/(?<![\w'"])[bfru]{1,2}$/i.test(line.slice(0, at))
  );
}

function endOfString(line: string, from: number): number | undefined {
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === line[from]) return at;
  }
  return undefined;
}

/** The slash that ends a regular expression; undefined when there is none. */
function endOfPattern(line: string, from: number): number | undefined {
  let isInSet = false;
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '[') isInSet = true;
    else if (line[at] === ']') isInSet = false;
    else if (line[at] === '/' && !isInSet) return at;
  }
  return undefined;
}

/** In a template or a long string that was begun above, as far as counting tells. */
function isInLongText(before: string): boolean {
  return [/`/g, /"""/g, /'''/g].some(quote => (before.match(quote)?.length ?? 0) % 2 === 1);
}
