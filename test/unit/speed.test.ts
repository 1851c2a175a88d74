/** How fast a machine completes, told from answers. */
import assert from 'node:assert/strict';
import { Speed } from '../../src/host/speed';
import type { CompleteRequest, CompleteResult } from '../../src/protocol/messages';

const never = new AbortController().signal;
const P = { id: 'p', dir: '/p' };
const module = (id: string, strength = 0.3) => ({ id, dir: `/${id}`, strength });

function answer(nPrefilled: number, prefillMs: number, nTokens: number, decodeMs: number, n = 1): CompleteResult {
  const tokens = Array.from({ length: nTokens }, (_, id) => ({ id, text: 'x', p: 1, aligned: 1 }));
  return {
    completions: Array.from({ length: n }, () => ({ text: 'x', tokens, stop: 'length' as const })),
    rule: 'geometric',
    nCached: 0,
    nPrefilled,
    timesMs: { load: 0, prefill: prefillMs, decode: decodeMs },
  };
}

describe('speed on this machine', () => {
  it('is what all recent answers took together, prefills of a few tokens left out', () => {
    const speed = new Speed();
    for (const result of [answer(400, 100, 10, 30), answer(600, 100, 30, 50), answer(1, 5, 10, 20)])
      speed.add({ proposal: P, modules: [] }, result);
    assert.deepEqual(speed.of('/p', []), { nAnswers: 3, prefillTokensPerS: 5000, decodeMsPerToken: 2 });
  });

  it('is told apart by the models that weigh in, in any order', () => {
    const speed = new Speed();
    speed.add({ proposal: P, modules: [module('b'), module('a'), module('off', 0)] }, answer(100, 100, 10, 10));
    assert.equal(speed.of('/p', []), undefined);
    assert.equal(speed.of('/other', ['a', 'b']), undefined);
    assert.equal(speed.of('/p', ['a', 'b'])?.nAnswers, 1);
  });

  it('is not told by answers with several completions', () => {
    const speed = new Speed();
    speed.add({ proposal: P, modules: [] }, answer(100, 100, 10, 10, 2));
    assert.equal(speed.of('/p', []), undefined);
  });

  it('forgets answers of long ago', () => {
    const speed = new Speed();
    speed.add({ proposal: P, modules: [] }, answer(100, 1e6, 10, 1e6));
    for (let i = 0; i < 40; i++) speed.add({ proposal: P, modules: [] }, answer(100, 100, 10, 20));
    assert.deepEqual(speed.of('/p', []), { nAnswers: 40, prefillTokensPerS: 1000, decodeMsPerToken: 2 });
  });

  it('is measured with text that no cache knows, without the first answer and those of before', async () => {
    const speed = new Speed();
    speed.add({ proposal: P, modules: [] }, answer(100, 1e6, 10, 1e6));
    const asked: CompleteRequest[] = [];
    const engine = {
      complete: async (request: CompleteRequest) => {
        asked.push(request);
        return asked.length === 1 ? answer(100, 1e6, 10, 1e6) : answer(100, 100, 10, 20);
      },
    };
    await speed.measure(engine, { proposal: P, modules: [], titles: [] }, 256, never);
    assert.deepEqual(speed.of('/p', []), { nAnswers: 3, prefillTokensPerS: 1000, decodeMsPerToken: 2 });
    assert.equal(new Set(asked.map(({ text }) => text.prefix.slice(0, 20))).size, asked.length);
    assert.ok(asked.every(({ lane }) => lane === 'preview'));
  });
});
