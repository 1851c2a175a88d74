/**
 * The instant module in several windows at once, and through switches of branches: real engines, real files, real git.
 * That no count is lost or doubled is seen by the bytes: the same files give the same counts as a new build does.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import { InstantModule } from '../../src/host/modules/instantModule';
import type { EngineMethods, NgramUpdate } from '../../src/protocol/messages';
import { DELTA, never } from './support/fixtures';

const ENGINE = path.resolve('dist/engine.js');
const PROPOSAL = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };

/** One window: an engine and the module, with what it sent. */
class Window {
  readonly client = new EngineClient({ script: ENGINE, modelsDir: DELTA });
  readonly instant: InstantModule;
  /** Names of files whose texts were sent since the build. */
  sent: string[] = [];
  nWritten = 0;

  constructor(
    readonly root: string,
    dir: string,
    folder = 'w',
  ) {
    const call = async (method: keyof EngineMethods, params: never, signal: AbortSignal) => {
      if (method === 'ngramUpdate') this.sent.push(...(params as NgramUpdate).put.map(({ name }) => name));
      if (method === 'ngramSave') this.nWritten++;
      return this.client.call(method, params, signal);
    };
    const { client } = this;
    this.instant = new InstantModule({
      engine: {
        call: call as unknown as EngineClient['call'],
        get state() {
          return client.state;
        },
        onDidChangeState: listener => client.onDidChangeState(listener),
      },
      root,
      folders: () => [{ name: folder, dir, mayRead: () => true }],
      proposal: async () => PROPOSAL,
      isUsed: () => true,
      onLog: () => {},
      now: () => 0,
    });
  }

  async open(): Promise<this> {
    await this.client.call('warm', { proposal: PROPOSAL, modules: [] }, never);
    return this;
  }

  /** What is counted in this window's engine. */
  async names(): Promise<string[]> {
    const { files } = await this.client.call('ngramFiles', await this.instant.target(), never);
    return files.map(({ name }) => name).sort();
  }

  close(): void {
    this.instant.dispose();
    this.client.dispose();
  }
}

