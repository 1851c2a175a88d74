// Against real git: what was changed, in repositories as people have them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { placesIn } from '../../src/core/edits/editPlaces';
import { UserError } from '../../src/core/errors';
import { listChanges, readChange } from '../../src/host/edits/editChanges';
import { git } from '../../src/host/edits/git';
import type { EditSource } from '../../src/protocol/pages/edits';

const signal = new AbortController().signal;

describe('changes of a repository', () => {
  let dir = '';
  beforeEach(() => {
    dir = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'residual-edits-')));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

  const at = (...parts: string[]) => path.join(dir, ...parts);
  const write = (file: string, text: string | Uint8Array) => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
  };
  const run = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: dir, stdio: 'pipe' });
  const init = () => run('init', '-q', '-b', 'main');
  const commit = (message = 'change') => {
    run('add', '-A');
    run('commit', '-q', '-m', message);
  };
  const folder = (below = '', excluded = /secret/) => ({
    name: 'repo',
    dir: at(below),
    mayRead: (file: string) => !excluded.test(file),
  });
  const list = (source: EditSource, below?: string) => listChanges(folder(below), source, signal);
  /** `FILE: line, line` of everything that was written. */
  async function written(source: EditSource, below?: string): Promise<string[]> {
    const { changes } = await list(source, below);
    const read = await Promise.all(changes.map(change => readChange(folder(below), change, signal)));
    return read
      .flatMap(change => {
        if (change === undefined) return [];
        const lines = [...new Set(placesIn(change).map(({ line }) => change.newText.split('\n')[line - 1].trim()))];
        return [`${change.file}: ${lines.join(' | ')}`];
      })
      .sort();
  }
  const refuses = (work: Promise<unknown>, code: string, message: RegExp) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
  const working: EditSource = { kind: 'working' };
  const last = (n: number): EditSource => ({ kind: 'last', n });
  const range = (typed: string): EditSource => ({ kind: 'range', range: typed });

  it('are those that are not committed, new files among them', async () => {
    init();
    write('a.ts', 'const first = 1;\nconst second = 2;\n');
    commit();
    write('a.ts', 'const first = 1;\nconst added = 3;\nconst second = 2;\n');
    write('new.ts', 'const whole = 4;\n');
    write('staged.ts', 'const staged = 5;\n');
    run('add', 'staged.ts');
    write('.gitignore', 'ignored.ts\n');
    write('ignored.ts', 'const ignored = 6;\n');
    assert.deepEqual(await written(working), [
      '.gitignore: ignored.ts',
      'a.ts: const added = 3;',
      'new.ts: const whole = 4;',
      'staged.ts: const staged = 5;',
    ]);
  });

  it('are those of the last commits, each with the text that it had then', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    commit();
    write('a.ts', 'const first = 1;\nconst second = 2;\n');
    commit();
    write('a.ts', 'const first = 1;\nconst second = 2;\nconst third = 3;\n');
    commit();
    write('a.ts', 'const unsaved = 0;\n');
    assert.deepEqual(await written(last(1)), ['a.ts: const third = 3;']);
    assert.deepEqual(await written(last(2)), ['a.ts: const second = 2;', 'a.ts: const third = 3;']);
    // The first commit made the file.
    assert.equal((await list(last(9))).nCommits, 3);
    assert.ok((await written(last(9))).includes('a.ts: const first = 1;'));
  });

  it('are those of a range, or of one commit that is named', async () => {
    init();
    for (const [tag, name] of [
      ['one', 'first'],
      ['two', 'second'],
      ['three', 'third'],
    ]) {
      write(`${name}.ts`, `const ${name} = 1;\n`);
      commit();
      run('tag', tag);
    }
    assert.deepEqual(await written(range('one..three')), [
      'second.ts: const second = 1;',
      'third.ts: const third = 1;',
    ]);
    assert.deepEqual(await written(range(' two ')), ['second.ts: const second = 1;']);
    assert.deepEqual(await written(range('HEAD~1')), ['second.ts: const second = 1;']);
    assert.deepEqual(await written(range('one')), ['first.ts: const first = 1;']);
  });

  it('by a name that git does not know are refused, and what looks like an option is no option', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    commit();
    for (const typed of [
      'nowhere',
      'main..nowhere',
      '--all',
      '-n1',
      'main HEAD',
      '--output=/tmp/x',
      '--branches=..',
      'a\0b',
      ' ',
    ])
      await refuses(list(range(typed)), 'git-unknown-range', /Git knows no commits by .*main\.\.HEAD/);
    await refuses(list(range('main..HEAD')), 'edits-none', /No source file was changed/);
  });

  it('of a merge are those of the commits that it joins', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    commit();
    run('checkout', '-q', '-b', 'side');
    write('side.ts', 'const side = 1;\n');
    commit();
    run('checkout', '-q', 'main');
    write('main.ts', 'const main = 1;\n');
    commit();
    run('merge', '-q', '--no-ff', '-m', 'merge', 'side');
    assert.deepEqual(await written(range('HEAD~1..HEAD')), ['side.ts: const side = 1;']);
    assert.equal((await list(range('HEAD~1..HEAD'))).nCommits, 1);
    await refuses(list(range('HEAD')), 'edits-none', /No source file was changed/);
  });

  it('follow a renamed file, and see nothing written in what was only renamed', async () => {
    init();
    const lines = Array.from({ length: 20 }, (_, i) => `const value${i} = ${i};`);
    write('old.ts', `${lines.join('\n')}\n`);
    write('same.ts', `${lines.map(line => `${line} //`).join('\n')}\n`);
    commit();
    renameSync(at('old.ts'), at('new.ts'));
    renameSync(at('same.ts'), at('moved.ts'));
    write('new.ts', `${[...lines, 'const added = true;'].join('\n')}\n`);
    run('add', '-A');
    assert.deepEqual(await written(working), ['moved.ts: ', 'new.ts: const added = true;']);
    commit();
    assert.deepEqual(await written(last(1)), ['moved.ts: ', 'new.ts: const added = true;']);
  });

  it('leave out binaries, deleted files, links, submodules, generated files and what is excluded', async () => {
    init();
    write('gone.ts', 'const gone = 1;\n');
    write('picture.ts', 'const text = 1;\n');
    write('secret.ts', 'const token = 1;\nconst other = 2;\n');
    write('once.ts', 'const once = 1;\n');
    commit();
    rmSync(at('gone.ts'));
    rmSync(at('once.ts'));
    symlinkSync(at('secret.ts'), at('once.ts'));
    write('picture.ts', Buffer.from([0x63, 0, 0xff, 0xfe, 0x0a]));
    write('latin.ts', Buffer.from('const gr\xf6\xdfe = 1;\n', 'latin1'));
    write('package-lock.json', '{ "name": "lock" }\n');
    write('image.png', 'const image = 1;\n');
    write('data.json', `${'{"a": [1, 2, 3]}\n'.repeat(10_000)}`);
    write('min.ts', `const min = [${'1,'.repeat(9000)}];\n`);
    write('secret.ts', 'const token = 1;\nconst other = 2;\nconst more = 3;\n');
    write('kept.ts', 'const kept = 1;\n');
    symlinkSync(at('secret.ts'), at('link.ts'));
    execFileSync('git', ['init', '-q', 'inner'], { cwd: dir });
    assert.deepEqual(await written(working), ['kept.ts: const kept = 1;']);
    rmSync(at('inner'), { recursive: true });
    commit();
    assert.deepEqual(await written(last(1)), ['kept.ts: const kept = 1;']);
    assert.equal((await list(last(1))).nExcluded, 1);
    // What was a secret under another name is below and above the lines of the new one.
    renameSync(at('secret.ts'), at('public.ts'));
    run('add', '-A');
    await refuses(
      list(working),
      'edits-excluded',
      /excluded from completions by residual\.exclude or residual\.languages \(1\)/,
    );
  });

  it('are told apart from line ends and indentation', async () => {
    init();
    const lines = ['function f() {', 'return first;', '}'];
    write('a.ts', `${lines.join('\n')}\n`);
    run('config', 'core.autocrlf', 'false');
    commit();
    write('a.ts', `${lines.join('\r\n')}\r\nconst added = 2;\r\n`);
    assert.deepEqual(await written(working), ['a.ts: const added = 2;']);
    commit();
    assert.deepEqual(await written(last(1)), ['a.ts: const added = 2;']);
    const [change] = (await list(last(1))).changes;
    assert.ok(!(await readChange(folder(), change, signal))?.newText.includes('\r'));
    write('a.ts', '  function f() {\r\n    return first;\r\n  }\r\nconst added = 2;\r\n');
    assert.deepEqual(await written(working), ['a.ts: ']);
    write('a.ts', 'function f( ) {\r\nreturn first;\r\n}\r\nconst  added=2;\r\n');
    assert.deepEqual(await written(working), ['a.ts: ']);
  });

  it('are found by names with spaces, quotes, line ends and letters of any kind', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    commit();
    const names = [
      'mit Leerzeichen.ts',
      'größe/длина.ts',
      '長さ "zitat".ts',
      "it's.ts",
      '[a-z]*.ts',
      ':(top)x.ts',
      '-n.ts',
      'a\nb.ts',
    ];
    for (const name of names) write(name, 'const added = 2;\n');
    const expected = names.map(name => `${name}: const added = 2;`).sort();
    assert.deepEqual(await written(working), expected);
    commit();
    assert.deepEqual(await written(last(1)), expected);
    for (const name of names) write(name, 'const added = 2;\nconst later = 3;\n');
    assert.deepEqual(await written(working), names.map(name => `${name}: const later = 3;`).sort());
  });

  it('of a folder below the root are its own, by their names in it', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    write('packages/web/b.ts', 'const second = 2;\n');
    commit();
    write('a.ts', 'const first = 1;\nconst outside = 3;\n');
    write('packages/web/b.ts', 'const second = 2;\nconst inside = 4;\n');
    assert.deepEqual(await written(working, 'packages/web'), ['b.ts: const inside = 4;']);
    commit();
    assert.deepEqual(await written(last(1), 'packages/web'), ['b.ts: const inside = 4;']);
  });

  it('are everything where nothing was committed yet', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    write('b.ts', 'const second = 2;\n');
    run('add', 'a.ts');
    assert.deepEqual(await written(working), ['a.ts: const first = 1;', 'b.ts: const second = 2;']);
    await refuses(list(last(5)), 'git-no-commits', /no commits in .* yet/);
    await refuses(list(range('main..HEAD')), 'git-no-commits', /no commits in .* yet/);
  });

  it('of a huge commit are some of all its files', async () => {
    init();
    for (let i = 0; i < 900; i++) write(`src/${String(i).padStart(3, '0')}.ts`, `const value${i} = ${i};\n`);
    commit();
    const { changes } = await list(last(1));
    assert.equal(changes.length, 400);
    assert.ok(changes[0].file < 'src/003.ts' && changes[399].file > 'src/896.ts');
  });

  it('are none without a repository, without changes, or without git, and each says so', async () => {
    await refuses(list(working), 'git-no-repository', /is not in a git repository.*git init/);
    init();
    write('a.ts', 'const first = 1;\n');
    commit();
    await refuses(list(working), 'edits-none', /No source file differs from the last commit/);
    const { PATH } = process.env;
    process.env.PATH = at('nowhere');
    try {
      await refuses(list(working), 'git-missing', /Git is not found.*Install git/);
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('run nothing that the repository names, and write nothing', async () => {
    init();
    write('a.ts', 'const first = 1;\n');
    write('.gitattributes', '*.ts diff=evil\n');
    commit();
    const trap = at('trap');
    writeFileSync(at('evil.sh'), `#!/bin/sh\ntouch '${trap}'\ncat "$1"\n`, { mode: 0o755 });
    for (const key of ['diff.external', 'diff.evil.command', 'diff.evil.textconv', 'core.fsmonitor', 'core.pager'])
      run('config', key, at('evil.sh'));
    write('a.ts', 'const first = 1;\nconst added = 2;\n');
    assert.ok((await written(working)).includes('a.ts: const added = 2;'));
    await written(last(1));
    assert.throws(() => realpathSync(trap), { code: 'ENOENT' });
  });

  it('are not asked for once it is cancelled', async () => {
    init();
    await assert.rejects(listChanges(folder(), working, AbortSignal.abort()), { name: 'AbortError' });
    const controller = new AbortController();
    const asked = git(['cat-file', '--batch'], { dir, input: '', signal: controller.signal });
    controller.abort();
    await assert.rejects(asked, { name: 'AbortError' });
  });
});
