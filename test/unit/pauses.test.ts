import assert from 'node:assert/strict';
import { AbortError } from '../../src/core/errors';
import { type Pause, Pauses } from '../../src/host/pauses';

const MINUTE_MS = 60_000;

/** A time of day that a test sets, and timers that count what passes while the machine is awake. */
class ManualClock {
  #nowMs = Date.UTC(2024, 0, 1);
  #awakeMs = 0;
  #sleepers: { untilMs: number; wake(): void }[] = [];
  get nSleepers(): number {
    return this.#sleepers.length;
  }
  now = () => this.#nowMs;
  sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const sleeper = { untilMs: this.#awakeMs + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter(other => other !== sleeper);
        reject(new AbortError());
      });
    });
  /** As after a machine's sleep, or when its clock was set: no timer has counted this. */
  leap(ms: number): void {
    this.#nowMs += ms;
  }
  async advance(ms: number): Promise<void> {
    this.leap(ms);
    this.#awakeMs += ms;
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.#awakeMs);
    this.#sleepers = this.#sleepers.filter(({ untilMs }) => untilMs > this.#awakeMs);
    for (const { wake } of due) wake();
    await new Promise(resolve => setImmediate(resolve));
  }
}

const store = { document: 'file:///store.ts', languageId: 'typescript' };
const other = { document: 'file:///other.ts', languageId: 'typescript' };
const style = { document: 'file:///style.css', languageId: 'css' };

function setUp() {
  const clock = new ManualClock();
  const changes: (readonly Pause[])[] = [];
  const pauses = new Pauses(clock, () => changes.push(pauses.all));
  /** The kinds of pause that hold in each place. */
  const held = () => [store, other, style].map(place => pauses.at(place)?.kind ?? '').join();
  return { clock, pauses, changes, held };
}

describe('pauses', () => {
  const rows: readonly [string, Pause, string][] = [
    ['a file', { kind: 'file', document: store.document }, 'file,,'],
    ['a language', { kind: 'language', languageId: 'typescript' }, 'language,language,'],
    ['the window', { kind: 'window' }, 'window,window,window'],
  ];
  for (const [what, pause, expected] of rows) {
    it(`hold in ${what} until it is resumed`, async () => {
      const { clock, pauses, changes, held } = setUp();
      assert.equal(held(), ',,');
      pauses.pause(pause);
      assert.equal(held(), expected);
      await clock.advance(24 * 60 * MINUTE_MS);
      assert.equal(held(), expected);
      pauses.resume(pause);
      assert.equal(held(), ',,');
      assert.deepEqual(changes, [[pause], []]);
    });
  }

  it('of several places are resumed one by one, or all together', () => {
    const { pauses, held } = setUp();
    for (const [, pause] of rows) pauses.pause(pause);
    assert.equal(held(), 'window,window,window');
    pauses.resume(rows[2][1]);
    assert.equal(held(), 'language,language,');
    pauses.resume(rows[1][1]);
    assert.equal(held(), 'file,,');
    pauses.resumeAll();
    assert.equal(held(), ',,');
  });

  it('of another file leave a file alone', () => {
    const { pauses, held } = setUp();
    pauses.pause({ kind: 'file', document: store.document });
    pauses.pause({ kind: 'file', document: style.document });
    pauses.resume({ kind: 'file', document: store.document });
    assert.equal(held(), ',,file');
  });

  it('for some minutes end by themselves, and say so once', async () => {
    const { clock, pauses, changes, held } = setUp();
    pauses.pauseFor(15 * MINUTE_MS);
    await clock.advance(15 * MINUTE_MS - 1);
    assert.equal(held(), 'window,window,window');
    assert.equal(changes.length, 1);
    await clock.advance(1);
    assert.equal(changes.length, 2);
    assert.equal(held(), ',,');
    await clock.advance(60 * MINUTE_MS);
    assert.equal(changes.length, 2);
    assert.equal(clock.nSleepers, 0);
  });

  it('for some minutes take the place of the window’s pause before', async () => {
    const { clock, pauses, held } = setUp();
    pauses.pauseFor(5 * MINUTE_MS);
    pauses.pauseFor(60 * MINUTE_MS);
    assert.equal(clock.nSleepers, 1);
    await clock.advance(5 * MINUTE_MS);
    assert.equal(held(), 'window,window,window');
    pauses.pause({ kind: 'window' });
    assert.equal(clock.nSleepers, 0);
    await clock.advance(60 * MINUTE_MS);
    assert.equal(held(), 'window,window,window');
  });

  it('for some minutes leave a file’s pause standing when they end', async () => {
    const { clock, pauses, held } = setUp();
    pauses.pause({ kind: 'file', document: store.document });
    pauses.pauseFor(5 * MINUTE_MS);
    await clock.advance(5 * MINUTE_MS);
    assert.equal(held(), 'file,,');
  });

  it('that a machine slept through have ended when it is asked, whatever its timers say', () => {
    const { clock, pauses, changes, held } = setUp();
    pauses.pauseFor(5 * MINUTE_MS);
    clock.leap(5 * MINUTE_MS);
    assert.equal(held(), ',,');
    assert.equal(changes.length, 2);
    assert.equal(clock.nSleepers, 0);
  });

  it('end at their time of day, also where a clock was set back meanwhile', async () => {
    const { clock, pauses, changes, held } = setUp();
    pauses.pauseFor(5 * MINUTE_MS);
    clock.leap(-60 * MINUTE_MS);
    await clock.advance(5 * MINUTE_MS);
    assert.equal(held(), 'window,window,window');
    await clock.advance(60 * MINUTE_MS);
    assert.equal(changes.length, 2, 'nobody has asked');
    assert.equal(held(), ',,');
  });

  it('leave no timer behind when the window closes', () => {
    const { clock, pauses } = setUp();
    pauses.pauseFor(5 * MINUTE_MS);
    pauses.dispose();
    assert.equal(clock.nSleepers, 0);
  });
});
