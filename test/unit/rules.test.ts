import assert from 'node:assert/strict';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { Candidates, nucleus, penaliseRepetitions, softmax, temperInPlace } from '../../src/core/distribution';
import { seededRandom } from '../../src/core/random';
import { WholeRow } from '../../src/core/row';
import { type RuleName, type Weighing, weigh } from '../../src/core/rules';
import cases from '../oracles/reference/cases.json';
import { plainParams } from './support/decodeParams';
import { FakeSequence, logps, randomTable } from './support/fakeModel';
import { listed } from './support/rows';

const V = 7;
const signal = new AbortController().signal;

const params = (over?: Partial<DecodeParams>) => plainParams(V, over);

/** Exact target of one position by the definition of each rule, in plain arithmetic over probabilities. */
function enumerate(
  rule: RuleName,
  p: Float32Array,
  q: Float32Array,
  q0: Float32Array,
  strength: number,
  topP: number,
): number[] {
  const P = [...p].map(Math.exp);
  const Q = [...q].map(Math.exp);
  const Q0 = [...q0].map(Math.exp);
  const order = P.map((_, i) => i).sort((a, b) => P[b] - P[a]);
  const inside = new Set<number>();
  for (let mass = 0, i = 0; i < order.length && mass <= topP; mass += P[order[i++]]) inside.add(order[i]);
  const normalise = (w: number[]) => {
    const sum = w.reduce((a, b) => a + b, 0);
    return w.map(x => x / sum);
  };
  const over = (f: (v: number) => number) => normalise(P.map((_, v) => (inside.has(v) ? f(v) : 0)));
  const kl = P.reduce((sum, x, v) => sum + x * Math.log(x / Q[v]), 0);
  switch (rule) {
    case 'geometric':
      return over(v => P[v] ** (1 - strength) * Q[v] ** strength);
    case 'product':
    case 'joint':
    case 'sir':
      return over(v => P[v] * Q[v] ** strength);
    case 'ratio':
      return over(v => P[v] * (Q[v] / Q0[v]) ** strength);
    case 'mask':
      return order[0] === V - 1 ? P.map((_, v) => (v === V - 1 ? 1 : 0)) : over(v => Q[v]);
    case 'gated':
      return kl <= 0.1 ? over(v => Q[v]) : P;
  }
}

async function frequencies(
  aligners: () => AlignerSource[],
  p: Float32Array,
  over: Partial<DecodeParams>,
  n: number,
): Promise<number[]> {
  const counts = new Array<number>(V).fill(0);
  for (let seed = 0; seed < n; seed++) {
    const proposal = new FakeSequence(Array(V).fill(p));
    for await (const step of decode(proposal, aligners(), params({ ...over, random: seededRandom(seed) }), signal))
      counts[step.token]++;
  }
  return counts.map(c => c / n);
}

/** Largest difference allowed: 4.5 standard errors of a frequency at the worst probability. */
const bound = (n: number) => 4.5 * Math.sqrt(0.25 / n);

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance,
      `${what}: token ${i} has ${actual[i]}, expected ${expected[i]} ± ${tolerance}`,
    );
  }
}

