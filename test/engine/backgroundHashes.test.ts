/** Large files are hashed beside the engine's thread, by the engine's own program. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hashInBackground } from '../../src/engine/backgroundHashes';
import { FileHashes } from '../../src/engine/modelFiles';

const LARGE = Buffer.alloc(33 << 20, 'residual');
const SMALL = Buffer.from('{}');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('hashing beside the engine', () => {
  let dir: string;
  const folder = () => ({ id: 'p', dir });
  const listed = { 'large.bin': sha256(LARGE), 'small.json': sha256(SMALL) };
  const inBackground = hashInBackground(path.resolve('dist/engine.js'));

  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'residual-hashes-'));
    await writeFile(path.join(dir, 'large.bin'), LARGE);
    await writeFile(path.join(dir, 'small.json'), SMALL);
  });
  after(() => rm(dir, { recursive: true, force: true }));

  /** Hashes with the real program, and says what was asked of it. */
  function recording() {
    const asked: string[][] = [];
    const hashes = new FileHashes(
      () => assert.fail('Nothing is read on this thread.'),
      files => {
        asked.push(files.map(file => path.basename(file)));
        return inBackground(files);
      },
    );
    return { hashes, asked };
  }

  it('gives the SHA-256 of each file, in their order', async () => {
    const files = ['small.json', 'large.bin'].map(name => path.join(dir, name));
    assert.deepEqual(await inBackground(files), [sha256(SMALL), sha256(LARGE)]);
  });

  it('fails where a file is not there', () => assert.rejects(inBackground([path.join(dir, 'missing')]), /ENOENT/));

  it('is done once for a file that stays the same', async () => {
    const { hashes, asked } = recording();
    await hashes.verify(folder(), listed, ['large.bin']);
    await hashes.verify(folder(), listed, ['large.bin']);
    assert.deepEqual(asked, [['large.bin']]);
    await utimes(path.join(dir, 'large.bin'), 1, 1);
    await hashes.verify(folder(), listed, ['large.bin']);
    assert.deepEqual(asked, [['large.bin'], ['large.bin']]);
  });

  it('finds what was changed', async () => {
    const { hashes } = recording();
    await assert.rejects(
      hashes.verify(folder(), { 'large.bin': sha256(SMALL) }, ['large.bin']),
      /large\.bin is damaged/,
    );
  });

  it('is not worth a thread where little is to be read, nor without a hash to compare', async () => {
    const hashes = new FileHashes(
      () => {},
      () => assert.fail('No thread is needed.'),
    );
    await hashes.verify(folder(), listed, ['small.json']);
    await hashes.verify(folder(), {}, ['large.bin']);
  });

  it('names what cannot be read', async () => {
    const { hashes } = recording();
    const names = ['large.bin', 'gone.bin'];
    await assert.rejects(hashes.verify(folder(), { ...listed, 'gone.bin': 'ff' }, names), /gone\.bin is missing/);
  });

  it('is done here where the other thread does not come up', async () => {
    const hashes = new FileHashes(() => {}, hashInBackground(path.join(dir, 'no-program.js')));
    await hashes.verify(folder(), listed, ['large.bin']);
    await assert.rejects(hashes.verify(folder(), { 'large.bin': 'ff' }, ['large.bin']), /is damaged/);
  });
});
