/**
 * What tells whether a person's preferences were learned, how strong the module is to be, and what it costs elsewhere.
 *
 * A preference says which of two responses is the better one, and nothing of all others: the likelier the chosen one becomes
 * beside the rejected one, the further the module may drift where nobody asked it. So the strength is chosen by what the
 * pair says of the text that was kept *and* of other code, both as important and within what the latter may lose, on pairs and
 * code that were held out.
 */
import type { EvaluationRow } from '../core/manifest';
import type { LanguageModel } from '../core/model';
import type { TrainingRow } from '../core/training/rows';
import type { Split } from '../core/training/splitFiles';
import { bestWithin } from '../core/training/strengthSearch';
import { alignerOf } from './base';
import { type FinalScores, HeldOut, rounded } from './heldOut';
import { differencesOf, type PairDifference, preferenceLoss, preferredShare } from './heldOutPairs';
import { PAIR_LENGTH, preference, ROW_LENGTH } from './objectives';
import { measurePair, searchStrength } from './pairEvaluation';
import type { PairRows } from './pairs';
import type { Judge, Parts } from './setup';

/** Rows of other code, of each half. */
const ROWS_OF_CODE = 8;
/** Share of the nats of other code that a person's preferences may cost. */
const MOST_COST = 0.03;
/** Share of the nats of what was kept below which nothing was learned. */
const LEAST_GAIN = 0.005;

export async function preferenceJudge(parts: Parts): Promise<Judge> {
  const { dataset, spec, base, proposal, closing, signal } = parts;
  const pairs = dataset.pairRows(PAIR_LENGTH);
  const trained = of(pairs, 'train');
  const reference = await alignerOf(base, base.flat, spec.threads);
  closing.push(() => reference.close());
  const offsets = await differencesOf(reference, trained, signal);
  const choosing = await Asked.of(heldOutOr(pairs, 'choose', trained), parts, reference);
  const reporting = await Asked.of(heldOutOr(pairs, 'report', trained), parts, reference);
  const combination = { rule: 'ratio', reference } as const;
  const code = (half: Split) => dataset.otherCode(ROW_LENGTH, 2 * ROWS_OF_CODE).filter(row => row.half === half);

  return {
    objective: preference(trained, offsets, dataset.trainRows(ROW_LENGTH), spec),
    async look(aligner, during) {
      const differences = await choosing.differences(aligner, during);
      return { proposal: Math.LN2, aligned: preferenceLoss(differences, spec.beta) };
    },
    async judge(aligner, during): Promise<FinalScores> {
      const { model, manifest } = proposal;
      const search = (rows: readonly TrainingRow[]) => searchStrength(model, aligner, rows, during, combination);
      const strength = bestWithin(await search(choosing.kept), await search(code('choose')), MOST_COST);
      const calibration = { strength, temperature: 1 };

      const measure = (rows: readonly TrainingRow[]) =>
        measurePair(model, aligner, rows, calibration, during, combination);
      const row = (metric: string, n: number, alone: number, aligned: number, dataset: string): EvaluationRow => ({
        metric,
        proposalId: manifest.id,
        proposal: rounded(alone),
        aligned: rounded(aligned),
        n,
        dataset,
      });
      const differences = await reporting.differences(aligner, during);
      const [without, preferred] = [preferredShare(differences, 0), preferredShare(differences, strength)];
      const kept = await measure(reporting.kept);
      const evaluation = [
        row('preferred', differences.length, without, preferred, `suggestions of this workspace, ${reporting.what}`),
        row(
          'nats/token',
          kept.n,
          kept.proposal.nats,
          kept.pair.nats,
          `what was kept of suggestions, ${reporting.what}`,
        ),
      ];
      const files = new HeldOut(dataset, proposal, combination);
      if (!files.isEmpty) {
        evaluation.push(...(await files.judge(aligner, during, calibration)).evaluation);
      } else if (code('report').length > 0) {
        const { n, proposal: alone, pair } = await measure(code('report'));
        evaluation.push(row('nats/token', n, alone.nats, pair.nats, OTHER_CODE));
        evaluation.push(row('top-1', n, alone.top1, pair.top1, OTHER_CODE));
      }
      // Where what was shown is the proposal's first choice, preferring anything to it asks for more than most pairs can give.
      const gains = kept.pair.nats < (1 - LEAST_GAIN) * kept.proposal.nats && preferred >= without;
      return { gains, ...calibration, evaluation };
    },
  };
}

const OTHER_CODE = 'general code that no preference is about';

/** Pairs that are asked for, with what the models that never change say of them. */
class Asked {
  private constructor(
    private readonly pairs: readonly PairRows[],
    private readonly ofReference: readonly number[],
    private readonly ofProposal: readonly number[],
  ) {}

  static async of(pairs: readonly PairRows[], { proposal, signal }: Parts, reference: LanguageModel): Promise<Asked> {
    const ofReference = await differencesOf(reference, pairs, signal);
    return new Asked(pairs, ofReference, await differencesOf(proposal.model, pairs, signal));
  }

  get kept(): readonly TrainingRow[] {
    return this.pairs.map(({ chosen }) => chosen);
  }

  get what(): string {
    return this.pairs.some(({ split }) => split === 'train') ? 'trained on' : 'held out';
  }

  async differences(aligner: LanguageModel, signal: AbortSignal): Promise<PairDifference[]> {
    const ofAligner = await differencesOf(aligner, this.pairs, signal);
    return ofAligner.map((difference, i) => ({
      aligner: difference,
      reference: this.ofReference[i],
      proposal: this.ofProposal[i],
    }));
  }
}

function of(pairs: readonly PairRows[], split: Split): PairRows[] {
  return pairs.filter(pair => pair.split === split);
}

/** Few pairs hold none out; then those that were trained on are all there is to ask. */
function heldOutOr(pairs: readonly PairRows[], split: Split, trained: readonly PairRows[]): readonly PairRows[] {
  const heldOut = of(pairs, split);
  return heldOut.length > 0 ? heldOut : trained;
}
