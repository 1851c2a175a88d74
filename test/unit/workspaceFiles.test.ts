import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Gitignore } from '../../src/host/gitignore';
import { examineFiles, listFiles, readSource, stampOf } from '../../src/host/workspaceFiles';

const { signal } = new AbortController();

describe('gitignore', () => {
  const check = (rules: string, ignored: readonly string[], kept: readonly string[]) => {
    const gitignore = Gitignore.parse(rules);
    for (const name of ignored) assert.ok(gitignore.ignores(name), `${name} by ${JSON.stringify(rules)}`);
    for (const name of kept) assert.ok(!gitignore.ignores(name), `${name} not by ${JSON.stringify(rules)}`);
  };
  it('reads names, folders, anchors, globs and exceptions as git does', () => {
    check('out\n', ['out', 'out/', 'a/out', 'a/b/out/'], ['outer', 'about', 'out.ts']);
    check('out/\n', ['out/', 'a/out/'], ['out']);
    check('/out\n', ['out', 'out/'], ['a/out']);
    check('a/b\n', ['a/b'], ['c/a/b', 'a/bc']);
    check('*.log\n!keep.log\n', ['x.log', 'a/x.log'], ['keep.log', 'a/keep.log', 'x.logs']);
    check('**/gen/*.ts\n', ['gen/a.ts', 'x/y/gen/a.ts'], ['gen/a/b.ts']);
    check('a/**/b\n', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'c/a/b']);
    check('doc/**\n', ['doc/a', 'doc/a/b/'], ['doc', 'a/doc/b']);
    check('f?[ab].c\n# note\n\n  \n\\#real\n', ['fxa.c', 'f1b.c', '#real'], ['fxc.c', 'f/a.c', '# note', 'note']);
    check('a+b(c).{ts}\n', ['a+b(c).{ts}'], ['aab(c).ts']);
  });
});

