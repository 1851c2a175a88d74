/**
 * How long to wait after a key before asking the engine: learned from how fast this person types and how fast this machine
 * answers, instead of a constant. Pure; whoever uses it brings the clock.
 */

/** Longer gaps are thinking, not typing, and say nothing of the rhythm. */
const LONGEST_GAP_MS = 1000;
/** Weight of the newest measurement: about the last ten keys count. */
const NEWEST = 0.1;

export class Pace {
  private lastKeyMs: number | undefined;
  private gapMs = 180;
  private latencyMs = 80;

  onKey(nowMs: number): void {
    const gap = this.lastKeyMs === undefined ? undefined : nowMs - this.lastKeyMs;
    this.lastKeyMs = nowMs;
    if (gap !== undefined && gap <= LONGEST_GAP_MS) this.gapMs += NEWEST * (gap - this.gapMs);
  }

  onAnswer(latencyMs: number): void {
    this.latencyMs += NEWEST * (latencyMs - this.latencyMs);
  }

  /**
   * Milliseconds to wait. An answer that comes within half the usual gap between keys is worth asking for at every key:
   * 0. The slower the answers are against the typing, the longer, up to most of a gap, so that work is spent on keys
   * after which a person stops.
   */
  delayMs(): number {
    return Math.max(0, Math.min(this.latencyMs - this.gapMs / 2, 0.8 * this.gapMs));
  }
}
