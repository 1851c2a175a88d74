/** `Tokenizer.startingWith` by looking at every token: what fakes answer, and what the real one is compared with. */
import type { Tokenizer } from '../../../src/core/model';

type Vocabulary = Pick<Tokenizer, 'vocabSize' | 'bytes'>;

export function scanStartingWith(vocabulary: Vocabulary, owed: Uint8Array): Int32Array {
  const found: number[] = [];
  for (let token = 0; token < vocabulary.vocabSize; token++) {
    const own = vocabulary.bytes(token);
    const n = Math.min(own.length, owed.length);
    if (own.length > 0 && own.subarray(0, n).every((byte, i) => byte === owed[i])) found.push(token);
  }
  return Int32Array.from(found);
}
