/** What a training on a person's feedback is: the preference objective under the `ratio` rule, from the generic aligner. */
import type { FolderRef } from '../../protocol/messages';
import type { TrainingSpec } from '../../protocol/training';

/** The module that feedback trains from, and is measured against. */
export const BASE_ID = 'generic';
/** The first id of an improvement; later ones count on. */
export const IMPROVEMENT_ID = 'my-feedback';
/** Fewer pairs say more of single places than of a person. */
export const FEWEST_PAIRS = 20;

/** Those that `npm run -s bench -- --only style` was measured with: a style is learned from a hundred answers. */
const TUNED = { beta: 0.1, learningRate: 5e-4, replayShare: 0.5, minutes: 1 };

export interface Wanted {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly proposal: FolderRef;
  readonly base: FolderRef;
  readonly threads: number;
  readonly memoryMiB: number;
}

export function improvementSpec(
  { id, title, description, proposal, base, threads, memoryMiB }: Wanted,
  tuned: Partial<TrainingSpec> = {},
): TrainingSpec {
  return {
    formatVersion: 1,
    module: { id, title, description, domain: 'workspace', licence: 'unknown' },
    objective: 'preference',
    proposal: { id: proposal.id, dir: proposal.dir },
    base: { id: base.id, dir: base.dir },
    seed: 1,
    alpha: 0,
    threads,
    memoryMiB,
    ...TUNED,
    ...tuned,
  };
}
