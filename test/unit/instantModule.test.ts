import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EngineGone } from '../../src/core/errors';
import type { EngineClient, EngineState } from '../../src/host/engineClient';
import { InstantModule } from '../../src/host/modules/instantModule';
import type { EngineMethods, NgramAdd, NgramRecall, NgramUpdate } from '../../src/protocol/messages';

const { signal } = new AbortController();

/** Keeps the names and stamps that a real engine would, and forgets what was not saved when it ends. */
class FakeEngine {
  state: EngineState = 'ready';
  readonly calls: string[] = [];
  counted = new Map<string, string>();
  #saved = new Map<string, string>();
  #building = new Map<string, string>();
  readonly #listeners = new Set<(state: EngineState) => void>();
  failAt: string | undefined;
  isCrowded = false;
  /** Texts it has seen, by name and digest. */
  readonly seen = new Set<string>();
  /** Names of files whose texts came with an update. */
  sent: string[] = [];
  written = 'first';
  /** Happens while the counts are written. */
  whileSaving = async () => {};
  #waiting: { readonly method: string; readonly resolve: () => void }[] = [];

  readonly call = (async (method: keyof EngineMethods, params: never, at: AbortSignal) => {
    const result = await this.#answer(method, params, at);
    for (const { resolve } of this.#waiting.filter(waiting => waiting.method === method)) resolve();
    return result;
  }) as unknown as EngineClient['call'];

  /** Resolves when a call of this kind was answered. */
  next(method: keyof EngineMethods): Promise<void> {
    return new Promise(resolve => this.#waiting.push({ method, resolve }));
  }

  async #answer(method: keyof EngineMethods, params: never, at: AbortSignal) {
    at.throwIfAborted();
    this.calls.push(method);
    if (this.failAt === method) throw new EngineGone('The engine ended.');
    const account = { nFiles: this.counted.size, nTokens: 0, nLeftOut: 0, sizeBytes: 0, isCrowded: this.isCrowded };
    switch (method) {
      case 'ngramBegin':
        this.#building = new Map();
        return null;
      case 'ngramAdd':
        for (const { name, stamp, digest } of (params as NgramAdd).files) {
          this.#building.set(name, stamp);
          this.seen.add(`${digest}`);
        }
        return account;
      case 'ngramFinish':
        this.counted = this.#building;
        this.#saved = new Map(this.counted);
        return { ...account, nFiles: this.counted.size, written: this.written };
      case 'ngramFiles':
        return { files: [...this.counted].map(([name, stamp]) => ({ name, stamp })), written: this.written };
      case 'ngramUpdate':
        for (const name of (params as NgramUpdate).remove) this.counted.delete(name);
        for (const { name, stamp, digest } of (params as NgramUpdate).put) {
          this.counted.set(name, stamp);
          this.seen.add(`${digest}`);
          this.sent.push(name);
        }
        return account;
      case 'ngramRecall': {
        const { files } = params as NgramRecall;
        for (const { name, stamp, digest } of files) if (this.seen.has(digest)) this.counted.set(name, stamp);
        return { unknown: files.filter(({ digest }) => !this.seen.has(digest)).map(({ name }) => name) };
      }
      case 'ngramSave': {
        const written = new Map(this.counted);
        await this.whileSaving();
        this.#saved = written;
        return { ...account, written: this.written };
      }
      default:
        return null;
    }
  }

  onDidChangeState(listener: (state: EngineState) => void) {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Back to what is on disk. */
  forget(): void {
    this.counted = new Map(this.#saved);
  }

  become(state: EngineState): void {
    this.state = state;
    if (state === 'failed' || state === 'stopped') this.forget();
    for (const listener of this.#listeners) listener(state);
  }
}

describe('instant module of a workspace', () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'residual-instant-'));
  let nWorkspaces = 0;
  let dispose = () => {};
  afterEach(() => dispose());
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  function open(files: Record<string, string>) {
    const dir = path.join(scratch, `w${nWorkspaces++}`);
    const root = path.join(dir, 'storage');
    mkdirSync(path.join(root, 'modules', 'instant'), { recursive: true });
    let time = 1000;
    const write = (name: string, text: string) => {
      const file = path.join(dir, 'src', name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      utimesSync(file, ++time, time);
      return file;
    };
    for (const [name, text] of Object.entries(files)) write(name, text);
    writeFileSync(path.join(root, 'modules', 'instant', 'module.json'), '{}');
    const engine = new FakeEngine();
    const use = { isUsed: true };
    const instant = new InstantModule({
      engine,
      root,
      folders: () => [{ name: 'src', dir: path.join(dir, 'src'), mayRead: () => true }],
      proposal: async () => ({ id: 'p', dir: '/p' }),
      isUsed: () => use.isUsed,
      onLog: () => {},
      now: () => 0,
    });
    dispose = () => instant.dispose();
    const names = () => [...engine.counted.keys()].sort();
    return { instant, engine, write, names, use, dir: path.join(dir, 'src') };
  }

  it('is built from every file, with progress', async () => {
    const { instant, engine, names } = open({ 'a.ts': 'a\n', 'b/c.ts': 'ü\n' });
    const seen: number[] = [];
    const report = await instant.build(({ nDone }) => seen.push(nDone), signal);
    assert.deepEqual(names(), ['src/a.ts', 'src/b/c.ts']);
    assert.deepEqual([report.nFiles, report.textBytes, report.nLeftOut], [2, 5, 0]);
    assert.deepEqual(seen, [2]);
    await instant.update();
    assert.ok(!engine.calls.includes('ngramUpdate'), 'nothing changed since');
  });

  it('follows changed, new, deleted and moved files, one by one and all together', async () => {
    const { instant, engine, write, names, dir } = open({ 'a.ts': 'a', 'b/c.ts': 'c', 'b/d.ts': 'd' });
    await instant.build(() => {}, signal);
    const stamp = engine.counted.get('src/a.ts');
    instant.touch(write('a.ts', 'a'), write('new.ts', 'n'));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/b/c.ts', 'src/b/d.ts', 'src/new.ts']);
    assert.notEqual(engine.counted.get('src/a.ts'), stamp);
    rmSync(path.join(dir, 'new.ts'));
    instant.touch(path.join(dir, 'new.ts'));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/b/c.ts', 'src/b/d.ts']);
    renameSync(path.join(dir, 'b'), path.join(dir, 'e'));
    instant.touch(path.join(dir, 'b'), path.join(dir, 'e'));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/e/c.ts', 'src/e/d.ts']);
    rmSync(path.join(dir, 'e'), { recursive: true });
    write('branch.ts', 'b');
    instant.touchAll();
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/branch.ts']);
  });

  it('takes out a file that is no source text any more', async () => {
    const { instant, write, names } = open({ 'a.ts': 'a', 'b.ts': 'b' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', `b\0`));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts']);
  });

  it('waits while it is not used or the engine does not run, and forgets nothing meanwhile', async () => {
    const { instant, engine, write, names, use } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    use.isUsed = false;
    instant.touch(write('b.ts', 'b'));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts']);
    use.isUsed = true;
    engine.become('stopped');
    instant.touch(write('c.ts', 'c'));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts']);
    engine.become('ready');
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts']);
  });

  it('counts again what an engine that died had not written', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    await instant.update();
    await instant.save();
    const nSaved = engine.calls.length;
    await instant.update();
    assert.equal(engine.calls.length, nSaved, 'what is written is asked for no more');
    instant.touch(write('c.ts', 'c'));
    await instant.update();
    engine.become('failed');
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
    engine.become('ready');
    const nCalls = engine.calls.length;
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts']);
    assert.deepEqual(engine.calls.slice(nCalls), ['ngramFiles', 'ngramRecall', 'ngramUpdate']);
  });

  it('counts again what an engine dropped to make room, before it is written', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    await instant.update();
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts']);
    await instant.save();
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
  });

  it('is written at once when much has changed', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    engine.isCrowded = true;
    const saved = engine.next('ngramSave');
    instant.touch(write('b.ts', 'b'));
    await instant.update();
    await saved;
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
  });

