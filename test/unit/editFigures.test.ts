/** Figures of what was written at the places of edits, held against rows that were computed by hand. */
import assert from 'node:assert/strict';
import { type AnsweredPlace, figuresOf } from '../../src/core/edits/editFigures';
import type { EditPlace } from '../../src/core/edits/editPlaces';
import { keystrokesWith, savedShare } from '../../src/core/edits/keystrokes';
import { parseFromEditsPage } from '../../src/protocol/pages/edits';
import { hostileValues } from './support/hostileValues';

describe('keystrokes', () => {
  // shown, truth → keys, accepts, characters
  const rows: readonly (readonly [string, string, number, number, number])[] = [
    ['return total;', 'return total;', 0, 1, 13],
    ['return', 'return total;', 7, 1, 13],
    ['return total + 1;', 'return total;', 1, 2, 13],
    ['return sum;', 'return total;', 7, 1, 13],
    ['throw', 'return total;', 13, 0, 13],
    ['', 'return total;', 13, 0, 13],
    ['f(a)', 'f(b)', 4, 0, 4],
    [' = value', ' = values[0];', 5, 1, 13],
    [' = value;', ' = values[0];', 11, 1, 13],
    ['return total;  ', 'return total;\t', 0, 1, 13],
    ['a\nb', 'a', 0, 1, 1],
    ['anything', '', 0, 0, 0],
  ];
  for (const [shown, truth, keys, accepts, nChars] of rows)
    it(`with ${JSON.stringify(shown)} for ${JSON.stringify(truth)}`, () =>
      assert.deepEqual(keystrokesWith(shown, truth), { keys, accepts, nChars }));

  it('are saved as a share of all characters together', () => {
    assert.equal(savedShare([keystrokesWith('abcd', 'abcd'), keystrokesWith('', 'abcdef')]), 1 - 7 / 10);
    assert.equal(savedShare([]), 0);
  });
});

describe('figures of edits', () => {
  const place = (over: Partial<EditPlace> = {}): EditPlace => ({
    commit: 'c1',
    file: 'a.ts',
    line: 1,
    head: '',
    truth: 'abcd',
    prefix: '',
    suffix: '',
    ...over,
  });
  const row = (
    alone: string,
    aligned: string,
    over?: Partial<EditPlace>,
    ms: readonly (number | undefined)[] = [],
  ): AnsweredPlace => ({
    place: place(over),
    alone: { text: alone, elapsedMs: ms[0] },
    aligned: { text: aligned, elapsedMs: ms[1] },
  });

  it('are the means of both sides, and of what lies between them', () => {
    // Similarities: alone 1, 0.5, 0; aligned 1, 1, 0.25. Keys and accepts: alone 1 + 3 + 4 of 12, aligned 1 + 1 + 4.
    const figures = figuresOf([row('abcd', 'abcd'), row('ab', 'abcd'), row('', 'xbyz')]);
    assert.deepEqual(
      [figures.alone.exactMatch.value, figures.alone.editSimilarity.value, figures.alone.keystrokesSaved.value],
      [0.3333, 0.5, 0.3333],
    );
    assert.deepEqual(
      [figures.aligned.exactMatch.value, figures.aligned.editSimilarity.value, figures.aligned.keystrokesSaved.value],
      [0.6667, 0.75, 0.5],
    );
    assert.deepEqual(
      [figures.gain.exactMatch.value, figures.gain.editSimilarity.value, figures.gain.keystrokesSaved.value],
      [0.3333, 0.25, 0.1667],
    );
    assert.deepEqual([figures.n, figures.nSame], [3, 1]);
    assert.deepEqual([figures.best.length, figures.worst.length], [2, 0]);
  });

  it('have intervals over commits, or over files of one commit, and none over one file', () => {
    const wins = (over: Partial<EditPlace>) => row('', 'abcd', over);
    const ties = (over: Partial<EditPlace>) => row('abcd', 'abcd', over);
    const ofOneFile = figuresOf([wins({}), ties({})]);
    assert.deepEqual(
      [ofOneFile.groupedBy, ofOneFile.nGroups, ofOneFile.gain.exactMatch.interval],
      ['files', 1, undefined],
    );
    const ofFiles = figuresOf([wins({ file: 'a.ts' }), ties({ file: 'b.ts' })]);
    assert.deepEqual([ofFiles.groupedBy, ofFiles.nGroups], ['files', 2]);
    assert.deepEqual(ofFiles.gain.exactMatch.interval, [0, 1]);
    const ofCommits = figuresOf([wins({ commit: 'c1' }), wins({ commit: 'c2' })]);
    assert.deepEqual([ofCommits.groupedBy, ofCommits.nGroups], ['commits', 2]);
    assert.deepEqual(ofCommits.gain.exactMatch.interval, [1, 1]);
  });

  it('take times from where a side was asked first', () => {
    const rows = Array.from({ length: 10 }, (_, i) => row('', '', {}, i % 2 === 0 ? [10 * (i + 1)] : [undefined, 7]));
    const { alone, aligned } = figuresOf(rows);
    assert.deepEqual([alone.p50Ms, alone.p90Ms, alone.nTimes], [50, 90, 5]);
    assert.deepEqual([aligned.p50Ms, aligned.p90Ms, aligned.nTimes], [7, 7, 5]);
    assert.equal(figuresOf([row('', '')]).alone.p50Ms, undefined);
  });

  it('name the ten best and the ten worst differences, and no place that is equal', () => {
    const truth = 'abcdefghijklmnopqrst';
    const rows = Array.from({ length: 40 }, (_, i) => {
      const alone = truth.slice(0, i < 20 ? 0 : i - 19);
      const aligned = truth.slice(0, i < 20 ? i : 0);
      return row(alone, aligned, { truth, line: i });
    });
    const { best, worst } = figuresOf([...rows, row('xyz', 'xyz', { truth, line: 99 })]);
    assert.deepEqual(
      best.map(({ line }) => line),
      [19, 18, 17, 16, 15, 14, 13, 12, 11, 10],
    );
    assert.deepEqual(
      worst.map(({ line }) => line),
      [39, 38, 37, 36, 35, 34, 33, 32, 31, 30],
    );
    assert.equal(best[0].gain, 0.95);
    assert.equal(worst[0].gain, -1);
  });

  it('are whole where nothing was asked', () => {
    const { n, alone, best } = figuresOf([]);
    assert.deepEqual([n, alone.exactMatch.value, alone.p50Ms, best], [0, 0, undefined, []]);
  });
});

