/** One process at a time: what a lock keeps out, and whose lock is nobody's any more. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { say } from '../../src/core/sentence';
import { isLocked, withLock } from '../../src/host/lock';

describe('a lock', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-lock-'));
  const file = path.join(dir, 'lock');
  afterEach(() => rmSync(file, { force: true }));
  after(() => rmSync(dir, { recursive: true }));

  it('is held while the work lasts, and by one alone', async () => {
    await withLock(file, say`No.`, async () => {
      assert.equal(await isLocked(file), true);
      await assert.rejects(
        withLock(file, say`No.`, async () => {}),
        { code: 'locked', message: 'No.' },
      );
    });
    assert.equal(existsSync(file), false);
  });

  const rows: readonly (readonly [string, string, number | undefined])[] = [
    ['whose process is gone', '999999999', undefined],
    ['that names no process', 'x', undefined],
    ['from before the machine was started', String(process.pid), Date.now() / 1000 - os.uptime() - 60],
  ];
  for (const [what, content, writtenS] of rows)
    it(`${what} is taken over`, async () => {
      writeFileSync(file, content);
      if (writtenS !== undefined) utimesSync(file, writtenS, writtenS);
      assert.equal(await isLocked(file), false);
      let isDone = false;
      await withLock(file, say`No.`, async () => {
        isDone = true;
      });
      assert.ok(isDone);
    });
});
