/** What module.json of an instant module says besides what the engine knows of it. */

export const INSTANT_ID = 'instant';

/**
 * b of the geometric rule and λ of the mixture by length of the known context.
 * `npm run -s eval -- --instant --calibrate` measures both on packages that its report leaves out.
 */
export const INSTANT_STRENGTH = 0.3;
export const INSTANT_MIXTURE: readonly number[] = [0, 0.05, 0.15, 0.3, 0.4, 0.5, 0.6];

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
    mixture: { default: INSTANT_MIXTURE },
    evaluation: [],
  };
}