describe('the instant module of several windows and branches', () => {
  let scratch: string;
  let dir: string;
  const windows: Window[] = [];
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: dir, stdio: 'pipe' });
  const write = (name: string, text: string) => {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const open = async (root = path.join(scratch, 'storage'), folder = 'w') => {
    const window = new Window(root, dir, folder);
    windows.push(window);
    return window.open();
  };
  const countsOf = (root: string) => {
    const folder = path.join(root, 'modules/instant');
    const found = readdirSync(folder).filter(name => name.endsWith('.bin'));
    assert.equal(found.length, 1);
    return readFileSync(path.join(folder, found[0]));
  };
  /** What is on disk is what a window that begins anew would count. */
  const isAsBuiltAnew = async () => {
    const root = path.join(scratch, `fresh${windows.length}`);
    const fresh = await open(root);
    await fresh.instant.build(() => {}, never);
    assert.deepEqual(countsOf(path.join(scratch, 'storage')), countsOf(root));
  };
  const code = (name: string, n: number) =>
    `export function ${name}(value: number) {\n  return ${name}(value + ${n});\n}\n`;

  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'residual windows ü-'));
    dir = path.join(scratch, 'work');
    for (let i = 0; i < 12; i++) write(`src/f${i}.ts`, code(`first${i}`, i));
  });
  afterEach(() => {
    for (const window of windows.splice(0)) window.close();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is read by one window as the other wrote it, which then has nothing to count or to write', async () => {
    const [a, b] = [await open(), await open()];
    await a.instant.build(() => {}, never);
    await b.instant.update();
    for (const { instant } of [a, b]) instant.touch(write('src/new.ts', code('later', 1)));
    await a.instant.save();
    await b.instant.update();
    assert.deepEqual([a.sent, b.sent], [['w/src/new.ts'], []]);
    assert.equal(b.instant.nUnsaved, 0);
    assert.deepEqual(await b.names(), await a.names());
    for (const { instant } of [a, b]) {
      instant.touch(write('src/newer.ts', code('latest', 2)));
      await instant.update();
    }
    await a.instant.save();
    await b.instant.noticeWritten();
    await b.instant.update();
    assert.equal(b.instant.nUnsaved, 0);
    await isAsBuiltAnew();
  });

  it('keeps what one window counted when the other writes before it knew of it', async () => {
    const [a, b] = [await open(), await open()];
    await a.instant.build(() => {}, never);
    for (const { instant } of [a, b]) await instant.update();
    b.instant.touch(write('src/b.ts', code('ofB', 1)));
    await b.instant.update();
    // The first window has not been told of the file: what it writes is without it.
    a.instant.touch(write('src/f0.ts', code('changed', 0)));
    await a.instant.save();
    assert.ok(!(await a.names()).includes('w/src/b.ts'));
    await b.instant.noticeWritten();
    await b.instant.save();
    assert.ok((await b.names()).includes('w/src/b.ts'));
    await isAsBuiltAnew();
    await a.instant.noticeWritten();
    await a.instant.update();
    assert.deepEqual(await a.names(), await b.names());
  });

  it('is whole, with nothing lost or counted twice, when all windows write at once, again and again', async () => {
    const all = [await open(), await open(), await open()];
    await all[0].instant.build(() => {}, never);
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        all.map(async ({ instant }, i) => {
          instant.touch(
            write(`src/f${i}.ts`, code(`round${round}`, i)),
            write(`src/${round}/${i}.ts`, code('made', i)),
          );
          await instant.save().catch(error => assert.ok(error instanceof UserError && error.code === 'locked', error));
        }),
      );
    }
    for (const { instant } of all) {
      instant.touchAll();
      await instant.save();
    }
    for (const window of all) assert.equal((await window.names()).length, 24);
    await isAsBuiltAnew();
  });

  it('is built by one window while another builds it too', async () => {
    const [a, b] = [await open(), await open()];
    await Promise.all([a.instant.build(() => {}, never), b.instant.build(() => {}, never)]);
    await isAsBuiltAnew();
  });

  it('is there, whole, after an engine was killed in the middle of writing', async () => {
    const a = await open();
    await a.instant.build(() => {}, never);
    for (let round = 0; round < 5; round++) {
      a.instant.touch(write('src/large.ts', code(`round${round}`, round).repeat(2000)));
      await a.instant.update();
      const saving = a.instant.save().catch(() => {});
      for (let i = 0; i < 40 * round; i++) await new Promise(setImmediate);
      if (a.client.pid !== undefined) process.kill(a.client.pid, 'SIGKILL');
      await saving;
      const b = await open();
      assert.ok((await b.names()).length >= 12);
      b.close();
    }
    await a.open();
    a.instant.touchAll();
    await a.instant.save();
    await isAsBuiltAnew();
  });

  it('belongs to a workspace: the same folder in another one is counted there by itself', async () => {
    const [a, b] = [await open(), await open(path.join(scratch, 'other storage'), 'renamed')];
    await a.instant.build(() => {}, never);
    await b.instant.build(() => {}, never);
    for (const { instant } of [a, b]) instant.touch(write('src/new.ts', code('later', 1)));
    await Promise.all([a.instant.save(), b.instant.save()]);
    assert.ok((await a.names()).every(name => name.startsWith('w/')));
    assert.ok((await b.names()).every(name => name.startsWith('renamed/')));
    await isAsBuiltAnew();
  });

  describe('after git checkout', () => {
    beforeEach(() => {
      git('init', '-q', '-b', 'main');
      git('add', '.');
      git('commit', '-q', '-m', 'main');
      git('checkout', '-q', '-b', 'other');
      for (let i = 0; i < 4; i++) write(`src/f${i}.ts`, code(`other${i}`, i));
      write('src/more.ts', code('more', 1));
      git('mv', 'src/f11.ts', 'src/moved.ts');
      git('add', '.');
      git('commit', '-q', '-m', 'other');
      git('checkout', '-q', 'main');
    });

    const checkOut = async (window: Window, branch: string) => {
      window.sent = [];
      git('checkout', '-q', branch);
      window.instant.touchAll();
      await window.instant.update();
      return window.sent.sort();
    };

    it('is sent what it does not know, and nothing on the way back, or there again', async () => {
      const a = await open();
      await a.instant.build(() => {}, never);
      // What only moved is known by its content.
      assert.deepEqual(await checkOut(a, 'other'), [...[0, 1, 2, 3].map(i => `w/src/f${i}.ts`), 'w/src/more.ts']);
      await a.instant.save();
      await isAsBuiltAnew();
      assert.deepEqual(await checkOut(a, 'main'), []);
      assert.deepEqual(await a.names(), Array.from({ length: 12 }, (_, i) => `w/src/f${i}.ts`).sort());
      assert.deepEqual(await checkOut(a, 'other'), []);
      assert.deepEqual(await checkOut(a, 'main'), []);
      await a.instant.save();
      await isAsBuiltAnew();
    });

    it('is sent nothing where files were only written anew', async () => {
      const a = await open();
      await a.instant.build(() => {}, never);
      git('checkout', '-q', 'other');
      git('checkout', '-q', 'main');
      for (let i = 0; i < 12; i++) utimesSync(path.join(dir, `src/f${i}.ts`), 2000 + i, 2000 + i);
      a.instant.touchAll();
      await a.instant.update();
      assert.deepEqual(a.sent, []);
      await a.instant.save();
      await isAsBuiltAnew();
    });

    it('is right in a window that another one has switched', async () => {
      const [a, b] = [await open(), await open()];
      await a.instant.build(() => {}, never);
      await b.instant.update();
      await checkOut(a, 'other');
      await a.instant.save();
      await b.instant.noticeWritten();
      assert.deepEqual(await checkOut(b, 'other'), []);
      assert.deepEqual(await checkOut(b, 'main'), [...[0, 1, 2, 3].map(i => `w/src/f${i}.ts`)]);
      await b.instant.save();
      await isAsBuiltAnew();
    });
  });
});
