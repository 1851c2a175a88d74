/** Sorting the positions of a text by what stands before them, in steps short enough to do something else in between. */
import type { TokenArray } from './ngramTally';

/** Longest context in tokens. */
export const MAX_ORDER = 6;

/** Positions that are worked on between two pauses: about 2 ms. */
export const CHUNK = 1 << 17;

/**
 * Positions of every token but separators, sorted by context: a radix sort from the token six back to the last one.
 * Stable, so equal contexts stay in the order of their positions. Yields every few milliseconds.
 * @param nTokens how many tokens of `tokens` are not separators.
 */
export function* sortByContext(vocabSize: number, tokens: TokenArray, nTokens: number): Generator<void, Int32Array> {
  let from = new Int32Array(nTokens);
  let to = new Int32Array(nTokens);
  let n = 0;
  for (let start = MAX_ORDER; start < tokens.length; start += CHUNK) {
    n = listPositions(tokens, vocabSize, start, from, n);
    yield;
  }
  const starts = new Int32Array(vocabSize + 2);
  for (let back = MAX_ORDER; back >= 1; back--) {
    starts.fill(0);
    for (let start = MAX_ORDER; start < tokens.length; start += CHUNK) {
      countTokens(tokens, vocabSize, back, start, starts);
      yield;
    }
    for (let token = 0; token <= vocabSize; token++) starts[token + 1] += starts[token];
    for (let start = 0; start < nTokens; start += CHUNK) {
      distribute(tokens, back, from, start, starts, to);
      yield;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Runs steps through. */
export function finish<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

function listPositions(tokens: TokenArray, separator: number, start: number, to: Int32Array, n: number): number {
  const end = Math.min(tokens.length, start + CHUNK);
  for (let i = start; i < end; i++) if (tokens[i] !== separator) to[n++] = i;
  return n;
}

/** In the order of the text, which is many times faster than in the order of the positions and counts the same. */
function countTokens(tokens: TokenArray, separator: number, back: number, start: number, starts: Int32Array): void {
  const end = Math.min(tokens.length, start + CHUNK);
  for (let i = start; i < end; i++) if (tokens[i] !== separator) starts[tokens[i - back] + 1]++;
}

function distribute(
  tokens: TokenArray,
  back: number,
  positions: Int32Array,
  start: number,
  starts: Int32Array,
  to: Int32Array,
): void {
  const end = Math.min(positions.length, start + CHUNK);
  for (let i = start; i < end; i++) to[starts[tokens[positions[i] - back]]++] = positions[i];
}