describe('rules against exact enumeration', () => {
  const rows: [RuleName, number, number, number][] = [
    // rule, strength, topP, spread of Q's difference from P
    ['geometric', 0.5, 1, 2],
    ['geometric', 1, 0.9, 2],
    ['geometric', 0.2, 0.8, 2],
    ['product', 1, 1, 2],
    ['product', 0.3, 0.9, 2],
    ['joint', 1, 0.9, 2],
    ['ratio', 1, 1, 2],
    ['ratio', 2, 0.7, 2],
    ['mask', 1, 0.9, 2],
    ['gated', 1, 0.9, 0.1],
    ['gated', 1, 0.9, 3],
  ];
  for (const [rule, strength, topP, spread] of rows) {
    it(`${rule} at strength ${strength}, nucleus ${topP}, difference ${spread}`, async () => {
      const p = randomTable(V, 11)[0];
      const q = logps([...randomTable(V, 12, spread)[0]].map((x, i) => x + p[i]));
      const q0 = randomTable(V, 13)[0];
      const expected = enumerate(rule, p, q, q0, strength, topP);
      const aligner = (): AlignerSource => ({
        rule,
        strength,
        sequence: new FakeSequence(Array(V).fill(q)),
        reference: new FakeSequence(Array(V).fill(q0)),
      });
      // The distribution itself, to rounding …
      for await (const step of decode(new FakeSequence(Array(V).fill(p)), [aligner()], params({ topP }), signal)) {
        const dense = new Array<number>(V).fill(0);
        for (let i = 0; i < step.candidates.n; i++) dense[step.candidates.ids[i]] = step.alignedProbs[i];
        assertClose(dense, expected, 1e-6, 'aligned probability');
      }
      // … and what is drawn from it.
      const n = 6000;
      assertClose(await frequencies(() => [aligner()], p, { topP }, n), expected, bound(n), 'frequency');
    });
  }

  it('mask and gated end where P would end', async () => {
    const p = logps([0, 0, 0, 0, 0, 0, 3]);
    const q = randomTable(V, 3)[0];
    const aligner: AlignerSource = { rule: 'mask', strength: 1, sequence: new FakeSequence(Array(V).fill(q)) };
    for await (const step of decode(new FakeSequence(Array(V).fill(p)), [aligner], params({}), signal)) {
      assert.equal(step.token, V - 1);
      assert.equal(step.aligned, 1);
    }
  });

  it('gated asks how much P loses by Q, not Q by P', async () => {
    // Q is sure where P wavers: KL(P‖Q) is above the gate, KL(Q‖P) below.
    const p = logps([1.5, 1, -4, -4, -4, -4, -1.2]);
    const q = logps([1.5, 1, -9, -9, -9, -9, -4.5]);
    const kl = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + Math.exp(x) * (x - b[i]), 0);
    assert.ok(kl(p, q) > 0.1 && kl(q, p) < 0.1, `${kl(p, q)} ${kl(q, p)}`);
    const aligner: AlignerSource = { rule: 'gated', strength: 1, sequence: new FakeSequence(Array(V).fill(q)) };
    for await (const step of decode(new FakeSequence(Array(V).fill(p)), [aligner], params({ topP: 0.8 }), signal)) {
      assert.equal(step.candidates.n, V, 'the whole vocabulary, as P has it');
    }
  });

  it('sir is P with one candidate and tends to product with many', async function () {
    this.timeout(60_000);
    const p = randomTable(V, 21)[0];
    const q = randomTable(V, 22)[0];
    const aligner = (): AlignerSource => ({ rule: 'sir', strength: 1, sequence: new FakeSequence(Array(V).fill(q)) });
    const n = 3000;
    assertClose(
      await frequencies(() => [aligner()], p, { topP: 0.9, nCandidates: 1 }, n),
      nucleusOf(p, 0.9),
      bound(n),
      'n=1',
    );
    const product = enumerate('product', p, q, q, 1, 0.9);
    assertClose(
      await frequencies(() => [aligner()], p, { topP: 0.9, nCandidates: 1000 }, n),
      product,
      bound(n) + 0.01,
      'n=1000',
    );
    const few = await frequencies(() => [aligner()], p, { topP: 0.9, nCandidates: 2 }, n);
    assert.ok(distance(few, product) > 2 * bound(n), 'two candidates cannot already be the product');
  });

  it('sir and product agree under the same proposal temperature', async function () {
    this.timeout(60_000);
    const p = randomTable(V, 31)[0];
    const q = randomTable(V, 32)[0];
    const tempered = logps([...p].map(x => x / 0.5));
    const n = 3000;
    const sir = await frequencies(
      () => [{ rule: 'sir', strength: 1, sequence: new FakeSequence(Array(V).fill(q)) }],
      p,
      { proposalTemperature: 0.5, topP: 0.95, nCandidates: 1000 },
      n,
    );
    assertClose(sir, enumerate('product', tempered, q, q, 1, 0.95), bound(n) + 0.01, 'tempered');
  });

  it('composes: the terms add up, and the b of several modules sum to at most 1', async () => {
    const p = randomTable(V, 41)[0];
    const [q, r] = [randomTable(V, 42)[0], randomTable(V, 43)[0]];
    const source = (rule: RuleName, strength: number, row: Float32Array): AlignerSource => ({
      rule,
      strength,
      sequence: new FakeSequence(Array(V).fill(row)),
    });
    const exact = async (aligners: AlignerSource[]) => {
      for await (const step of decode(new FakeSequence(Array(V).fill(p)), aligners, params({}), signal)) {
        const dense = new Array<number>(V).fill(0);
        for (let i = 0; i < step.candidates.n; i++) dense[step.candidates.ids[i]] = step.alignedProbs[i];
        return dense;
      }
      return [];
    };
    const weights = (a: number, b: number, c: number) => {
      const w = [...p].map((x, v) => Math.exp(a * x + b * q[v] + c * r[v]));
      const sum = w.reduce((s, x) => s + x, 0);
      return w.map(x => x / sum);
    };
    assertClose(
      await exact([source('geometric', 0.3, q), source('geometric', 0.2, r)]),
      weights(0.5, 0.3, 0.2),
      1e-6,
      'below one',
    );
    assertClose(
      await exact([source('geometric', 0.9, q), source('geometric', 0.6, r)]),
      weights(0, 0.6, 0.4),
      1e-6,
      'scaled',
    );
    assertClose(
      await exact([source('geometric', 0.3, q), source('product', 0.5, r)]),
      weights(0.7, 0.3, 0.5),
      1e-6,
      'mixed',
    );
    await assert.rejects(exact([source('sir', 1, q), source('geometric', 0.5, r)]), /does not compose/);
  });

  it('strength 0 is P, bit for bit, also where Q knows nothing', async () => {
    const nothing = new Float32Array(V).fill(-Infinity);
    for (const rule of ['geometric', 'product', 'ratio', 'joint', 'sir', 'gated', 'mask'] as const) {
      const alone: number[] = [];
      const aligned: number[] = [];
      const collect = async (aligners: AlignerSource[], out: number[]) => {
        for await (const step of decode(
          new FakeSequence(randomTable(V, 52)),
          aligners,
          params({ maxTokens: 12, topP: 0.95 }),
          signal,
        )) {
          out.push(step.token, step.aligned, ...step.alignedProbs.subarray(0, step.candidates.n));
        }
      };
      await collect([], alone);
      await collect([{ rule, strength: 0, sequence: new FakeSequence(Array(V).fill(nothing)) }], aligned);
      assert.deepEqual(aligned, alone, rule);
    }
  });

  it('keeps P where the aligner vetoes every candidate', async () => {
    const p = logps([5, 4, -9, -9, -9, -9, -9]);
    const q = Float32Array.from([-Infinity, -Infinity, 0, -Infinity, -Infinity, -Infinity, -Infinity]);
    const aligner: AlignerSource = { rule: 'geometric', strength: 0.5, sequence: new FakeSequence(Array(V).fill(q)) };
    for await (const step of decode(
      new FakeSequence(Array(V).fill(p)),
      [aligner],
      params({ topP: 0.9, temperature: 0 }),
      signal,
    )) {
      assert.equal(step.token, 0);
    }
  });
});

