/** How fast a download is said to be, and when it will be there. */
import assert from 'node:assert/strict';
import { TransferRate } from '../../src/host/proposals/transferRate';

describe('the rate of a download', () => {
  let nowMs = 0;
  const open = () => {
    nowMs = 0;
    return new TransferRate(10_000, () => nowMs);
  };
  const markAt = (rate: TransferRate, ms: number, bytes: number) => {
    nowMs = ms;
    return rate.mark(bytes);
  };

  it('is not told from a moment', () => {
    const rate = open();
    assert.equal(markAt(rate, 0, 0), undefined);
    assert.equal(markAt(rate, 500, 1000), undefined);
  });
  it('is of the last seconds', () => {
    const rate = open();
    markAt(rate, 0, 0);
    assert.deepEqual(markAt(rate, 4000, 4000), { bytesPerSecond: 1000, secondsLeft: 6 });
    markAt(rate, 20_000, 4000);
    assert.deepEqual(markAt(rate, 24_000, 6000), { bytesPerSecond: 500, secondsLeft: 8 });
  });
  it('is not told while nothing comes, or of what begins anew', () => {
    const rate = open();
    markAt(rate, 0, 5000);
    assert.equal(markAt(rate, 5000, 5000), undefined);
    assert.equal(markAt(rate, 6000, 0), undefined);
  });
});
