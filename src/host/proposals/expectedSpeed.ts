/** What a model will probably cost on this machine, from what products of its shape cost: an estimate, and called one. */
import type { ImportFormat, ImportPlan, MachineSpeed } from '../../protocol/importing';

export interface ExpectedSpeed {
  readonly tokensPerS: number;
  /** Of a prompt with `PROMPT_TOKENS`, nothing of it evaluated before. */
  readonly firstTokenMs: number;
}

/** Of a completion somewhere in a file. */
export const PROMPT_TOKENS = 512;

/**
 * A step reads every weight once, and is as slow as the memory; a prompt multiplies every weight by every token, and is as
 * slow as the multipliers. Attention comes on top, the table of embeddings is counted though it is not multiplied.
 */
export function expectedSpeed(
  { nParameters, formats }: Pick<ImportPlan, 'nParameters' | 'formats'>,
  format: ImportFormat,
  speeds: readonly MachineSpeed[],
): ExpectedSpeed | undefined {
  const speed = speeds.find(one => one.format === format);
  const sizeBytes = formats.find(one => one.format === format)?.sizeBytes;
  if (speed === undefined || sizeBytes === undefined || sizeBytes <= 0) return undefined;
  const stepMs = (1000 * sizeBytes) / speed.stepBytesPerS;
  const promptMs = (1000 * PROMPT_TOKENS * nParameters) / speed.prefillProductsPerS;
  return { tokensPerS: 1000 / stepMs, firstTokenMs: promptMs + stepMs };
}

/** As the engine chooses where the setting leaves it to it: half of the logical processors, but both of two. */
export function defaultThreads(nProcessors: number): number {
  return nProcessors <= 2 ? nProcessors : Math.min(8, Math.max(2, nProcessors >> 1));
}
