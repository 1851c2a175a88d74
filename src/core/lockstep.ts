/**
 * The proposal and its aligners move together. A proposal that lists its likeliest tokens only is told beforehand which
 * others the next position asks about: what an aligner mixes in, and what the bytes still owed allow. Hence the order:
 * the aligners that are mixed in, the proposal, the others.
 */
import type { ByteConstraint } from './byteConstraint';
import type { SeekOptions, SeekReport, Sequence, Wanted } from './model';
import { likeliestOf } from './row';

/** An aligner's sequences; see `AlignerSource`. */
interface Moving {
  readonly sequence: Sequence;
  readonly reference?: Sequence;
  readonly mixture?: () => number;
}

/** Tokens of an aligner that is mixed in. What comes behind them has less than a nucleus can notice. */
const MOST_MIXED = 256;
/** Tokens that owed bytes allow. A lone space allows half of a vocabulary; the proposal's likeliest are listed anyway. */
const MOST_ALLOWED = 4096;

/**
 * Brings all sequences to `tokens`.
 * @param options `between` is awaited between any two passes, of different sequences too
 * @returns what the proposal's sequence reports
 */
export async function seekAll(
  proposal: Sequence,
  aligners: readonly Moving[],
  tokens: readonly number[],
  constraint: ByteConstraint | undefined,
  signal: AbortSignal,
  options: Omit<SeekOptions, 'wanted'> = {},
): Promise<SeekReport> {
  const seek = async ({ sequence, reference }: Moving) => {
    await options.between?.();
    await sequence.seek(tokens, signal, options);
    await reference?.seek(tokens, signal, options);
  };
  for (const aligner of aligners) if (aligner.mixture !== undefined) await seek(aligner);
  const report = await proposal.seek(tokens, signal, { ...options, wanted: wantedBy(aligners, constraint) });
  for (const aligner of aligners) if (aligner.mixture === undefined) await seek(aligner);
  return report;
}

/** Appends a token to all sequences. */
export async function pushAll(
  proposal: Sequence,
  aligners: readonly Moving[],
  token: number,
  constraint: ByteConstraint | undefined,
  signal: AbortSignal,
): Promise<void> {
  const push = async ({ sequence, reference }: Moving) => {
    await sequence.push(token, signal);
    await reference?.push(token, signal);
  };
  for (const aligner of aligners) if (aligner.mixture !== undefined) await push(aligner);
  await proposal.push(token, signal, wantedBy(aligners, constraint));
  for (const aligner of aligners) if (aligner.mixture === undefined) await push(aligner);
}

/** Asked when the aligners that are mixed in stand where the proposal will. */
function wantedBy(aligners: readonly Moving[], constraint: ByteConstraint | undefined): Wanted {
  const wanted: Wanted[] = [constraint?.allowed(MOST_ALLOWED) ?? []];
  for (const { sequence, mixture } of aligners)
    if (mixture !== undefined) wanted.push(likeliestOf(sequence.logps(), MOST_MIXED));
  return wanted.length === 1 ? wanted[0] : wanted.flatMap(ids => Array.from(ids));
}
