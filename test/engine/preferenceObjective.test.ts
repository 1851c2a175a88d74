/** The loss of preference pairs, and the strength that they are given, against their definitions. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { type RowSource, responseRow } from '../../src/core/training/rows';
import { type Base, loadBase } from '../../src/trainer/base';
import { batchOf } from '../../src/trainer/batches';
import { GradientGraph } from '../../src/trainer/gradientGraph';
import { GradientSum } from '../../src/trainer/gradientSum';
import { preference } from '../../src/trainer/objectives';
import type { PairRows } from '../../src/trainer/pairs';
import { DELTA, never, openProposal, proposalDir } from './support/fixtures';

const GRAPHS = [path.join(DELTA, 'graphs')];
const LENGTH = 16;
const BETA = 0.3;

describe('the loss of preferences', function () {
  this.timeout(60_000);
  let base: Base;
  let graph: GradientGraph;
  before(async () => {
    const proposal = await openProposal(proposalDir('delta'));
    const { tokenizerId, vocabSize } = proposal.model;
    const fitting = { id: 'tiny', tokenizerId, vocabSize };
    base = await loadBase({ id: 'tiny', dir: path.join(DELTA, 'modules/tiny') }, GRAPHS, fitting);
    graph = await GradientGraph.open(GRAPHS, base.architecture.name, base.flat.slice(), { nThreads: 1, form: 'plain' });
    await proposal.model.close();
  });
  after(() => graph.close());

  const row = (response: readonly number[]) => responseRow([40, 51, 62], response, LENGTH);
  const pairs: readonly PairRows[] = [
    { chosen: row([7, 9, 11, 0]), rejected: row([7, 30, 0]), split: 'train' },
    { chosen: row([5, 0]), rejected: row([80, 81, 82, 0]), split: 'train' },
  ];
  const offsets = [0.4, -0.7];
  const noCode: RowSource = { row: () => row([]) };

  /** log Q of each token of the response. */
  async function logpsOf({ chosen, rejected }: PairRows) {
    const { nll } = await graph.run(batchOf([chosen, rejected], () => 0));
    const of = (b: number, { weights }: typeof chosen) =>
      [...weights.keys()].filter(t => weights[t] > 0).map(t => -nll[b * LENGTH + t]);
    return { chosen: of(0, chosen), rejected: of(1, rejected) };
  }
  const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

  async function expectedLoss() {
    let loss = 0;
    for (const [k, pair] of pairs.entries()) {
      const { chosen, rejected } = await logpsOf(pair);
      assert.ok(chosen.length > 1 && rejected.length > 1);
      const margin = total(chosen) - total(rejected) - offsets[k];
      loss += Math.log1p(Math.exp(-BETA * margin)) - total(chosen) / chosen.length;
    }
    return loss / pairs.length;
  }

  it('is that of the preference, and the nats a token of what was kept', async () => {
    const sum = new GradientSum(graph);
    await preference(pairs, offsets, noCode, { beta: BETA, replayShare: 0 }).step(0, sum, never);
    assert.ok(Math.abs(sum.loss - (await expectedLoss())) < 1e-4, `${sum.loss} ${await expectedLoss()}`);
  });

  it('falls, and what was kept becomes likelier, along its gradient', async () => {
    const sum = new GradientSum(graph);
    await preference(pairs, offsets, noCode, { beta: BETA, replayShare: 0 }).step(0, sum, never);
    const before = await Promise.all([expectedLoss()]);
    const keptBefore = total((await logpsOf(pairs[0])).chosen) + total((await logpsOf(pairs[1])).chosen);
    const start = graph.flat.slice();
    for (let i = 0; i < start.length; i++) graph.flat[i] = start[i] - 1e-3 * sum.gradient[i];
    const after = await expectedLoss();
    const keptAfter = total((await logpsOf(pairs[0])).chosen) + total((await logpsOf(pairs[1])).chosen);
    graph.flat.set(start);
    assert.ok(after < before[0] && keptAfter > keptBefore, `${before[0]} ${after} ${keptBefore} ${keptAfter}`);
    // To first order, by as much as the gradient says.
    const fall = 1e-3 * sum.gradient.reduce((of, g) => of + g * g, 0);
    assert.ok(Math.abs(before[0] - after - fall) < 0.2 * fall, `${before[0] - after} ${fall}`);
  });
});
