import assert from 'node:assert/strict';
import { ChunkRing, chooseChunks, windowsOf } from '../../src/core/chunks';

const chunk = (path: string, text: string) => ({ path, text });
const code = (name: string) =>
  `export function ${name}Value(input: ${name}Input) {\n  return ${name}Store.lookup(input);\n}`;

describe('chunk ring', () => {
  it('keeps the newest of near-duplicates', () => {
    const ring = new ChunkRing();
    ring.add(chunk('a.ts', 'one();\ntwo();\nthree();\nfour();\nfive();'));
    ring.add(chunk('b.ts', code('b')));
    ring.add(chunk('a.ts', 'one();\ntwo();\nthree();\nfour();\nfive();\nsix();'));
    assert.deepEqual(
      ring.all().map(c => [c.path, c.text.includes('six')]),
      [
        ['a.ts', true],
        ['b.ts', false],
      ],
    );
  });
  it('keeps one of what was copied from file to file', () => {
    const ring = new ChunkRing();
    for (const path of ['a.ts', 'b.ts', 'c.ts']) ring.add(chunk(path, `${code('same')}\n// kept`));
    assert.deepEqual(
      ring.all().map(c => c.path),
      ['c.ts'],
    );
  });
  it('forgets the oldest, and takes nothing empty', () => {
    const ring = new ChunkRing(2);
    for (const name of ['a', 'b', 'c']) ring.add(chunk(`${name}.ts`, code(name)));
    ring.add(chunk('d.ts', '\n  \n'));
    assert.deepEqual(
      ring.all().map(c => c.path),
      ['c.ts', 'b.ts'],
    );
  });
});

describe('choice of neighbours', () => {
  const candidates = [
    chunk('far.ts', code('other')),
    chunk('near.ts', code('user')),
    chunk('self.ts', code('user')),
    chunk('none.ts', '1 + 1'),
  ];
  const cursor = 'const found = userValue(userInput);\nuserStore.';
  const paths = (budget: number) => chooseChunks(candidates, 'self.ts', cursor, budget).map(c => c.path);
  it('takes what shares identifiers with the cursor, the most similar first, never the file itself', () => {
    assert.equal(paths(1000)[0], 'near.ts');
    assert.ok(!paths(1000).includes('self.ts') && !paths(1000).includes('none.ts'));
  });
  it('keeps to the budget', () => assert.deepEqual(paths(10), []));
  it('takes no two windows of one file that overlap', () => {
    const text = Array.from({ length: 64 }, (_, i) => `userStore.set('${i}', userInput);`).join('\n');
    const windows = windowsOf('w.ts', text);
    assert.equal(windows.length, 3);
    const chosen = chooseChunks(windows, 'self.ts', cursor, 100_000);
    assert.equal(chosen.length, 2);
  });
  it('takes nothing that another file says as well', () => {
    const copies = ['one.ts', 'two.ts'].map(path => chunk(path, code('user')));
    assert.deepEqual(
      chooseChunks([...copies, chunk('near.ts', code('users'))], 'self.ts', `${cursor}usersValue`, 1000).map(
        c => c.path,
      ),
      ['one.ts', 'near.ts'],
    );
  });
  it('makes one window of a short file', () => assert.deepEqual(windowsOf('s.ts', 'a\nb'), [chunk('s.ts', 'a\nb')]));
});
