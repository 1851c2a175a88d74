/** Work that gives way to typing. */
import assert from 'node:assert/strict';
import { AbortError, isAbortError } from '../../src/core/errors';
import { Quiet } from '../../src/host/quiet';

/** A clock that a test moves. */
class ManualClock {
  #nowMs = 0;
  #sleepers: { untilMs: number; wake(): void }[] = [];
  now = () => this.#nowMs;
  sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      this.#sleepers.push({ untilMs: this.#nowMs + ms, wake: resolve });
      signal.addEventListener('abort', () => reject(new AbortError()));
    });
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const { untilMs, wake } of this.#sleepers) if (untilMs <= this.#nowMs) wake();
    await settle();
  }
}

const settle = () => new Promise(resolve => setImmediate(resolve));

function setUp() {
  const clock = new ManualClock();
  const quiet = new Quiet(clock, 500);
  const controller = new AbortController();
  const begun: { finish(): void; readonly signal: AbortSignal }[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      begun.push({ finish: () => resolve('done'), signal });
      signal.addEventListener('abort', () => reject(new AbortError()));
    });
  return { clock, quiet, controller, begun, work };
}

describe('work that waits for quiet', () => {
  it('begins at once where nobody types', async () => {
    const { quiet, controller, begun, work } = setUp();
    const result = quiet.run(work, controller.signal);
    await settle();
    begun[0].finish();
    assert.equal(await result, 'done');
  });

  it('waits until nobody has typed for a while', async () => {
    const { clock, quiet, controller, begun, work } = setUp();
    quiet.touch();
    const result = quiet.run(work, controller.signal);
    await clock.advance(400);
    quiet.touch();
    await clock.advance(400);
    assert.equal(begun.length, 0);
    await clock.advance(100);
    assert.equal(begun.length, 1);
    begun[0].finish();
    assert.equal(await result, 'done');
  });

  it('is given up at a key and begun anew', async () => {
    const { clock, quiet, controller, begun, work } = setUp();
    const result = quiet.run(work, controller.signal);
    await settle();
    quiet.touch();
    assert.ok(begun[0].signal.aborted);
    await clock.advance(500);
    assert.equal(begun.length, 2);
    begun[1].finish();
    assert.equal(await result, 'done');
  });

  it('ends with its signal, whether it waits or runs', async () => {
    for (const touches of [true, false]) {
      const { quiet, controller, work } = setUp();
      if (touches) quiet.touch();
      const result = quiet.run(work, controller.signal);
      await settle();
      controller.abort();
      await assert.rejects(result, isAbortError);
    }
  });

  it('fails as the work fails', async () => {
    const { quiet, controller } = setUp();
    await assert.rejects(
      quiet.run(() => Promise.reject(new Error('broken')), controller.signal),
      /broken/,
    );
  });
});
