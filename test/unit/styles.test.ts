// The simulated people of `bench -- --only style`: what a line becomes in their hand, and whether a line follows their style.
import assert from 'node:assert/strict';
import { follows, type Habit, placesFor, restyled, restyledAt, STYLES } from '../../src/cli/styles';

const [terse, snake] = STYLES;

describe('a line in the hand of somebody who writes', () => {
  for (const [style, line, expected] of [
    [terse, "import { a } from 'b';", 'import { a } from "b"'],
    [terse, `const a = 'say "b"';`, `const a = 'say "b"'`],
    [terse, "// don't touch; this", "// don't touch; this"],
    [terse, 'for (let i = 0; i < n; i++)', 'for (let i = 0; i < n; i++)'],
    [terse, "const url = 'https://a.b'; // 'c'", `const url = "https://a.b"; // 'c'`],
    [terse, "const a = `it's b`;", "const a = `it's b`"],
    [snake, "const fooBar = baz.fooBar('fooBar');", "const foo_bar = baz.fooBar('foo_bar');"],
    [snake, 'export const fooBar = 1;', 'export const fooBar = 1;'],
    [snake, 'const FooBar = 1;', 'const FooBar = 1;'],
  ] as const) {
    it(`${style.name}: ${line}`, () => assert.equal(restyledAt([line], 0, style), expected));
  }

  it('early returns, where the block holds one alone', () => {
    const lines = ['  if (a(b)) {', '    return c;', '  }', '  if (d) {', '    e();', '  }'];
    assert.deepEqual(restyled(lines, terse), [
      '  if (a(b)) return c',
      undefined,
      undefined,
      '  if (d) {',
      '    e()',
      '  }',
    ]);
    assert.equal(restyledAt(lines, 0, terse), '  if (a(b)) return c');
  });

  it('snake_case, all through the file', () => {
    assert.deepEqual(restyled(['let oneTwo = 1;', 'use(oneTwo, a.oneTwo, oneTwoThree);'], snake), [
      'let one_two = 1;',
      'use(one_two, a.oneTwo, oneTwoThree);',
    ]);
  });
});

describe('what is written follows the habit of', () => {
  const rows: [habit: Habit, head: string, written: string, expected: boolean | undefined][] = [
    ['quotes', 'a(', '"b")', true],
    ['quotes', 'a(', "'b')", false],
    ['quotes', "a('b', ", 'c)', undefined],
    ['quotes', "a('b', ", '"c")', true],
    ['quotes', 'a(', '`b`)', undefined],
    ['semicolons', 'a = ', 'b;', false],
    ['semicolons', 'a = ', 'b()', true],
    ['semicolons', 'a(', 'b, {', undefined],
    ['semicolons', 'a(', 'b', undefined],
    ['returns', 'if (a)', ' {', false],
    ['returns', 'if (a)', ' return b', true],
    ['returns', 'if (a)', ' && b', undefined],
    ['names', 'const ', 'a_b = 1', true],
    ['names', 'const ', 'aB = 1', false],
    ['names', 'const ', 'a = 1', undefined],
    ['names', 'const ', '{ aB } = c', undefined],
  ];
  for (const [habit, head, written, expected] of rows)
    it(`${habit}: ${head}│${written} → ${expected}`, () => assert.equal(follows(habit, head, written), expected));
});

describe('a person can be asked', () => {
  for (const [habit, line, own, expected] of [
    ['quotes', "f('a');", 'f("a")', [2]],
    ['quotes', 'f(a);', 'f(a)', []],
    ['semicolons', 'a = b;', 'a = b', [3, 4, 5]],
    ['semicolons', 'a = b', 'a = b', []],
    ['returns', 'if (a) {', 'if (a) return b', [6]],
    ['returns', 'if (a) {', 'if (a) {', []],
    ['names', 'const aB = 1;', 'const a_b = 1;', [6]],
    ['names', 'const a = 1;', 'const a = 1;', []],
  ] as const) {
    it(`about ${habit} in ${line}: ${expected}`, () => assert.deepEqual(placesFor(habit, line, own), expected));
  }
});
