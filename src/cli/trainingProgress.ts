/** How a training is told in a terminal: one line that is redrawn, or now and then a new one where nobody looks. */
import type { DryRun, TrainingOutcome, TrainingProgress } from '../protocol/training';

const EVERY_MS = 10_000;

export class ProgressLines {
  #saidMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;
  #heldOut = '';

  constructor(private readonly output: NodeJS.WriteStream) {}

  /** A line that stays. */
  say(line: string): void {
    this.output.write(`${this.#isOpen ? '\r\x1b[2K' : ''}${line}\n`);
    this.#isOpen = false;
  }

  show(progress: TrainingProgress): void {
    const { heldOut } = progress;
    if (heldOut) this.#heldOut = `  held out ${heldOut.aligned.toFixed(3)}, alone ${heldOut.proposal.toFixed(3)}`;
    const line = `${lineOf(progress)}${this.#heldOut}`;
    if (this.output.isTTY) {
      this.output.write(`\r\x1b[2K${line.slice(0, (this.output.columns ?? 80) - 1)}`);
      this.#isOpen = true;
    } else if (heldOut !== undefined || performance.now() - this.#saidMs >= EVERY_MS) {
      this.#saidMs = performance.now();
      this.output.write(`${line}\n`);
    }
  }
}

function lineOf({ phase, share, step, loss, tokensPerS, secondsLeft, rssBytes }: TrainingProgress): string {
  const parts = [`${Math.round(100 * share)} %`.padStart(5), phase];
  if (phase === 'training') parts.push(`step ${step}`, `${Math.round(tokensPerS)} tokens/s`);
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(3)}`);
  if (secondsLeft > 0) parts.push(`${minutes(secondsLeft)} left`);
  return [...parts, `${Math.round(rssBytes / 2 ** 20)} MiB`].join('  ');
}

export function dryRunLine(dryRun: DryRun): string {
  const { nFiles, nTrainTokens, nHeldOutFiles, nDuplicates, nUnfit, nOverLimit = 0, nSecrets, nPairs } = dryRun;
  const { tokensPerS, epochs } = dryRun;
  const counts = [`${nFiles} files, ${nTrainTokens} tokens to train on, ${nHeldOutFiles} files held out`];
  if (nPairs > 0) counts.push(`${nPairs} pairs`);
  const { keys, tokens, addresses } = nSecrets;
  const leftOut = [`${nDuplicates} duplicates`, `${nUnfit} unfit files`, `${keys + tokens + addresses} secrets`];
  if (nOverLimit > 0) leftOut.push(`${nOverLimit} files past 32 MiB of what changed last`);
  counts.push(`left out: ${leftOut.join(', ')}`);
  counts.push(`${minutes(60 * dryRun.minutes)} at ${Math.round(tokensPerS)} tokens/s, ${epochs.toFixed(1)} rounds`);
  return counts.join('; ');
}

export function outcomeLines(outcome: TrainingOutcome, place: string): string[] {
  const { state, strength, evaluation } = outcome;
  const rows = evaluation.map(({ metric, proposal, aligned, n, dataset }) => {
    return `  ${metric}: ${proposal} alone, ${aligned} with the module (n = ${n}, ${dataset})`;
  });
  const verdict =
    state === 'finished'
      ? `It is better than the proposal alone, at strength ${strength}.`
      : 'It is no better than the proposal alone on the held-out files: there is no gain in using it.';
  return [`The module is in ${place}. ${verdict}`, ...rows];
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
