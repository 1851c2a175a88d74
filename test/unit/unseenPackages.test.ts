/** From the list of packages to the sources that people wrote: the list, the archives, and what of them is taken. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Fetch, sourcesOfPackage } from '../../src/cli/unseen/fetch';
import { parsePackageList, readPackageList, type UnseenPackage } from '../../src/cli/unseen/packageList';
import { isWanted, sourcesOf } from '../../src/cli/unseen/sources';
import { rawZip } from './support/rawZip';

const entry = {
  registry: 'npm',
  name: '@a/b',
  version: '1.0.0',
  firstPublished: '2026-02-03',
  evidence: 'its changelog',
  licence: 'MIT',
  from: ['src/'],
  integrity: 'sha256-AAAA',
  split: 'choose',
};

/** As many lines as a source needs at least, and then `last`. */
const code = (last = '') =>
  `${Array.from({ length: 40 }, (_, i) => `export const name${i} = ${i};`).join('\n')}\n${last}`;

/** A tar archive with ustar headers; a name too long for one gets a pax header of its own. */
function tar(files: Readonly<Record<string, string>>): Buffer {
  const block = (name: string, type: string, content: string) => {
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0);
    header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156);
    header.write('ustar\0', 257);
    const body = Buffer.from(content);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  };
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const record = `path=${name}\n`;
    const pax = name.length > 100 ? block('PaxHeader', 'x', `${record.length + 4} ${record}`) : [];
    return [...pax, ...block(name, '0', content)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const integrityOf = (archive: Buffer) => `sha256-${createHash('sha256').update(archive).digest('base64')}`;

describe('packages younger than the models', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'unseen-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('are listed, enough of each split, and none in both', async () => {
    const packages = await readPackageList('models/eval/packages.json');
    const n = (split: string) => packages.filter(one => one.split === split).length;
    assert.ok(n('choose') >= 15 && n('report') >= 25, `${n('choose')}, ${n('report')}`);
  });

  const bad: readonly (readonly [what: string, over: object, says: RegExp])[] = [
    ['is too old', { firstPublished: '2025-05-31' }, /Entry 1 of list.*before 2025-06/],
    ['has no split', { split: 'train' }, /split is none of choose, report/],
    ['has no integrity', { integrity: 'md5-AAAA' }, /integrity/],
    ['has a name that is a command', { name: 'a; rm' }, /name or version/],
    ['leads out of the folder', { registry: 'pypi', file: '../x.whl' }, /file is no plain name/],
    ['names nothing to take', { from: [] }, /from is neither/],
  ];
  for (const [what, over, says] of bad)
    it(`refuse one that ${what}`, () => assert.throws(() => parsePackageList([{ ...entry, ...over }], 'list'), says));

  it('refuse a package in both splits', () =>
    assert.throws(() => parsePackageList([entry, { ...entry, split: 'report' }], 'list'), /npm:@a\/b twice/));

  /** Sources of a package whose archive a client that writes `archive` fetches. */
  async function fetchedFrom(archive: Buffer, over: object = {}): Promise<{ paths: string[]; nFetched: number }> {
    const [one] = parsePackageList([{ ...entry, integrity: integrityOf(archive), ...over }], 'list');
    let nFetched = 0;
    const fetch: Fetch = async ({ file }, into) => {
      nFetched++;
      await writeFile(path.join(into, file), archive);
    };
    await sourcesOfPackage(one, dir, fetch);
    return { paths: (await sourcesOfPackage(one, dir, fetch)).map(source => source.path), nFetched };
  }

  it('are fetched once, and read from a tar archive', async () => {
    const long = `package/src/${'deep/'.repeat(24)}file.ts`;
    const archive = tar({
      'package/src/a.ts': code(),
      [long]: code('long'),
      'package/dist/b.js': code(),
      'package/src/c.d.ts': code(),
    });
    assert.deepEqual(await fetchedFrom(archive), { paths: ['src/a.ts', long.replace('package/', '')], nFetched: 1 });
  });

  it('are read from a wheel', async () => {
    const archive = rawZip([
      { name: 'a/x.py', content: code() },
      { name: 'b/y.py', content: code() },
    ]);
    const wheel = { registry: 'pypi', file: 'a-1.whl', from: ['a/'] };
    assert.deepEqual(await fetchedFrom(archive, wheel), { paths: ['a/x.py'], nFetched: 1 });
  });

  it('are not used when they are not what the list names', async () => {
    await assert.rejects(
      fetchedFrom(tar({}), { integrity: integrityOf(Buffer.from('other')) }),
      /a-b-1\.0\.0\.tgz is not/,
    );
  });

  it('say what the client said when they cannot be had', async () => {
    const [one] = parsePackageList([entry], 'list');
    const fetch = () => Promise.reject(new Error('no such version.'));
    await assert.rejects(
      sourcesOfPackage(one, dir, fetch),
      /@a\/b 1\.0\.0 could not be fetched: no such version\. Put/,
    );
  });

  const taken = (files: Readonly<Record<string, string>>, from: UnseenPackage['from'] = ['src/']) => {
    const wanted = Object.entries(files).filter(([name]) => isWanted(name, { from }));
    return sourcesOf(new Map(wanted), { from }).map(source => `${source.path} ${source.language}`);
  };

  it('give what people wrote, each once, and leave out what the list does', () =>
    assert.deepEqual(
      taken(
        {
          'src/b.tsx': code('b'),
          'src/a.mjs': code('a'),
          'src/again.mjs': code('a'),
          'src/vendor/x.ts': code('x'),
          'src/types.d.mts': code('y'),
          'src/short.ts': 'export {};\n',
          'src/long.ts': code().repeat(20),
          'src/compiled.js': code('Object.defineProperty(exports, "__esModule", { value: true });'),
          'src/generated.ts': `// @generated by a tool\n${code()}`,
          'src/table.ts': Array.from({ length: 40 }, (_, i) => `${i}1234567890,`).join('\n'),
          'src/key.ts': code(`const t = '${['ghp', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_')}';`),
          'main.js': code('main'),
        },
        ['src/', '!src/vendor/', 'main.js'],
      ),
      ['main.js js', 'src/a.mjs js', 'src/b.tsx tsx'],
    ));

  it('give the sources in their source maps', () => {
    const map = JSON.stringify({
      sources: ['../../src/a.ts', 'webpack://x/b.ts', '../node_modules/c/c.ts', '../src/none.ts'],
      sourcesContent: [code('a').replaceAll('\n', '\r\n'), code('b'), code('c'), null],
    });
    const files = { 'dist/a.js.map': map, 'dist/b.js.map': map, 'dist/bad.js.map': '{', 'dist/a.js': code() };
    assert.deepEqual(taken(files, 'maps'), ['src/a.ts ts']);
  });
});
