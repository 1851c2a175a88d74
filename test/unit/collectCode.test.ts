/** Which of the chosen code is trained on, and what is said where there is none, or it cannot be read or written. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkFolder, checkFree, checkWritable } from '../../src/cli/trainingJob';
import { dryRunLine } from '../../src/cli/trainingProgress';
import { UserError } from '../../src/core/errors';
import { listCode, nothingFound } from '../../src/host/training/collectCode';
import { check, type WorkParts } from '../../src/host/training/jobWork';
import type { CodeChoice } from '../../src/protocol/pages/training';
import type { DryRun, TrainingFile, TrainingSpec } from '../../src/protocol/training';

const { signal } = new AbortController();

describe('the code to train on', () => {
  let scratch: string;
  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'residual-code-'));
    for (const dir of [scratch, path.dirname(scratch)]) chmodSync(dir, statSync(dir).mode | 0o111);
  });
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

  const put = (name: string, text: string | number) => {
    const file = path.join(scratch, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof text === 'string' ? text : '');
    if (typeof text === 'number') truncateSync(file, text);
  };
  const list = (name: string, code: CodeChoice = { kind: 'workspace' }) => {
    const dir = path.join(scratch, name);
    const mayRead = (file: string) => !file.endsWith('.env');
    return listCode([{ name, dir, mayRead }], code, (file, glob) => file.endsWith(glob), signal);
  };
  const said = async (name: string, code: CodeChoice = { kind: 'workspace' }) =>
    nothingFound(code, await list(name, code)).message;
  const refuses = (work: Promise<unknown>, message: RegExp) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      return true;
    });

  it('is told why it is none: nothing there, too large, empty, excluded, no source', async () => {
    mkdirSync(path.join(scratch, 'nothing'));
    assert.match(await said('nothing'), /^No source files were found in this workspace/);
    put('large/a.ts', 5_000_000);
    assert.match(await said('large'), /: 1 too large \(over 1 MB, data over 64 KB\)\. Choose other code/);
    put('mixed/a.ts', 5_000_000);
    put('mixed/b.ts', '');
    put('mixed/.env', 'TOKEN=1');
    put('mixed/c.png', 'png');
    assert.match(await said('mixed'), /: 1 too large .*, 1 excluded, .*, 1 empty, 1 not source text\./);
    assert.match(await said('mixed', { kind: 'glob', glob: 'b.ts' }), /: 1 empty\./);
    assert.match(await said('mixed', { kind: 'glob', glob: '.rs' }), /^No source file matches/);
    assert.match(
      await said('mixed', { kind: 'folder', path: 'sub' }),
      /^No source files were found in the folder "sub"/,
    );
  });

  it('is cut at 32 MiB, and what is past that is counted', async () => {
    for (let i = 0; i < 36; i++) put(`much/${i}.ts`, 950_000);
    put('much/large.ts', 1_200_000);
    const { files, nLeftOut, nOverLimit } = await list('much');
    assert.deepEqual([files.length, nOverLimit, nLeftOut], [35, 1, { large: 1 }]);
  });

  it('is counted in a dry run with all that never reached the trainer', async () => {
    put('kinds/a.ts', 'const a = 1;\n');
    put('kinds/zeros.ts', 90);
    put('kinds/one-line.ts', `const b = '${'x'.repeat(6000)}';`);
    put('kinds/large.ts', 1_200_000);
    put('kinds/empty.ts', '');
    put('kinds/logo.png', 'png');
    writeFileSync(path.join(scratch, 'kinds/latin1.ts'), Buffer.from([0x2f, 0x2f, 0xe9]));
    const sent: string[] = [];
    const prepared = { nUnfit: 2, nDuplicates: 1 } as DryRun;
    const trainer = {
      call: async (method: string, params: { files: TrainingFile[] }) => {
        if (method === 'addFiles') sent.push(...params.files.map(({ name }) => name));
        return prepared;
      },
    };
    const dryRun = await check(
      {
        store: { dir: () => path.join(scratch, 'job') },
        withTrainer: (work: (one: typeof trainer) => unknown) => work(trainer),
        folders: () => [{ name: 'kinds', dir: path.join(scratch, 'kinds'), mayRead: () => true }],
        matches: () => true,
      } as unknown as WorkParts,
      { id: 'job', spec: {} as TrainingSpec, form: { code: { kind: 'workspace' } } },
      () => {},
      signal,
    );
    assert.deepEqual(sent, ['a.ts']);
    assert.deepEqual(dryRun, { nUnfit: 2 + 5, nDuplicates: 1 });
    const line = dryRunLine({ ...dryRun, epochs: 1, nOverLimit: 4, nSecrets: { keys: 0, tokens: 0, addresses: 0 } });
    assert.match(line, /7 unfit files, 0 secrets, 4 files past 32 MiB/);
  });

  describe('with permissions that forbid it', function () {
    // Root reads everything: then somebody else looks.
    const isRoot = process.getuid?.() === 0;
    before(() => {
      if (process.platform === 'win32') this.ctx.skip();
      for (const name of ['closed/in/a.ts', 'fixed/a.ts']) put(name, 'const a = 1;\n');
      chmodSync(path.join(scratch, 'closed'), 0o000);
      chmodSync(path.join(scratch, 'fixed'), 0o555);
    });
    after(() => chmodSync(path.join(scratch, 'closed'), 0o755));
    const asAnybody = async <T>(look: () => Promise<T>): Promise<T> => {
      if (isRoot) process.seteuid?.('nobody');
      try {
        return await look();
      } finally {
        if (isRoot) process.seteuid?.(0);
      }
    };
    const at = (name: string) => path.join(scratch, name);

    it('says of the code that it cannot be read', () =>
      asAnybody(async () => {
        await refuses(list('closed'), /The folder .*closed cannot be read \(EACCES\)\. Change its permissions/);
        await refuses(checkFolder(at('closed/in')), /closed\/in cannot be looked at \(EACCES\)\. .* another --from/);
        await refuses(checkFolder(at('gone')), /There is no folder .*gone/);
        await refuses(checkFolder(at('fixed/a.ts')), /There is no folder .*a\.ts/);
        await checkFolder(at('fixed'));
      }));
    it('says of a place for the module that nothing can be written there, or that it cannot be looked at', () =>
      asAnybody(async () => {
        await refuses(checkFree(at('closed/in')), /closed\/in cannot be looked at \(EACCES\)\. .* another --out/);
        await refuses(checkFree(at('fixed/a.ts')), /a\.ts is no folder/);
        await checkFree(at('fixed/new'));
        for (const place of ['fixed/new', 'fixed/new/deep'])
          await refuses(
            checkWritable(at(place), 'out'),
            /Nothing can be written in .*fixed \(EACCES\)\. .* another --out/,
          );
        await refuses(checkWritable(at('fixed/job'), 'job'), /another --job/);
      }));
    it('has nothing against a place that can be written', () => checkWritable(at('fresh/deep/module'), 'out'));
  });
});
