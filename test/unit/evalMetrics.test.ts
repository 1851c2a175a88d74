import assert from 'node:assert/strict';
import { type Cursor, summarise } from '../../src/cli/evalMetrics';
import { levenshtein } from '../../src/core/editDistance';

const cursor = (over: Partial<Cursor>): Cursor => ({
  id: '1',
  package: 'p',
  path: 'a.ts',
  language: 'ts',
  domain: ['core'],
  kind: 'mid-line',
  prefix: 'const a = 1;\nconst x = ',
  suffix: '\nconst last = 2;\n',
  truth: 'foo(a);',
  ...over,
});
const judge = (shown: string, over: Partial<Cursor> = {}) =>
  summarise([cursor(over)], [{ shown, probability: 0.1, elapsedMs: 1 }]);

describe('evaluation', () => {
  const rows: [string, string, Partial<Cursor>, number, number, number, number?][] = [
    // what, shown, cursor, exact match, edit similarity, harm, unparsed where it differs
    ['the line as its author wrote it', 'foo(a);', {}, 1, 1, 0],
    ['white space at its end', 'foo(a);  ', {}, 1, 1, 0],
    ['more lines after it', 'foo(a);\nbar();', {}, 1, 1, 0],
    ['another argument', 'foo(b);', {}, 0, 6 / 7, 0],
    ['nothing', '', {}, 0, 0, 0],
    ['a closer too many', 'foo(a));', {}, 0, 7 / 8, 1],
    ['the next line again', 'foo(a);\nconst last = 2;', {}, 1, 1, 1],
    ['more on the same line', 'foo(a); bar', {}, 0, 7 / 11, 0],
    ['a closer too many where nothing is parsed', 'foo(a));', { language: 'py' }, 0, 7 / 8, 1],
    ['the next line again where nothing is parsed', 'foo(a);\nconst last = 2;', { language: 'py' }, 1, 1, 1],
    ['a new syntax error in the text', 'foo(a) + %;', {}, 0, 7 / 11, 1],
    ['a new syntax error below', 'foo(a) +', { prefix: 'const a = 1;\n', truth: 'foo(a);' }, 0, 0.75, 1],
    ['an error below that the missing line leaves', 'foo(a) +', {}, 0, 0.75, 0, 1],
    ['an opened block, which the person goes on in', 'foo(() => {', {}, 0, 5 / 11, 0],
    ['a file that did not parse before cannot break', 'foo(a) +', { prefix: '} const x = ' }, 0, 0.75, 0],
    ['a language that is not parsed', 'foo(a) +', { language: 'py' }, 0, 0.75, 0],
  ];
  for (const [what, shown, over, exact, similarity, harm, unparsed = harm] of rows) {
    it(`judges ${what}`, () => {
      const summary = judge(shown, over);
      assert.deepEqual([summary.exactMatch, summary.gates[0].harm, summary.gates[0].unparsed], [exact, harm, unparsed]);
      assert.ok(
        Math.abs(summary.editSimilarity - similarity) < 1e-3,
        `${summary.editSimilarity} against ${similarity}`,
      );
    });
  }

  it('groups by kind, domain and language, and takes percentiles of the times', () => {
    const cursors = [
      cursor({}),
      cursor({ kind: 'line-start', domain: ['react', 'tests'], language: 'tsx' }),
      cursor({ package: 'q' }),
    ];
    const outcomes = [
      { shown: 'foo(a);', probability: 0.3, elapsedMs: 30 },
      { shown: '', probability: 0, elapsedMs: 10 },
      { shown: 'no', probability: 0.03, elapsedMs: 20 },
    ];
    const summary = summarise(cursors, outcomes);
    assert.equal(summary.n, 3);
    assert.deepEqual(
      summary.gates.map(g => [g.gate, g.shown, g.exactMatch, g.precision]),
      [
        [0, 0.6667, 0.3333, 0.5],
        [0.02, 0.6667, 0.3333, 0.5],
        [0.05, 0.3333, 0.3333, 1],
        [0.1, 0.3333, 0.3333, 1],
        [0.2, 0.3333, 0.3333, 1],
        [0.4, 0, 0, 0],
      ],
    );
    assert.equal(summary.p50Ms, 20);
    assert.deepEqual(summary.byKind['mid-line'], { n: 2, exactMatch: 0.5, editSimilarity: 0.5714 });
    assert.deepEqual(Object.keys(summary.byDomain), ['core', 'react', 'tests']);
    assert.deepEqual(summary.byLanguage, {
      ts: { n: 2, exactMatch: 0.5, editSimilarity: 0.5714 },
      tsx: { n: 1, exactMatch: 0, editSimilarity: 0 },
    });
  });

  it('widens the interval when packages differ', () => {
    const cursors = Array.from({ length: 40 }, (_, i) => cursor({ package: `p${i % 4}` }));
    const alike = summarise(
      cursors,
      cursors.map((_, i) => ({ shown: i % 8 < 4 ? 'foo(a);' : 'x', probability: 1, elapsedMs: 1 })),
    );
    const unlike = summarise(
      cursors,
      cursors.map((_, i) => ({ shown: i % 4 < 2 ? 'foo(a);' : 'x', probability: 1, elapsedMs: 1 })),
    );
    assert.equal(alike.exactMatch, unlike.exactMatch);
    const width = ([low, high]: readonly [number, number]) => high - low;
    assert.ok(width(unlike.exactMatchInterval) > width(alike.exactMatchInterval) + 0.3);
  });

  it('counts edits', () => {
    for (const [a, b, n] of [
      ['', '', 0],
      ['abc', '', 3],
      ['kitten', 'sitting', 3],
      ['ab', 'ba', 2],
      ['const a = 1;', 'const ab = 2;', 2],
      ['aaa', 'aa', 1],
      ['abcabc', 'abc', 3],
    ] as const)
      assert.equal(levenshtein(a, b), n);
  });
});
