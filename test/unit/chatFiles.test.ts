/** Conversations on a real disk. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chatFiles } from '../../src/host/chat/chatFiles';

describe('chat files', () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'residual-chats-'));
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  it('are written, read, listed and removed, in a folder that is made for the first', async () => {
    const dir = path.join(scratch, 'a/b');
    const store = chatFiles(dir);
    assert.deepEqual(await store.names(), []);
    assert.equal(await store.read('x.jsonl'), undefined);
    await store.write('x.jsonl', 'one');
    await store.write('x.jsonl', 'two');
    assert.equal(await store.read('x.jsonl'), 'two');
    assert.deepEqual(await store.names(), ['x.jsonl']);
    await store.remove('x.jsonl');
    await store.remove('x.jsonl');
    assert.deepEqual(await store.names(), []);
  });

  it('are named by their last part alone', async () => {
    const dir = path.join(scratch, 'inner');
    await chatFiles(dir).write('../outside.jsonl', 'x');
    assert.deepEqual(readdirSync(dir), ['outside.jsonl']);
    assert.ok(!readdirSync(scratch).includes('outside.jsonl'));
  });

  it('stay as they were when the disk refuses the new text', async () => {
    const dir = path.join(scratch, 'refusing');
    const store = chatFiles(dir);
    await store.write('x.jsonl', 'one');
    // A folder in the way of the text that is written first.
    mkdirSync(path.join(dir, 'x.jsonl.new'));
    await assert.rejects(store.write('x.jsonl', 'two'));
    assert.equal(await store.read('x.jsonl'), 'one');
  });

  it('stay as they were on a full disk, which is named, and are written when there is room again', async function () {
    if (!existsSync('/dev/full')) return this.skip();
    const dir = path.join(scratch, 'full');
    const store = chatFiles(dir);
    await store.write('x.jsonl', 'one');
    symlinkSync('/dev/full', path.join(dir, 'x.jsonl.new'));
    await assert.rejects(store.write('x.jsonl', 'two'), { code: 'ENOSPC' });
    assert.equal(await store.read('x.jsonl'), 'one');
    assert.deepEqual(readdirSync(dir), ['x.jsonl'], 'half of a file stays');
    await store.write('x.jsonl', 'two');
    assert.equal(await store.read('x.jsonl'), 'two');
  });

  it('say what is wrong with the folder', async () => {
    const file = path.join(scratch, 'file');
    writeFileSync(file, '');
    await assert.rejects(chatFiles(file).names(), /ENOTDIR/);
  });
});
