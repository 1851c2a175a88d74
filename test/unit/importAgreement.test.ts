// What `npm run -s import-check` says of two models: worked out by hand.
import assert from 'node:assert/strict';
import { AgreementSums, faultsOf } from '../bench/importCheck/agreement';

const row = (...probs: number[]) => Float32Array.from(probs, p => Math.log(p));

function check(positions: readonly [theirs: Float32Array, ours: Float32Array, next: number][]) {
  const sums = new AgreementSums();
  for (const [theirs, ours, next] of positions) sums.add(theirs, ours, next);
  return sums.agreement;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} instead of ${expected}`);
}

describe('agreement of two implementations', () => {
  it('is complete where one row is the other, a constant off', () => {
    const shifted = row(0.5, 0.25, 0.25).map(logp => logp + 7);
    const { kl, largestKl, sameFirst, trueDifference, natsTheirs, natsOurs } = check([
      [shifted, row(0.5, 0.25, 0.25), 1],
    ]);
    for (const zero of [kl, largestKl, trueDifference]) near(zero, 0);
    near(natsTheirs, Math.log(4));
    near(natsOurs, Math.log(4));
    assert.equal(sameFirst, 1);
  });
  it('is the mean over positions', () => {
    const both = check([
      [row(0.5, 0.5), row(0.25, 0.75), 0],
      [row(0.8, 0.2), row(0.8, 0.2), 0],
    ]);
    const kl = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
    near(both.kl, kl / 2);
    near(both.largestKl, kl);
    near(both.trueDifference, Math.log(2) / 2);
    near(both.natsOurs, (Math.log(4) - Math.log(0.8)) / 2);
    assert.equal(both.sameFirst, 0.5);
  });
  it('leaves out what only theirs has', () => near(check([[row(0.4, 0.4, 0.2), row(0.5, 0.5), 0]]).kl, 0));
  it('needs every token of ours', () => assert.throws(() => check([[row(1), row(0.5, 0.5), 0]]), /1 tokens/));
  it('is judged by both criteria', () => {
    const fine = check([[row(0.5, 0.5), row(0.5, 0.5), 0]]);
    assert.deepEqual(faultsOf(fine), []);
    assert.equal(faultsOf({ ...fine, kl: 0.02 }).length, 1);
    assert.equal(faultsOf({ ...fine, sameFirst: 0.94 }).length, 1);
    assert.equal(faultsOf({ ...fine, kl: Number.NaN, sameFirst: Number.NaN }).length, 2);
  });
});
