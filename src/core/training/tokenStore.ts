/** Files as runs of tokens, and how a place in them is chosen. Knows nothing of text, disks or shapes of rows. */

export interface TokenStore {
  readonly nFiles: number;
  /** The file's own tokens, a view. Files of one folder stand beside each other. */
  tokens(file: number): Uint16Array;
  /** Tokens of the line that says the file's path. */
  header(file: number): readonly number[];
  /** How often a token of this file is drawn, relative to the others. */
  readonly weights: readonly number[];
}

/** A token of a file. */
export interface Spot {
  readonly file: number;
  readonly at: number;
}

/** Maps [0, 1) to the tokens of a store, each with its weight. */
export class SpotFinder {
  readonly #cumulative: Float64Array;

  /** @param store at least one file that is not empty */
  constructor(private readonly store: TokenStore) {
    this.#cumulative = new Float64Array(store.nFiles);
    let sum = 0;
    for (let i = 0; i < store.nFiles; i++) {
      sum += store.tokens(i).length * store.weights[i];
      this.#cumulative[i] = sum;
    }
    if (!(sum > 0)) throw new Error('A store without tokens has no spots.');
  }

  spot(u: number): Spot {
    const mass = u * this.#cumulative[this.#cumulative.length - 1];
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulative[middle] > mass) high = middle;
      else low = middle + 1;
    }
    const before = low === 0 ? 0 : this.#cumulative[low - 1];
    const length = this.store.tokens(low).length;
    const share = (mass - before) / (this.#cumulative[low] - before);
    return { file: low, at: Math.min(length - 1, Math.floor(share * length)) };
  }
}

const DATA = /\.(?:json|jsonc|jsonl|ya?ml|toml|xml|svg|csv|tsv|ini|po|html?)$/i;
const PROSE = /\.(?:md|mdx|rst|txt|adoc)$/i;

/** Data and prose are seldom what a person wants completed; they count less than code, as in the models' own training. */
export function drawWeight(name: string): number {
  return DATA.test(name) ? 0.3 : PROSE.test(name) ? 0.35 : 1;
}
