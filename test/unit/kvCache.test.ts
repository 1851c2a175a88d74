/** Rows of keys and values: in place, growing, rewinding. */
import assert from 'node:assert/strict';
import { KvRows } from '../../src/engine/kvCache';

const N_BUFFERS = 4;
const ROW_SIZE = 3;

/** Row `n` of buffer `b` holds values that name both. */
function rows(from: number, nRows: number): Float32Array {
  const values = new Float32Array(N_BUFFERS * nRows * ROW_SIZE);
  for (let b = 0; b < N_BUFFERS; b++)
    for (let n = 0; n < nRows; n++)
      for (let i = 0; i < ROW_SIZE; i++) values[(b * nRows + n) * ROW_SIZE + i] = b * 10_000 + (from + n) * 10 + i;
  return values;
}

function check(cache: KvRows, first: readonly number[]): void {
  assert.equal(cache.length, first.length);
  for (let b = 0; b < N_BUFFERS; b++) {
    const expected = first.flatMap(n => Array.from({ length: ROW_SIZE }, (_, i) => b * 10_000 + n * 10 + i));
    assert.deepEqual([...cache.view(b, first.length)], expected);
  }
}

describe('KV rows', () => {
  it('are appended per buffer', () => {
    const cache = new KvRows(N_BUFFERS, ROW_SIZE, 100);
    cache.append(rows(0, 2), 2);
    cache.append(rows(2, 1), 1);
    check(cache, [0, 1, 2]);
  });

  it('are overwritten after a truncation', () => {
    const cache = new KvRows(N_BUFFERS, ROW_SIZE, 100);
    cache.append(rows(0, 5), 5);
    cache.truncate(2);
    cache.append(rows(70, 2), 2);
    check(cache, [0, 1, 70, 71]);
  });

  it('do not come back when the truncation is longer than they are', () => {
    const cache = new KvRows(N_BUFFERS, ROW_SIZE, 100);
    cache.append(rows(0, 2), 2);
    cache.truncate(9);
    check(cache, [0, 1]);
  });

  it('survive growing', () => {
    const cache = new KvRows(N_BUFFERS, ROW_SIZE, 2000);
    const firstBytes = cache.sizeBytes;
    for (let n = 0; n < 1500; n += 100) cache.append(rows(n, 100), 100);
    check(
      cache,
      Array.from({ length: 1500 }, (_, n) => n),
    );
    assert.ok(cache.sizeBytes > firstBytes);
    assert.ok(cache.sizeBytes <= N_BUFFERS * 2000 * ROW_SIZE * 4);
  });

  it('are views, not copies: the runtime reads the cache in place', () => {
    const cache = new KvRows(N_BUFFERS, ROW_SIZE, 100);
    cache.append(rows(0, 1), 1);
    const view = cache.view(1, 1);
    assert.equal(cache.view(1, 1).buffer, view.buffer);
    cache.truncate(0);
    cache.append(rows(5, 1), 1);
    assert.equal(view[0], 10_050);
  });

  it('refuse more than the context holds', () => {
    const cache = new KvRows(N_BUFFERS, ROW_SIZE, 10);
    cache.append(rows(0, 10), 10);
    assert.throws(() => cache.append(rows(10, 1), 1), /holds 10 rows/);
    check(
      cache,
      Array.from({ length: 10 }, (_, n) => n),
    );
  });
});
