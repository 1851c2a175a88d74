/** What module.json of an instant module says besides what the engine knows of it. */

export const INSTANT_ID = 'instant';

/**
 * b of the geometric rule. Beside the mixture a little of it is best, on the packages that λ was fitted on
 * (`scripts/calibrateMixture.mjs`); more doubts what P knows well.
 */
export const INSTANT_STRENGTH = 0.1;

/**
 * λ by proposal and by length of the known context in tokens. What ships was fitted by `scripts/calibrateMixture.mjs`, on
 * packages that no model was trained on and no report counts. Others get less: they know more than ours by themselves.
 */
export const INSTANT_MIXTURE = {
  default: [0, 0.1, 0.2, 0.35, 0.4, 0.5, 0.7],
  'residual-6m': [0.06, 0.18, 0.28, 0.37, 0.43, 0.44, 0.75],
} satisfies Record<string, readonly number[]>;

/** @param nFiles how many files it was built from. */
export function instantManifest(nFiles: number): Readonly<Record<string, unknown>> {
  return {
    version: '1.0.0',
    title: 'Instant: this workspace',
    description: `Counts of what stands in the ${nFiles} files of this workspace, kept up as they are saved. Learns names at once.`,
    domain: 'this workspace',
    licence: 'private to this workspace',
    rule: 'geometric',
    temperature: 1,
    strength: { default: INSTANT_STRENGTH },
    mixture: INSTANT_MIXTURE,
    evaluation: [],
  };
}
