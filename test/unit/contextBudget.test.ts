import assert from 'node:assert/strict';
import { type Budgets, ContextBudget } from '../../src/host/contextBudget';
import type { CompleteResult } from '../../src/protocol/messages';

const proposal = { id: 'p', dir: '/models/p' };

interface Pass {
  /** Milliseconds a token of the prompt. */
  readonly prefill: number;
  /** Milliseconds a token that is written. */
  readonly step: number;
  readonly nPrefilled?: number;
  readonly nTokens?: number;
  readonly nCompletions?: number;
}

function resultOf({ prefill, step, nPrefilled = 200, nTokens = 10, nCompletions = 1 }: Pass): CompleteResult {
  const tokens = Array.from({ length: nTokens }, () => ({ id: 0, text: 'x', p: 1, aligned: 1 }));
  return {
    completions: Array.from({ length: nCompletions }, () => ({ text: 'x', tokens, stop: 'end' as const })),
    rule: 'geometric',
    nCached: 0,
    nPrefilled,
    timesMs: { load: 0, prefill: prefill * nPrefilled, decode: step * nTokens },
  };
}

function budgetAfter(passes: readonly Pass[], remembered: Budgets = {}) {
  const written: Budgets[] = [];
  const budget = new ContextBudget(remembered, budgets => written.push(budgets));
  for (const pass of passes) budget.add({ proposal }, resultOf(pass));
  return { budget, written, nTokens: budget.tokensOf('auto', proposal.dir) };
}

const repeated = (n: number, pass: Pass) => Array.from({ length: n }, () => pass);

describe('how much context comes in time', () => {
  const rows: readonly [string, readonly Pass[], number][] = [
    ['nothing was measured', [], 256],
    ['a small model answers', [{ prefill: 0.2, step: 2 }], 768],
    // 192 × 4.1 + 7 × 48 = 1123 ms; 256 × 4.1 + 7 × 48 = 1386 ms.
    ['half a billion weights run on two cores', [{ prefill: 4.1, step: 48 }], 192],
    ['even the least is too slow', [{ prefill: 40, step: 500 }], 128],
    ['written tokens take the time', [{ prefill: 0.5, step: 120 }], 640],
    ['the prompt was cached', [{ prefill: 40, step: 2, nPrefilled: 20 }], 256],
    ['nothing was written', [{ prefill: 0.2, step: 2, nTokens: 0 }], 256],
    ['several were asked for', [{ prefill: 0.2, step: 2, nCompletions: 3 }], 256],
    // 256 × 4 + 70 = 1094 ms, but not in time if it took 1.25 as long.
    [
      'a larger size would only just be in time',
      [{ prefill: 6, step: 10 }, ...repeated(7, { prefill: 4, step: 10 })],
      192,
    ],
    [
      'a larger size would be in time by far',
      [{ prefill: 6, step: 10 }, ...repeated(7, { prefill: 3, step: 10 })],
      256,
    ],
    ['one pass was slow', [...repeated(4, { prefill: 1, step: 10 }), { prefill: 100, step: 900 }], 768],
    ['most passes were slow', [{ prefill: 1, step: 10 }, ...repeated(4, { prefill: 4.1, step: 48 })], 192],
    ['old passes were slow', [...repeated(9, { prefill: 9, step: 9 }), ...repeated(4, { prefill: 0.2, step: 2 })], 768],
  ];
  for (const [what, passes, expected] of rows) {
    it(`is ${expected} tokens when ${what}`, () => assert.equal(budgetAfter(passes).nTokens, expected));
  }

  it('is what the setting says where it says a number', () => {
    const { budget } = budgetAfter([{ prefill: 0.2, step: 2 }]);
    assert.equal(budget.tokensOf(333, proposal.dir), 333);
  });

  it('is a ceiling for what is new, where the setting leaves it to be learned', () => {
    const { budget } = budgetAfter([]);
    assert.deepEqual(budget.typingAt(333, proposal.dir), { contextTokens: 333 });
    assert.deepEqual(budget.typingAt('auto', proposal.dir), { contextTokens: 512, coldTokens: 256 });
    const fast = budgetAfter([{ prefill: 0.2, step: 2 }]).budget;
    assert.deepEqual(fast.typingAt('auto', proposal.dir), { contextTokens: 768 });
  });

  it('is of one proposal alone', () => {
    const { budget } = budgetAfter([{ prefill: 0.2, step: 2 }]);
    assert.equal(budget.tokensOf('auto', '/models/other'), 256);
  });

  it('is remembered when it changed, and then is where the next session begins', () => {
    const { written } = budgetAfter(repeated(5, { prefill: 0.2, step: 2 }));
    assert.equal(written.length, 1);
    const again = budgetAfter([{ prefill: 0.3, step: 2 }], JSON.parse(JSON.stringify(written[0])));
    assert.deepEqual([again.nTokens, again.written], [768, []]);
  });

  it('is forgotten of the proposal that was used longest ago', () => {
    const { budget, written } = budgetAfter([{ prefill: 0.2, step: 2 }]);
    for (let i = 0; i < 8; i++) budget.add({ proposal: { id: 'q', dir: `/q${i}` } }, resultOf({ prefill: 1, step: 1 }));
    assert.equal(Object.keys(written.at(-1)!).length, 8);
    assert.equal(budget.tokensOf('auto', proposal.dir), 256);
  });
});
