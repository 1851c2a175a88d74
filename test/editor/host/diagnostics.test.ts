// What a person pastes into a bug report: versions, models and timings, and nothing that names their code.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Account } from '../../../src/host/completer';
import { Diagnostics } from '../../../src/vscode/diagnostics';

const account = (source: Account['source'], elapsedMs: number): Account => ({
  source,
  elapsedMs,
  nShown: 1,
  nHeldBack: 0,
  nTokens: 5,
  nCached: 300,
  nPrefilled: 3,
  stop: 'newline',
});

/** The extension's parts, as far as a report asks them. */
function diagnosticsOf(state: string, status: () => Promise<unknown>, inUse = true): Diagnostics {
  const parts = {
    engine: { state, call: status },
    registry: {
      proposals: async () => [{ id: 'tiny', origin: 'shipped', sizeBytes: 6_100_000 }],
      modules: async () => [{ id: 'ours', origin: 'team', sizeBytes: 900_000, problem: 'module.json is missing' }],
    },
    status: {
      shownChoice: inUse ? { proposal: { id: 'tiny' }, modules: [{ id: 'react', strength: 0.3 }] } : undefined,
    },
  };
  type Parts = ConstructorParameters<typeof Diagnostics>;
  return new Diagnostics(
    '1.2.3',
    ...([parts.engine, parts.registry, parts.status] as unknown as [Parts[1], Parts[2], Parts[3]]),
  );
}

describe('diagnostics', () => {
  const ready = async () => ({ loaded: [{ id: 'tiny' }, { id: 'react' }], rssBytes: 175 * 2 ** 20 });

  it('say what runs, what is in use, what was found with its problem, and how long answers took', async () => {
    const diagnostics = diagnosticsOf('ready', ready);
    for (const ms of [30, 10, 20]) diagnostics.onAnswer(account('engine', ms));
    diagnostics.onAnswer(account('cache', 0.04));
    diagnostics.onAnswer(account('cancelled', 5));
    const [product, machine, ...rest] = (await diagnostics.report()).trimEnd().split('\n');
    assert.match(product, /^Residual 1\.2\.3, VS Code \d+\.\d+\.\d+.* \((?:browser|desktop)/);
    assert.match(machine, /^Node \d+\.\d+\.\d+, \w+ \w+, \d+ processors, \d+ GiB$/);
    assert.deepEqual(rest, [
      'Engine ready, 175 MiB, loaded tiny, react',
      'In use: tiny + react:0.3',
      'Found:',
      '  tiny (shipped, 6.1 MB)',
      '  ours (team, 0.9 MB): module.json is missing',
      'Answers from engine: 3, p50 20.0 ms, p90 30.0 ms',
      'Answers from cache: 1, p50 0.0 ms, p90 0.0 ms',
    ]);
  });

  it('start no engine, and are made also when it does not answer', async () => {
    const never = () => assert.fail('the engine was asked');
    assert.match(await diagnosticsOf('idle', never, false).report(), /^Engine idle\nIn use: nothing yet$/m);
    const gone = () => Promise.reject(new Error('The engine ended.'));
    assert.match(await diagnosticsOf('ready', gone).report(), /^Engine ready, no answer: The engine ended\.$/m);
  });

  it('go to the clipboard', async () => {
    const diagnostics = diagnosticsOf('ready', ready);
    await diagnostics.copy();
    assert.equal(await vscode.env.clipboard.readText(), await diagnostics.report());
  });
});
