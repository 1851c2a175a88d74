/**
 * What is kept of a suggestion that was shown, as one line of JSON: the place, what was shown, what stood there later, and how
 * it ended. Enough for a preference pair and no more: the place is cut to what a row of training can hold.
 */
import type { CompletionText } from '../../core/fim';
import { withoutSecretsAround } from '../../core/training/pairSecrets';
import { RECORDED_OUTCOMES, type RecordedOutcome } from '../../protocol/pages/improvement';

export interface FeedbackRecord {
  readonly formatVersion: 1;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly outcome: RecordedOutcome;
  readonly languageId: string;
  readonly proposal: string;
  readonly modules: readonly { readonly id: string; readonly strength: number }[];
  /** Where the suggestion began. */
  readonly text: CompletionText;
  readonly shown: string;
  /** What stood in its place some time later, over at most as many lines; empty when nothing did. */
  readonly stood: string;
}

const MOST_CHARS = { prefix: 2400, suffix: 800, neighbour: 800, written: 800 };

/**
 * Takes secrets out of a record and cuts it to size.
 * @returns undefined where a secret stands in what was shown or written, or nothing was shown.
 */
export function fitForKeeping(record: FeedbackRecord): FeedbackRecord | undefined {
  const { shown, stood } = record;
  if (shown === '' || shown.length > MOST_CHARS.written || stood.length > MOST_CHARS.written) return undefined;
  // Before the cut: what is left of a secret may not look like one.
  const text = withoutSecretsAround(record.text, [shown, stood]);
  return text && { ...record, text: cut(text) };
}

/** As many lines of what stands there as were shown, without what stood right of the cursor already. */
export function insteadOf(shown: string, standing: string, lineRest: string): string {
  const text = standing.replace(/\r\n?/g, '\n');
  // It may have taken the place of what stood right of the cursor.
  if (text === shown || text === shown + lineRest || text.startsWith(`${shown}\n`)) return shown.trimEnd();
  const own = lineRest !== '' && text.endsWith(lineRest) ? text.slice(0, text.length - lineRest.length) : text;
  return own.split('\n').slice(0, shown.split('\n').length).join('\n').trimEnd();
}

/** @returns undefined for a line that is no record of this version. */
export function parseRecord(line: string): FeedbackRecord | undefined {
  let record: Partial<FeedbackRecord> | null;
  try {
    record = JSON.parse(line) as Partial<FeedbackRecord> | null;
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record?.formatVersion !== 1) return undefined;
  const texts = [record.at, record.languageId, record.proposal, record.shown, record.stood];
  const isWhole =
    texts.every(text => typeof text === 'string') &&
    RECORDED_OUTCOMES.some(outcome => outcome === record.outcome) &&
    Array.isArray(record.modules) &&
    record.modules.every(module => typeof module?.id === 'string' && typeof module.strength === 'number') &&
    isCompletionText(record.text);
  return isWhole ? (record as FeedbackRecord) : undefined;
}

function isCompletionText(text: Partial<CompletionText> | undefined): boolean {
  return (
    typeof text === 'object' &&
    text !== null &&
    [text.path, text.prefix, text.lineRest, text.suffix].every(part => typeof part === 'string') &&
    Array.isArray(text.neighbours) &&
    text.neighbours.every(chunk => typeof chunk?.path === 'string' && typeof chunk.text === 'string')
  );
}

/** Whole lines but for the cursor's own. */
function cut({ path, prefix, lineRest, suffix, neighbours }: CompletionText): CompletionText {
  return {
    path,
    prefix: lastLines(prefix, MOST_CHARS.prefix),
    lineRest: lineRest.slice(0, MOST_CHARS.written),
    suffix: firstLines(suffix, MOST_CHARS.suffix),
    neighbours: neighbours
      .slice(0, 1)
      .map(chunk => ({ path: chunk.path, text: firstLines(chunk.text, MOST_CHARS.neighbour) })),
  };
}

function lastLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const at = text.indexOf('\n', text.length - most);
  return at < 0 ? text.slice(-most) : text.slice(at + 1);
}

function firstLines(text: string, most: number): string {
  if (text.length <= most) return text;
  const at = text.lastIndexOf('\n', most);
  return at < 0 ? text.slice(0, most) : text.slice(0, at + 1);
}
