/**
 * Notices an engine that is alive but silent: frozen, or hanging in native code. Silence is counted only while an answer
 * is owed, and in ticks of this process's own timer: a machine that sleeps, or is too busy to run the timer, counts little.
 */

export interface WatchLimits {
  readonly tickMs: number;
  /** Silence that is waited out; what the engine announces comes on top. */
  readonly patienceMs: number;
}

const DEFAULT_LIMITS: WatchLimits = { tickMs: 1000, patienceMs: 30_000 };

export class Watchdog {
  #nRunning = 0;
  /** Something was asked since the engine was last heard. It answers cancelled calls too. */
  #isOwed = false;
  #silentMs = 0;
  #blockedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    /** Called once, with how long the engine was silent. */
    private readonly onSilence: (silentMs: number) => void,
    private readonly limits: WatchLimits = DEFAULT_LIMITS,
  ) {}

  /** A call was sent. */
  begin(): void {
    this.#nRunning++;
    this.#isOwed = true;
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#tick(), this.limits.tickMs);
    this.#timer.unref();
  }

  /** A call is over for its caller, answered or not. */
  end(): void {
    this.#nRunning--;
  }

  /** A sign of life. */
  heard(): void {
    this.#isOwed = false;
    this.#silentMs = 0;
  }

  /** The engine said for how long one of its steps may block it. */
  allow(blockedMs: number): void {
    this.#blockedMs = blockedMs;
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const isAwaited = this.#nRunning > 0 || this.#isOwed;
    if (isAwaited) this.#silentMs += this.limits.tickMs;
    const isTooLong = this.#silentMs >= this.limits.patienceMs + this.#blockedMs;
    if (!isAwaited || isTooLong) this.dispose();
    if (isTooLong) this.onSilence(this.#silentMs);
  }
}
