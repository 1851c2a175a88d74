// Archives that somebody made to do harm, or by mistake: each is refused by name, and nothing of it stays.
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { UserError } from '../../src/core/errors';
import { LIMITS, unpack } from '../../src/host/modules/ramArchive';
import { type ModuleStore, manifestOf, openModuleStore, sha256, signal, WEIGHTS } from './support/moduleStore';
import { type RawEnd, type RawEntry, rawZip } from './support/rawZip';
import { assertTranslatable } from './support/translatable';

const LINK = 0o120777;
const FOLDER = 0o040755;
const REGULAR = 0o100644;
const DEVICE = 0o020666;

const module: RawEntry = { name: 'react/module.json', content: JSON.stringify(manifestOf('react')) };
const weights: RawEntry = { name: 'react/model.safetensors', content: WEIGHTS };
const good: readonly RawEntry[] = [module, weights];
const manifest = (over: object): RawEntry => ({ ...module, content: JSON.stringify(manifestOf('react', over)) });
const row = (metric: string) => ({ metric, proposalId: 'p', dataset: 'd', proposal: 1, aligned: 1, n: 1 });
/** A whole manifest with a field that Residual does not know, so many lists deep. */
const deep = (n: number) => JSON.stringify(manifestOf('react')).replace(/}$/, `,"x":${'['.repeat(n)}${']'.repeat(n)}}`);
const named = (name: string | Uint8Array, content = 'x'): RawEntry => ({ name, content });

