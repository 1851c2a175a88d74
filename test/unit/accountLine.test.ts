/** The log's line of a completion: what `npm run replay` counts, and never a word of code. */
import assert from 'node:assert/strict';
import { answersIn } from '../../scripts/workbench/answersInLog.mjs';
import type { Account } from '../../src/host/completer';
import { accountLine } from '../../src/vscode/accountLine';

const account = (over: Partial<Account>): Account => ({
  source: 'engine',
  nShown: 1,
  nHeldBack: 0,
  nTokens: 12,
  nCached: 300,
  nPrefilled: 4,
  stop: 'newline',
  elapsedMs: 41.26,
  ...over,
});

describe('the line of a completion in the log', () => {
  const rows: readonly (readonly [Partial<Account>, string])[] = [
    [{}, 'completion from engine, 1 shown, 12 tokens written, 300 cached, 4 prefilled, stopped by newline, 41.3 ms'],
    [
      { nShown: 0, nHeldBack: 1, stop: '' },
      'completion from engine, 0 shown, 1 held back, 12 tokens written, 300 cached, 4 prefilled, stopped by nothing, 41.3 ms',
    ],
    [{ source: 'cache', elapsedMs: 0.04 }, 'completion from memory, 1 shown, 0.0 ms'],
    [{ source: 'joined' }, 'completion from the answer on its way, 1 shown, 41.3 ms'],
    [{ source: 'cancelled', nTokens: 5 }, 'completion cancelled, 5 tokens written, 41.3 ms'],
  ];
  for (const [over, line] of rows) it(line, () => assert.equal(accountLine(account(over)), line));

  it('is counted by the replay: what was remembered, and tokens that nobody saw, those held back too', () => {
    const accounts = [
      account({ nTokens: 10 }),
      account({ nTokens: 20, nShown: 0 }),
      account({ nTokens: 30, nShown: 0, nHeldBack: 1 }),
      account({ source: 'cancelled', nTokens: 4 }),
      account({ source: 'joined' }),
      account({ source: 'cache', elapsedMs: 0.2, nHeldBack: 1, nShown: 0 }),
      account({ source: 'cache', elapsedMs: 0.4 }),
      account({ source: 'cache', elapsedMs: 0.3 }),
    ];
    const log = accounts.map(one => `2026-01-01 10:00:00.000 [info] ${accountLine(one)}`).join('\n');
    assert.deepEqual(answersIn(log), {
      total: 7,
      fromMemory: 0.429,
      withoutEngine: 0.571,
      memoryMs: { p50: 0.3, p90: 0.4, p99: 0.4 },
      cancelled: 1,
      tokensWritten: 64,
      tokensWasted: 0.844,
    });
  });
});
