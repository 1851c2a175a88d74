/** Stopping and tidying, as rows of text with a cursor. */
import assert from 'node:assert/strict';
import { owedClosers } from '../../src/core/brackets';
import { findStop } from '../../src/core/stopping';
import { tidy } from '../../src/core/tidy';

function split(source: string) {
  const at = source.indexOf('█');
  const prefix = source.slice(0, at);
  const after = source.slice(at + 1);
  const end = after.indexOf('\n');
  return { prefix, lineRest: end < 0 ? after : after.slice(0, end), suffix: end < 0 ? '' : after.slice(end + 1) };
}

describe('stopping', () => {
  const check = (
    what: string,
    source: string,
    written: string,
    extent: 'line' | 'block',
    reason: string | undefined,
    kept?: string,
  ) =>
    it(what, () => {
      const stop = findStop(written, extent, split(source));
      assert.equal(stop?.reason, reason);
      if (stop) assert.equal(written.slice(0, stop.keep), kept);
    });
  check('goes on inside the first line', 'const x = █', 'foo(', 'line', undefined);
  check('a line ends at the newline', 'const x = █', 'foo();\nbar', 'line', 'newline', 'foo();');
  check(
    'a block extent still ends a statement at its line',
    'const x = █',
    'foo();\nbar',
    'block',
    'newline',
    'foo();',
  );
  check('an opened block goes on', 'if (a) █', '{\n  b();\n', 'block', undefined);
  check('and ends with its closer', 'if (a) █', '{\n  b();\n}\nc', 'block', 'close', '{\n  b();\n}');
  check(
    'else keeps it open',
    'if (a) █',
    '{\n  b();\n} else {\n  c();\n}\nd',
    'block',
    'close',
    '{\n  b();\n} else {\n  c();\n}',
  );
  check(
    'a dedent ends a Python block',
    'def f():\n    if a:█',
    '\n        b()\n    c()\n',
    'block',
    'dedent',
    '\n        b()',
  );
  check(
    'the closer that follows already is not written',
    'if (a) {█\n}',
    '\n  b();\n}\n',
    'block',
    'suffix',
    '\n  b();',
  );
  check('a repeated line ends it', 'f(() => {█', '\n  a();\n  a();\n', 'block', 'repeat', '\n  a();');
  check('a loop within a line leaves nothing of it', 'x = █', 'ab, ab, ab, ab, ab, ', 'line', 'repeat', '');
  check('ruling is no loop', '// █', '--------------------', 'line', undefined);
  check('a tab counts as indentation', 'function f() {█', '\n\treturn 1;\n}\n', 'block', 'close', '\n\treturn 1;\n}');
});

describe('owed closers', () => {
  const check = (source: string, expected: string) =>
    it(source.replaceAll('\n', '⏎'), () => {
      const { prefix, lineRest, suffix } = split(source);
      assert.equal(owedClosers(prefix, `${lineRest}\n${suffix}`).join(''), expected);
    });
  check('foo(█', ')');
  check('foo(█)', '');
  check('foo([█])', '');
  check('foo({ a: [█', ']})');
  check('function f() {\n  if (x) {\n    █\n}', '}');
  check('function f() {\n  if (x) {\n    █\n  }\n}', '');
  check('it("(", () => {█', '})');
  check('a(█\nb()', ')');
});

describe('tidying', () => {
  const check = (source: string, written: string, expected: string | undefined) =>
    it(`${source} + ${written}`.replaceAll('\n', '⏎'), () => {
      const around = split(source);
      const tidied = tidy(written, around);
      const after = around.lineRest.slice(tidied?.replaceRight ?? 0);
      assert.equal(tidied && `${tidied.text}|${after}`, expected);
    });
  check('const x = █', 'foo();', 'foo();|');
  check('const x = █', 'foo();  \n\n', 'foo();|');
  check('const x = █', '   ', undefined);
  check('foo(█)', 'a, b)', 'a, b)|');
  check('foo(█)', 'a, b);', 'a, b);|');
  check('foo(█)', 'a, b', 'a, b|)');
  check('foo("█")', 'a"', 'a"|)');
  check('foo("█")', 'a")', 'a")|');
  check('foo("█");', 'a");', 'a");|');
  check('foo(█)', 'bar()', 'bar()|)');
  check('foo(█)', 'bar())', 'bar())|');
  check('foo(bar(█))', 'x))', 'x))|');
  check('foo(bar(█))', 'x)));', 'x))|');
  check('foo(█', 'a);', 'a);|');
  check('foo█', '(a));', '(a)|');
  check('const a = █ + 1;', 'b + 1;', 'b|+ 1;'.replace('|', '| '));
  check('if (x█) {', ' && y) {', ' && y|) {');
  check('  █\n  return x;', 'return x;', undefined);
  check('foo();\n█\nbar();', 'baz();\nbar();', 'baz();|');
  check('function f() {█\n}', '\n  g();\n}', '\n  g();|');
  check('function f() {\n  if (a) {█\n}', '\n    g();\n  }', '\n    g();\n  }|');
  check('x = [█]', '1, 2]', '1, 2]|');
  check("import { █ } from 'x';", "a } from 'x';", "a|  } from 'x';".replace('|  ', '| '));
  check('█', "it's fine", "it's fine|");
});
