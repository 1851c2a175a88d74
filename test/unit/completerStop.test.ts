// Pausing and switching off: whatever a completer was waiting for, nothing more is asked of the engine.
import assert from 'node:assert/strict';
import { AbortError } from '../../src/core/errors';
import { Completer } from '../../src/host/completer';
import type { CompleteRequest, CompleteResult } from '../../src/protocol/messages';

const settle = () => new Promise(resolve => setImmediate(resolve));

function setUp() {
  const asked: CompleteRequest[] = [];
  const wakers: (() => void)[] = [];
  const completer = new Completer(
    {
      complete: (request, _onProgress, signal) => {
        asked.push(request);
        return new Promise<CompleteResult>((_, reject) =>
          signal.addEventListener('abort', () => reject(new AbortError())),
        );
      },
    },
    () => {},
    // A sleep that is never cut short: whoever sleeps may be waited for by nobody any more.
    { now: () => 0, sleep: () => new Promise(resolve => wakers.push(resolve)) },
  );
  const ask = (prefix: string, debounce = 0) =>
    completer.complete(
      {
        document: 'd',
        text: { path: 'a.ts', prefix, lineRest: '', suffix: '', neighbours: [] },
        choice: { proposal: { id: 'p', dir: '/p' }, modules: [], titles: [] },
        contextTokens: 100,
        nCompletions: 1,
        debounce,
        showGate: 0,
      },
      new AbortController().signal,
    );
  return { completer, asked, wakers, ask };
}

describe('a completer that is stopped', () => {
  it('does not send a request that was waiting for a pause in typing', async () => {
    const { completer, asked, wakers, ask } = setUp();
    const waiting = ask('x', 100);
    await settle();
    completer.stop();
    for (const wake of wakers) wake();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.equal(asked.length, 0);
  });

  it('does not ask anew for whoever waited for the answer on its way', async () => {
    const { completer, asked, ask } = setUp();
    const first = ask('x');
    await settle();
    const joined = ask('xy');
    await settle();
    completer.stop();
    await assert.rejects(first, { name: 'AbortError' });
    await assert.rejects(joined, { name: 'AbortError' });
    assert.equal(asked.length, 1);
  });

  it('answers again afterwards', async () => {
    const { completer, asked, ask } = setUp();
    completer.stop();
    void ask('x').catch(() => {});
    await settle();
    assert.equal(asked.length, 1);
  });
});
