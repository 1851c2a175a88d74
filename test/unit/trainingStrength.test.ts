/** Strength and temperature of a pair, against sums over the whole vocabulary. */
import assert from 'node:assert/strict';
import { ResponseDrawing } from '../../src/core/training/responseDrawing';
import { bestWithin, type StrengthRule, StrengthSearch, scorePair } from '../../src/core/training/strengthSearch';
import { TopCandidates } from '../../src/core/training/topCandidates';
import { logps, randomTable } from './support/fakeModel';

const V = 12;
const RULES: readonly StrengthRule[] = ['geometric', 'product', 'joint', 'ratio'];

/** The pair's distribution from its definition. */
function pairOf(
  rule: StrengthRule,
  b: number,
  t: number,
  p: Float32Array,
  q: Float32Array,
  q0: Float32Array,
): number[] {
  const scores = [...p].map((lp, v) => {
    if (b === 0) return lp / t;
    if (rule === 'geometric') return ((1 - b) * lp + b * q[v]) / t;
    return (lp + b * (rule === 'ratio' ? q[v] - q0[v] : q[v])) / t;
  });
  const z = Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0));
  return scores.map(s => s - z);
}

describe('strength of a trained module', () => {
  const [ps, qs, q0s] = [1, 2, 3].map(seed => randomTable(V, seed, 3));

  for (const rule of RULES) {
    it(`measures every point of the grid as ${rule} defines it`, () => {
      const search = new StrengthSearch(rule);
      for (let i = 0; i < V; i++) search.add(ps[i], qs[i], (i * 5) % V, q0s[i]);
      const every4th = (i: number) => i % 4 === 0;
      for (const { strength, temperature, nats, n } of search.grid()) {
        const at = Array.from({ length: V }, (_, i) => i).filter(i => temperature === 1 || every4th(i));
        const expected = at.map(i => -pairOf(rule, strength, temperature, ps[i], qs[i], q0s[i])[(i * 5) % V]);
        assert.equal(n, at.length);
        assert.ok(Math.abs(nats - expected.reduce((a, b) => a + b) / n) < 1e-5, `${strength} at ${temperature}`);
      }
    });
    it(`scores a position as ${rule} defines it`, () => {
      for (let i = 0; i < V; i++) {
        const expected = pairOf(rule, 0.35, 0.8, ps[i], qs[i], q0s[i]);
        const top = expected.indexOf(Math.max(...expected));
        for (const target of [top, (top + 1) % V]) {
          const calibration = { strength: 0.35, temperature: 0.8 };
          const { nats, isTop } = scorePair(rule, calibration, ps[i], qs[i], target, q0s[i]);
          assert.ok(Math.abs(nats + expected[target]) < 1e-5);
          assert.equal(isTop, target === top);
        }
      }
    });
  }

  it('beside other text is the best for both together that costs the other no more than it may', () => {
    const search = (targets: readonly number[], i: number) => {
      const of = new StrengthSearch('ratio');
      for (const target of targets) of.add(ps[i], qs[i], target, q0s[i]);
      return of;
    };
    const [liked, disliked] = [0, 1].map(sign => {
      const gains = Array.from({ length: V }, (_, v) => (sign === 0 ? 1 : -1) * (qs[0][v] - q0s[0][v]));
      return gains.indexOf(Math.max(...gains));
    });
    const gaining = search([liked], 0);
    const losing = search(
      Array.from({ length: 50 }, () => disliked),
      0,
    );
    const nothing = new StrengthSearch('ratio');
    assert.equal(bestWithin(gaining, nothing, 0), 1);
    assert.equal(bestWithin(nothing, gaining, 0), 1);
    assert.equal(bestWithin(losing, nothing, 0), 0);
    // What was measured of nothing decides nothing.
    assert.equal(bestWithin(nothing, nothing, 0), 0);
    const [gains, costs] = [gaining.means(), losing.means()];
    for (const mostCost of [0, 0.01, 0.1, 10]) {
      const k = Math.round(20 * bestWithin(gaining, losing, mostCost));
      assert.ok(costs[k] <= costs[0] * (1 + mostCost));
      for (let other = 0; other <= 20; other++)
        if (costs[other] <= costs[0] * (1 + mostCost))
          assert.ok(gains[other] + costs[other] >= gains[k] + costs[k] - 1e-9);
    }
    assert.equal(bestWithin(gaining, losing, 0), 0);
    assert.ok(bestWithin(gaining, losing, 0.1) > 0);
  });

  /** Draws from a row by its own probabilities, evenly spread. */
  const drawn = (row: Float32Array, u: number) => {
    let v = 0;
    for (let sum = Math.exp(row[0]); sum <= u && v < V - 1; ) sum += Math.exp(row[++v]);
    return v;
  };
  const searchOn = (truth: (i: number) => Float32Array) => {
    const search = new StrengthSearch('geometric');
    for (let i = 0; i < V; i++)
      for (let k = 0; k < 200; k++) search.add(ps[i], qs[i], drawn(truth(i), (k + 0.5) / 200));
    return search.best();
  };
  it('finds the mixture that the text was written with', () => {
    const mixed = (i: number) => Float32Array.from(pairOf('geometric', 0.3, 1, ps[i], qs[i], q0s[i]));
    const { strength, temperature } = searchOn(mixed);
    assert.ok(Math.abs(strength - 0.3) < 0.08, `${strength}`);
    assert.equal(temperature, 1);
  });
  it('is 0 where the aligner knows nothing that helps, and 1 where only it does', () => {
    assert.equal(searchOn(i => ps[i]).strength, 0);
    assert.equal(searchOn(i => qs[i]).strength, 1);
  });
  it('finds that the pair is too sure of itself', () => {
    const flat = (i: number) => logps([...ps[i]].map(logp => logp / 1.25));
    assert.deepEqual(searchOn(flat), { strength: searchOn(flat).strength, temperature: 1.25 });
  });
  it('bears tokens that one of the two rules out', () => {
    const p = logps([1, 2, -Infinity, 0]);
    const q = logps([1, -Infinity, 3, 0]);
    const search = new StrengthSearch('geometric');
    search.add(p, q, 0);
    assert.ok(search.grid().every(({ nats }) => Number.isFinite(nats)));
    for (const rule of RULES) {
      const vetoed = new StrengthSearch(rule);
      vetoed.add(p, q, 1, p);
      const [alone, ...others] = vetoed.grid();
      assert.ok(Math.abs(alone.nats + p[1]) < 1e-6, rule);
      assert.equal(others[0].nats, Infinity);
      assert.equal(vetoed.best().strength, 0);
    }
    assert.ok(Number.isFinite(scorePair('geometric', { strength: 0.5, temperature: 1 }, p, q, 0).nats));
  });
});

