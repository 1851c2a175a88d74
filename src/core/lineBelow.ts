/**
 * Whether a completed line goes with the line below it, which stands already. Knows lines, indentation and brackets, and
 * of languages only which words begin a statement.
 */
import { balance, CLOSER } from './brackets';
import { indentWidth } from './indentation';

/** Words that begin a statement and nothing else: a key of an object may have the same name, with a colon. */
const STATEMENT = /^\s*(?:if|for|while|switch|try|return|throw|const|let|var|break|continue)\b(?!\s*[:,=?.])/;

/**
 * A line that stands above a body of its own (deeper lines, or a closer that leads the next line) must open it, and one
 * that ends in an operator or an opener must have something below to lead on to.
 * @param line the whole line with its completion, or the first line of several
 * @param next the next line that is not blank; blank where there is none
 */
export function misfitsBelow(line: string, next: string, { isWholeComment = false } = {}): boolean {
  if (next.trim() === '') return false;
  const deeper = indentWidth(next) > indentWidth(line);
  // A comment stands as deep as what it is about; what follows a marker is prose, of which nothing is known.
  if (isComment(line)) return isWholeComment && deeper;
  const { open } = balance(line);
  const closes = indentWidth(next) === indentWidth(line) && /^\s*[)\]}]/.test(next);
  if (closes) return open.every(opener => CLOSER[opener.char] !== next.trim()[0]);
  if (deeper) return !leadsOn(line) || (STATEMENT.test(next) && open.length > 0 && !opensStatements(line));
  return /(?:[^=]=|&&|\|\||\?\?| [+\-*/?])$/.test(line.trimEnd()) || cannotBeEmpty(line);
}

/** Whether a line goes on below: an open bracket or tag, an operator or a keyword at its end. */
function leadsOn(line: string): boolean {
  if (balance(line).open.length > 0) return true;
  return /(?:[{([<=>:?&|+\-*/%\\.`]|\b(?:return|else|do|try|finally|extends|implements|from|in|of|and|or|not))$/.test(
    line.trimEnd(),
  );
}

/** Whether statements may follow in the innermost bracket that a line leaves open: not in an object, a list or a call. */
function opensStatements(line: string): boolean {
  const opener = balance(line).open.at(-1);
  if (opener === undefined) return false;
  const before = line.slice(0, opener.at).trimEnd();
  if (opener.char !== '{') return /\bfor(?: await)?$/.test(before);
  if (/(?:=>|\bcase\b.*:|\bdefault\s*:)$/.test(before)) return true;
  return !/(?:[=([{,:?&|]|\b(?:return|yield|await|default|const|let|var|import|export|throw|in|of))$/.test(before);
}

/**
 * Whether a line ends in an opener that the next line does not fill and that cannot be closed at once: a group such as
 * `return (`, names without any such as `const {`, or a lone brace.
 */
function cannotBeEmpty(line: string): boolean {
  const trimmed = line.trim();
  if (trimmed.endsWith('('))
    return /(?:^|[=([{,:?&|+\-*/%!<>;]|\b(?:return|yield|await|typeof|case|throw|default|in|of))\s*\($/.test(trimmed);
  return /(?:^|\b(?:const|let|var|import|export(?: type)?))\s*\{$/.test(trimmed);
}

export function isComment(line: string): boolean {
  return /^\s*(?:\/\/|\/\*|\*|#|<!--|--)/.test(line);
}
