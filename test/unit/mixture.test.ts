import assert from 'node:assert/strict';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { mixInPlace, mixtureWeight } from '../../src/core/mixture';
import type { RuleName } from '../../src/core/rules';
import { plainParams } from './support/decodeParams';
import { FakeSequence, logps, randomTable } from './support/fakeModel';

const V = 7;
const signal = new AbortController().signal;

const params = (over?: Partial<DecodeParams>) => plainParams(V, over);

function source(rule: RuleName, strength: number, row: Float32Array, lambda?: number): AlignerSource {
  return {
    rule,
    strength,
    sequence: new FakeSequence(Array(V).fill(row)),
    ...(lambda !== undefined && { mixture: () => lambda }),
  };
}

/** The distribution of one position, dense, and what the step says of P. */
async function aligned(p: Float32Array, aligners: AlignerSource[], over: Partial<DecodeParams> = {}) {
  for await (const step of decode(new FakeSequence(Array(V).fill(p)), aligners, params(over), signal)) {
    const dense = new Array<number>(V).fill(0);
    for (let i = 0; i < step.candidates.n; i++) dense[step.candidates.ids[i]] = step.alignedProbs[i];
    return { dense, token: step.token, p: step.p };
  }
  throw new Error('no step');
}

const normalise = (weights: number[]) => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map(w => w / sum);
};

/** By definition: mix, temper, cut at the nucleus, weigh. */
function enumerate(
  p: Float32Array,
  q: Float32Array,
  lambda: number,
  b: number,
  topP: number,
  temperature = 1,
): number[] {
  const mixed = [...p].map((x, v) => (1 - lambda) * Math.exp(x) + lambda * Math.exp(q[v]));
  const tempered = normalise(mixed.map(x => x ** (1 / temperature)));
  const order = tempered.map((_, v) => v).sort((x, y) => tempered[y] - tempered[x]);
  const inside = new Set<number>();
  for (let mass = 0, i = 0; i < V && mass <= topP; mass += tempered[order[i++]]) inside.add(order[i]);
  return normalise(tempered.map((x, v) => (inside.has(v) ? x ** (1 - b) * Math.exp(q[v]) ** b : 0)));
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  for (let v = 0; v < V; v++)
    assert.ok(Math.abs(actual[v] - expected[v]) < 1e-6, `token ${v}: ${actual[v]}, expected ${expected[v]}`);
}

describe('the mixture proposal', () => {
  const p = randomTable(V, 11)[0];
  const q = randomTable(V, 12)[0];

  for (const [lambda, b, topP, temperature] of [
    [0.3, 0.5, 1, 1],
    [0.9, 0.2, 0.8, 1],
    [0.05, 1, 0.9, 1],
    [0.3, 0.5, 0.9, 0.5],
  ] as const) {
    it(`λ ${lambda}, strength ${b}, nucleus ${topP}, temperature of P ${temperature}: as enumerated`, async () => {
      const { dense } = await aligned(p, [source('geometric', b, q, lambda)], {
        topP,
        proposalTemperature: temperature,
      });
      assertClose(dense, enumerate(p, q, lambda, b, topP, temperature));
    });
  }

  it('makes a candidate of what P never proposes, and P itself still says that it would not', async () => {
    const never = logps([4, 3, 2, 1, 0, -Infinity, 0]);
    const name = logps([0, 0, 0, 0, 0, 6, 0]);
    const over = { topP: 0.95, temperature: 0 };
    assert.equal((await aligned(never, [source('geometric', 0.9, name)], over)).dense[5], 0, 'a product can only veto');
    const mixed = await aligned(never, [source('geometric', 0.9, name, 0.3)], over);
    assert.equal(mixed.token, 5);
    assert.equal(mixed.p, 0);
  });

  it('composes with another module, and with every rule that stands alone', async () => {
    const r = randomTable(V, 13)[0];
    const pMixed = Float32Array.from(p);
    mixInPlace(pMixed, q, 0.4);
    const without = [source('geometric', 0.3, q), source('geometric', 0.5, r)];
    const both = [source('geometric', 0.3, q, 0.4), source('geometric', 0.5, r)];
    assertClose((await aligned(p, both)).dense, (await aligned(pMixed, without)).dense);
    for (const rule of ['mask', 'gated', 'sir', 'product', 'joint'] as const)
      assertClose(
        (await aligned(p, [source(rule, 1, q, 0.4)])).dense,
        (await aligned(pMixed, [source(rule, 1, q)])).dense,
      );
  });

  it('λ is asked anew at each position, for the text up to there', async () => {
    const table = randomTable(V, 14);
    const asked: number[] = [];
    const aligner = new FakeSequence(randomTable(V, 15));
    const mixture = () => {
      asked.push(aligner.length);
      return 0.5;
    };
    const steps = decode(
      new FakeSequence(table),
      [{ rule: 'geometric', strength: 1, sequence: aligner, mixture }],
      params({ maxTokens: 4, endToken: -1 }),
      signal,
    );
    for await (const _ of steps);
    assert.deepEqual(asked, [1, 2, 3, 4]);
  });

  it('strength 0 is P, bit for bit, and so is λ 0 before the rule', async () => {
    const alone = await aligned(p, [], { topP: 0.9 });
    for (const row of [q, new Float32Array(V).fill(-Infinity)])
      assert.deepEqual(await aligned(p, [source('geometric', 0, row, 0.5)], { topP: 0.9 }), alone);
    const unmixed = Float32Array.from(p);
    mixInPlace(unmixed, q, 0);
    assert.deepEqual(unmixed, p);
  });

  it('mixes rows that know nothing of each other, and stays a distribution', () => {
    for (const [a, b] of [
      [logps([5, -Infinity, 0, -30, -Infinity, 1, 2]), logps([-Infinity, 5, 0, -60, -Infinity, 1, 2])],
      [p, q],
      [logps([80, 0, 0, 0, 0, 0, 0]), logps([0, 0, 0, 0, 0, 0, 80])],
    ]) {
      const mixed = Float32Array.from(a);
      mixInPlace(mixed, b, 0.25);
      for (let v = 0; v < V; v++)
        assert.ok(Math.abs(Math.exp(mixed[v]) - (0.75 * Math.exp(a[v]) + 0.25 * Math.exp(b[v]))) < 1e-6);
      assert.equal(mixed[4], a[4] === -Infinity ? -Infinity : mixed[4]);
    }
  });

  it('is the definition to the last place of a row, however far the two are apart', () => {
    for (let distance = 0; distance <= 40; distance += 0.03) {
      for (const [a, b] of [
        [-0.5, -0.5 - distance],
        [-2 - distance, -2],
      ]) {
        const mixed = Float32Array.of(a);
        mixInPlace(mixed, Float32Array.of(b), 0.3);
        const expected = Math.log(0.7 * Math.exp(Math.fround(a)) + 0.3 * Math.exp(Math.fround(b)));
        assert.ok(Math.abs(mixed[0] - expected) <= 2 ** -23 * Math.max(1, -expected), `${a} and ${b}: ${mixed[0]}`);
      }
    }
  });

  it('weighs by the length of the context that was known', () => {
    const weights = [0, 0.1, 0.2, 0.5];
    const at = (order: number) => mixtureWeight(weights, { order, count: 1, nDistinct: 1 });
    assert.deepEqual([0, 1, 2, 3, 6].map(at), [0, 0.1, 0.2, 0.5, 0.5]);
  });
});
