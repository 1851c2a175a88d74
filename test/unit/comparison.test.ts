/** Where two modules are compared, and in which order they write. */
import assert from 'node:assert/strict';
import { isAbortError } from '../../src/core/errors';
import { compareAt, spotsIn } from '../../src/host/modules/comparison';

describe('comparing on a file', () => {
  // What is given │ what the author wrote.
  const rows: readonly [string, string | undefined][] = [
    ['const listeners = new Set<Listener>();', 'const listeners│ = new Set<Listener>();'],
    ['    for (const task of state.board.tasks) {', '    for (const task│ of state.board.tasks) {'],
    ['\treturn state.filter;', '\treturn state│.filter;'],
    ['}', undefined],
    ['  });', undefined],
    ['  // a comment that is long enough', undefined],
    ['# a comment in Python', undefined],
    [' * of a block', undefined],
    ['', undefined],
    ['x = 1', undefined],
    [`const data = "${'x'.repeat(200)}";`, undefined],
  ];
  for (const [line, expected] of rows) {
    it(expected === undefined ? `leaves out ${line.slice(0, 40)}` : `cuts ${expected}`, () => {
      const [spot] = spotsIn(line, 1);
      assert.equal(spot && `${spot.head}│${spot.author}`, expected);
      if (spot) assert.deepEqual([spot.line, spot.column], [0, spot.head.length]);
    });
  }

  it('spreads the places over the file, the same ones each time', () => {
    const text = Array.from({ length: 100 }, (_, i) => `const value${i} = compute(${i});`).join('\r\n');
    const spots = spotsIn(text, 4);
    assert.deepEqual(
      spots.map(({ line }) => line),
      [12, 37, 62, 87],
    );
    assert.ok(spots.every(({ author }) => !author.includes('\r')));
    assert.deepEqual(spotsIn(text, 4), spots);
  });

  it('gives fewer places where there are fewer lines', () => {
    assert.equal(spotsIn('const first = compute();\n}\nconst second = compute();\n', 8).length, 2);
  });

  it('asks both sides at each place, and stops when it is cancelled', async () => {
    const spots = spotsIn(Array(5).fill('const value = compute(input);').join('\n'), 5);
    const asked: string[] = [];
    const controller = new AbortController();
    const rows = compareAt(
      spots,
      async (spot, side) => {
        asked.push(`${spot.line}${side}`);
        return side;
      },
      controller.signal,
    );
    const { value } = await rows.next();
    assert.deepEqual(value, { line: 1, head: spots[0].head, author: spots[0].author, a: 'a', b: 'b' });
    await rows.next();
    controller.abort();
    await assert.rejects(rows.next(), isAbortError);
    assert.deepEqual(asked, ['0a', '0b', '1a', '1b']);
  });
});
