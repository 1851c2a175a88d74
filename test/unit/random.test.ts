import assert from 'node:assert/strict';
import { seededRandom } from '../../src/core/random';

describe('randomness', () => {
  const n = 20_000;
  const columns = {
    seed: (i: number) => seededRandom(i).uniform(0, 0),
    position: (i: number) => seededRandom(7).uniform(i, 0),
    draw: (i: number) => seededRandom(7).uniform(0, i),
  };
  for (const [name, at] of Object.entries(columns)) {
    it(`is uniform and without memory along the ${name}`, () => {
      const values = Array.from({ length: n }, (_, i) => at(i));
      assert.ok(values.every(v => v >= 0 && v < 1));
      const bins = new Array<number>(20).fill(0);
      for (const v of values) bins[Math.floor(v * 20)]++;
      const chiSquare = bins.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0);
      assert.ok(chiSquare < 43.8, `χ² = ${chiSquare} with 19 degrees of freedom`); // p = 0.001
      const lagged = values.slice(1).reduce((sum, v, i) => sum + (v - 0.5) * (values[i] - 0.5), 0) / (n / 12);
      assert.ok(Math.abs(lagged) < 4 / Math.sqrt(n), `lag-1 correlation ${lagged}`);
    });
  }
  it('depends on nothing but seed, position and draw', () => {
    const one = seededRandom(3);
    const first = one.uniform(5, 1);
    one.uniform(6, 0);
    assert.equal(one.uniform(5, 1), first);
    assert.equal(seededRandom(3).uniform(5, 1), first);
  });
});