describe('files of a workspace', () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'residual files ü-'));
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  const NOT_READ = ['.env', 'secret/id_rsa'];
  const write = (dir: string, files: Record<string, string | Buffer>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
      writeFileSync(path.join(dir, name), text);
    }
  };
  const FILES = {
    'src/a.ts': 'const a = 1;\n',
    'src/ü b/c.py': 'x = 1\n',
    'src/ignored/d.ts': 'no',
    '.gitignore': 'ignored/\n*.out\n',
    'x.out': 'no',
    '.env': 'TOKEN=1',
    'secret/id_rsa': 'key',
    'package-lock.json': '{}',
    'yarn.lock': '',
    'logo.png': 'png',
    'lib.min.js': 'x',
    'bundle.js.map': '{}',
    'large.json': `"${'x'.repeat(70_000)}"`,
    'huge.ts': '//\n'.repeat(400_000),
    'empty.ts': '',
    'binary.ts': Buffer.from([1, 0, 2]),
    'latin1.ts': Buffer.from([0x2f, 0x2f, 0xe9]),
    'minified.js': `x${'='.repeat(6000)}\n`,
    'node_modules/dep/index.js': 'no',
  };
  const folderOf = (dir: string) => ({
    name: 'work',
    dir,
    mayRead: (file: string) => !NOT_READ.some(name => file === path.join(dir, name)),
  });

  for (const kind of ['with git', 'without git'] as const) {
    it(`${kind}: source text only, nothing ignored, secret, locked, generated or binary`, async () => {
      const dir = path.join(scratch, kind);
      write(dir, FILES);
      if (kind === 'with git') {
        writeFileSync(path.join(dir, '.gitignore'), `${FILES['.gitignore']}node_modules\n`);
        execFileSync('git', ['init', '-q'], { cwd: dir });
        execFileSync('git', ['add', 'src/a.ts'], { cwd: dir });
      }
      const folder = folderOf(dir);
      const listed = await listFiles([folder], undefined, signal);
      const texts = new Map<string, string>();
      for (const file of listed) {
        const text = await readSource(file);
        if (text !== undefined) texts.set(file.name, text);
      }
      assert.deepEqual([...texts.keys()].sort(), ['work/.gitignore', 'work/src/a.ts', 'work/src/ü b/c.py']);
      assert.equal(texts.get('work/src/a.ts'), 'const a = 1;\n');

      const only = ['src/a.ts', 'src/ignored/d.ts', 'src/gone.ts', '.env'].map(name => path.join(dir, name));
      assert.deepEqual(
        (await listFiles([folder], only, signal)).map(f => f.name),
        ['work/src/a.ts'],
      );
      const inFolder = await listFiles([folder], [path.join(dir, 'src')], signal);
      assert.deepEqual(inFolder.map(f => f.name).sort(), ['work/src/a.ts', 'work/src/ü b/c.py']);
      assert.deepEqual(await listFiles([folder], [path.join(scratch, 'elsewhere.ts')], signal), []);
    });
  }

  for (const kind of ['with git', 'without git'] as const) {
    it(`${kind}: nothing that a link leads to, in the workspace or outside`, async () => {
      const dir = path.join(scratch, `links ${kind}`);
      const outside = path.join(scratch, `outside ${kind}`);
      write(outside, { '.env': 'TOKEN=1', 'moved.ts': 'const secret = 1;\n' });
      write(dir, { '.env': 'TOKEN=2', 'src/a.ts': 'const a = 1;\n', 'gone/moved.ts': 'const m = 1;\n' });
      symlinkSync(path.join(outside, '.env'), path.join(dir, 'settings.ts'));
      symlinkSync(path.join(dir, '.env'), path.join(dir, 'src/local.ts'));
      symlinkSync(outside, path.join(dir, 'linked'), 'junction');
      if (kind === 'with git') {
        execFileSync('git', ['init', '-q'], { cwd: dir });
        execFileSync('git', ['add', '-A'], { cwd: dir });
      }
      renameSync(path.join(dir, 'gone'), path.join(outside, 'gone'));
      symlinkSync(outside, path.join(dir, 'gone'), 'junction');
      const names = async (only?: readonly string[]) =>
        (await listFiles([folderOf(dir)], only, signal)).map(({ name }) => name).sort();
      assert.deepEqual(await names(), ['work/src/a.ts']);
      for (const name of ['gone', 'gone/moved.ts', 'linked', 'settings.ts', 'src/local.ts'])
        assert.deepEqual(await names([path.join(dir, name)]), [], name);
      // The folder itself may well be reached by a link.
      const link = path.join(scratch, `link to ${kind}`);
      symlinkSync(dir, link, 'junction');
      assert.equal((await listFiles([folderOf(link)], undefined, signal)).length, 1);
    });
  }

  it('says of each file that is left out by its name, its size or a setting why it is', async () => {
    const dir = path.join(scratch, 'why');
    write(dir, FILES);
    const { leftOut } = await examineFiles([folderOf(dir)], undefined, signal);
    assert.deepEqual(
      leftOut.map(({ name, reason }) => `${name}: ${reason}`).sort(),
      [
        ...['.env: excluded', 'bundle.js.map: kind', 'empty.ts: empty', 'huge.ts: large', 'large.json: large'],
        ...[
          'lib.min.js: kind',
          'logo.png: kind',
          'package-lock.json: kind',
          'secret/id_rsa: excluded',
          'yarn.lock: kind',
        ],
      ].map(line => `work/${line}`),
    );
  });

  it('lists what changed last first, and marks every state of a file', async () => {
    const dir = path.join(scratch, 'times');
    write(dir, { 'old.ts': 'a', 'new.ts': 'b', 'mid.ts': 'c' });
    for (const [name, time] of [
      ['old.ts', 1000],
      ['mid.ts', 2000],
      ['new.ts', 3000],
    ] as const)
      utimesSync(path.join(dir, name), time, time);
    const listed = await listFiles([folderOf(dir)], undefined, signal);
    assert.deepEqual(
      listed.map(f => f.name),
      ['work/new.ts', 'work/mid.ts', 'work/old.ts'],
    );
    utimesSync(path.join(dir, 'old.ts'), 4000, 4000);
    const again = await listFiles([folderOf(dir)], undefined, signal);
    assert.equal(again[0].name, 'work/old.ts');
    assert.notEqual(stampOf(again[0]), stampOf(listed[2]));
    assert.equal(stampOf(again[1]), stampOf(listed[0]));
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(listFiles([folderOf(scratch)], undefined, controller.signal), { name: 'AbortError' });
  });
});
