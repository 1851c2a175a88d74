// A switch of branches by real git: what differs is sent, what is gone is taken out, and nothing else is touched.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EngineClient } from '../../src/host/engineClient';
import { InstantModule } from '../../src/host/modules/instantModule';
import type { NgramAdd, NgramRecall, NgramUpdate } from '../../src/protocol/messages';

describe('the instant module after git checkout', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-branch-'));
  const root = path.join(dir, '.storage');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: dir, stdio: 'pipe' });
  const write = (name: string, text: string) => writeFileSync(path.join(dir, name), text);
  const counted = new Map<string, string>();
  let updates: { put: string[]; remove: readonly string[] }[] = [];
  const call = async (method: string, params: unknown) => {
    if (method === 'ngramFiles')
      return { files: [...counted].map(([name, stamp]) => ({ name, stamp })), written: 'first' };
    // An engine that was started anew knows none of the texts that left.
    if (method === 'ngramRecall') return { unknown: (params as NgramRecall).files.map(({ name }) => name) };
    const { put = [], remove = [] } =
      method === 'ngramAdd' ? { put: (params as NgramAdd).files } : (params as NgramUpdate);
    for (const name of remove) counted.delete(name);
    for (const { name, stamp } of put) counted.set(name, stamp);
    if (method === 'ngramUpdate') updates.push({ put: put.map(({ name }) => name).sort(), remove });
    return { nFiles: counted.size, nTokens: 0, nLeftOut: 0, sizeBytes: 0, written: 'first' };
  };
  const instant = new InstantModule({
    engine: { call: call as EngineClient['call'], state: 'ready', onDidChangeState: () => ({ dispose: () => {} }) },
    root,
    folders: () => [{ name: 'w', dir, mayRead: () => true }],
    proposal: async () => ({ id: 'p', dir: '/p' }),
    isUsed: () => true,
    onLog: () => {},
    now: () => 0,
  });
  after(() => {
    instant.dispose();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  async function checkOut(branch: string): Promise<typeof updates> {
    updates = [];
    git('checkout', '-q', branch);
    instant.touchAll();
    await instant.update();
    return updates;
  }

  before(async () => {
    git('init', '-q', '-b', 'main');
    write('.gitignore', '.storage\n');
    for (const name of ['same.ts', 'changed.ts', 'only-main.ts']) write(name, `// ${name}\n`);
    git('add', '.');
    git('commit', '-q', '-m', 'main');
    git('checkout', '-q', '-b', 'other');
    write('changed.ts', '// changed on the other branch\n');
    write('only-other.ts', '// only there\n');
    git('rm', '-q', 'only-main.ts');
    git('add', '.');
    git('commit', '-q', '-m', 'other');
    git('checkout', '-q', 'main');
    mkdirSync(path.join(root, 'modules/instant'), { recursive: true });
    writeFileSync(path.join(root, 'modules/instant/module.json'), '{}');
    await instant.build(() => {}, new AbortController().signal);
  });

  it('counts what differs anew, and takes out what is gone', async () => {
    assert.deepEqual(await checkOut('other'), [
      { put: ['w/changed.ts', 'w/only-other.ts'], remove: ['w/only-main.ts'] },
    ]);
    assert.deepEqual([...counted.keys()].sort(), ['w/.gitignore', 'w/changed.ts', 'w/only-other.ts', 'w/same.ts']);
  });

  it('and back again', async () => {
    assert.deepEqual(await checkOut('main'), [
      { put: ['w/changed.ts', 'w/only-main.ts'], remove: ['w/only-other.ts'] },
    ]);
  });

  it('sends nothing where both branches are the same', async () => {
    git('branch', 'twin');
    assert.deepEqual(await checkOut('twin'), []);
  });
});
