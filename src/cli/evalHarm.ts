/** Whether a completion would have done harm to the file around it. */
import { type TransformFailure, transformSync } from 'esbuild';
import { balance, CLOSER } from '../core/brackets';
import type { Cursor } from './evalMetrics';

export interface Harm {
  readonly harmful: boolean;
  readonly unparsed: boolean;
  /** Whether the surroundings parse with the author's line. */
  readonly parsed: boolean;
}

export function harmOf(cursor: Cursor, shown: string): Harm {
  const { language, prefix, suffix } = cursor;
  const withTruth = prefix + cursor.truth + suffix;
  const withShown = prefix + shown + suffix;
  const nextLine = suffix
    .split('\n')
    .find(line => line.trim().length > 2)
    ?.trim();
  const currentLine = prefix.slice(prefix.lastIndexOf('\n') + 1);
  const lastLine = (currentLine + shown).split('\n').pop()!.trim();
  const repeats = lastLine === nextLine && lastLine !== (currentLine + cursor.truth).trim();
  const closers = balance(withShown).unopened.length > balance(withTruth).unopened.length;
  const parsed = LOADERS[language] !== undefined && errorAt(language, withTruth) === undefined;
  // An opened block that is not closed yet is how code looks while it is written; only what closing cannot mend counts.
  const open = balance(shown)
    .open.map(b => CLOSER[b.char])
    .reverse()
    .join('');
  const errorChar = parsed ? errorAt(language, withShown) : undefined;
  const unparsed = errorChar !== undefined && errorAt(language, prefix + shown + open + suffix) !== undefined;
  // A file that the missing line left broken below is not broken anew by a line that does not mend it.
  const newError =
    unparsed && (errorChar < prefix.length + shown.length || errorAt(language, prefix + suffix) === undefined);
  return { harmful: repeats || closers || newError, unparsed: repeats || closers || unparsed, parsed };
}

const LOADERS: Readonly<Record<string, 'ts' | 'tsx' | 'jsx'>> = {
  typescript: 'ts',
  typescriptreact: 'tsx',
  javascript: 'jsx',
  javascriptreact: 'jsx',
  ts: 'ts',
  tsx: 'tsx',
  js: 'jsx',
  jsx: 'jsx',
};

/** Where the first syntax error stands, in characters; undefined when there is none. */
function errorAt(language: string, source: string): number | undefined {
  try {
    transformSync(source, { loader: LOADERS[language], logLevel: 'silent' });
    return undefined;
  } catch (error) {
    const { location } = (error as TransformFailure).errors[0];
    if (location === null) return 0;
    const above = source.split('\n').slice(0, location.line - 1);
    return above.reduce((sum, line) => sum + line.length + 1, 0) + location.column;
  }
}
