/**
 * Counter-based randomness: a number depends on (seed, position, draw) alone, never on how many numbers were
 * taken before it. Naive and speculative decoding with the same seed therefore draw the same tokens.
 */
export interface Random {
  /** Uniform in [0, 1) for draw number `draw` at token position `position`. */
  uniform(position: number, draw: number): number;
}

export function seededRandom(seed: number): Random {
  return {
    uniform(position, draw) {
      const high = mix(mix(mix(seed ^ 0x9e3779b9) ^ position) ^ draw);
      const low = mix(high ^ 0x85ebca6b);
      return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 0x20000000000000;
    },
  };
}

/** The 32-bit finaliser of MurmurHash3 (Appleby, public domain): full avalanche, so neighbouring counters are independent. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
