/**
 * What an n-gram knows without any context: the workspace's words over the uniform distribution. One pass over the
 * vocabulary whenever the counts change, shared by all rows that are read of them.
 */
import type { NgramCounts } from './ngramCounts';

export class NgramFloor {
  readonly probs: Float64Array;
  readonly logProbs: Float64Array;
  /** What line breaks have of it. */
  ofBreaks = 0;
  /** The token that has most of it, where line breaks have half of what is theirs; the smallest id among equals. */
  likeliest = 0;
  #revision = -1;

  /** @param isBreak 1 for the tokens that begin with a line break. */
  constructor(
    private readonly counts: NgramCounts,
    readonly isBreak: Uint8Array,
  ) {
    this.probs = new Float64Array(counts.vocabSize);
    this.logProbs = new Float64Array(counts.vocabSize);
  }

  /** Before anything is read of it. */
  refresh(): void {
    const { counts, isBreak, probs } = this;
    if (this.#revision === counts.revision) return;
    this.#revision = counts.revision;
    const { vocabSize, unigrams } = counts;
    let nDistinct = 0;
    for (let token = 0; token < vocabSize; token++) if (unigrams[token] > 0) nDistinct++;
    const total = counts.nTokens + nDistinct;
    const share = total === 0 ? 1 : nDistinct / total;
    this.ofBreaks = 0;
    let most = 0;
    for (let token = 0; token < vocabSize; token++) {
      probs[token] = share / vocabSize + (total === 0 ? 0 : unigrams[token] / total);
      this.logProbs[token] = Math.log(probs[token]);
      if (isBreak[token] === 1) this.ofBreaks += probs[token];
      const own = isBreak[token] === 1 ? probs[token] / 2 : probs[token];
      if (own <= most) continue;
      most = own;
      this.likeliest = token;
    }
  }
}
