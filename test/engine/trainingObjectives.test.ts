/** The sequence-level losses against sums over everything that the proposal could write, of responses of 1 to 4 tokens. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { SamplePrompt } from '../../src/core/training/prompts';
import { type RowSource, responseRow } from '../../src/core/training/rows';
import type { Proposal } from '../../src/engine/proposal';
import { alignerOf, type Base, loadBase } from '../../src/trainer/base';
import { batchOf, rowLogProbs } from '../../src/trainer/batches';
import { GradientGraph } from '../../src/trainer/gradientGraph';
import { GradientSum } from '../../src/trainer/gradientSum';
import { nll, type Objective, ram, ramNormalised } from '../../src/trainer/objectives';
import { SampleSet } from '../../src/trainer/proposalSamples';
import { dense } from '../unit/support/rows';
import { DELTA, never, openProposal, proposalDir } from './support/fixtures';

const GRAPHS = [path.join(DELTA, 'graphs')];
/** Two prompts and how their files go on: 3 tokens on average. */
const PROMPTS: readonly SamplePrompt[] = [
  { tokens: Int32Array.from([40, 51, 62, 73, 84]), truth: Int32Array.from([12, 99]) },
  { tokens: Int32Array.from([33, 44, 55]), truth: Int32Array.from([7, 8, 200, 3]) },
];
const MEAN_TRUTH_TOKENS = 3;
const LINES_WEIGHT = 0.25;
const M = 64;
const N_SETS = 4;
const LENGTH = 16;

