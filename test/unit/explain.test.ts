// From a suggestion to what its page shows: the replay, what of it was typed, shown and cut off, and P alone beside it.
import assert from 'node:assert/strict';
import { tidy } from '../../src/core/tidy';
import { explain, nShownOf } from '../../src/host/explain';
import type { Latest } from '../../src/host/feedback/feedback';
import type { Suggestion } from '../../src/host/suggestion';
import type { CompleteRequest, CompleteResult, Completion, CompletionToken } from '../../src/protocol/messages';
import { parseFromWhyPage } from '../../src/protocol/pages/why';
import { hostileValues } from './support/hostileValues';

const never = new AbortController().signal;

/** A completion of one token a word; ids are made from the words. */
function completion(text: string, { keep = text.length, whole = {} as Record<number, string> } = {}): Completion {
  const words = text.match(/\s*\S+|\s+/g) ?? [];
  const tokens = [...words, ''].map((word, i): CompletionToken => {
    const id = [...word].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7) % 9973;
    const candidates = [{ id, text: whole[i] ?? word, p: 0.5, proposed: 0.5, q: [], weights: [], aligned: 0.6 }];
    return {
      id,
      text: word,
      p: 0.5,
      aligned: 0.6,
      why: { nNucleus: 3, lambdas: [], candidates, alone: id, changedBy: [] },
    };
  });
  return { text: text.slice(0, keep), tokens, stop: 'newline' };
}

class FakeEngine {
  readonly asked: CompleteRequest[] = [];
  constructor(
    private readonly aligned: readonly Completion[],
    private readonly alone: Completion,
  ) {}
  complete = async (request: CompleteRequest): Promise<CompleteResult> => {
    this.asked.push(request);
    const completions = request.modules.length > 0 ? this.aligned : [this.alone];
    return { completions, rule: 'geometric', nCached: 0, nPrefilled: 0, timesMs: { load: 0, prefill: 0, decode: 0 } };
  };
}

const request: CompleteRequest = {
  proposal: { id: 'p', dir: '/p' },
  modules: [
    { id: 'off', dir: '/off', strength: 0 },
    { id: 'react', dir: '/react', strength: 0.5 },
  ],
  text: { path: 'a.ts', prefix: 'x = ', lineRest: '', suffix: '', neighbours: [] },
  sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 3, nCandidates: 8 },
  extent: 'line',
  maxTokens: 8,
  contextTokens: 100,
  nCompletions: 2,
};

function latest(completions: readonly Completion[], over: Partial<Suggestion> = {}, texts = ['foo (a);']): Latest {
  const origin = { requestId: 1, request, completions, titles: ['Off', 'React'] };
  const suggestions = texts.map((text, index) => ({ text, replaceRight: 0, origin, index, nTyped: 0, ...over }));
  const offer = {
    document: 'file:///w/src/my%20file.ts?x',
    languageId: 'typescript',
    start: 4,
    cursor: 4,
    end: 4,
    texts,
    answer: { suggestions, source: 'engine' as const, elapsedMs: 1 },
  };
  const offered = {
    suggestion: suggestions[0],
    document: offer.document,
    languageId: 'typescript',
    text: texts[0],
    source: 'engine' as const,
    elapsedMs: 1,
  };
  return { offered, offer, state: 'shown' };
}

