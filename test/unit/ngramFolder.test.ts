// The folder of an instant module: whatever ends the writing, the manifest names counts that are there, and whole.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Disk, readNgramManifest, writeNgramFolder } from '../../src/engine/ngramFolder';

const MANIFEST = {
  formatVersion: 1,
  id: 'instant',
  version: '1.0.0',
  title: 'Instant',
  description: '',
  domain: '',
  licence: '',
  kind: 'ngram',
  tokenizerSha256: 'b'.repeat(64),
  rule: 'geometric',
  temperature: 1,
  strength: { default: 0.1 },
  evaluation: [],
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the folder of an instant module', () => {
  let dir: string;
  beforeEach(() => {
    dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'residual-folder-')), 'instant');
  });
  afterEach(() => fs.rmSync(path.dirname(dir), { recursive: true, force: true }));

  const write = (counts: string, disk?: Disk, title = counts) =>
    writeNgramFolder(
      dir,
      [Buffer.from(counts.slice(0, 3)), Buffer.from(counts.slice(3))],
      sha256(counts),
      { ...MANIFEST, title },
      disk,
    );
  /** Title and counts, as a reader finds them. */
  const held = async () => {
    const manifest = await readNgramManifest(dir);
    if (manifest === undefined) return undefined;
    const [[name, hash]] = Object.entries(manifest.files);
    const counts = fs.readFileSync(path.join(dir, name), 'utf8');
    assert.equal(sha256(counts), hash);
    return [manifest.title, counts];
  };

  /** The real disk, whose `nth` change fails half done; after that nothing works, as in a process that has ended. */
  function failing(nth: number, isEnded: boolean) {
    let n = 0;
    const change = async <T>(make: () => Promise<T>, half: () => Promise<unknown> = async () => {}) => {
      if (++n < nth || (n > nth && !isEnded)) return make();
      if (n === nth) await half();
      throw Object.assign(new Error('injected'), { code: 'ENOSPC' });
    };
    const disk: Disk = {
      mkdir: (...args) => change(() => mkdir(...args)),
      write: (file, pieces) =>
        change(
          () => writeFile(file, pieces),
          () => writeFile(file, pieces.slice(0, 1)),
        ),
      rename: (...args) => change(() => rename(...args)),
      rm: (...args) => change(() => rm(...args)),
    };
    return { disk, nChanges: () => n };
  }

  it('holds what was written last, and nothing else', async () => {
    await write('old counts');
    await write('new counts');
    assert.deepEqual(await held(), ['new counts', 'new counts']);
    assert.equal(fs.readdirSync(dir).length, 2);
    await write('new counts', undefined, 'another title');
    assert.deepEqual(await held(), ['another title', 'new counts']);
    assert.equal(fs.readdirSync(dir).length, 2);
  });

  for (const isEnded of [false, true]) {
    it(`is whole after every failure${isEnded ? ' that ends the process' : ''}, and mended by the next writing`, async () => {
      const { nChanges, disk } = failing(1000, isEnded);
      await write('any counts', disk);
      const nSteps = nChanges();
      assert.ok(nSteps >= 5, `${nSteps}`);
      for (let nth = 1; nth <= nSteps + 1; nth++) {
        fs.rmSync(dir, { recursive: true });
        await write('old counts');
        await write('new counts', failing(nth, isEnded).disk).catch(({ code }) => assert.equal(code, 'ENOSPC'));
        const [title, counts] = (await held())!;
        assert.equal(title, counts);
        assert.match(counts, /^(?:old|new) counts$/);
        if (!isEnded) assert.ok(fs.readdirSync(dir).every(name => !name.endsWith('.new')));
        await write('newest counts');
        assert.deepEqual(await held(), ['newest counts', 'newest counts']);
        assert.equal(fs.readdirSync(dir).length, 2);
      }
    });
  }

  it('is read as it was before counts were named by their hash', async () => {
    fs.mkdirSync(dir);
    fs.writeFileSync(path.join(dir, 'ngram.bin'), 'older');
    fs.writeFileSync(
      path.join(dir, 'module.json'),
      JSON.stringify({ ...MANIFEST, files: { 'ngram.bin': sha256('older') } }),
    );
    assert.deepEqual(await held(), ['Instant', 'older']);
    await write('new counts');
    assert.equal(fs.readdirSync(dir).length, 2);
  });
});
