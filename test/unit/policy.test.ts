/**
 * What a person sees, as rows: text with a cursor, what the model writes, and the text as it stands after accepting,
 * with what was inserted between « and ». `undefined` is: nothing is shown; `…` is: the tokens ran out there. Among the rows are the complaints that users
 * of completion tools file most: doubled closers and quotes, wrong indentation, nothing inside auto-closed brackets, Tab
 * stolen from indentation, the next line written again.
 */
import assert from 'node:assert/strict';
import { findStop, stopAtLength } from '../../src/core/stopping';
import { tidy } from '../../src/core/tidy';
import { extentOf } from '../../src/host/completer';

type Row = readonly [source: string, writes: string, expected: string | undefined];

/** Feeds the model's text token by token (here: characters), as decoding does, then tidies. */
function see(source: string, writes: string, path: string): string | undefined {
  const at = source.indexOf('█');
  const prefix = source.slice(0, at);
  const [lineRest, ...below] = source.slice(at + 1).split('\n');
  const around = { path, prefix, lineRest, suffix: below.join('\n') };
  const extent = extentOf({ ...around, neighbours: [] });
  let stop = writes.endsWith('…') ? stopAtLength(writes.slice(0, -1)) : { keep: writes.length };
  for (let n = 1; n <= writes.length; n++) {
    const found = findStop(writes.slice(0, n), extent, around);
    if (found === undefined) continue;
    stop = found;
    break;
  }
  const tidied = tidy(writes.slice(0, stop.keep), around);
  if (tidied === undefined) return undefined;
  const rest = [lineRest.slice(tidied.replaceRight), ...below].join('\n');
  return `${prefix}«${tidied.text}»${rest}`;
}

function rows(what: string, table: readonly Row[], path = ''): void {
  describe(what, () => {
    for (const [source, writes, expected] of table) {
      it(`${source}  +  ${writes}`.replaceAll('\n', '⏎').replaceAll('\t', '⇥'), () =>
        assert.equal(see(source, writes, path), expected),
      );
    }
  });
}

