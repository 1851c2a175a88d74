// How much the instant module helps here: asked of the engine, written into its manifest, never invented.
import assert from 'node:assert/strict';
import type { EvaluationRow } from '../../src/core/manifest';
import type { EngineClient } from '../../src/host/engineClient';
import { InstantMeasurement } from '../../src/host/modules/instantMeasurement';
import type { NgramMeasurement, NgramMeasureProgress } from '../../src/protocol/ngramQuestions';

type Stream = (
  method: string,
  params: unknown,
  onProgress: (progress: NgramMeasureProgress) => void,
  signal: AbortSignal,
) => Promise<NgramMeasurement>;

describe('measuring the instant module', () => {
  const FOUND: NgramMeasurement = { nPlaces: 100, nFiles: 30, nAlone: 11, nWith: 19 };

  function open(stream: Stream, evaluation: readonly EvaluationRow[] = []) {
    const saved: unknown[] = [];
    const calls: string[] = [];
    const measurement = new InstantMeasurement({
      engine: { stream: stream as unknown as EngineClient['stream'] },
      instant: {
        target: async () => ({ proposal: { id: 'p', dir: '/p' }, module: { id: 'instant', dir: '/m' } }),
        update: async () => void calls.push('update'),
        save: async manifest => void saved.push(manifest),
        evaluation: async () => evaluation,
      },
      now: () => '2025-03-31T10:00:00.000Z',
    });
    return { measurement, saved, calls };
  }

  it('writes what was found, with its date, beside what was measured with other proposals', async () => {
    const row = (proposalId: string): EvaluationRow => ({
      ...{ metric: 'exact match', proposalId, proposal: 0.5, aligned: 0.5, n: 9, dataset: 'old' },
    });
    const { measurement, saved, calls } = open(async () => FOUND, [row('p'), row('another')]);
    await measurement.run();
    assert.deepEqual(calls, ['update']);
    assert.deepEqual(saved, [
      {
        evaluation: [
          {
            metric: 'exact match',
            proposalId: 'p',
            proposal: 0.11,
            aligned: 0.19,
            n: 100,
            dataset: 'lines of this workspace, each without what its own file counts',
            measured: '2025-03-31T10:00:00.000Z',
          },
          row('another'),
        ],
      },
    ]);
  });

  it('says how far it is, runs once at a time, and is done when it is', async () => {
    let nRuns = 0;
    const { measurement, saved } = open(async (_method, _params, onProgress) => {
      nRuns++;
      onProgress({ nDone: 1, nPlaces: 100 });
      await new Promise(setImmediate);
      return FOUND;
    });
    const heard: unknown[] = [];
    measurement.onDidChange(() => heard.push(measurement.progress?.nDone));
    await Promise.all([measurement.run(), measurement.run()]);
    assert.deepEqual(heard, [0, 1, undefined]);
    assert.equal(nRuns, 1);
    assert.equal(saved.length, 1);
  });

  it('writes nothing when it is cancelled, or where there is too little to measure', async () => {
    const cancelled = open(async (_method, _params, _onProgress, signal) => {
      cancelled.measurement.cancel();
      signal.throwIfAborted();
      return FOUND;
    });
    await assert.rejects(cancelled.measurement.run(), { name: 'AbortError' });
    const small = open(async () => ({ ...FOUND, nPlaces: 19 }));
    await assert.rejects(small.measurement.run(), { code: 'instant-too-small' });
    for (const { measurement, saved } of [cancelled, small]) {
      assert.deepEqual(saved, []);
      assert.equal(measurement.progress, undefined);
    }
  });
});