describe('the sequence-level loss', function () {
  this.timeout(240_000);
  let proposal: Proposal;
  let base: Base;
  let graph: GradientGraph;
  /** Of each prompt, all that the proposal could write: 1 to 4 tokens, of which the module finds none impossible. */
  const responses: number[][][] = [];
  /** P of each of them: those that are longer are likelier, as Q finds them less likely. */
  const probs = (of: readonly (readonly number[])[]) => {
    const parts = of.map((response, i) => 2 ** response.length / (1 + (i % 5)));
    const total = parts.reduce((a, b) => a + b);
    return parts.map(part => part / total);
  };
  before(async () => {
    proposal = await openProposal(proposalDir('delta'));
    const { tokenizerId, vocabSize } = proposal.model;
    base = await loadBase({ id: 'tiny', dir: path.join(DELTA, 'modules/tiny') }, GRAPHS, {
      id: 'tiny',
      tokenizerId,
      vocabSize,
    });
    graph = await GradientGraph.open(GRAPHS, base.architecture.name, base.flat.slice(), { nThreads: 1, form: 'plain' });
    const aligner = await alignerOf(base, base.flat, 1);
    const sequence = aligner.open();
    const likely = async (tokens: readonly number[], n: number) => {
      await sequence.seek(tokens, never);
      const logps = dense(sequence.logps());
      return Array.from(logps.keys())
        .sort((a, b) => logps[b] - logps[a])
        .slice(0, n);
    };
    for (const { tokens } of PROMPTS) {
      const of: number[][] = [];
      for (const first of await likely([...tokens], 4)) {
        const response = [first];
        for (let n = 1; n <= 4; n++) {
          of.push([...response]);
          response.push(...(await likely([...tokens, ...response], 1)));
        }
      }
      responses.push(of);
    }
    sequence.close();
    await aligner.close();
  });
  after(async () => {
    await graph.close();
    await proposal.model.close();
  });

  const nothing: RowSource = {
    row: () => ({ tokens: new Int32Array(512), targets: new Int32Array(512).fill(-1), weights: new Float32Array(512) }),
  };
  const setOf = (drawn: readonly (readonly (readonly number[])[])[]) =>
    new SampleSet(
      drawn[0].length,
      PROMPTS,
      drawn.map(of => of.map(response => Int32Array.from(response))),
      0,
    );

  async function stepOf(objective: Objective) {
    const sum = new GradientSum(graph);
    const { effectiveSamples } = await objective.step(0, sum, never);
    return { gradient: sum.gradient, effectiveSamples };
  }

  /** log Q(y|x) of these responses, and Σ weight·∇log Q(y|x). */
  async function weighed(
    prompt: number,
    of: readonly (readonly number[])[],
    weightsOf: (q: readonly number[]) => readonly number[],
  ) {
    const rows = of.map(response => responseRow([...PROMPTS[prompt].tokens], response, LENGTH));
    // The graph takes pairs of rows.
    const padded = rows.length % 2 === 0 ? rows : [...rows, rows[0]];
    const looked = await graph.run(batchOf(padded, () => 0));
    const weights = weightsOf(rowLogProbs(rows, looked.nll).map(Math.exp));
    await graph.run(batchOf(padded, b => -(weights[b] ?? 0)));
    return { weights, gradient: graph.gradient.slice() };
  }

  /** Σ_x ∇log Q(y|x) of how the files go on. */
  async function ofTruths(): Promise<Float32Array> {
    const gradient = new Float32Array(base.flat.length);
    for (const [x, { truth }] of PROMPTS.entries()) add((await weighed(x, [[...truth]], () => [1])).gradient, gradient);
    return gradient;
  }

  const shares = (q: readonly number[]) => q.map(one => one / q.reduce((a, b) => a + b));

  it('is of the file’s own line and of the samples for the same prompts, over one constant, with weights Q/ΣQ', async () => {
    const drawn = responses.map(of => [of[0], of[0], of[5], of[11]]);
    const { gradient, effectiveSamples } = await stepOf(ramNormalised(nothing, setOf(drawn)));
    const expected = (await ofTruths()).map(value => -value);
    let speaking = 0;
    for (const [x, of] of drawn.entries()) {
      const { weights, gradient: ofSamples } = await weighed(x, of, shares);
      add(ofSamples, expected);
      speaking += 1 / weights.reduce((total, weight) => total + weight * weight, 0) / PROMPTS.length;
    }
    const scaled = gradient.map(value => (value * PROMPTS.length * MEAN_TRUTH_TOKENS) / LINES_WEIGHT);
    assert.ok(distance(scaled, expected) < 1e-3, `${distance(scaled, expected)}`);
    assert.ok(Math.abs(effectiveSamples! - speaking) < 1e-3);
    assert.ok(effectiveSamples! > 1 && effectiveSamples! <= 4);
  });

  it('has the gradient of log Z that a sum over all responses says, with samples from the proposal', async () => {
    const exact = new Float32Array(base.flat.length);
    // ∇log Σ P(y)Q(y) = Σ P(y)Q(y)/Z · ∇log Q(y)
    for (const [x, of] of responses.entries())
      add((await weighed(x, of, q => shares(q.map((one, i) => one * probs(of)[i])))).gradient, exact);
    const truths = await ofTruths();
    const estimated = new Float32Array(exact.length);
    const alike = new Float32Array(exact.length);
    for (let set = 0; set < N_SETS; set++) {
      // Evenly spread draws: the same on every run, and less scattered than random ones.
      const drawn = responses.map(of =>
        Array.from({ length: M }, (_, k) => of[drawnAt(probs(of), (k + (set + 0.5) / N_SETS) / M)]),
      );
      const { gradient } = await stepOf(ramNormalised(nothing, setOf(drawn)));
      add(
        gradient.map((value, i) => ((value * PROMPTS.length * MEAN_TRUTH_TOKENS) / LINES_WEIGHT + truths[i]) / N_SETS),
        estimated,
      );
      // What weighing all samples alike would say: the gradient of E log Q, which is another one.
      for (const [x, of] of drawn.entries())
        add((await weighed(x, of, q => q.map(() => 1 / M / N_SETS))).gradient, alike);
    }
    const [near, far] = [distance(estimated, exact), distance(alike, exact)];
    assert.ok(near < 0.1 && near < far / 3, `${near}, alike ${far}`);
  });

  it('is with a fixed α the file’s own line less α times what the proposal wrote, over the same constant', async () => {
    const drawn = responses.map(of => [of[7]]);
    const { gradient } = await stepOf(ram(nothing, setOf(drawn), 0.3));
    const expected = (await ofTruths()).map(value => -value);
    for (const [x, of] of drawn.entries()) add((await weighed(x, of, () => [0.3])).gradient, expected);
    const scaled = gradient.map(value => (value * PROMPTS.length * MEAN_TRUTH_TOKENS) / LINES_WEIGHT);
    assert.ok(distance(scaled, expected) < 1e-3, `${distance(scaled, expected)}`);
  });

  it('has the likelihood of code beside it', async () => {
    const rows: RowSource = {
      row: i =>
        responseRow(
          [40 + i],
          Array.from({ length: 200 }, (_, t) => (7 * t + i) % 250),
          512,
        ),
    };
    const set = setOf(responses.map(of => [of[7]]));
    const [{ gradient: both }, { gradient: alone }] = [
      await stepOf(ram(rows, set, 0)),
      await stepOf(ram(nothing, set, 0)),
    ];
    const code = (await stepOf(nll(rows))).gradient;
    assert.ok(
      distance(
        both.map((value, i) => value - alone[i]),
        code,
      ) < 1e-3,
    );
  });
});

/** The index at which the probabilities before it and its own pass `u`. */
function drawnAt(probs: readonly number[], u: number): number {
  let sum = 0;
  for (let i = 0; i < probs.length; i++) {
    sum += probs[i];
    if (u < sum) return i;
  }
  return probs.length - 1;
}

function add(gradient: Float32Array, sum: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
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
