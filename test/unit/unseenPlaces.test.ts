/** Where lines are taken away: the kinds, what is skipped, and that the same sources give the same places. */
import assert from 'node:assert/strict';
import { KINDS, type Place, placesIn } from '../../src/cli/unseen/places';
import type { Language, Source } from '../../src/cli/unseen/sources';
import { PREFIX_CHARS } from '../../src/core/shownText';

const source = (path: string, lines: readonly string[], language: Language = 'ts'): Source => ({
  path,
  language,
  text: `${lines.join('\n')}\n`,
});
const functions = (n: number, word: string) =>
  Array.from({ length: n }, (_, i) => [
    `function ${word}${i}(value: number) {`,
    `  return value + ${i} * ${word};`,
    '}',
  ]).flat();
const files = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map(word => source(`src/${word}.ts`, functions(30, word)));

/** The whole text around a place, its truth put back. */
const whole = ({ prefix, truth, suffix }: Place) => prefix + truth + suffix;

describe('places', () => {
  it('are the same whenever they are cut, and others for another seed or package', () => {
    const ids = (name: string, seed: number) => placesIn(name, files, 8, seed).map(place => place.id);
    assert.deepEqual(ids('p', 1), ids('p', 1));
    assert.notDeepEqual(ids('p', 1), ids('p', 2));
    assert.notDeepEqual(ids('p', 1), ids('q', 1));
  });

  it('are of every kind alike, two a file, and never the same one twice', () => {
    const places = placesIn('p', files, 9, 1);
    assert.equal(new Set(places.map(place => place.id)).size, 9);
    for (const kind of KINDS) assert.equal(places.filter(place => place.kind === kind).length, 3, kind);
    for (const { path } of files) assert.ok(places.filter(place => place.path === path).length <= 2, path);
    assert.equal(placesIn('p', files.slice(0, 2), 9, 1).length, 4);
  });

  it('take the rest of a line away and nothing else', () => {
    for (const place of placesIn('p', files, 10, 3)) {
      const text = files.find(file => file.path === place.path)!.text;
      assert.ok(text.includes(whole(place)), place.path);
      assert.ok(place.truth.trim().length >= 3 && !place.truth.includes('\n'));
      assert.ok(place.suffix.startsWith('\n'));
      const before = place.prefix.slice(place.prefix.lastIndexOf('\n') + 1);
      if (place.kind === 'line-start') assert.equal(before.trim(), '');
      if (place.kind === 'mid-line')
        assert.ok(before.trim() !== '' && !/\w\|\w/.test(`${before.at(-1)}|${place.truth[0]}`));
      if (place.kind === 'mid-identifier') assert.match(`${before.at(-1)}${place.truth[0]}`, /^\w\w$/);
    }
  });

  it('leave a long file the prefix that the editor would hand on', () => {
    const [place] = placesIn('p', [source('long.ts', functions(400, 'name'))], 1, 5);
    assert.ok(place.prefix.length <= PREFIX_CHARS);
  });

  it('are not in comments, docstrings, imports or closers', () => {
    const dull = [
      '/*',
      ...Array.from({ length: 30 }, (_, i) => `  prose about value ${i} that is long enough`),
      '*/',
      ...Array.from({ length: 30 }, (_, i) => `import { name${i} } from './name${i}';`),
      ...Array.from({ length: 30 }, (_, i) => `// a remark on value ${i}`),
      '}); // the end of it all',
    ];
    assert.deepEqual(placesIn('p', [source('dull.ts', dull)], 6, 1), []);
    const docstring = ['"""', ...dull.slice(1, 31), '"""', ...dull.slice(1, 3).map(line => `# ${line}`)];
    assert.deepEqual(placesIn('p', [source('dull.py', docstring, 'py')], 6, 1), []);
  });

  it('know a line that stands elsewhere in its file', () => {
    const once = placesIn('p', [source('once.ts', functions(30, 'once'))], 2, 1);
    assert.deepEqual(
      once.map(place => place.isRepeated),
      [false, false],
    );
    const twice = source('twice.ts', [...functions(30, 'twice'), ...functions(30, 'twice')]);
    assert.deepEqual(
      placesIn('p', [twice], 2, 1).map(place => place.isRepeated),
      [true, true],
    );
  });
});
