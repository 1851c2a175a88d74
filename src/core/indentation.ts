/** Indentation: how a file indents, and how a completion is made to agree with it. */

/** Leading white space of a line. */
export function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)![0];
}

/** Columns of leading white space, a tab counting as four. */
export function indentWidth(line: string): number {
  let width = 0;
  for (const c of indentOf(line)) width += c === '\t' ? 4 : 1;
  return width;
}

/** One level of indentation as the text uses it: a tab, or its smallest step in spaces; undefined when it shows none. */
export function indentUnit(text: string): string | undefined {
  let smallest = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('\t')) return '\t';
    const width = indentOf(line).length;
    // A single space is the edge of a block comment, not a level.
    if (width > 1 && line.trim() !== '' && (smallest === 0 || width < smallest)) smallest = width;
  }
  return smallest === 0 ? undefined : ' '.repeat(smallest);
}

/** Whether the next line belongs to what this one began. A comment begins nothing. */
export function opensBlock(line: string): boolean {
  if (/^\s*(?:\/\/|#|\*)/.test(line)) return false;
  return /(?:[{([]|=>|:)\s*$/.test(line) || /^\s*<[A-Za-z][^<>/]*>\s*$/.test(line);
}

/**
 * Makes a completion indent as the text before it does: tabs for spaces or spaces for tabs at the starts of its lines,
 * and no white space before its first line where the editor has indented already.
 */
export function reindent(completion: string, prefix: string): string {
  const lines = completion.split('\n');
  const unit = indentUnit(prefix);
  const currentLine = prefix.slice(prefix.lastIndexOf('\n') + 1);
  const converted = lines.map((line, i) => (i === 0 && currentLine.trim() !== '' ? line : convert(line, unit)));
  if (currentLine.trim() !== '') {
    if (/\s$/.test(currentLine)) converted[0] = converted[0].trimStart();
    return converted.join('\n');
  }
  const extra = surplus(converted[0], currentLine, prefix, unit);
  return converted.map((line, i) => (i === 0 || line.startsWith(extra) ? line.slice(extra.length) : line)).join('\n');
}

/** White space before the first line that goes beyond the level its place asks for. */
function surplus(firstLine: string, currentLine: string, prefix: string, unit = '  '): string {
  const written = indentOf(firstLine);
  if (written === '') return '';
  const above = prefix
    .split('\n')
    .slice(0, -1)
    .reverse()
    .find(line => line.trim() !== '');
  if (above === undefined) return written;
  const expected = indentWidth(above) + (opensBlock(above) ? indentWidth(`${unit}x`) : 0);
  return indentWidth(currentLine) >= expected ? written : '';
}

function convert(line: string, unit: string | undefined): string {
  const indent = indentOf(line);
  if (unit === undefined || indent === '') return line;
  if (unit === '\t') {
    const step = indent.length % 4 === 0 ? 4 : 2;
    return indent.replace(new RegExp(` {${step}}`, 'g'), '\t') + line.slice(indent.length);
  }
  return indent.replaceAll('\t', unit) + line.slice(indent.length);
}
