/**
 * Signs of life. Passes and loads block the engine's thread, so they are announced before they begin, with the time that
 * the largest of them may take; a host that hears nothing for longer knows that the engine hangs.
 */
import type { EnginePulse } from '../protocol/messages';

/** Often enough for any patience, and little to write. */
const BETWEEN_MS = 250;
/** A slow disk, or a processor that is shared with much else, still gets through its weights at this rate. */
const SLOWEST_BYTES_PER_MS = 10_000;

export class Pulse {
  #listener: ((pulse: EnginePulse) => void) | undefined;
  #saidMs = Number.NEGATIVE_INFINITY;
  #largestBytes = 0;

  /** Tells `listener` of every step until `signal` aborts. */
  tell(listener: (pulse: EnginePulse) => void, signal: AbortSignal): Promise<null> {
    this.#listener = listener;
    this.#say();
    return new Promise(resolve => signal.addEventListener('abort', () => resolve(null), { once: true }));
  }

  /** Before a step of work, which may read `weightsBytes` of weights. */
  step(weightsBytes: number): void {
    if (weightsBytes <= this.#largestBytes && performance.now() - this.#saidMs < BETWEEN_MS) return;
    this.#largestBytes = Math.max(this.#largestBytes, weightsBytes);
    this.#say();
  }

  #say(): void {
    this.#saidMs = performance.now();
    this.#listener?.({ blockedMs: Math.ceil(this.#largestBytes / SLOWEST_BYTES_PER_MS) });
  }
}