describe('policy', () => {
  rows('closers the editor put right of the cursor', [
    ['foo(█)', 'a, b)', 'foo(«a, b)»'],
    ['foo(█)', 'a, b);\n', 'foo(«a, b);»'],
    ['foo(█);', 'a, b);\n', 'foo(«a, b);»'],
    ['foo(█)', 'a, b', 'foo(«a, b»)'],
    ['foo(█)', 'bar()', 'foo(«bar()»)'],
    ['foo(█)', 'bar())', 'foo(«bar())»'],
    ['foo(█)', ')', 'foo(«)»'],
    ['foo(bar(█))', 'x))', 'foo(bar(«x))»'],
    ['foo(bar(█))', 'x)', 'foo(bar(«x)»)'],
    ['foo(bar(█))', 'x)));', 'foo(bar(«x))»'],
    ['x = [█]', '1, 2]', 'x = [«1, 2]»'],
    ['x = [█];', '1, 2];', 'x = [«1, 2];»'],
    ['x = { █ }', 'a: 1 }', 'x = { «a: 1» }'],
    ['x = {█}', ' a: 1 }', 'x = {« a: 1 }»'],
    ['f({█})', ' a })', 'f({« a })»'],
    ['f({█});', ' a });', 'f({« a });»'],
    ['if (█) {', 'x) {', 'if («x») {'],
    ['while (i < █) {', 'n) {', 'while (i < «n») {'],
    ['a[█]', 'i]', 'a[«i]»'],
    ['a[█] = 1;', 'i]', 'a[«i]» = 1;'],
    ['items.map(item => █)', 'item.id)', 'items.map(item => «item.id)»'],
    ['items.map(item => (█))', '{ ...item }))', 'items.map(item => («{ ...item }))»'],
  ]);

  rows('quotes', [
    ['foo("█")', 'a"', 'foo("«a"»)'],
    ['foo("█")', 'a")', 'foo("«a")»'],
    ['foo("█");', 'a");', 'foo("«a");»'],
    ["foo('█')", "a'", "foo('«a'»)"],
    ['x = `█`', 'a`', 'x = `«a`»'],
    ['x = "█";', 'a', 'x = "«a»";'],
    ["import x from '█';", "./x';", "import x from '«./x';»"],
    ["import x from '█'", './x', "import x from '«./x»'"],
    ["const s = 'it█", " works';", "const s = 'it« works';»"],
    ["// don't █", 'do this (ever)', "// don't «do this (ever)»"],
    ['<a href="█">', 'x"', '<a href="«x"»>'],
  ]);

  rows(
    'quotes that stand alone',
    [
      ['x = █', "a'", undefined],
      ['x = █', '"a', undefined],
      ['x = █', "'a'';", undefined],
      ['x = "a█', ' b', undefined],
      ['x = "a█', ' b";', 'x = "a« b";»'],
      ['x = "a█"', ' b', 'x = "a« b»"'],
      ['f({█\n})', "\n  a: 'b'',\n", undefined],
      ['x = █', "'it\\'s';", "x = «'it\\'s';»"],
      ['x = █', '/[\'"]/.test(a);', 'x = «/[\'"]/.test(a);»'],
      ['x = █', "b / c / d + '';", "x = «b / c / d + '';»"],
      ['x = █', "`it's", "x = «`it's»"],
      ['x = `\n█', "it's", "x = `\n«it's»"],
      ['x = █', "y; // the users' names", "x = «y; // the users' names»"],
      ['// █', "the users' names", "// «the users' names»"],
      ['return <p>█', "Don't</p>;", "return <p>«Don't</p>;»"],
      ['x = █', "'http://a';", "x = «'http://a';»"],
    ],
    'a.tsx',
  );

  rows(
    'quotes that stand alone in Python',
    [
      ['x = █', "f'{a}'", "x = «f'{a}'»"],
      ['x = █', "rb'a'", "x = «rb'a'»"],
      ['x = █', "a'", undefined],
      ['█', '"""The users\' names."""', '«"""The users\' names."""»'],
      ['"""\n█', "The users' names.", '"""\n«The users\' names.»'],
    ],
    'a.py',
  );

  rows(
    'quotes where other things are written with them',
    [['fn f█', "<'a>(x: &'a str, y: &'a str)", "fn f«<'a>(x: &'a str, y: &'a str)»"]],
    'a.rs',
  );

  rows(
    'types in plain JavaScript',
    [
      ['function f(█', 'a: string) {', undefined],
      ['function f(a)█', ': void {', undefined],
      ['  constructor(█\n    super(a);\n  }', 'a: string) {', undefined],
      ['const f = async (a)█', ': Promise<string[]> =>', undefined],
      ['█', 'interface A {\n  b: string;\n}', undefined],
      ['█', 'export type A = string;', undefined],
      ['const a█', ': number = 1;', undefined],
      ['function f(█', 'a, b) {', 'function f(«a, b) {»'],
      ['const a = █', '{ b: string, c: number };', 'const a = «{ b: string, c: number };»'],
      ['const a = b ? f(c)█', ': string;', 'const a = b ? f(c)«: string;»'],
      ['/**\n * █', '@param {(a: string) => void} b', '/**\n * «@param {(a: string) => void} b»'],
      [
        '// @flow\nfunction f(a: string) {}\nfunction g(█',
        'b: number) {',
        '// @flow\nfunction f(a: string) {}\nfunction g(«b: number) {»',
      ],
    ],
    'a.js',
  );

  rows('types in TypeScript', [['function f(█', 'a: string): void {', 'function f(«a: string): void {»']], 'a.ts');

  rows('closers that nothing owes', [
    ['foo█', '(a));', 'foo«(a)»'],
    ['foo(█', 'a);', 'foo(«a);»'],
    ['foo(█', 'a));', 'foo(«a)»'],
    ['const x = █', 'y);', 'const x = «y»'],
    ['return █', 'x;\n}\n', 'return «x;»'],
    ['function f() {\n  return █\n}', 'x; }', 'function f() {\n  return «x;»\n}'],
    ['  █\n}', '}', undefined],
    ['if (a) {\n  b();\n█\n}', '}', undefined],
    ['function f() {\n  if (a) {\n    b();\n  █\n}', '}', 'function f() {\n  if (a) {\n    b();\n  «}»\n}'],
    ['f(() => {\n  a();\n█', '});', 'f(() => {\n  a();\n«});»'],
    ['f(() => {\n  a();\n█\n});', '});', undefined],
    ['x = [\n  1,\n█', '];', 'x = [\n  1,\n«];»'],
    ['const a = (b█', ' + c);', 'const a = (b« + c);»'],
    ['JSON.stringify({ a: 1 █', '});', 'JSON.stringify({ a: 1 «});»'],
  ]);

  rows('what stands right of the cursor', [
    ['const a = █ + 1;', 'b + 1;', 'const a = «b» + 1;'],
    ['const a = █ + 1;', 'b', 'const a = «b» + 1;'],
    ['if (x█) {', ' && y) {', 'if (x« && y») {'],
    ['return █.length;', 'items.length;', 'return «items».length;'],
    ['foo(█, b)', 'a, b)', 'foo(«a», b)'],
    ['const █ = useState(0);', 'count = useState(0);', 'const «count» = useState(0);'],
    ["import { █ } from 'x';", "a } from 'x';", "import { «a» } from 'x';"],
    ['x█y', 'abc', undefined],
    ['get█User()', 'Current', undefined],
    ['a.█b', 'c.', 'a.«c.»b'],
    ['foo(█) + 1', 'a)', 'foo(«a)» + 1'],
    ['const x = █; // why', 'y; // why', 'const x = «y»; // why'],
  ]);

  rows('the next line', [
    ['foo();\n█\nbar();', 'baz();\nbar();', 'foo();\n«baz();»\nbar();'],
    ['  █\n  return x;', 'return x;', undefined],
    ['  re█\n  return x;', 'turn x;', undefined],
    ['  re█\n  return y;', 'turn x;', '  re«turn x;»\n  return y;'],
    ['█\n\n  return x;', '  return x;', undefined],
    ['function f() {█\n}', '\n  g();\n}', 'function f() {«\n  g();»\n}'],
    ['if (a) {█\n  b();\n}', '\n  b();\n}', undefined],
    ['x = {\n  a: 1,\n  █\n  b: 2,\n};', 'b: 2,', undefined],
    ['x = {\n  a: 1,\n  █\n  b: 2,\n};', 'c: 3,\n  b: 2,', 'x = {\n  a: 1,\n  «c: 3,»\n  b: 2,\n};'],
    ['<ul>\n  █\n</ul>', '<li />\n</ul>', '<ul>\n  «<li />»\n</ul>'],
    ['def f():\n    █\n    return x', 'return x', undefined],
    ['{█\n}', '\n}', undefined],
  ]);

  rows('the lines above', [
    ['  foo(bar);\n  █', 'foo(bar);', undefined],
    ['  foo(bar);\n  fo█', 'o(bar);', undefined],
    ['  foo(bar);\n  █', 'foo(baz);', '  foo(bar);\n  «foo(baz);»'],
    ['  });\n  █', '});', undefined],
    ['a = 0;\n█', 'a = 0;', undefined],
    ['<td />\n█', '<tr />', '<td />\n«<tr />»'],
  ]);

  rows('loops', [
    ['x = █', 'a, a, a, a, a, a, ', undefined],
    ['const s = █', 'foo.foo.foo.foo.foo.foo', undefined],
    ['return render(█', 'a, open open open open open', undefined],
    ['x = █', '$$$$$$$$$$$$$$$$$$$$', undefined],
    ['const x = f({█', '\n  a: 1,\n  b,\n  b,\n', 'const x = f({«\n  a: 1,\n  b,»'],
    ['const x = █', '{\n  a: 1,\n  b,\n  b,\n', 'const x = «{»'],
    ['function f(a)█', ': void {\n  b();\n  b();\n', 'function f(a)«: void {»'],
    ['if (a) {█\n}', '\n  b();\n  c(d, d, d, d, d, d, d, d, ', 'if (a) {«\n  b();»\n}'],
    ['f(() => {█\n})', '\n  a();\n  a();\n  a();\n', 'f(() => {«\n  a();»\n})'],
    ['// █', '----------------', '// «----------------»'],
    ['x = █', '[0, 0, 0]', 'x = «[0, 0, 0]»'],
    ['f(() => {█\n})', '\n  a();\n  b(c);\n  a();\n  b(c);\n  a();\n  b(c);\n', 'f(() => {«\n  a();\n  b(c);»\n})'],
    ['f(() => {█\n})', '\n  a();\n  b(c);\n  a();\n  b(c);\n}', 'f(() => {«\n  a();\n  b(c);\n  a();\n  b(c);»\n})'],
    ['interface A {█\n}', `${'\n  /** B. */\n  b?: C;\n'.repeat(4)}`, 'interface A {«\n  /** B. */\n  b?: C;»\n}'],
    ['x = [█\n]', `${'\n  {\n    a: 1,\n  },'.repeat(4)}`, 'x = [«\n  {\n    a: 1,\n  },»\n]'],
    ['x = [█\n]', `${'\n  [],\n\n  {},'.repeat(4)}\n]`, `x = [«${'\n  [],\n\n  {},'.repeat(4)}»\n]`],
  ]);

  rows('one line, or the block it opens', [
    ['const x = █', 'foo();\nbar();\nbaz();', 'const x = «foo();»'],
    ['if (a) █', '{\n  b();\n}\nc();', 'if (a) «{\n  b();\n}»'],
    ['if (a) █', '{\n  b();\n} else {\n  c();\n}\nd();', 'if (a) «{\n  b();\n} else {\n  c();\n}»'],
    ['function f(█', 'x) {\n  return x;\n}\n\nfunction g', 'function f(«x) {\n  return x;\n}»'],
    ['function f(█)', 'x) {\n  return x;\n}\n\nfunction g', 'function f(«x) {\n  return x;\n}»'],
    ['const f = █', '() => {\n  a();\n};\nb', 'const f = «() => {\n  a();\n};»'],
    ['const o = █', '{\n  a: 1,\n  b: 2,\n};\nc', 'const o = «{\n  a: 1,\n  b: 2,\n};»'],
    ['foo();█', '\nbar();', undefined],
    ['█', '\n\nfoo();', undefined],
    ['  █', '\n  foo();', undefined],
    ['function f() {█', '\n  return 1;\n}\nfunction g', 'function f() {«\n  return 1;\n}»'],
    ['class A {\n  m() {█\n  }\n}', '\n    n();\n  }\n}', 'class A {\n  m() {«\n    n();»\n  }\n}'],
    ['class A {\n  m() {█\n}', '\n    n();\n  }\n}', 'class A {\n  m() {«\n    n();\n  }»\n}'],
    ['def f(x):█', '\n    return x\n\n\ndef g():', 'def f(x):«\n    return x»'],
    ['if a:█', '\n    b()\nc()\n', 'if a:«\n    b()»'],
    ['    if a:█', '\n        b()\n    else:\n        c()\n', '    if a:«\n        b()»'],
    ['// list: █', 'one\ntwo', '// list: «one»'],
    ['<ul>█\n</ul>', '\n  <li />\n</ul>', '<ul>«\n  <li />»\n</ul>'],
    ['return (█\n);', '\n  a\n);\n', 'return («\n  a»\n);'],
    ['switch (a) {█\n}', '\n  case 1:\n    break;\n}', 'switch (a) {«\n  case 1:\n    break;»\n}'],
    ['x = y +█ 1', ' z\nfoo', 'x = y +« z» 1'],
  ]);

  rows('half of a nested statement is no help', [
    ['if (a) █', '{\n  return {\n    ...b,\n    c…', 'if (a) «{»'],
    ['if (a) █', '{\n  b();\n  return {\n    ...c,\n…', 'if (a) «{\n  b();»'],
    ['f(() => {█\n});', '\n  a({\n    b,\n  });\n  c(…', 'f(() => {«\n  a({\n    b,\n  });»\n});'],
    ['if (a) {█\n}', '\n  b({\n    c: 1,\n}\n', undefined],
    ['x = foo(█', 'a, b…', undefined],
    ['█', '/**\n * Adds…', undefined],
  ]);

  rows('a body that stands below already', [
    ['if (█\n  a();\n}', 'b) {\n  return;\n}', 'if («b) {»\n  a();\n}'],
    ['  █\n    a();\n  }', 'if (b) {\n    c();\n  }', '  «if (b) {»\n    a();\n  }'],
    ['  █\n    a();\n  }', 'return b;', undefined],
    ['  █\n    a: 1,\n  },', "method: 'info',", undefined],
    ['  █\n    a: 1,\n  },', 'method: {', '  «method: {»\n    a: 1,\n  },'],
    ['  █\n    ? a\n    : b;', 'return c;', undefined],
    ['  █\n    .then(a);', 'const b = c()', undefined],
    ['  █\n    a,\n  );', 'foo(', '  «foo(»\n    a,\n  );'],
    ['  █\n  }', 'a: 1,', undefined],
    ['  █\n  });', 'return (', undefined],
    ['  █\n  });', 'f(() => {', '  «f(() => {»\n  });'],
    ['  █\n  }', 'b: {', '  «b: {»\n  }'],
    ['{\n  a: 1,\n  █\n}', 'b: 2,', '{\n  a: 1,\n  «b: 2,»\n}'],
    ['f(\n  █\n);', 'a,', 'f(\n  «a,»\n);'],
    ['█\n    return a', 'def f(a):', '«def f(a):»\n    return a'],
    ['█\n    return a', 'x = 1', undefined],
    ['const a =█\n  b && c;', ' d ||', 'const a =« d ||»\n  b && c;'],
    ['█\n  indented text', '# Title', '«# Title»\n  indented text'],
  ]);

  rows('a line that leads on to nothing', [
    ['export const a█\nexport const b = 1;', ' =', undefined],
    ['  a█\n  b();', ' = c &&', undefined],
    ['  a█\n  b();', '++', '  a«++»\n  b();'],
    ['const f = (a) █\nb();', '=>', 'const f = (a) «=>»\nb();'],
    ['  if (a) {\n    █\n  }', 'return (', undefined],
    ['  if (a) {\n    █\n  }', 'return f(', '  if (a) {\n    «return f(»\n  }'],
    ['  return█\n  b();', ' (', undefined],
    ['█\n\na();', 'const {', undefined],
    ['█\n\na();', 'export type {', undefined],
    ['█\n\na();', 'const b = {', '«const b = {»\n\na();'],
    ['x = [\n  █\n  { a: 1 },\n];', '{', undefined],
    ['x = [\n  █\n];', '{ a: 1 },', 'x = [\n  «{ a: 1 },»\n];'],
    ['█\n\nb();', 'if (a) {', '«if (a) {»\n\nb();'],
  ]);

  rows('statements below, which stand in no list and in no object', [
    ['  █\n    if (a) {\n      b();\n    }', 'return {', undefined],
    ['  █\n    if (a) {\n      b();\n    }', 'return (', undefined],
    ['  █\n    return a;', 'const b = [', undefined],
    ['  █\n    return a;', 'f({', undefined],
    ['  █\n    return a;', 'f(() => {', '  «f(() => {»\n    return a;'],
    ['  █\n    return a;', 'else {', '  «else {»\n    return a;'],
    ['  █\n    return a;', 'b(c: D): E {', '  «b(c: D): E {»\n    return a;'],
    ['  █\n    return a;', "case 'b': {", "  «case 'b': {»\n    return a;"],
    ['  █\n    return a;', '{', '  «{»\n    return a;'],
    ['  █\n    let i = 0;\n    i < n;', 'for (', '  «for (»\n    let i = 0;\n    i < n;'],
    ['  █\n    if: 1,', 'const a = {', '  «const a = {»\n    if: 1,'],
    ['  █\n    constant,', 'f(', '  «f(»\n    constant,'],
    ['  █\n    return a', 'def f(a):', '  «def f(a):»\n    return a'],
  ]);

  rows('comments', [
    ['█\nfoo();', '/**\n * Adds.\n */\nfunction', '«/**\n * Adds.\n */»\nfoo();'],
    ['█\nfoo();', '/**\nbar();\nbaz();', undefined],
    ['█\nfoo();', '/* why */\nbar();', '«/* why */»\nfoo();'],
    ['  █\n    foo();\n  });', '/**\n   * Adds.\n   */', undefined],
    ['  █\n    foo();\n  });', '/* why */', undefined],
    ['f(\n  █\n  a,\n);', '/* why */', 'f(\n  «/* why */»\n  a,\n);'],
    ['█\nfoo();', '//\n// why', undefined],
    ['# █', 'Title\n', '# «Title»'],
    ['#█', '#\n', undefined],
    ['/**\n * Adds.\n█', ' *\n', undefined],
  ]);

  rows('indentation', [
    ['if (a) {\n  █\n}', '  b();', 'if (a) {\n  «b();»\n}'],
    ['if (a) {\n█\n}', '  b();', 'if (a) {\n«  b();»\n}'],
    ['if (a) {\n    b();\n    █\n}', '    c();', 'if (a) {\n    b();\n    «c();»\n}'],
    ['a();\n█', '  b();', 'a();\n«b();»'],
    ['function f() {\n\tif (a) {█\n\t}\n}', '\n        b();\n    }', 'function f() {\n\tif (a) {«\n\t\tb();»\n\t}\n}'],
    ['function f() {\n  if (a) {█\n  }\n}', '\n\t\tb();\n\t}', 'function f() {\n  if (a) {«\n    b();»\n  }\n}'],
    ['class A {\n    m() {\n        █\n    }\n}', 'n();', 'class A {\n    m() {\n        «n();»\n    }\n}'],
    ['def f():\n    █', '    return 1', 'def f():\n    «return 1»'],
    ['const x = █', '  y;', 'const x = «y;»'],
    ['const x =█', ' y;', 'const x =« y;»'],
    ['/**\n * █\n */', 'Text.', '/**\n * «Text.»\n */'],
  ]);

  rows('nothing but white space is never shown, so that Tab indents', [
    ['█', '    ', undefined],
    ['  █', '  \n\n', undefined],
    ['if (a) {\n█\n}', '  ', undefined],
    ['foo();█', '   ', undefined],
    ['foo(█)', '', undefined],
    ['foo█', '\n', undefined],
  ]);

  rows('white space at line ends is not written', [
    ['x = █', 'y;   ', 'x = «y;»'],
    ['f(() => {█\n})', '\n  a();  \n  b();\t\n', 'f(() => {«\n  a();\n  b();»\n})'],
    ['x = █', 'y;\n\n\n', 'x = «y;»'],
  ]);
});
