// Against real git: where HEAD is, in each kind of working tree that git makes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gitFolderOf } from '../../src/host/gitFolder';

const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'protocol.file.allow=always'];

describe('the folder of git', () => {
  const scratch = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'residual-git-')));
  const at = (...parts: string[]) => path.join(scratch, ...parts);
  const git = (dir: string, ...args: string[]) =>
    execFileSync('git', [...identity, ...args], { cwd: dir, stdio: 'pipe' });
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  before(() => {
    mkdirSync(at('repository/src/deep'), { recursive: true });
    writeFileSync(at('repository/a.ts'), '');
    git(at('repository'), 'init', '-q', '-b', 'main');
    git(at('repository'), 'add', '.');
    git(at('repository'), 'commit', '-q', '-m', 'one');
    git(at('repository'), 'worktree', 'add', '-q', '-b', 'other', at('worktree'));
    mkdirSync(at('outer'));
    git(at('outer'), 'init', '-q', '-b', 'main');
    git(at('outer'), 'submodule', '--quiet', 'add', at('repository'), 'inner');
    mkdirSync(at('none/.git'), { recursive: true });
    mkdirSync(at('repository/odd'));
    writeFileSync(at('repository/odd/.git'), 'not what git writes');
  });

  for (const [what, dir, expected] of [
    ['a repository', 'repository', 'repository/.git'],
    ['a folder in a repository', 'repository/src/deep', 'repository/.git'],
    ['a further working tree', 'worktree', 'repository/.git/worktrees/worktree'],
    ['a submodule', 'outer/inner', 'outer/.git/modules/inner'],
    ['a folder below a file that only looks like git’s', 'repository/odd', 'repository/.git'],
    ['an empty folder that is called .git', 'none', undefined],
    ['no repository', '.', undefined],
  ] as const) {
    it(`is found for ${what}`, async () => {
      assert.equal(await gitFolderOf(at(dir)), expected && at(expected));
    });
  }

  it('has the HEAD that a checkout writes', async () => {
    for (const dir of ['repository', 'worktree', 'outer/inner']) {
      const folder = (await gitFolderOf(at(dir))) ?? assert.fail(dir);
      git(at(dir), 'checkout', '-q', '-b', `new-in-${path.basename(dir)}`);
      assert.equal(readFileSync(path.join(folder, 'HEAD'), 'utf8'), `ref: refs/heads/new-in-${path.basename(dir)}\n`);
    }
  });
});
