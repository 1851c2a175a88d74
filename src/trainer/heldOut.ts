/** What decides when to stop, how strong the module is to be, and what is told of it: all on files or pairs held out. */
import type { EvaluationRow } from '../core/manifest';
import type { LanguageModel } from '../core/model';
import type { TrainingRow } from '../core/training/rows';
import type { Calibration, StrengthRule } from '../core/training/strengthSearch';
import type { Proposal } from '../engine/proposal';
import type { Dataset, HeldOutRow } from './dataset';
import { ROW_LENGTH } from './objectives';
import { type Combination, evaluatePair, exactMatch, measurePair } from './pairEvaluation';

/** Rows that are looked at while training, and in the end. */
const ROWS_UNDER_WAY = 8;
const ROWS_AT_THE_END = 48;
const CUTS_AT_THE_END = 100;
/** Few files have few lines: the same ones again would only look like more. */
const TOKENS_A_CUT = 48;
/** Strength while training, where it is not yet calibrated; a product over-sharpens at its full exponent. */
const UNDER_WAY: Readonly<Record<StrengthRule, number>> = { geometric: 0.5, product: 0.3, joint: 0.5, ratio: 1 };

export interface HeldOutScore {
  /** Nats a token. */
  readonly proposal: number;
  readonly aligned: number;
}

export interface FinalScores extends Calibration {
  readonly gains: boolean;
  readonly evaluation: readonly EvaluationRow[];
}

export class HeldOut {
  readonly #rows: readonly HeldOutRow[];

  constructor(
    private readonly dataset: Dataset,
    private readonly proposal: Proposal,
    private readonly combination: Combination,
  ) {
    this.#rows = dataset.heldOutRows(ROW_LENGTH, ROWS_AT_THE_END);
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  /** On some of the rows that choose. */
  async look(aligner: LanguageModel, signal: AbortSignal): Promise<HeldOutScore> {
    const rows: readonly TrainingRow[] = this.#rows.filter(row => row.half === 'choose').slice(0, ROWS_UNDER_WAY);
    const calibration = { strength: UNDER_WAY[this.combination.rule], temperature: 1 };
    const scores = await measurePair(this.proposal.model, aligner, rows, calibration, signal, this.combination);
    return { proposal: scores.proposal.nats, aligned: scores.pair.nats };
  }

  /** Calibrates on the rows that choose, where nothing else has, and measures on those that report. */
  async judge(aligner: LanguageModel, signal: AbortSignal, chosen?: Calibration): Promise<FinalScores> {
    const { proposal, dataset, combination } = this;
    const pair = await evaluatePair(proposal.model, aligner, this.#rows, signal, combination, chosen);
    const cuts = dataset.heldOutCuts(Math.min(CUTS_AT_THE_END, Math.ceil(pair.n / TOKENS_A_CUT)));
    const lines = await exactMatch(proposal, aligner, cuts, pair.strength, signal, combination);
    const of = `${dataset.account.nHeldOutFiles} held-out files of the workspace`;
    const row = (metric: string, n: number, alone: number, aligned: number, more: object = {}): EvaluationRow => ({
      metric,
      proposalId: proposal.manifest.id,
      proposal: rounded(alone),
      aligned: rounded(aligned),
      n,
      dataset: of,
      ...more,
    });
    return {
      strength: pair.strength,
      temperature: pair.temperature,
      gains: pair.strength > 0 && pair.pair.nats < pair.proposal.nats,
      evaluation: [
        row('nats/token', pair.n, pair.proposal.nats, pair.pair.nats, { alignerAlone: rounded(pair.aligner.nats) }),
        row('top-1', pair.n, pair.proposal.top1, pair.pair.top1, { alignerAlone: rounded(pair.aligner.top1) }),
        row('exact match', lines.n, lines.proposal, lines.aligned),
      ],
    };
  }
}

export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
