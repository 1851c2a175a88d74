/** Numbers drawn one after the other at one position of a counter-based source: what is drawn there is a pure function. */
import type { Random } from '../random';

export class Dice {
  #nDrawn = 0;

  constructor(
    private readonly random: Random,
    private readonly position: number,
  ) {}

  /** Uniform in [0, 1). */
  next(): number {
    return this.random.uniform(this.position, this.#nDrawn++);
  }

  /** A whole number in [0, n); 0 for n ≤ 1. */
  below(n: number): number {
    return n <= 1 ? 0 : Math.floor(this.next() * n);
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }
}
