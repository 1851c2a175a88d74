/**
 * How many tokens around the cursor the models see where the setting says `auto`: as many as let a completion at a place
 * that no cache knows come in time, by what passes cost on this machine. Knows no editor.
 */
import type { CompleteRequest, CompleteResult } from '../protocol/messages';

/** A completion at a new place is to be there by then. */
export const IN_TIME_MS = 1200;
/** Few sizes: another one moves both edges of the prompt, and costs what is cached of it. */
const SIZES = [128, 192, 256, 320, 384, 448, 512, 640, 768];
/** Shown where it is cached, which costs no time: more completes no more lines to the letter (models/eval/README.md). */
const CACHED_SIZE = 512;
/** Until a pass was measured. */
const FIRST_SIZE = 256;
/** Tokens of the line that is waited for: the median of what Qwen2.5-Coder 0.5B wrote on the packages of models/eval. */
const N_STEPS = 7;
/** A pass over fewer tokens mostly measures what a pass costs anyway. */
const LEAST_PREFILL = 48;
/** Of these the median counts, so that no single pass of a busy machine does. */
const N_PASSES = 7;
/** A larger size is taken where it would be in time though all took so much longer. */
const SLACK = 1.25;
/** Proposals that are remembered. */
const N_REMEMBERED = 8;

export interface PassTimes {
  readonly msPerPrefilled: number;
  readonly msPerStep: number;
}

export interface Budget {
  readonly nTokens: number;
  /** The newest last. */
  readonly passes: readonly PassTimes[];
}

/** By the proposal's folder, which also tells machines apart; those changed last come last. */
export type Budgets = Readonly<Record<string, Budget>>;

export class ContextBudget {
  readonly #budgets: Map<string, Budget>;

  /** @param onChange hears what is to be remembered whenever a size changed. */
  constructor(
    remembered: Budgets,
    private readonly onChange: (budgets: Budgets) => void,
  ) {
    this.#budgets = new Map(Object.entries(remembered));
  }

  /** What a completion is asked with while typing, by the setting; see `CompleteRequest`. */
  typingAt(setting: number | 'auto', proposalDir: string): Pick<CompleteRequest, 'contextTokens' | 'coldTokens'> {
    const inTime = this.tokensOf(setting, proposalDir);
    if (setting !== 'auto' || inTime >= CACHED_SIZE) return { contextTokens: inTime };
    return { contextTokens: CACHED_SIZE, coldTokens: inTime };
  }

  /** Tokens that are in time at a new place, by the setting. */
  tokensOf(setting: number | 'auto', proposalDir: string): number {
    return setting === 'auto' ? (this.#budgets.get(proposalDir)?.nTokens ?? FIRST_SIZE) : setting;
  }

  /** Learns from how long an answer took. */
  add({ proposal }: Pick<CompleteRequest, 'proposal'>, result: CompleteResult): void {
    const { completions, nPrefilled, timesMs } = result;
    const nSteps = completions[0]?.tokens.length ?? 0;
    // Several completions share one prefill and begin anew in between.
    if (completions.length !== 1 || nSteps === 0 || nPrefilled < LEAST_PREFILL) return;
    const pass = { msPerPrefilled: timesMs.prefill / nPrefilled, msPerStep: timesMs.decode / nSteps };
    const before = this.#budgets.get(proposal.dir);
    const passes = [...(before?.passes ?? []), pass].slice(-N_PASSES);
    const nTokens = sizeAfter(before?.nTokens, passes);
    this.#budgets.delete(proposal.dir);
    this.#budgets.set(proposal.dir, { nTokens, passes });
    if (this.#budgets.size > N_REMEMBERED) this.#budgets.delete(this.#budgets.keys().next().value!);
    if (nTokens !== before?.nTokens) this.onChange(Object.fromEntries(this.#budgets));
  }
}

/** The size stays unless it is too slow, or a larger one would be in time by far. */
function sizeAfter(size: number | undefined, passes: readonly PassTimes[]): number {
  const msPerPrefilled = median(passes.map(pass => pass.msPerPrefilled));
  const msPerStep = median(passes.map(pass => pass.msPerStep));
  const fits = (slack: number) => (n: number) => slack * (n * msPerPrefilled + N_STEPS * msPerStep) <= IN_TIME_MS;
  const most = SIZES.findLast(fits(1)) ?? SIZES[0];
  if (size === undefined || size > most) return most;
  return Math.max(size, SIZES.findLast(fits(SLACK)) ?? SIZES[0]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
