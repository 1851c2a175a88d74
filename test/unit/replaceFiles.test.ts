import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Disk, replaceFiles } from '../../src/engine/replaceFiles';

const OLD = { 'counts.bin': 'old counts', 'module.json': 'old manifest' };
const NEW = { 'counts.bin': 'new counts', 'module.json': 'new manifest' };

describe('replacing files', () => {
  let dir: string;
  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'residual-replace-'));
  });
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

  const put = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
  };
  const held = () =>
    Object.fromEntries(fs.readdirSync(dir).map(name => [name, fs.readFileSync(path.join(dir, name), 'utf8')]));

  /** The real disk, whose `nth` change fails; writing then leaves half of the text behind, as a full disk does. */
  function failing(nth: number, code: string) {
    const changes: string[] = [];
    const change = async <T>(name: string, make: () => Promise<T>, half: () => Promise<unknown> = async () => {}) => {
      changes.push(name);
      if (changes.length !== nth) return make();
      await half();
      throw Object.assign(new Error(`${code}: injected`), { code });
    };
    const disk: Disk = {
      mkdir: (...args) => change('mkdir', () => mkdir(...args)),
      writeFile: (file, content) =>
        change(
          'writeFile',
          () => writeFile(file, content),
          () => writeFile(file, content.slice(0, 4)),
        ),
      rename: (...args) => change('rename', () => rename(...args)),
      rm,
    };
    return { disk, changes };
  }

  it('writes all of them, and leaves nothing else', async () => {
    for (const before of [{}, OLD]) {
      put(before);
      await replaceFiles(dir, new Map(Object.entries(NEW)));
      assert.deepEqual(held(), NEW);
    }
  });

  it('makes the folder', async () => {
    dir = path.join(dir, 'a', 'b');
    await replaceFiles(dir, new Map(Object.entries(NEW)));
    assert.deepEqual(held(), NEW);
  });

  for (const code of ['ENOSPC', 'EACCES', 'EROFS', 'EIO']) {
    for (let nth = 1; nth <= 7; nth++) {
      it(`that fails with ${code} at its ${nth}. change leaves everything as it was`, async () => {
        put(OLD);
        const { disk, changes } = failing(nth, code);
        await assert.rejects(replaceFiles(dir, new Map(Object.entries(NEW)), disk), { code });
        assert.ok(changes.length >= nth);
        assert.deepEqual(held(), OLD);
      });
    }
  }

  it('has no further change that could fail', async () => {
    put(OLD);
    const { disk, changes } = failing(0, '');
    await replaceFiles(dir, new Map(Object.entries(NEW)), disk);
    assert.equal(changes.length, 7);
  });
});
