/** Preference pairs from a file: a line each, `{ "text": { "path", "prefix", "suffix", … }, "chosen", "rejected" }`. */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../core/errors';
import type { PreferencePair } from '../protocol/training';

/** @throws UserError that names the line */
export async function readPairs(file: string): Promise<PreferencePair[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError('unreadable-file', `${file} cannot be read: ${messageOf(error)}`);
  }
  const pairs: PreferencePair[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const pair = parsePair(line);
    if (pair === undefined) {
      throw new UserError(
        'no-pair',
        `Line ${i + 1} of ${file} is no preference pair. One looks like {"text": {"path": "src/a.ts", "prefix": "let a = ", "suffix": ""}, "chosen": "'x'", "rejected": "\\"x\\""}.`,
      );
    }
    pairs.push(pair);
  }
  return pairs;
}

function parsePair(line: string): PreferencePair | undefined {
  let pair: Partial<PreferencePair> | null;
  try {
    pair = JSON.parse(line) as Partial<PreferencePair> | null;
  } catch {
    return undefined;
  }
  const text: Partial<PreferencePair['text']> = pair?.text ?? {};
  const { path, prefix, suffix, lineRest = '', neighbours = [] } = text;
  const areTexts = [path, prefix, suffix, lineRest, pair?.chosen, pair?.rejected].every(
    part => typeof part === 'string',
  );
  const areChunks =
    Array.isArray(neighbours) &&
    neighbours.every(chunk => typeof chunk?.path === 'string' && typeof chunk?.text === 'string');
  if (!areTexts || !areChunks) return undefined;
  const { chosen, rejected } = pair as PreferencePair;
  return { text: { ...(text as PreferencePair['text']), lineRest, neighbours }, chosen, rejected };
}
