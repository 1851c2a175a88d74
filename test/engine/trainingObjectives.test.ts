/** The sequence-level loss with self-normalised weights, against sums over everything that the proposal could write. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { SamplePrompt } from '../../src/core/training/prompts';
import { type RowSource, responseRow, type TrainingRow } from '../../src/core/training/rows';
import type { Proposal } from '../../src/engine/proposal';
import { type Base, loadBase } from '../../src/trainer/base';
import { batchOf } from '../../src/trainer/batches';
import { GradientGraph } from '../../src/trainer/gradientGraph';
import { GradientSum } from '../../src/trainer/gradientSum';
import { ramNormalised } from '../../src/trainer/objectives';
import { SampleSet } from '../../src/trainer/proposalSamples';
import { DELTA, never, openProposal, proposalDir } from './support/fixtures';

const GRAPHS = path.join(DELTA, 'graphs');
const PROMPT = Int32Array.from([40, 51, 62, 73, 84]);
const M = 64;
const N_SETS = 4;

describe('the gradient of log Z', function () {
  this.timeout(120_000);
  let proposal: Proposal;
  let base: Base;
  let graph: GradientGraph;
  /** P(v) of every token after the prompt. */
  let probs: Float64Array;
  before(async () => {
    proposal = await openProposal(proposalDir('delta'));
    const { tokenizerId, vocabSize } = proposal.model;
    base = await loadBase({ id: 'tiny', dir: path.join(DELTA, 'modules/tiny') }, GRAPHS, {
      id: 'tiny',
      tokenizerId,
      vocabSize,
    });
    // Of little confidence, so that more than one sample speaks.
    const flat = base.flat.map((value, i) => (i < base.layout.parameters[1].start ? 0.3 * value : value));
    graph = await GradientGraph.open(GRAPHS, base.architecture.name, flat, { nThreads: 1, form: 'plain' });
    const sequence = proposal.model.open();
    await sequence.seek([...PROMPT], never);
    probs = Float64Array.from(sequence.logps(), Math.exp);
    sequence.close();
  });
  after(async () => {
    await graph.close();
    await proposal.model.close();
  });

  const nothing: RowSource = {
    row: () => ({ tokens: new Int32Array(512), targets: new Int32Array(512).fill(-1), weights: new Float32Array(512) }),
  };
  const promptOf: SamplePrompt = { tokens: PROMPT, truth: Int32Array.of(1) };

  /** The step's gradient and how many samples speak, with these tokens as what the proposal wrote. */
  async function estimate(tokens: readonly number[]) {
    const samples = new SampleSet(tokens.length, [promptOf], [tokens.map(token => Int32Array.of(token))], 0);
    const sum = new GradientSum(graph);
    const { effectiveSamples } = await ramNormalised(nothing, samples).step(0, sum, never);
    return { gradient: sum.gradient, effectiveSamples: effectiveSamples! };
  }

  /** Q(v) of these tokens after the prompt, and Σ weight·∇log Q(v). */
  async function weighed(tokens: readonly number[], weightsOf: (q: readonly number[]) => readonly number[]) {
    const rows = tokens.map((token): TrainingRow => responseRow([...PROMPT], [token], 8));
    const looked = await graph.run(batchOf(rows, () => 0));
    const at = rows[0].weights.indexOf(1);
    const q = tokens.map((_, b) => Math.exp(-looked.nll[b * 8 + at]));
    const weights = weightsOf(q);
    await graph.run(batchOf(rows, b => -weights[b]));
    return { q, gradient: graph.gradient.slice() };
  }

  it('is estimated from samples as the gradient of the logarithm of their mean probability', async () => {
    const tokens = [12, 12, 99, 200];
    const { gradient, effectiveSamples } = await estimate(tokens);
    const { q, gradient: expected } = await weighed(tokens, of => of.map(one => one / of.reduce((a, b) => a + b)));
    const total = q.reduce((a, b) => a + b);
    const shares = q.map(one => one / total);
    assert.ok(Math.abs(effectiveSamples - 1 / shares.reduce((sum, share) => sum + share * share, 0)) < 1e-3);
    assert.ok(effectiveSamples > 1 && effectiveSamples <= 4);
    assert.ok(distance(gradient, expected) < 1e-4, `${distance(gradient, expected)}`);
  });

  it('comes near what a sum over the whole vocabulary says, with samples from the proposal', async () => {
    const vocabulary = Array.from(probs, (_, v) => v);
    // ∇log Σ P(v)Q(v) = Σ P(v)Q(v)/Z · ∇log Q(v)
    const exact = await weighed(vocabulary, q => {
      const parts = q.map((one, v) => one * probs[v]);
      const z = parts.reduce((a, b) => a + b);
      return parts.map(part => part / z);
    });
    const estimated = new Float32Array(exact.gradient.length);
    const alike = new Float32Array(estimated.length);
    for (let set = 0; set < N_SETS; set++) {
      // Evenly spread draws: the same on every run, and less scattered than random ones.
      const tokens = Array.from({ length: M }, (_, k) => drawn(probs, (k + (set + 0.5) / N_SETS) / M));
      const { gradient, effectiveSamples } = await estimate(tokens);
      assert.ok(effectiveSamples > 8 && effectiveSamples <= M, `${effectiveSamples}`);
      add(gradient, estimated);
      // What weighing all samples alike would say: the gradient of E log Q, which is another one.
      add((await weighed(tokens, q => q.map(() => 1 / M))).gradient, alike);
    }
    const [near, far] = [distance(estimated, exact.gradient), distance(alike, exact.gradient)];
    assert.ok(near < 0.25 && near < far / 1.5, `${near}, alike ${far}`);
  });
});

/** The token at which the probabilities before it and its own pass `u`. */
function drawn(probs: Float64Array, u: number): number {
  let sum = 0;
  for (let v = 0; v < probs.length; v++) {
    sum += probs[v];
    if (u < sum) return v;
  }
  return probs.length - 1;
}

function add(gradient: Float32Array, sum: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += gradient[i] / N_SETS;
}

/** Of two vectors, as a share of the second one's length. */
function distance(a: Float32Array, b: Float32Array): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    length += b[i] ** 2;
  }
  return Math.sqrt(difference / length);
}
