/** From a diff to the places at which its lines were written. */
import assert from 'node:assert/strict';
import { type FileChange, placesIn } from '../../src/core/edits/editPlaces';
import { parseHunks } from '../../src/core/edits/hunks';

describe('a patch without context', () => {
  const rows: readonly (readonly [string, string, readonly (readonly number[])[]])[] = [
    ['one line for another', '@@ -3 +3 @@ function f() {\n-a\n+b\n', [[2, 1, 2, 1]]],
    ['lines put in', '@@ -3,0 +4,2 @@\n+a\n+b\n', [[3, 0, 3, 2]]],
    ['lines put at the beginning', '@@ -0,0 +1,3 @@\n+a\n+b\n+c\n', [[0, 0, 0, 3]]],
    ['lines taken out', '@@ -5,2 +4,0 @@\n-a\n-b\n', [[4, 2, 4, 0]]],
    [
      'more than one',
      '@@ -1 +1,2 @@\n-a\n+b\n+c\n@@ -9,0 +11 @@\n+d\n',
      [
        [0, 1, 0, 2],
        [9, 0, 10, 1],
      ],
    ],
    ['lines that look like a hunk', '@@ -1,0 +2 @@\n+@@ -7 +7 @@\n', [[1, 0, 1, 1]]],
    ['a file without an end of its last line', '@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n', [[0, 1, 0, 1]]],
    ['a binary file', 'diff --git a/x b/x\nBinary files a/x and b/x differ\n', []],
    ['nothing', '', []],
  ];
  for (const [what, patch, expected] of rows)
    it(`of ${what} is read`, () =>
      assert.deepEqual(
        parseHunks(patch).map(h => [h.oldStart, h.nOld, h.newStart, h.nNew]),
        expected,
      ));
});

describe('places in an edit', () => {
  const change = (oldText: string, newText: string, hunk: readonly [number, number, number, number]): FileChange => {
    const [oldStart, nOld, newStart, nNew] = hunk;
    return { commit: undefined, file: 'a.ts', oldText, newText, hunks: [{ oldStart, nOld, newStart, nNew }] };
  };
  /** As `LINE head│truth`. */
  const shown = (change: FileChange) => placesIn(change).map(({ line, head, truth }) => `${line} ${head}│${truth}`);

  it('stand behind the indentation and behind a word or sign further on', () => {
    const added = change('f() {\n}\n', 'f() {\n  return total + 1;\n}\n', [1, 0, 1, 1]);
    const [first, later, ...more] = shown(added);
    assert.equal(first, '2   │return total + 1;');
    assert.match(later, /^2 {3}(?:return│ total \+ 1;|return total│ \+ 1;)$/);
    assert.deepEqual(more, []);
  });

  it('have the new text above them, and the old text below', () => {
    const old = 'one\ntwo\nthree\n';
    const now = 'one\nadded first;\nadded second;\nthree and more\n';
    const places = placesIn({
      ...change(old, now, [1, 1, 1, 2]),
      hunks: [
        { oldStart: 1, nOld: 1, newStart: 1, nNew: 2 },
        { oldStart: 2, nOld: 1, newStart: 3, nNew: 1 },
      ],
    });
    const second = places.find(({ line, head }) => line === 3 && head === '');
    assert.equal(second?.prefix, 'one\nadded first;\n');
    // The line that is replaced is gone already; the later change has not been made.
    assert.equal(second?.suffix, 'three\n');
    const third = places.filter(({ line }) => line === 4);
    assert.ok(third.every(({ prefix }) => prefix.startsWith('one\nadded first;\nadded second;\nthree')));
    assert.ok(third.every(({ suffix }) => suffix === ''));
  });

  it('begin where a line differs from the one that it takes the place of', () => {
    const changed = change('const a = first(1);\n', 'const a = second(1, 2);\n', [0, 1, 0, 1]);
    assert.equal(shown(changed)[0], '1 const a =│ second(1, 2);');
  });

  const left: readonly (readonly [string, FileChange])[] = [
    ['brackets', change('', '});\n', [0, 0, 0, 1])],
    ['empty lines', change('', '\n\n', [0, 0, 0, 2])],
    ['lines that were moved', change('const moved = 1;\nx\n', 'x\n  const moved = 1;\n', [0, 1, 1, 1])],
    ['lines taken out', change('const gone = 1;\n', '', [0, 1, 0, 0])],
    ['lines longer than anybody completes', change('', `const a = '${'x'.repeat(400)}';\n`, [0, 0, 0, 1])],
  ];
  for (const [what, one] of left)
    it(`are not in ${what}`, () => {
      const heads = placesIn(one).map(({ head }) => head);
      assert.deepEqual(heads, []);
    });

  it('are in a file with letters that are not Latin', () => {
    const [first, later] = shown(change('', 'const größe = длина + 長さ;\n', [0, 0, 0, 1]));
    assert.equal(first, '1 │const größe = длина + 長さ;');
    assert.match(later, /^1 const(?: größe(?: =(?: длина(?: \+)?)?)?)?│/);
  });

  it('are the same each time, and no more than two a line', () => {
    const text = `${Array.from({ length: 50 }, (_, i) => `const value${i} = compute(${i}, input);`).join('\n')}\n`;
    const all = placesIn(change('', text, [0, 0, 0, 50]));
    assert.equal(all.length, 100);
    assert.deepEqual(placesIn(change('', text, [0, 0, 0, 50])), all);
    // Not at the same column of every line.
    assert.ok(new Set(all.map(({ head }) => head.replace(/\d+/g, '#'))).size > 4);
  });

  it('show no more text than a completion does', () => {
    const before = `${'const before = 1;\n'.repeat(2000)}`;
    const [first] = placesIn(change(`${before}${before}`, `${before}const added = 2;\n${before}`, [2000, 0, 2000, 1]));
    assert.ok(first.prefix.length <= 8192 && first.prefix.startsWith('const') && first.prefix.endsWith('= 1;\n'));
    assert.equal(first.suffix.length, 4096);
  });
});