describe('messages of the page about edits', () => {
  const question = (over: object = {}) => ({
    folder: 'app',
    source: { kind: 'last', n: 10 },
    module: '',
    nPlaces: 200,
    ...over,
  });
  for (const message of [
    { kind: 'ready' },
    { kind: 'cancel' },
    { kind: 'export' },
    { kind: 'manageTrust' },
    { kind: 'run', question: question() },
    { kind: 'run', question: question({ source: { kind: 'working' }, module: 'react', nPlaces: 1 }) },
    { kind: 'run', question: question({ source: { kind: 'range', range: 'main..HEAD' }, nPlaces: 2000 }) },
    { kind: 'open', list: 'best', index: 0 },
    { kind: 'open', list: 'worst', index: 9 },
  ])
    it(`are understood: ${JSON.stringify(message)}`, () => assert.deepEqual(parseFromEditsPage(message), message));

  it('are dropped when they are none, and never throw', () => {
    for (const value of hostileValues) {
      assert.equal(parseFromEditsPage(value), undefined);
      assert.equal(parseFromEditsPage({ kind: value }), undefined);
      assert.equal(parseFromEditsPage({ kind: 'run', question: value }), undefined);
      assert.equal(parseFromEditsPage({ kind: 'run', question: question({ source: value }) }), undefined);
      assert.equal(
        parseFromEditsPage({ kind: 'run', question: question({ source: { kind: 'last', n: value } }) }),
        undefined,
      );
      assert.equal(parseFromEditsPage({ kind: 'run', question: question({ nPlaces: value }) }), undefined);
      assert.equal(parseFromEditsPage({ kind: 'open', list: value, index: 0 }), undefined);
      const index = parseFromEditsPage({ kind: 'open', list: 'best', index: value });
      assert.equal(index !== undefined, value === 0);
      const isText = typeof value === 'string' && value.length <= 200;
      assert.equal(parseFromEditsPage({ kind: 'run', question: question({ module: value }) }) !== undefined, isText);
      const range = question({ source: { kind: 'range', range: value } });
      assert.equal(parseFromEditsPage({ kind: 'run', question: range }) !== undefined, isText);
    }
  });
});
