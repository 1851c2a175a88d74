import assert from 'node:assert/strict';
import { AbortError } from '../../src/core/errors';
import { type Account, Completer, extentOf, type Question } from '../../src/host/completer';
import type { Choice } from '../../src/host/modules/moduleChoice';
import { Pace } from '../../src/host/pace';
import type { CompleteProgress, CompleteRequest, CompleteResult } from '../../src/protocol/messages';

const choice: Choice = {
  proposal: { id: 'p', dir: '/p' },
  modules: [{ id: 'm', dir: '/m', strength: 0.5 }],
  titles: ['M'],
};

/** An engine that answers when the test says so. */
class FakeEngine {
  readonly calls: {
    request: CompleteRequest;
    progress(text: string): void;
    finish(...texts: string[]): void;
    finishWith(more: Partial<CompleteResult>, ...texts: string[]): void;
    aborted(): boolean;
  }[] = [];

  complete = (request: CompleteRequest, onProgress: (p: CompleteProgress) => void, signal: AbortSignal) =>
    new Promise<CompleteResult>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new AbortError()));
      this.calls.push({
        request,
        progress: text => onProgress({ text }),
        finish(...texts) {
          this.finishWith({}, ...texts);
        },
        finishWith: (more, ...texts) =>
          resolve({
            completions: texts.map(text => ({ text, tokens: [token(0.9), token(0.4)], stop: 'newline' as const })),
            rule: 'geometric',
            nCached: 0,
            nPrefilled: 3,
            timesMs: { load: 0, prefill: 1, decode: 2 },
            ...more,
          }),
        aborted: () => signal.aborted,
      });
    });
}

const token = (aligned: number) => ({ id: 1, text: '', p: 0.5, aligned });

class ManualClock {
  nowMs = 0;
  private sleepers: { untilMs: number; wake(): void }[] = [];
  now = () => this.nowMs;
  sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (ms <= 0) resolve();
      this.sleepers.push({ untilMs: this.nowMs + ms, wake: resolve });
      signal.addEventListener('abort', () => reject(new AbortError()));
    });
  advance(ms: number): void {
    this.nowMs += ms;
    for (const s of this.sleepers.filter(s => s.untilMs <= this.nowMs)) s.wake();
    this.sleepers = this.sleepers.filter(s => s.untilMs > this.nowMs);
  }
}

/** Lets everything run that needs no clock and no engine. */
const settle = () => new Promise(resolve => setImmediate(resolve));

function setUp() {
  const engine = new FakeEngine();
  const clock = new ManualClock();
  const accounts: Account[] = [];
  const shortened: CompleteRequest[] = [];
  const completer = new Completer(
    engine,
    account => accounts.push(account),
    clock,
    request => shortened.push(request),
  );
  const answer = (
    prefix: string,
    over: Partial<Omit<Question, 'text'>> & { lineRest?: string; suffix?: string; signal?: AbortSignal } = {},
  ) => {
    const { lineRest = '', suffix = '', signal = new AbortController().signal, ...rest } = over;
    const question = {
      document: 'd',
      choice,
      contextTokens: 100,
      nCompletions: 1,
      debounce: 0,
      showGate: 0,
      ...rest,
    } as const;
    return completer.complete(
      { ...question, text: { path: 'a.ts', prefix, lineRest, suffix, neighbours: [] } },
      signal,
    );
  };
  /** What is shown, without where it comes from. */
  const ask = async (...args: Parameters<typeof answer>) =>
    (await answer(...args)).suggestions.map(({ text, replaceRight }) => ({ text, replaceRight }));
  return { engine, clock, accounts, shortened, completer, ask, answer };
}

const plain = (text: string, replaceRight = 0) => ({ text, replaceRight });