describe('explaining a suggestion', () => {
  it('replays its request with reasons, and again without modules; neither delays what is typed', async () => {
    const shown = [completion('foo (a);'), completion('bar')];
    const engine = new FakeEngine(shown, completion('foo + 1'));
    const view = await explain(latest(shown), 0, engine, never);
    const [aligned, alone] = engine.asked;
    assert.deepEqual(
      { ...aligned, explain: undefined, lane: undefined },
      { ...request, explain: undefined, lane: undefined },
    );
    assert.ok(aligned.explain !== undefined && alone.explain === undefined);
    assert.deepEqual([aligned.lane, alone.lane, alone.modules, alone.nCompletions], ['preview', 'preview', [], 1]);
    assert.deepEqual(view.modules, [{ id: 'react', title: 'React', strength: 0.5 }]);
    assert.deepEqual(
      [view.file, view.rule, view.proposal, view.differsAt],
      ['my file.ts', 'geometric', 'p', undefined],
    );
    assert.deepEqual(view.alone, { text: 'foo + 1', nSame: 4 });
    assert.deepEqual(
      view.tokens.map(({ text, nTyped, nShown }) => [text, nTyped, nShown]),
      [
        ['foo', 0, 3],
        [' (a);', 0, 5],
        ['', 0, 0],
      ],
    );
  });

  it('asks once where no module took part', async () => {
    const shown = [completion('foo')];
    const engine = new FakeEngine([], shown[0]);
    const without = latest(shown, {}, ['foo']);
    const { origin } = without.offered.suggestion;
    Object.assign(origin, { request: { ...request, modules: [request.modules[0]] } });
    engine.complete = async asked => {
      engine.asked.push(asked);
      return {
        completions: shown,
        rule: 'geometric',
        nCached: 0,
        nPrefilled: 0,
        timesMs: { load: 0, prefill: 0, decode: 0 },
      };
    };
    const view = await explain(without, 0, engine, never);
    assert.deepEqual([engine.asked.length, view.alone, view.modules], [1, undefined, []]);
  });

  it('tells what was typed through, what is shown and what was cut off', async () => {
    const shown = [completion('foo (a);\n', { keep: 8 })];
    const view = await explain(latest(shown, { nTyped: 4, text: '(a)' }), 0, new FakeEngine(shown, shown[0]), never);
    assert.deepEqual(
      view.tokens.map(({ text, nTyped, nShown }) => [text, nTyped, nShown]),
      [
        ['foo', 3, 3],
        [' (a);', 1, 4],
        ['\n', 0, 0],
        ['', 0, 0],
      ],
    );
  });

  it('shows the beginning of a word that the prompt was backed up to as typed', async () => {
    const shown = [completion('te (a);', { whole: { 0: 'state' } })];
    const view = await explain(latest(shown, { text: 'te (a);' }), 0, new FakeEngine(shown, shown[0]), never);
    assert.deepEqual(view.tokens[0].text, 'state');
    assert.deepEqual([view.tokens[0].nTyped, view.tokens[0].nShown], [3, 5]);
    assert.equal(view.tokens[1].text, ' (a);');
  });

  it('says from where on the models write something else by now', async () => {
    const shown = [completion('foo (a);')];
    const view = await explain(latest(shown), 0, new FakeEngine([completion('foo [b]')], completion('x')), never);
    assert.equal(view.differsAt, 1);
    assert.deepEqual(
      view.tokens.map(({ nTyped, nShown }) => [nTyped, nShown]),
      [
        [0, 3],
        [0, 4],
        [0, 0],
      ],
    );
  });

  it('explains each of what was offered side by side', async () => {
    const shown = [completion('foo (a);'), completion('bar\n  baz')];
    const both = latest(shown, {}, ['foo (a);', 'bar\n  baz']);
    const view = await explain(both, 1, new FakeEngine(shown, shown[0]), never);
    assert.deepEqual([view.choices, view.index], [['foo (a);', 'bar'], 1]);
    assert.equal(view.tokens[0].text, 'bar');
    assert.equal((await explain(both, 9, new FakeEngine(shown, shown[0]), never)).index, 0);
  });

  it('passes on what went wrong', async () => {
    const engine = { complete: () => Promise.reject(new Error('gone')) };
    await assert.rejects(explain(latest([completion('foo')]), 0, engine, never), /gone/);
  });

  it('finds what is shown in what was written, whatever tidying did to it', () => {
    for (const [written, around, expected] of [
      ['foo(a);', {}, 'foo(a);'],
      ['foo(a)  \n', {}, 'foo(a)'],
      ['foo(a))', { prefix: 'x(' }, 'foo(a))'],
      ['foo(a))', {}, 'foo(a)'],
      ['foo;\nnext();', { suffix: 'next();\n' }, 'foo;'],
      [' {\n  a;\n}', { prefix: 'if (x)' }, ' {\n  a;\n}'],
    ] as const) {
      const tidied = tidy(written, { prefix: '', lineRest: '', suffix: '', ...around })!;
      assert.equal(written.slice(0, nShownOf(written, tidied.text)), expected, written);
    }
    assert.equal(nShownOf('🙂 a', '🙂'), 2);
    assert.equal(nShownOf('abc', 'xyz'), 0);
    assert.equal(nShownOf('', ''), 0);
  });
});

describe('messages of the page that explains', () => {
  for (const message of [
    { kind: 'ready' },
    { kind: 'retry' },
    { kind: 'export' },
    { kind: 'switchModule' },
    { kind: 'choose', index: 2 },
  ])
    it(`are understood: ${JSON.stringify(message)}`, () => assert.deepEqual(parseFromWhyPage(message), message));
  it('are dropped when they are none, and never throw', () => {
    for (const value of hostileValues) {
      assert.equal(parseFromWhyPage(value), undefined);
      assert.equal(parseFromWhyPage({ kind: value }), undefined);
      if (value !== 0) assert.equal(parseFromWhyPage({ kind: 'choose', index: value }), undefined);
    }
    assert.equal(parseFromWhyPage({ kind: 'choose', index: 99 }), undefined);
  });
});
