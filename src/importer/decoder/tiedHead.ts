/** Whether a model's output head is its embedding table, and which of two copies is the finer one. */

import type { SourceModel } from '../sourceModel';
import { bitsPerWeight } from '../tensors/storageTypes';
import { readRows, type StoredTensor } from '../tensors/storedTensor';
import { EMBEDDING, HEAD } from './decoderTensors';

/** Where one table serves both ends and a file has it twice, the finer one does. */
export function embeddingTensor({ tiedHead: finer }: Pick<SourceModel, 'tiedHead'>): string {
  return finer === 'head' ? HEAD : EMBEDDING;
}

const N_SAMPLES = 256;

/**
 * 'embedding' where that table serves both ends: there is no other, or the other is the same at no higher precision;
 * 'head' where the head is the same at a higher one; undefined where the two are different tables.
 * @param nTokens rows from here on are padding and are not compared
 */
export async function tiedHead(
  tensors: ReadonlyMap<string, StoredTensor>,
  nTokens: number,
): Promise<'embedding' | 'head' | undefined> {
  const embedding = tensors.get(EMBEDDING);
  const head = tensors.get(HEAD);
  if (!embedding || !head) return 'embedding';
  if (!(await isSameTable(embedding, head, nTokens))) return undefined;
  return bitsPerWeight(head.type) > bitsPerWeight(embedding.type) ? 'head' : 'embedding';
}

/**
 * Compares rows all over the tables: the cosine of the two is 1 less half of the squared relative errors. Rounding to b
 * bits in blocks of 32 normally distributed weights has the relative error 2.2 · 2 / 2ᵇ / √12, so the squares are about
 * 1.6 · 4⁻ᵇ; three times that is allowed, since formats differ. Tables that were trained apart are nowhere near.
 */
async function isSameTable(a: StoredTensor, b: StoredTensor, nTokens: number): Promise<boolean> {
  const n = Math.min(N_SAMPLES, nTokens);
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let sample = 0; sample < n; sample++) {
    const row = Math.floor(((sample + 0.5) * nTokens) / n);
    const [x, y] = [await readRows(a, row, 1), await readRows(b, row, 1)];
    for (let i = 0; i < x.length; i++) {
      dot += x[i] * y[i];
      aa += x[i] * x[i];
      bb += y[i] * y[i];
    }
  }
  const allowed = 3 * 0.8 * (roundingError(a) + roundingError(b));
  return 1 - dot / Math.sqrt(aa * bb) <= allowed;
}

/** 4⁻ᵇ. From eight bits on, formats differ in more than their bits: bfloat16 has eight bits of precision too. */
function roundingError({ type }: StoredTensor): number {
  return 4 ** -Math.min(8, Math.floor(bitsPerWeight(type)));
}
