// Which cache a prompt goes on with: told by what is evaluated and by what is open.
import assert from 'node:assert/strict';
import { type CachingSequence, WarmSequences } from '../../src/engine/warmSequences';
import { FakeSequence, randomTable } from './support/fakeModel';

const signal = new AbortController().signal;

/** Counts what it evaluates and copies. */
class FakeCaching extends FakeSequence implements CachingSequence {
  #tokens: readonly number[] = [];
  isClosed = false;

  constructor(private readonly opened: FakeCaching[]) {
    super(randomTable(9, 1), []);
    opened.push(this);
  }

  override get length(): number {
    return this.#tokens.length;
  }

  sharedLength(tokens: readonly number[]): number {
    const differs = this.#tokens.findIndex((token, i) => token !== tokens[i]);
    return differs < 0 ? this.#tokens.length : differs;
  }

  adopt(from: CachingSequence, n: number): void {
    assert.ok(!this.isClosed && this.opened.includes(from as FakeCaching));
    this.#tokens = (from as FakeCaching).#tokens.slice(0, n);
  }

  override async seek(tokens: readonly number[]) {
    assert.ok(!this.isClosed);
    const nCached = this.sharedLength(tokens);
    this.#tokens = tokens;
    return { nCached, nPrefilled: tokens.length - nCached };
  }

  override close(): void {
    this.isClosed = true;
  }
}

describe('the sequences of the last places', () => {
  const warm = (nMost = 3) => {
    const opened: FakeCaching[] = [];
    const sequence = new WarmSequences(new FakeCaching(opened), () => new FakeCaching(opened), nMost);
    return {
      sequence,
      nOpen: () => opened.filter(({ isClosed }) => !isClosed).length,
      prefilled: async (...tokens: number[]) => (await sequence.seek(tokens, signal)).nPrefilled,
    };
  };
  /** A prompt of a file: its own tokens, and what was written behind them. */
  const file = (id: number, ...written: number[]) => [...Array<number>(20).fill(id), ...written];
  /** As a model that reads the suffix last is asked. */
  const around = (prefix: number[], id: number) => [1, ...prefix, 2, ...Array<number>(20).fill(id), 3];

  it('keep every file warm, as many as there may be, and forget the one that was left longest ago', async () => {
    const { prefilled, nOpen } = warm();
    assert.deepEqual(
      [await prefilled(...file(1)), await prefilled(...file(2)), await prefilled(...file(3))],
      [20, 20, 20],
    );
    assert.deepEqual(
      [await prefilled(...file(1, 7)), await prefilled(...file(2, 7)), await prefilled(...file(3))],
      [1, 1, 0],
    );
    assert.equal(nOpen(), 3);
    assert.equal(await prefilled(...file(4)), 20);
    assert.deepEqual([await prefilled(...file(3)), await prefilled(...file(2, 7))], [0, 0]);
    assert.equal(await prefilled(...file(1, 7)), 21);
    assert.equal(nOpen(), 3);
  });

  it('take typing for the same place, at the end of a prompt and before a suffix', async () => {
    const { prefilled, nOpen } = warm();
    await prefilled(...file(1));
    for (let n = 1; n <= 5; n++) assert.equal(await prefilled(...file(1, ...Array<number>(n).fill(8))), 1);
    assert.equal(nOpen(), 1);
    await prefilled(...around([5], 9));
    for (let n = 2; n <= 8; n++) assert.equal(await prefilled(...around(Array<number>(n).fill(5), 9)), 23);
    assert.equal(nOpen(), 2);
    assert.equal(await prefilled(...file(1, 8, 8, 8, 8, 8)), 0);
  });

  it('begin a new place with a copy of what it shares with another', async () => {
    const { prefilled, nOpen } = warm();
    await prefilled(...[4, 4, 4], ...file(1));
    assert.equal(await prefilled(...[4, 4, 4], ...file(2)), 20);
    assert.equal(await prefilled(...[4, 4, 4], ...file(3)), 20);
    assert.equal(await prefilled(...[4, 4, 4], ...file(4)), 20, 'also where the oldest one makes room');
    assert.equal(await prefilled(...[4, 4, 4], ...file(2)), 0);
    assert.equal(nOpen(), 3);
  });

  it('stand where the last prompt is', async () => {
    const { sequence, prefilled } = warm();
    await prefilled(...file(1));
    await prefilled(...file(2, 5));
    assert.equal(sequence.length, 21);
    await prefilled(...file(1));
    assert.equal(sequence.length, 20);
  });

  it('give back the oldest place first, and never the last', async () => {
    const { sequence, prefilled, nOpen } = warm();
    for (const id of [1, 2, 3, 2]) await prefilled(...file(id));
    assert.ok(sequence.closeSpare());
    assert.equal(await prefilled(...file(3)), 0);
    assert.ok(sequence.closeSpare());
    assert.ok(!sequence.closeSpare());
    assert.equal(nOpen(), 1);
    assert.equal(await prefilled(...file(3)), 0);
    sequence.close();
    assert.equal(nOpen(), 0);
  });
});
