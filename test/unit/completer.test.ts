import assert from 'node:assert/strict';
import { type Account, Completer, extentOf } from '../../src/host/completer';
import type { Choice } from '../../src/host/moduleChoice';
import type { CompleteRequest, CompleteResult } from '../../src/protocol/messages';

const choice: Choice = {
  proposal: { id: 'p', dir: '/p' },
  modules: [{ id: 'm', dir: '/m', strength: 0.5 }],
  titles: ['M'],
};
const signal = new AbortController().signal;
const text = (prefix: string, lineRest = '', suffix = '') => ({
  path: 'a.ts',
  prefix,
  lineRest,
  suffix,
  neighbours: [],
});

function setUp(texts: string[]) {
  const requests: CompleteRequest[] = [];
  const accounts: Account[] = [];
  const engine = {
    async complete(request: CompleteRequest): Promise<CompleteResult> {
      requests.push(request);
      const completions = texts
        .slice(0, request.nCompletions === 1 ? 1 : texts.length)
        .map(t => ({ text: t, tokens: [], stop: 'newline' as const }));
      return { completions, rule: 'geometric', nCached: 0, nPrefilled: 3, timesMs: { load: 0, prefill: 1, decode: 2 } };
    },
  };
  const completer = new Completer(
    engine,
    account => accounts.push(account),
    () => 0,
  );
  const ask = (prefix: string, over: { lineRest?: string; choice?: Choice; nCompletions?: number } = {}) =>
    completer.complete(
      {
        document: 'd',
        text: text(prefix, over.lineRest),
        choice: over.choice ?? choice,
        contextTokens: 100,
        nCompletions: over.nCompletions ?? 1,
      },
      signal,
    );
  return { requests, accounts, completer, ask };
}

describe('completer', () => {
  it('asks the engine once and answers typing through the suggestion by itself', async () => {
    const { requests, accounts, ask } = setUp(['foo(a);']);
    assert.deepEqual(await ask('x = '), [{ text: 'foo(a);', replaceRight: 0 }]);
    assert.deepEqual(await ask('x = foo('), [{ text: 'a);', replaceRight: 0 }]);
    assert.equal(requests.length, 1);
    assert.deepEqual(
      accounts.map(a => a.source),
      ['engine', 'cache'],
    );
  });
  it('tidies afresh when the editor closed a bracket meanwhile', async () => {
    const { requests, ask } = setUp(['foo(a)']);
    await ask('x = ');
    assert.deepEqual(await ask('x = foo(', { lineRest: ')' }), [{ text: 'a)', replaceRight: 1 }]);
    assert.equal(requests.length, 1);
  });
  it('never answers with what another module or strength wrote', async () => {
    const { requests, ask } = setUp(['foo']);
    await ask('x = ');
    await ask('x = ', { choice: { ...choice, modules: [{ ...choice.modules[0], strength: 0.6 }] } });
    await ask('x = ', { choice: { ...choice, modules: [] } });
    assert.equal(requests.length, 3);
  });
  it('asks again when more completions are wanted than are remembered', async () => {
    const { requests, ask } = setUp(['foo', 'bar', 'foo ']);
    await ask('x = ');
    const shown = await ask('x = ', { nCompletions: 3 });
    assert.deepEqual(
      requests.map(r => r.nCompletions),
      [1, 3],
    );
    assert.deepEqual(
      shown.map(s => s.text),
      ['foo', 'bar'],
    );
  });
  it('asks for a block only where nothing but closers stands right of the cursor', () => {
    for (const [lineRest, expected] of [
      ['', 'block'],
      [')', 'block'],
      [' });', 'block'],
      ['+ 1', 'line'],
      ['x', 'line'],
    ] as const) {
      assert.equal(extentOf(text('', lineRest)), expected, lineRest);
    }
  });
});
