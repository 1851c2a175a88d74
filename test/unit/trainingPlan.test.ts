/** How many steps a training takes, and what is told of it beforehand: all from the seconds that a step takes. */
import assert from 'node:assert/strict';
import { OBJECTIVES, TRAINING_DEFAULTS, type TrainingSpec } from '../../src/protocol/training';
import { dryRunOf, epochsOf, planOf, tokensOfStep } from '../../src/trainer/plan';
import type { DataAccount } from '../../src/trainer/preparedData';

const spec: TrainingSpec = {
  ...TRAINING_DEFAULTS,
  formatVersion: 1,
  module: { id: 'm', title: 'M', description: '', domain: 'workspace', licence: 'MIT' },
  proposal: { id: 'p', dir: '/p' },
  base: { id: 'b', dir: '/b' },
  threads: 1,
};
const account: DataAccount = {
  nFiles: 100,
  nDuplicates: 0,
  nUnfit: 0,
  nSecrets: { keys: 0, tokens: 0, addresses: 0 },
  nTrainTokens: 1_000_000,
  nHeldOutTokens: 1000,
  nHeldOutFiles: 4,
  nPairs: 1000,
  nReplayTokens: 5000,
};

describe('the plan of a training', () => {
  for (const objective of OBJECTIVES)
    it(`has as many steps as fit into its minutes, however much a step does: ${objective}`, () => {
      for (const secondsAStep of [0.8, 2.4]) {
        const of = { ...spec, objective };
        const plan = planOf(of, account, secondsAStep);
        assert.equal(plan.nSteps, 600 / secondsAStep);
        const { minutes, tokensPerS, epochs } = dryRunOf(of, account, plan);
        const sampling = objective.startsWith('ram') ? 2 : 0;
        assert.ok(Math.abs(minutes - (10 + sampling + 1)) < 1e-9, `${minutes}`);
        assert.equal(tokensPerS, tokensOfStep(of) / secondsAStep);
        assert.equal(epochs, epochsOf(of, account, plan.nSteps));
      }
    });

  it('counts rounds over the code, without samples and without general code', () => {
    for (const objective of ['nll', 'ram', 'ram-normalised', 'joint'] as const) {
      const of = { ...spec, objective };
      assert.equal(tokensOfStep(of), 2048);
      assert.ok(Math.abs(epochsOf(of, account, 1000) - 0.85 * 2.048) < 1e-9);
      // Where the proposal brings no general code, none is mixed in.
      assert.ok(Math.abs(epochsOf(of, { ...account, nReplayTokens: 0 }, 1000) - 2.048) < 1e-9);
    }
    assert.equal(epochsOf({ ...spec, objective: 'preference' }, account, 500), 2);
  });

  it('ends after 16 rounds, has 8 steps at least, and as many as were asked for', () => {
    const small = { ...account, nTrainTokens: 20_480, nReplayTokens: 0 };
    assert.equal(planOf(spec, small, 0.01).nSteps, 160);
    assert.equal(planOf(spec, account, 1e4).nSteps, 8);
    assert.equal(planOf({ ...spec, nSteps: 3 }, account, 1e4).nSteps, 3);
  });
});