describe('an archive', () => {
  let store: ModuleStore;
  beforeEach(() => {
    store = openModuleStore();
  });
  afterEach(() => store.close());

  async function importing(entries: readonly RawEntry[], end?: RawEnd): Promise<string> {
    const file = store.write('received/react.ram', rawZip(entries, end));
    const { id, outcome } = await store.files.importFrom(file, 'refuse', signal);
    return `${outcome} ${id}`;
  }

  const taken: readonly (readonly [string, readonly RawEntry[], RawEnd?])[] = [
    ['as it should be', good],
    ['with its files not in a folder', good.map(e => ({ ...e, name: String(e.name).slice('react/'.length) }))],
    ['with an entry for its folder', [{ name: 'react/', content: '', mode: FOLDER }, ...good]],
    [
      'with a licence and Markdown',
      [...good, named('react/LICENSE'), named('react/README.md'), named('react/How to.md')],
    ],
    ['with files stored as they are', good.map(e => ({ ...e, method: 0 }))],
    ['with what a Mac adds', [...good, named('__MACOSX/react/._module.json'), named('react/.DS_Store')]],
    ['with a comment', good, { comment: 'PK\x05\x06 made with care' }],
    [
      'with letters, joiners and several lines to describe it',
      [manifest({ title: 'Räume \u{1f469}\u200d\u{1f4bb} 長さ', description: 'One.\n\tTwo.' }), weights],
    ],
    // Text is text: where titles are shown, nothing of this is a link, an icon or a tag.
    ['with markup in its title', [manifest({ title: '<b>$(zap)</b> [x](command:y)' }), weights]],
    ['made on Unix', good.map(e => ({ ...e, mode: REGULAR }))],
  ];
  for (const [what, entries, end] of taken) {
    it(`${what} is taken`, async () => {
      assert.equal(await importing(entries, end), 'imported react');
      const texts = entries.map(e => String(e.name)).filter(name => /LICENSE|\.md$/.test(name));
      const expected = ['react', 'react/model.safetensors', 'react/module.json', ...texts].sort();
      assert.deepEqual(store.listing(), expected);
    });
  }

  const refused: readonly (readonly [string, readonly RawEntry[], string, RegExp, RawEnd?])[] = [
    ['with a path that leads out', [...good, named('../evil.md')], 'archive-unsafe-path', /"\.\.\/evil\.md".*out of/],
    ['that leads out deeper down', [...good, named('react/../../evil.md')], 'archive-unsafe-path', /out of its folder/],
    ['with an absolute path', [...good, named('/etc/evil.md')], 'archive-unsafe-path', /absolute/],
    ['with backslashes', [...good, named('react\\..\\evil.md')], 'archive-unsafe-path', /backslashes/],
    ['with a drive letter', [...good, named('C:evil.md')], 'archive-unsafe-path', /drive/],
    ['with a network path', [...good, named('\\\\server\\share\\evil.md')], 'archive-unsafe-path', /backslashes/],
    ['with a zero byte in a name', [...good, named('react/a\0.md')], 'archive-unsafe-path', /characters/],
    ['with a line break in a name', [...good, named('react/a\n.md')], 'archive-unsafe-path', /characters/],
    ['with an empty part in a path', [...good, named('react//a.md')], 'archive-unsafe-path', /plain path/],
    ['with a dot for a folder', [...good, named('react/./a.md')], 'archive-unsafe-path', /plain path/],
    ['with a name that is no text', [...good, named(Buffer.from([0xff, 0xfe, 0x2e]))], 'archive-unsafe-path', /UTF-8/],
    ['with a link', [module, { ...weights, mode: LINK, content: '/etc/passwd' }], 'archive-link', /link/],
    ['with a link by a harmless name', [...good, { ...named('react/a.md'), mode: LINK }], 'archive-link', /link/],
    ['with a device', [...good, { ...named('react/a.md'), mode: DEVICE }], 'archive-link', /neither/],
    ['with a file that says it is a folder', [module, { ...weights, mode: FOLDER }], 'archive-link', /neither/],
    ['with a folder that has content', [...good, named('react/x/', 'content')], 'archive-link', /content of its own/],
    [
      'with a folder in the place of a file',
      [module, named('react/model.safetensors/', '')],
      'module-file-not-allowed',
      /folder/,
    ],
    ['with a file below a file', [...good, named('react/module.json/a.md')], 'module-file-not-allowed', /no folders/],
    ['with one name twice', [...good, weights], 'archive-duplicate', /"react\/model.safetensors" and/],
    ['with names that differ in case', [...good, named('React/Module.JSON')], 'archive-duplicate', /one file on some/],
    [
      'with a file and a folder of one name',
      [...good, named('react/model.safetensors/', '')],
      'archive-duplicate',
      /one file/,
    ],
    [
      'with names that differ in form',
      [...good, named('react/\u00e9.md'), named('react/e\u0301.md')],
      'archive-duplicate',
      /one file/,
    ],
    [
      'with an archive in it',
      [...good, named('react/more.zip', 'PK')],
      'module-file-not-allowed',
      /archive in an archive/,
    ],
    [
      'with another module in it',
      [...good, named('react/more.ram', 'PK')],
      'module-file-not-allowed',
      /archive in an archive/,
    ],
    [
      'with an archive that says it is text',
      [...good, { name: 'react/README.md', content: rawZip(good) }],
      'module-file-not-allowed',
      /not text/,
    ],
    ['with a graph', [...good, named('react/model.onnx')], 'module-file-not-allowed', /graph/],
    ['with a pickle', [...good, named('react/weights.pt')], 'module-file-not-allowed', /graph/],
    ['with code', [...good, named('react/index.js')], 'module-file-not-allowed', /no module needs/],
    [
      'with a program',
      [...good, { ...named('react/setup'), mode: 0o100755 }],
      'module-file-not-allowed',
      /no module needs/,
    ],
    ['with settings for a tool', [...good, named('react/.npmrc')], 'module-file-not-allowed', /no module needs/],
    ['with a name that is a device', [...good, named('react/con.md')], 'module-file-not-allowed', /no module needs/],
    ['with two folders', [...good, named('other/README.md')], 'module-file-not-allowed', /one module/],
    [
      'with a folder in a folder',
      good.map(e => ({ ...e, name: `modules/${e.name}` })),
      'module-file-not-allowed',
      /folder/,
    ],
    [
      'of an instant module',
      [manifest({ kind: 'ngram', files: { 'ngram.bin': 'a'.repeat(64) } })],
      'module-holds-workspace-text',
      /text of the workspace/,
    ],
    [
      "with an instant module's counts",
      [...good, named('react/ngram.bin')],
      'module-file-not-allowed',
      /text of the workspace/,
    ],
    [
      'with too many files',
      Array.from({ length: 100 }, (_, i) => named(`react/${i}.md`)),
      'archive-too-large',
      /100 files/,
    ],
    ['that claims a million files', good, 'archive-too-large', /65000 files/, { nEntries: 65_000 }],
    [
      'with a manifest of megabytes',
      [manifest({ description: 'x'.repeat(2e6) }), weights],
      'archive-too-large',
      /MiB of 1\.0 MiB/,
    ],
    [
      'with text of megabytes',
      [...good, named('react/README.md', 'a b\n'.repeat(1e6))],
      'archive-too-large',
      /MiB of 1\.0 MiB/,
    ],
    [
      'that says it unpacks to gigabytes',
      [module, { ...weights, sizeBytes: 0xf0000000 }],
      'archive-too-large',
      /MiB of 2048/,
    ],
    ['that is a bomb', [module, { ...weights, content: Buffer.alloc(8e6) }], 'archive-too-large', /times its size/],
    [
      'that unpacks to more than it says',
      [module, { ...weights, content: Buffer.alloc(8e6), sizeBytes: 1e5 }],
      'archive-unreadable',
      /too many bytes/,
    ],
    ['that unpacks to less than it says', [module, { ...weights, sizeBytes: 1e5 }], 'archive-unreadable', /bytes/],
    ['that stores more than it says', [module, { ...weights, method: 0, sizeBytes: 3 }], 'archive-unreadable', /size/],
    ['whose content is damaged', [module, { ...weights, crc: 7 }], 'archive-unreadable', /damaged/],
    [
      'with files that share their bytes',
      [...good, { ...named('react/README.md', WEIGHTS), sameAs: 1 }],
      'archive-too-large',
      /same bytes as another/,
    ],
    [
      'with a file hidden in the header of another',
      [module, { ...weights, extra: Buffer.alloc(4) }, { ...named('react/README.md', WEIGHTS), sameAs: 1 }],
      'archive-too-large',
      /same bytes as another/,
    ],
    [
      'that names a file in two ways',
      [module, { ...weights, local: { name: '../../model.safetensors' } }],
      'archive-unreadable',
      /two things about "react\/model\.safetensors"/,
    ],
    [
      'that packs a file in two ways',
      [module, { ...weights, local: { method: 0 } }],
      'archive-unreadable',
      /two things/,
    ],
    ['that hides a password', [module, { ...weights, local: { flags: 0x801 } }], 'archive-unreadable', /two things/],
    ['whose directory is elsewhere', good, 'archive-unreadable', /archive/, { directoryAt: 3 }],
    ['whose directory is beyond its end', good, 'archive-unreadable', /archive/, { directoryAt: 0x7fffffff }],
    ['that claims files in 64 bits', good, 'archive-too-large', /1099511627776 files/, { zip64Entries: 1n << 40n }],
    ['with a giant name', [...good, named(`react/${'a'.repeat(60_000)}.md`)], 'archive-unsafe-path', /longer than 220/],
    ['with a password', [module, { ...weights, flags: 0x801 }], 'archive-unreadable', /encrypted/],
    ['packed in a rare way', [module, { ...weights, method: 12 }], 'archive-unreadable', /rare way/],
    ['that is cut off', good, 'archive-unreadable', /archive/, { nMissing: 10 }],
    ['that lists more than it has', good, 'archive-unreadable', /archive/, { nEntries: 5 }],
    ['with nothing in it', [], 'module-incomplete', /no module\.json/],
    ['without a manifest', [weights], 'module-incomplete', /no module\.json/],
    ['without weights', [module], 'model-file-missing', /"model\.safetensors".*is missing/],
    ['whose manifest is no JSON', [{ ...module, content: '{ "id": ' }, weights], 'manifest-invalid', /not JSON/],
    ['whose manifest is a list', [{ ...module, content: '[]' }, weights], 'manifest-invalid', /JSON object/],
    ['whose manifest is deep', [{ ...module, content: '['.repeat(3e5) }, weights], 'manifest-invalid', /JSON/],
    [
      'whose manifest is deep and whole',
      [{ ...module, content: deep(200_000) }, weights],
      'manifest-invalid',
      /nested deeper than 32/,
    ],
    ['whose manifest is a number', [{ ...module, content: '1e999' }, weights], 'manifest-invalid', /JSON object/],
    ['whose manifest is nothing', [{ ...module, content: 'null' }, weights], 'manifest-invalid', /JSON object/],
    [
      'with a title of a megabyte',
      [manifest({ title: 'x'.repeat(1e6) }), weights],
      'manifest-invalid',
      /"title" .* 200/,
    ],
    ['with a line break in its title', [manifest({ title: 'a\nb' }), weights], 'manifest-invalid', /"title" .*control/],
    ['with an escape in its title', [manifest({ title: '\u001b[31mred' }), weights], 'manifest-invalid', /"title"/],
    [
      'with a title that turns text around',
      [manifest({ title: 'safe\u202egnp.exe' }), weights],
      'manifest-invalid',
      /"title" .*turn text around.*\\u\{202e\}/,
    ],
    ['with a title that isolates text', [manifest({ title: '\u2066a' }), weights], 'manifest-invalid', /"title"/],
    ['with invisible tags in its title', [manifest({ title: 'a\u{e0041}' }), weights], 'manifest-invalid', /"title"/],
    ['with a domain that turns text around', [manifest({ domain: '\u202e' }), weights], 'manifest-invalid', /"domain"/],
    ['with a novel to describe it', [manifest({ description: 'x'.repeat(5e3) }), weights], 'manifest-invalid', /4000/],
    [
      'whose metric turns text around',
      [manifest({ evaluation: [row('\u202e')] }), weights],
      'manifest-invalid',
      /metric/,
    ],
    ['of a later format', [manifest({ formatVersion: 2 }), weights], 'manifest-version', /format version 2/],
    ['whose id leads out', [manifest({ id: '..' }), weights], 'manifest-invalid', /"id"/],
    ['whose id hides it', [manifest({ id: '.trash' }), weights], 'manifest-invalid', /"id"/],
    ['whose id is a path', [manifest({ id: 'a/b' }), weights], 'manifest-invalid', /"id"/],
    [
      'whose manifest lists a path that leads out',
      [manifest({ files: { 'model.safetensors': 'a'.repeat(64), '../x': 'a'.repeat(64) } }), weights],
      'manifest-invalid',
      /inside the folder/,
    ],
    [
      'that does not hold what its manifest lists',
      [manifest({ files: { 'model.safetensors': sha256(WEIGHTS), 'README.md': 'a'.repeat(64) } }), weights],
      'model-file-missing',
      /"README\.md".*is missing/,
    ],
    ['whose weights were changed', [module, { ...weights, content: 'other weights' }], 'model-file-changed', /SHA-256/],
    [
      'for another tokenizer',
      [manifest({ tokenizerSha256: 'b'.repeat(64) }), weights],
      'tokenizer-mismatch',
      /bbbbbbbbbbbb.*"p", "q"/,
    ],
  ];
  for (const [what, entries, code, message, end] of refused) {
    it(`${what} is refused, and leaves nothing`, async () => {
      await assert.rejects(importing(entries, end), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        assert.match(error.message, /^"react\.ram" was not imported\. /);
        // What the format itself has against an archive is told in the words of who reads it.
        if (code !== 'archive-unreadable') assertTranslatable(error.sentence);
        return true;
      });
      assert.deepEqual(store.listing(), []);
      assert.deepEqual(
        (await store.registry.modules()).map(m => m.id),
        ['shipped'],
      );
    });
  }

  it('that is no archive, no file or not there is refused', async () => {
    const rows: readonly (readonly [string, RegExp])[] = [
      [store.write('empty.ram', ''), /cannot be read as an archive/],
      [store.write('text.ram', 'hello'.repeat(1000)), /cannot be read as an archive/],
      [store.outside('missing.ram'), /not there/],
    ];
    for (const [file, message] of rows) await assert.rejects(store.files.importFrom(file, 'refuse', signal), message);
    assert.deepEqual(store.listing(), []);
  });

  it('that a link points to is read, for the person chose the link', async () => {
    store.write('received/react.ram', rawZip(good));
    symlinkSync(store.outside('received/react.ram'), store.outside('link.ram'));
    assert.equal((await store.files.importFrom(store.outside('link.ram'), 'refuse', signal)).id, 'react');
  });

  it('stops being unpacked when it is cancelled', async () => {
    const file = store.write('received/react.ram', rawZip(good));
    await assert.rejects(store.files.importFrom(file, 'refuse', AbortSignal.abort()), { name: 'AbortError' });
    assert.deepEqual(store.listing(), []);
  });

  it('never overwrites: a file that is there already stays', async () => {
    const file = store.write('received/react.ram', rawZip(good));
    const into = store.outside('taken');
    store.write('taken/module.json', 'mine');
    await assert.rejects(unpack(file, into, signal), { code: 'EEXIST' });
  });

  it('may be dense as long as it is small', async () => {
    const padded = { ...weights, content: Buffer.alloc(LIMITS.ratio * 5000) };
    const file = store.write('received/react.ram', rawZip([module, padded]));
    await assert.rejects(store.files.importFrom(file, 'refuse', signal), { code: 'model-file-changed' });
  });
});
