/** Parameters under which decoding draws one token from the plain target: nothing penalised, tempered or cut off. */
import type { DecodeParams } from '../../../src/core/decoder';
import { seededRandom } from '../../../src/core/random';

/** The last token of the vocabulary ends a text. */
export function plainParams(vocabSize: number, over: Partial<DecodeParams> = {}): DecodeParams {
  return {
    proposalTemperature: 1,
    topP: 1,
    repetitionPenalty: 1,
    temperature: 1,
    nCandidates: 8,
    endToken: vocabSize - 1,
    maxTokens: 1,
    random: seededRandom(1),
    history: [],
    ...over,
  };
}