describe('reference implementation, in its own order of operations', () => {
  for (const mode of ['par', 'par_kl', 'mds'] as const) {
    it(`${mode} equals the rows made with its processors`, () => {
      const rows = cases.filter(c => c.mode === mode);
      assert.ok(rows.length >= 20);
      for (const c of rows) assertClose(referenceProbs(c), c.probs, 2e-5, `${mode} ${JSON.stringify(c.history)}`);
    });
  }
});

/** The reference's order out of the core's parts: nucleus at the base temperature, rule, temperature, penalty, top-p. */
function referenceProbs(c: (typeof cases)[number]): number[] {
  const n = c.p.length;
  const raw = listed(Float32Array.from(c.p));
  const tempered = listed(raw.values);
  temperInPlace(tempered, c.baseTemperature);
  const candidates = new Candidates(n);
  nucleus(tempered, c.mode === 'mds' ? 1 : c.baseTopP, candidates);
  const q = new WholeRow(Float32Array.from(c.q));
  const weighing: Weighing =
    c.mode === 'mds'
      ? { rule: 'product', strength: 1 / c.expertTemperature, qLogps: q }
      : { rule: c.mode === 'par' ? 'mask' : 'gated', strength: 1, qLogps: q };
  const scores = new Float64Array(n);
  weigh(
    { rawLogps: raw, pLogits: tempered.values, masked: false, endToken: c.endToken, nCandidates: 1, uniform: () => 0 },
    [weighing],
    candidates,
    scores,
    [new Float64Array(n)],
  );

  const row = new WholeRow(new Float32Array(n).fill(-Infinity));
  const probs = new Float64Array(n);
  if (c.mode === 'mds') softmax(scores, candidates.n, 1, probs);
  for (let i = 0; i < candidates.n; i++)
    row.values[candidates.ids[i]] = c.mode === 'mds' ? Math.log(probs[i] + 1e-10) : scores[i];
  temperInPlace(row, c.temperature);
  penaliseRepetitions(row, c.history, c.penalty);
  nucleus(row, c.topP, candidates);
  for (let i = 0; i < candidates.n; i++) scores[i] = row.values[candidates.ids[i]];
  softmax(scores, candidates.n, 1, probs);
  const dense = new Array<number>(n).fill(0);
  for (let i = 0; i < candidates.n; i++) dense[candidates.ids[i]] = probs[i];
  return dense;
}

function nucleusOf(p: Float32Array, topP: number): number[] {
  return enumerate('geometric', p, p, p, 0.5, topP);
}

function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + Math.abs(x - b[i]), 0) / 2;
}