describe('candidates of a position', () => {
  it('are the target and the most probable others, as sorting finds them', () => {
    const row = randomTable(300, 9)[0];
    for (const first of [0, 17, row.indexOf(Math.max(...row))]) {
      const ids = new Int32Array(32);
      const values = new Float32Array(32);
      new TopCandidates(32).find(row, first, ids, values);
      const others = Array.from(row.keys()).filter(v => v !== first);
      others.sort((a, b) => row[b] - row[a] || a - b);
      assert.deepEqual([...ids], [first, ...others.slice(0, 31)]);
      assert.deepEqual(
        [...values],
        [...ids].map(v => row[v]),
      );
    }
  });
  it('leave places free where the vocabulary is small', () => {
    const values = new Float32Array(8).fill(-1e9);
    const ids = new Int32Array(8);
    new TopCandidates(8).find(logps([1, 3, 2]), 2, ids, values);
    assert.deepEqual([...ids.subarray(0, 3)], [2, 1, 0]);
    assert.deepEqual([...values.subarray(3)], [-1e9, -1e9, -1e9, -1e9, -1e9]);
  });
});

describe('drawing responses', () => {
  const row = logps([3, 2, 1, 0, -6]);
  const shares = (temperature: number, topP: number) => {
    const drawing = new ResponseDrawing(row.length, temperature, topP);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[drawing.draw(row, (i + 0.5) / 10_000)]++;
    return counts.map(n => n / 10_000);
  };
  it('follows the row itself at temperature 1, down to the last token', () => {
    for (const [v, share] of shares(1, 1).entries()) assert.ok(Math.abs(share - Math.exp(row[v])) < 2e-4, `${v}`);
  });
  it('sharpens, and leaves out what is outside of the nucleus', () => {
    const sharp = [3, 2, 1, 0, -6].map(x => Math.exp(x / 0.5));
    const [a, b, ...rest] = shares(0.5, 0.95);
    assert.ok(Math.abs(a - sharp[0] / (sharp[0] + sharp[1])) < 2e-4);
    assert.ok(Math.abs(a + b - 1) < 1e-9);
    assert.deepEqual(rest, [0, 0, 0]);
  });
});
