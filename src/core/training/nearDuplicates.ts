/**
 * Finds files that say nearly the same as an earlier one, by the Jaccard index of their token 5-grams: estimated by
 * MinHash with one permutation (Li, Owen, Zhang: One Permutation Hashing, NeurIPS 2012), looked up in bands. A kilobyte
 * a file, and no pair of files is compared that shares nothing.
 */

const N_GRAM = 5;
/** Bins of a signature: a standard error of 0.025 at the threshold. */
const N_BINS = 256;
const BAND = 4;
export const NEAR_DUPLICATE = 0.8;
/** Files that share a band are compared with at most so many: what more share is boilerplate. */
const MOST_IN_BAND = 64;
const EMPTY = 0xffffffff;

export class NearDuplicates {
  readonly #signatures: Uint32Array[] = [];
  readonly #bands = new Map<number, number[]>();

  /**
   * Remembers the file, unless an earlier one is nearly the same.
   * @returns whether one is.
   */
  isRepeated(tokens: ArrayLike<number>): boolean {
    const signature = signatureOf(tokens);
    const keys = bandKeys(signature);
    const seen = new Set<number>();
    for (const key of keys) {
      for (const other of this.#bands.get(key) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        if (similarity(signature, this.#signatures[other]) > NEAR_DUPLICATE) return true;
      }
    }
    const index = this.#signatures.push(signature) - 1;
    for (const key of keys) {
      const band = this.#bands.get(key);
      if (band === undefined) this.#bands.set(key, [index]);
      else if (band.length < MOST_IN_BAND) band.push(index);
    }
    return false;
  }
}

/** The smallest hash in each bin; EMPTY where no 5-gram falls into it. */
function signatureOf(tokens: ArrayLike<number>): Uint32Array {
  const bins = new Uint32Array(N_BINS).fill(EMPTY);
  const n = Math.max(1, tokens.length - N_GRAM + 1);
  for (let i = 0; i < n; i++) {
    let h = 0x9747b28c;
    for (let k = i; k < Math.min(tokens.length, i + N_GRAM); k++) h = mix(h ^ mix(tokens[k] + 1));
    const hash = h >>> 0;
    const bin = hash % N_BINS;
    const value = hash >>> 8;
    if (value < bins[bin]) bins[bin] = value;
  }
  return bins;
}

/** Share of the bins that either fills in which both have the same smallest hash. */
function similarity(a: Uint32Array, b: Uint32Array): number {
  let same = 0;
  let filled = 0;
  for (let i = 0; i < N_BINS; i++) {
    if (a[i] === EMPTY && b[i] === EMPTY) continue;
    filled++;
    if (a[i] === b[i]) same++;
  }
  return filled === 0 ? 1 : same / filled;
}

function bandKeys(signature: Uint32Array): number[] {
  const keys: number[] = [];
  for (let start = 0; start < N_BINS; start += BAND) {
    let h = mix(start + 1);
    let isEmpty = true;
    for (let i = start; i < start + BAND; i++) {
      if (signature[i] !== EMPTY) isEmpty = false;
      h = mix(h ^ signature[i]);
    }
    if (!isEmpty) keys.push(h >>> 0);
  }
  return keys;
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
