/** How fast bytes come, lately, and how long the rest will take. Knows the clock that it is given. */

const WINDOW_MS = 10_000;
/** Before, the small files that come first say nothing of the large ones. */
const LEAST_MS = 2000;

export interface Rate {
  readonly bytesPerSecond: number;
  readonly secondsLeft: number;
}

export class TransferRate {
  readonly #marks: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(
    private readonly totalBytes: number,
    private readonly now: () => number,
  ) {}

  /** @returns undefined until there is enough to tell */
  mark(bytes: number): Rate | undefined {
    const atMs = this.now();
    this.#marks.push({ atMs, bytes });
    while (this.#marks.length > 2 && atMs - this.#marks[0].atMs > WINDOW_MS) this.#marks.shift();
    const first = this.#marks[0];
    const elapsedMs = atMs - first.atMs;
    const grown = bytes - first.bytes;
    if (elapsedMs < LEAST_MS || grown <= 0) return undefined;
    const bytesPerSecond = (1000 * grown) / elapsedMs;
    return { bytesPerSecond, secondsLeft: (this.totalBytes - bytes) / bytesPerSecond };
  }
}
