import assert from 'node:assert/strict';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { mixInPlace, mixtureWeight } from '../../src/core/mixture';
import { WholeRow } from '../../src/core/row';
import type { RuleName } from '../../src/core/rules';
import { plainParams } from './support/decodeParams';
import { FakeSequence, logps, randomTable } from './support/fakeModel';
import { listed } from './support/rows';

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

const mixed = (a: Float32Array, b: Float32Array, lambda: number) => {
  const row = listed(a);
  mixInPlace(row, new WholeRow(b), lambda);
  return row.values;
};

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

  it('goes with every rule that stands alone', async () => {
    const pMixed = mixed(p, q, 0.4);
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
    assert.deepEqual(mixed(p, q, 0), p);
  });

  it('mixes rows that know nothing of each other, and stays a distribution', () => {
    for (const [a, b] of [
      [logps([5, -Infinity, 0, -30, -Infinity, 1, 2]), logps([-Infinity, 5, 0, -60, -Infinity, 1, 2])],
      [p, q],
      [logps([80, 0, 0, 0, 0, 0, 0]), logps([0, 0, 0, 0, 0, 0, 80])],
    ]) {
      const both = mixed(a, b, 0.25);
      for (let v = 0; v < V; v++)
        assert.ok(Math.abs(Math.exp(both[v]) - (0.75 * Math.exp(a[v]) + 0.25 * Math.exp(b[v]))) < 1e-6);
      assert.equal(both[4], a[4] === -Infinity ? -Infinity : both[4]);
    }
  });

  it('is the definition to the last place of a row, however far the two are apart', () => {
    for (let distance = 0; distance <= 40; distance += 0.03) {
      for (const [a, b] of [
        [-0.5, -0.5 - distance],
        [-2 - distance, -2],
      ]) {
        const [both] = mixed(Float32Array.of(a), Float32Array.of(b), 0.3);
        const expected = Math.log(0.7 * Math.exp(Math.fround(a)) + 0.3 * Math.exp(Math.fround(b)));
        assert.ok(Math.abs(both - expected) <= 2 ** -23 * Math.max(1, -expected), `${a} and ${b}: ${both}`);
      }
    }
  });

  it('weighs by the length of the context that was known', () => {
    const weights = [0, 0.1, 0.2, 0.5];
    const at = (order: number) => mixtureWeight(weights, { order, count: 1, nDistinct: 1 });
    assert.deepEqual([0, 1, 2, 3, 6].map(at), [0, 0.1, 0.2, 0.5, 0.5]);
  });
});

describe('other modules beside the one that is mixed in', () => {
  const p = randomTable(V, 11)[0];
  const q = randomTable(V, 12)[0];
  const r = randomTable(V, 13)[0];
  const reference = randomTable(V, 16)[0];
  const other = (rule: RuleName, strength: number, row = r): AlignerSource => ({
    ...source(rule, strength, row),
    ...(rule === 'ratio' && { reference: new FakeSequence(Array(V).fill(reference)) }),
  });

  /** What the other module makes of P over some tokens, with P's mass on them. */
  function alignedAlone(rule: RuleName, strength: number, inside: readonly number[], own = p, row = r): number[] {
    const weights = inside.map(v => {
      const [x, y] = [Math.exp(own[v]), Math.exp(row[v])];
      if (rule === 'geometric') return x ** (1 - strength) * y ** strength;
      return x * (rule === 'ratio' ? y / Math.exp(reference[v]) : y) ** strength;
    });
    const mass = inside.reduce((sum, v) => sum + Math.exp(own[v]), 0);
    const dense = new Array<number>(V).fill(0);
    for (const [i, share] of normalise(weights).entries()) dense[inside[i]] = mass * share;
    return dense;
  }

  const mix = (own: readonly number[], row: Float32Array, lambda: number) =>
    own.map((x, v) => (1 - lambda) * x + lambda * Math.exp(row[v]));
  const insideOf = (row: readonly number[], topP: number) => {
    const order = row.map((_, v) => v).sort((x, y) => row[y] - row[x]);
    const inside: number[] = [];
    for (let mass = 0, i = 0; i < V && mass <= topP; mass += row[order[i++]]) inside.push(order[i]);
    return inside;
  };

  for (const rule of ['geometric', 'product', 'joint', 'ratio'] as const) {
    for (const [lambda, topP] of [
      [0.4, 1],
      [0.4, 0.8],
      [0.9, 0.9],
      [0, 0.9],
    ]) {
      it(`${rule} aligns P, which is then mixed: λ ${lambda}, nucleus ${topP}`, async () => {
        const b = 0.3;
        const unaligned = mix(Array.from(p, Math.exp), q, lambda);
        const inside = insideOf(unaligned, topP);
        const mixed = mix(alignedAlone(rule, 0.6, inside), q, lambda);
        const expected = normalise(
          mixed.map((x, v) => (inside.includes(v) ? x * (Math.exp(q[v]) / unaligned[v]) ** b : 0)),
        );
        const instant = source('geometric', b, q, lambda);
        for (const aligners of [
          [instant, other(rule, 0.6)],
          [other(rule, 0.6), instant],
        ])
          assertClose((await aligned(p, aligners, { topP })).dense, expected);
      });
    }
  }

  it('do not veto a name that neither they nor P know', async () => {
    const noName = (row: Float32Array) => logps([...row].map((x, v) => (v === 5 ? -Infinity : x)));
    const name = logps([0, 0, 0, 0, 0, 6, 0]);
    const over = { topP: 0.95, temperature: 0 };
    for (const rule of ['geometric', 'product', 'ratio'] as const)
      for (const strength of [0.5, 1]) {
        for (const own of [p, noName(p)]) {
          const both = [source('geometric', 0.1, name, 0.6), other(rule, strength, noName(r))];
          const { token, dense } = await aligned(own, both, over);
          assert.equal(token, 5, `${rule} ${strength}`);
          assert.ok(dense.every(Number.isFinite));
        }
      }
  });

  it('leave what is mixed in where they veto all that P proposes', async () => {
    const nothing = new Float32Array(V).fill(-Infinity);
    for (const own of [p, logps([...p].map((x, v) => (v === 5 ? -Infinity : x)))]) {
      const { dense } = await aligned(own, [source('geometric', 1, q, 0.4), other('product', 1, nothing)]);
      const mixed = mix(Array.from(own, Math.exp), q, 0.4);
      assertClose(dense, normalise([...q].map((x, v) => (0.4 * Math.exp(x) * Math.exp(x)) / mixed[v])));
    }
  });

  it('are scaled among themselves where their strengths sum to more than 1', async () => {
    const instant = source('geometric', 0.3, q, 0.4);
    const half = (await aligned(p, [instant, other('geometric', 0.5), other('geometric', 0.5, reference)])).dense;
    const scaled = (await aligned(p, [instant, other('geometric', 0.8), other('geometric', 0.8, reference)])).dense;
    assertClose(scaled, half);
    const less = (await aligned(p, [instant, other('geometric', 0.4), other('geometric', 0.4, reference)])).dense;
    assert.ok(less.some((x, v) => Math.abs(x - half[v]) > 1e-3));
  });
});
