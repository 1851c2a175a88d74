/** One process at a time: what a lock keeps out, and whose lock is nobody's any more. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
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

  it('that nobody holds any more is taken over by one of many processes', async function () {
    this.timeout(120_000);
    const script = path.join(dir, 'contender.cjs');
    await build({
      stdin: { contents: CONTENDER, resolveDir: process.cwd(), loader: 'ts' },
      ...{ bundle: true, platform: 'node', format: 'cjs', outfile: script, logLevel: 'error' },
    });
    const contenders = Array.from({ length: 8 }, () => fork(script, [file]));
    const answer = (child: ChildProcess) => new Promise<unknown>(resolve => child.once('message', resolve));
    try {
      await Promise.all(contenders.map(answer));
      for (let round = 0; round < 25; round++) {
        writeFileSync(file, '999999999');
        const answers = contenders.map(answer);
        for (const child of contenders) child.send('take');
        const taken = await Promise.all(answers);
        assert.deepEqual(taken.sort(), ['held', ...Array(7).fill('locked')], `in round ${round}`);
        const released = contenders.map(answer);
        for (const child of contenders) child.send('release');
        await Promise.all(released);
        assert.equal(existsSync(file), false);
      }
      assert.deepEqual(readdirSync(dir), ['contender.cjs']);
    } finally {
      for (const child of contenders) child.disconnect();
    }
  });
});

/** Takes the lock when it is told, says whether it has it, and holds it until it is told. */
const CONTENDER = `
import { say } from './src/core/sentence';
import { withLock } from './src/host/lock';
let release = () => {};
process.on('message', async message => {
  if (message === 'release') {
    release();
    if (release.isIdle !== false) process.send('released');
    return;
  }
  const held = new Promise(resolve => { release = Object.assign(resolve, { isIdle: false }); });
  await withLock(process.argv[2], say\`No.\`, () => {
    process.send('held');
    return held;
  }).then(
    () => process.send('released'),
    error => process.send(error.code),
  );
  release = () => {};
});
process.send('ready');
`;