describe('completer', () => {
  it('tells of an answer to less than the whole prompt, and explains it by what was shown', async () => {
    const { engine, shortened, answer } = setUp();
    const first = answer('x = ', { contextTokens: 512, coldTokens: 128 });
    await settle();
    assert.deepEqual([engine.calls[0].request.contextTokens, engine.calls[0].request.coldTokens], [512, 128]);
    engine.calls[0].finishWith({ shortenedTo: 128 }, 'foo(a);');
    const [{ origin }] = (await first).suggestions;
    assert.deepEqual(shortened, [engine.calls[0].request]);
    assert.deepEqual([origin.request.contextTokens, origin.request.coldTokens], [128, undefined]);

    const second = answer('y = ', { contextTokens: 512, coldTokens: 128 });
    await settle();
    engine.calls[1].finish('bar;');
    assert.equal((await second).suggestions[0].origin.request.contextTokens, 512);
    assert.equal(shortened.length, 1);
  });

  it('asks the engine once and answers typing through the suggestion by itself', async () => {
    const { engine, accounts, ask } = setUp();
    const first = ask('x = ');
    await settle();
    engine.calls[0].finish('foo(a);');
    assert.deepEqual(await first, [plain('foo(a);')]);
    assert.deepEqual(await ask('x = foo('), [plain('a);')]);
    assert.deepEqual(await ask('x = fo'), [plain('o(a);')], 'going back is remembered too');
    assert.equal(engine.calls.length, 1);
    assert.deepEqual(
      accounts.map(a => a.source),
      ['engine', 'cache', 'cache'],
    );
  });

  it('says where a suggestion comes from, also of what is left of it', async () => {
    const { engine, ask, answer } = setUp();
    const first = answer('x = ', { nCompletions: 2 });
    await settle();
    engine.calls[0].finish('foo(a);', 'bar(b);');
    const [foo, bar] = (await first).suggestions;
    assert.deepEqual([foo.index, foo.nTyped, bar.index, bar.nTyped], [0, 0, 1, 0]);
    assert.equal(foo.origin.request, engine.calls[0].request);
    assert.deepEqual(
      foo.origin.completions.map(({ text }) => text),
      ['foo(a);', 'bar(b);'],
    );
    const [rest] = (await answer('x = bar(')).suggestions;
    assert.equal(rest.origin, bar.origin);
    assert.deepEqual([rest.text, rest.index, rest.nTyped], ['b);', 1, 4]);
    void ask('y = ');
    await settle();
    engine.calls[1].finish('1');
    const [other] = (await answer('y = ')).suggestions;
    assert.notEqual(other.origin.requestId, foo.origin.requestId);
  });

  it('tidies afresh when the editor closed a bracket meanwhile', async () => {
    const { engine, ask } = setUp();
    const first = ask('x = ');
    await settle();
    engine.calls[0].finish('foo(a)');
    await first;
    assert.deepEqual(await ask('x = foo(', { lineRest: ')' }), [plain('a)', 1)]);
  });

  it('never answers with what another module, strength or document wrote', async () => {
    const { engine, ask } = setUp();
    const others: Parameters<typeof ask>[1][] = [
      {},
      { choice: { ...choice, modules: [{ ...choice.modules[0], strength: 0.6 }] } },
      { choice: { ...choice, modules: [] } },
      { document: 'e' },
    ];
    for (const [i, over] of others.entries()) {
      const answer = ask('x = ', over);
      await settle();
      engine.calls[i].finish(`answer ${i}`);
      assert.deepEqual(await answer, [plain(`answer ${i}`)]);
    }
  });

  it('asks again when more completions are wanted than were asked for, and not when there are no more', async () => {
    const { engine, ask } = setUp();
    const first = ask('x = ');
    await settle();
    engine.calls[0].finish('foo');
    await first;
    const invoked = ask('x = ', { nCompletions: 3 });
    await settle();
    assert.equal(engine.calls[1].request.nCompletions, 3);
    engine.calls[1].finish('foo', 'foo ', 'bar');
    assert.deepEqual(
      (await invoked).map(s => s.text),
      ['foo', 'bar'],
    );
    await ask('x = ', { nCompletions: 3 });
    assert.equal(engine.calls.length, 2);
  });

  it('waits for the answer on its way while a person types what it says', async () => {
    const { engine, accounts, ask } = setUp();
    const gone = new AbortController();
    const first = ask('x = ', { signal: gone.signal });
    await settle();
    engine.calls[0].progress('fo');
    gone.abort();
    await assert.rejects(first, { name: 'AbortError' });
    const second = ask('x = f');
    const third = ask('x = foo');
    await settle();
    engine.calls[0].progress('foo(a');
    engine.calls[0].finish('foo(a);');
    assert.deepEqual(await second, [plain('oo(a);')]);
    assert.deepEqual(await third, [plain('(a);')]);
    assert.equal(engine.calls.length, 1);
    assert.deepEqual(
      accounts.map(a => a.source),
      ['joined', 'joined'],
    );
  });

  it('cancels it as soon as it contradicts what was typed, and asks anew', async () => {
    const { engine, accounts, ask } = setUp();
    void ask('x = ').catch(() => {});
    await settle();
    const second = ask('x = b');
    await settle();
    assert.equal(engine.calls.length, 1, 'it may still begin with b');
    engine.calls[0].progress('foo');
    await settle();
    assert.ok(engine.calls[0].aborted());
    assert.deepEqual(
      accounts.map(a => [a.source, a.nTokens]),
      [['cancelled', 1]],
    );
    assert.equal(engine.calls.length, 2);
    engine.calls[1].finish('ar');
    assert.deepEqual(await second, [plain('ar')]);
  });

  it('cancels what is written for another place', async () => {
    const { engine, ask } = setUp();
    const first = ask('x = ');
    await settle();
    const second = ask('y = ');
    await settle();
    assert.ok(engine.calls[0].aborted());
    await assert.rejects(first, { name: 'AbortError' }, 'and its asker does not take turns with the new one');
    engine.calls[1].finish('2');
    assert.deepEqual(await second, [plain('2')]);
    assert.equal(engine.calls.length, 2);
  });

  it('waits for a pause, which a later key starts anew and a person who invokes skips', async () => {
    const { engine, clock, ask } = setUp();
    const early = new AbortController();
    const first = ask('x', { debounce: 100, signal: early.signal });
    clock.advance(60);
    early.abort();
    await assert.rejects(first, { name: 'AbortError' });
    void ask('xy', { debounce: 100 });
    await settle();
    clock.advance(60);
    await settle();
    assert.equal(engine.calls.length, 0);
    clock.advance(60);
    await settle();
    assert.equal(engine.calls.length, 1);
    void ask('other', { debounce: 100, nCompletions: 3 });
    await settle();
    assert.equal(engine.calls.length, 2);
  });

  it('holds back what the models are not sure of, unless a person asks for it', async () => {
    const { engine, ask } = setUp();
    const unsure = ask('x = ', { showGate: 0.37 }); // 0.9 · 0.4 = 0.36
    await settle();
    engine.calls[0].finish('foo');
    assert.deepEqual(await unsure, []);
    assert.deepEqual(await ask('x = ', { showGate: 0.35 }), [plain('foo')]);
    const invoked = ask('x = ', { showGate: 0.37, nCompletions: 3 });
    await settle();
    engine.calls[1].finish('foo');
    assert.deepEqual(await invoked, [plain('foo')]);
  });

  it('stops what is being written, and forgets, when it is switched off', async () => {
    const { engine, completer, ask } = setUp();
    const first = ask('x = ');
    await settle();
    completer.stop();
    assert.ok(engine.calls[0].aborted());
    await assert.rejects(first, { name: 'AbortError' });
  });

  it('passes on what went wrong, and asks afresh at the next key', async () => {
    const engine = {
      calls: 0,
      complete: () => (engine.calls++ === 0 ? Promise.reject(new Error('gone')) : new Promise<never>(() => {})),
    };
    const completer = new Completer(engine, () => {}, new ManualClock());
    const question = {
      document: 'd',
      choice,
      contextTokens: 1,
      nCompletions: 1,
      debounce: 0,
      showGate: 0,
      text: { path: '', prefix: 'x', lineRest: '', suffix: '', neighbours: [] },
    } as const;
    await assert.rejects(completer.complete(question, new AbortController().signal), /gone/);
    void completer.complete(question, new AbortController().signal);
    await settle();
    assert.equal(engine.calls, 2);
  });

  it('asks for a block only where nothing but closers stands right of the cursor', () => {
    for (const [lineRest, expected] of [
      ['', 'block'],
      [')', 'block'],
      [' });', 'block'],
      ['+ 1', 'line'],
      ['x', 'line'],
    ] as const) {
      assert.equal(extentOf({ path: '', prefix: '', lineRest, suffix: '', neighbours: [] }), expected, lineRest);
    }
  });
});

describe('pace', () => {
  const learned = (gapMs: number, latencyMs: number) => {
    const pace = new Pace();
    for (let i = 0; i < 200; i++) {
      pace.onKey(i * gapMs);
      pace.onAnswer(latencyMs);
    }
    return Math.round(pace.delayMs());
  };
  it('asks at once where answers are fast against the typing, and waits where they are not', () => {
    assert.equal(learned(180, 60), 0);
    assert.equal(learned(180, 130), 40);
    assert.equal(learned(180, 900), 144);
    assert.equal(learned(80, 60), 20);
  });
  it('does not take thinking for typing', () => {
    const pace = new Pace();
    for (let i = 0; i < 50; i++) pace.onAnswer(1000);
    for (let i = 0; i < 50; i++) pace.onKey(i * 30_000);
    assert.equal(Math.round(pace.delayMs()), 144);
  });
});