  it('counts what changes while it is written, and writes it the next time', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    engine.whileSaving = async () => {
      instant.touch(write('b.ts', 'bb'), write('c.ts', 'c'));
      await instant.update();
    };
    await instant.save();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts']);
    const changed = engine.counted.get('src/b.ts');
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
    engine.whileSaving = async () => {};
    await instant.save();
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts']);
    assert.equal(engine.counted.get('src/b.ts'), changed);
  });

  it('counts again what an engine that died while writing had not written', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    engine.whileSaving = async () => {
      engine.become('failed');
      throw new EngineGone('The engine ended.');
    };
    await assert.rejects(instant.save(), EngineGone);
    assert.deepEqual(names(), ['src/a.ts']);
    const counted = engine.next('ngramUpdate');
    engine.become('ready');
    await counted;
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
  });

  it('is written one time after the other', async () => {
    const { instant, engine, write } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    let nWriting = 0;
    const seen: number[] = [];
    engine.whileSaving = async () => {
      seen.push(++nWriting);
      // Whoever else is about to write has brought it up to date by then.
      await instant.update();
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      nWriting--;
    };
    await Promise.all([instant.save(), instant.save()]);
    assert.deepEqual(seen, [1, 1]);
  });

  it('writes once more what a full disk kept from being written', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    engine.whileSaving = async () => {
      throw new Error('ENOSPC');
    };
    await assert.rejects(instant.save(), /ENOSPC/);
    engine.forget();
    engine.whileSaving = async () => {};
    await instant.save();
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
  });

  it('tries again after an update that failed', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    engine.failAt = 'ngramUpdate';
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts']);
    engine.failAt = undefined;
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
  });

  it('says to whoever listens how far a build is, and is cancelled by whoever wants to', async () => {
    const { instant } = open({ 'a.ts': 'a', 'b.ts': 'b' });
    const heard: unknown[] = [];
    instant.onDidChangeBuild(() => heard.push(instant.building));
    const first = instant.build(() => {}, signal);
    await assert.rejects(
      instant.build(() => {}, signal),
      /being built already/,
    );
    await first;
    assert.deepEqual(heard, [{ nFiles: 0, nDone: 0 }, { nFiles: 2, nDone: 2 }, undefined]);
    const second = instant.build(() => {}, signal);
    instant.cancelBuild();
    await assert.rejects(second, { name: 'AbortError' });
    assert.equal(instant.building, undefined);
  });

  it('leaves the old counts when a build is cancelled', async () => {
    const { instant, engine, names } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    const controller = new AbortController();
    const before = new Map(engine.counted);
    await assert.rejects(
      instant.build(() => controller.abort(), controller.signal),
      { name: 'AbortError' },
    );
    assert.deepEqual(engine.counted, before);
    assert.equal(engine.calls.at(-1), 'ngramAbandon');
    assert.deepEqual(names(), ['src/a.ts']);
  });

  it('sends no text again where only the time of a file has changed, and asks about it once', async () => {
    const { instant, engine, write, names } = open({ 'a.ts': 'a', 'b.ts': 'b' });
    await instant.build(() => {}, signal);
    instant.touch(write('a.ts', 'a'), write('b.ts', 'bb'));
    await instant.update();
    assert.deepEqual(engine.sent, ['src/b.ts']);
    engine.calls.length = 0;
    instant.touchAll();
    await instant.update();
    assert.deepEqual(engine.calls, ['ngramFiles']);
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
  });

  it('compares everything when another window has written, and counts what that one had not seen', async () => {
    const { instant, engine, write, names, dir } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    await instant.update();
    // The other one wrote before it saw b.ts, and saw c.ts, of which nobody told this one.
    write('c.ts', 'c');
    engine.forget();
    engine.written = 'second';
    const manifest = path.join(dir, '../storage/modules/instant/module.json');
    writeFileSync(manifest, JSON.stringify({ files: { counts: 'second' } }));
    const counted = engine.next('ngramUpdate');
    await instant.noticeWritten();
    await counted;
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts']);
    await instant.save();
    // And so without being told, when it next has anything to count.
    engine.counted.delete('src/c.ts');
    engine.written = 'third';
    instant.touch(write('d.ts', 'd'));
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/d.ts']);
  });

  it('is written by one window at a time, and keeps what it counted until it can be', async () => {
    const { instant, engine, write, names, dir } = open({ 'a.ts': 'a' });
    await instant.build(() => {}, signal);
    instant.touch(write('b.ts', 'b'));
    const lock = path.join(dir, '../storage/modules/instant.lock');
    writeFileSync(lock, String(process.pid));
    await assert.rejects(instant.save(), { code: 'locked' });
    assert.equal(instant.nUnsaved, 1);
    // Whoever takes it has not said yet who it is.
    writeFileSync(lock, '');
    await assert.rejects(instant.save(), { code: 'locked' });
    // As if the process that has this id now were not the one that took the lock.
    utimesSync(lock, 1000, 1000);
    await instant.save();
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts']);
    assert.equal(instant.nUnsaved, 0);
    writeFileSync(lock, '999999999');
    instant.touch(write('c.ts', 'c'));
    await instant.save();
    engine.forget();
    assert.deepEqual(names(), ['src/a.ts', 'src/b.ts', 'src/c.ts']);
  });

  it('compares everything at its first use: files may have changed while the editor was closed', async () => {
    const { instant, engine, names } = open({ 'a.ts': 'a' });
    engine.counted.set('src/gone.ts', '1:1');
    await instant.update();
    assert.deepEqual(names(), ['src/a.ts']);
  });
});
