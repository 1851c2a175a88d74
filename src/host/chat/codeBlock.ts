/** From code in an answer to text that fits the place it is put into. Knows no editor. */

/**
 * Code with the indentation of where it goes: what all its lines share gives way to `indentation`.
 * @param indentation white space before the place's first line; that line itself has it already.
 * @param eol line end of the document.
 */
export function fitted(code: string, indentation: string, eol: string): string {
  const lines = code
    .replace(/\r\n?/g, '\n')
    .replace(/^\n+|\s+$/g, '')
    .split('\n');
  const shared = sharedIndentation(lines);
  return lines
    .map((line, index) => {
      const bare = line.slice(shared.length);
      return index === 0 || bare.trim() === '' ? bare.trimEnd() : indentation + bare;
    })
    .join(eol);
}

function sharedIndentation(lines: readonly string[]): string {
  const indentations = lines.filter(line => line.trim() !== '').map(line => /^[ \t]*/.exec(line)![0]);
  let shared = indentations[0] ?? '';
  for (const other of indentations) while (!other.startsWith(shared)) shared = shared.slice(0, -1);
  return shared;
}
