// Modules as files of a person's own: what comes in, goes out, is renamed, deleted and put back, and what is verified.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { EngineGone, UserError } from '../../src/core/errors';
import { say, told } from '../../src/core/sentence';
import { ModuleChoice } from '../../src/host/modules/moduleChoice';
import { ModuleFiles } from '../../src/host/modules/moduleFiles';
import { withReason } from '../../src/host/modules/moduleVerification';
import { type ModuleStore, manifestOf, openModuleStore, sha256, signal, WEIGHTS } from './support/moduleStore';
import { assertTranslatable } from './support/translatable';

const ids = async (store: ModuleStore) => (await store.registry.modules()).map(m => `${m.id} ${m.origin}`);

describe('module files', () => {
  let store: ModuleStore;
  beforeEach(() => {
    store = openModuleStore();
  });
  afterEach(() => store.close());

  const folder = (id: string, over: object = {}) => store.writeModule(`received/${id}`, manifestOf(id, over));
  const take = (id: string, over: object = {}) => store.files.importFrom(folder(id, over), 'refuse', signal);
  const refuses = async (work: Promise<unknown>, code: string, message: RegExp): Promise<void> => {
    await assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assertTranslatable(error.sentence);
      return true;
    });
  };

  describe('importing a folder', () => {
    it('copies the module and leaves the folder as it was', async () => {
      const dir = folder('react');
      store.write('received/react/README.md', 'Hello');
      store.write('received/react/.git/config', 'private');
      assert.deepEqual(await store.files.importFrom(dir, 'refuse', signal), {
        id: 'react',
        title: 'Title of react',
        outcome: 'imported',
        proposalId: 'p',
        signer: undefined,
        isSignatureDropped: false,
      });
      assert.deepEqual(store.listing(), ['react', 'react/README.md', 'react/model.safetensors', 'react/module.json']);
      assert.ok(existsSync(`${dir}/module.json`));
    });

    it('tries it with the engine before it is moved into place', async () => {
      store.broken.set('react', new UserError('architecture-unknown', say`It was made for another architecture.`));
      await refuses(take('react'), 'architecture-unknown', /^"react" was not imported\. It was made for another arch/);
      assert.match(store.loaded[0].folder, /^\.incoming-/);
      assert.deepEqual(store.listing(), []);
    });

    it('tries it with the proposal that it was made for, when that is here', async () => {
      const { proposalId } = await take('react', { tokenizerSha256: sha256('{"another tokenizer":true}') });
      assert.equal(proposalId, 'q');
      assert.deepEqual(
        store.loaded.map(l => l.proposal),
        ['q'],
      );
    });

    const rows: readonly (readonly [string, (dir: string) => void, string, RegExp])[] = [
      ['with a graph in it', dir => writeFileSync(`${dir}/model.onnx`, ''), 'module-file-not-allowed', /graph/],
      ['with a folder in it', dir => mkdirSync(`${dir}/checkpoints`), 'archive-link', /"checkpoints"/],
      ['with a link in it', dir => symlinkSync('/etc/passwd', `${dir}/NOTICE`), 'archive-link', /"NOTICE"/],
      ['with changed weights', dir => writeFileSync(`${dir}/model.safetensors`, 'x'), 'model-file-changed', /SHA-256/],
    ];
    for (const [what, damage, code, message] of rows) {
      it(`${what} is refused, and leaves nothing`, async () => {
        const dir = folder('react');
        damage(dir);
        await refuses(store.files.importFrom(dir, 'refuse', signal), code, message);
        assert.deepEqual(store.listing(), []);
      });
    }

    it('that is no module is refused', async () => {
      mkdirSync(store.outside('received'), { recursive: true });
      await refuses(
        store.files.importFrom(store.outside('received'), 'refuse', signal),
        'module-incomplete',
        /no module/,
      );
    });

    it('of counts from another workspace is refused', async () => {
      const files = { 'ngram.bin': sha256('counts') };
      const { architecture: _, ...rest } = manifestOf('instant', { kind: 'ngram', files });
      store.write('received/instant/module.json', JSON.stringify(rest));
      const dir = store.outside('received/instant');
      await refuses(
        store.files.importFrom(dir, 'refuse', signal),
        'module-holds-workspace-text',
        /text of the workspace/,
      );
      store.write('received/instant/ngram.bin', 'counts');
      await refuses(store.files.importFrom(dir, 'refuse', signal), 'module-file-not-allowed', /text of the workspace/);
      assert.deepEqual(store.listing(), []);
    });

    const disks: readonly (readonly [string, string, RegExp])[] = [
      ['ENOSPC', 'disk-full', /disk is full\. Make room/],
      ['EDQUOT', 'disk-full', /disk is full/],
      ['EROFS', 'disk-refused', /does not allow it: \/x\. Change/],
      ['EACCES', 'disk-refused', /permissions/],
      ['ENOENT', 'file-missing', /\/x is not there/],
      ['EIO', 'disk-failed', /i\/o error Try again/],
    ];
    for (const [errno, code, message] of disks) {
      it(`to a disk that answers ${errno} says what to do`, () =>
        refuses(
          withReason('react', 'imported', () =>
            Promise.reject(Object.assign(new Error('i/o error'), { code: errno, path: '/x' })),
          ),
          code,
          message,
        ));
    }

    it('where no folder can be made leaves everything as it was', async () => {
      store.write('storage/modules', 'a file in the place of the folder');
      await refuses(take('react'), 'disk-failed', /^"react" was not imported/);
      assert.equal(readFileSync(store.at('modules'), 'utf8'), 'a file in the place of the folder');
    });

    it('whose engine ends meanwhile can be tried again', async () => {
      store.broken.set('react', new EngineGone('killed'));
      await refuses(take('react'), 'engine-gone', /Try again/);
      store.broken.clear();
      assert.equal((await take('react')).outcome, 'imported');
    });
  });

  describe('an id that is there already', () => {
    const other = { version: '2.0.0' };

    it('of the same module changes nothing', async () => {
      await take('react');
      assert.equal((await take('react')).outcome, 'unchanged');
      await store.files.rename('react', 'Mine');
      const { id, title, outcome } = await take('react');
      assert.deepEqual([id, title, outcome], ['react', 'Mine', 'unchanged']);
      assert.deepEqual(
        store.listing().filter(name => !name.includes('/')),
        ['react'],
      );
    });

    it('of another module is refused until the person decides', async () => {
      await take('react');
      await refuses(
        take('react', other),
        'module-exists',
        /another module with the id "react".*Replace it, or keep both/,
      );
      assert.equal(store.json('modules/react/module.json').version, '1.0.0');
    });

    it('is replaced when the person wants that', async () => {
      await take('react');
      const { outcome } = await store.files.importFrom(folder('react', other), 'replace', signal);
      assert.equal(outcome, 'replaced');
      assert.equal(store.json('modules/react/module.json').version, '2.0.0');
      assert.deepEqual(
        store.listing().filter(name => !name.includes('/')),
        ['react'],
      );
    });

    it('gets a number when the person keeps both, and unknown fields survive that', async () => {
      await take('react');
      const dir = folder('react', { ...other, author: { name: 'somebody' } });
      assert.equal((await store.files.importFrom(dir, 'keep both', signal)).id, 'react-2');
      assert.equal((await store.files.importFrom(folder('React', other), 'keep both', signal)).id, 'React-3');
      assert.deepEqual(store.json('modules/react-2/module.json').author, { name: 'somebody' });
      assert.deepEqual(await ids(store), ['react personal', 'react-2 personal', 'React-3 personal', 'shipped shipped']);
    });

    it("of Residual's or a team's own is never replaced", async () => {
      store.writeModule('team/modules/ours', manifestOf('ours'));
      for (const id of ['shipped', 'ours', 'instant']) {
        const dir = folder(id, other);
        await refuses(store.files.importFrom(dir, 'replace', signal), 'module-exists-fixed', /Keep both/);
        assert.equal((await store.files.importFrom(dir, 'keep both', signal)).id, `${id}-2`);
      }
    });

    it('of a team, with the same content, is copied: the team goes with its workspace', async () => {
      store.writeModule('team/modules/ours', manifestOf('ours'));
      assert.equal((await take('ours')).outcome, 'imported');
      assert.ok((await ids(store)).includes('ours personal'));
    });

    it('differs in case alone: some disks would not tell them apart', async () => {
      await take('react');
      await refuses(take('REACT', other), 'module-exists', /Replace it/);
    });

    it('in the name of a folder without a module is no obstacle', async () => {
      mkdirSync(store.at('modules/react'), { recursive: true });
      await take('react');
      assert.ok((await ids(store)).includes('react personal'));
      assert.ok(existsSync(store.at('modules/react-2/module.json')));
    });

    it('meets nobody when two imports are started at once', async () => {
      const second = store.writeModule('received/other', manifestOf('react', other));
      const outcomes = await Promise.allSettled([
        take('react'),
        store.files.importFrom(second, 'refuse', signal),
        take('react'),
      ]);
      assert.deepEqual(outcomes.map(o => (o.status === 'fulfilled' ? o.value.outcome : o.reason.code)).sort(), [
        'imported',
        'module-exists',
        'unchanged',
      ]);
    });
  });

  describe('exporting', () => {
    it('makes an archive that comes in again, the same one every time', async () => {
      await take('react', { author: 'somebody' });
      writeFileSync(store.at('modules/react/LICENSE'), 'Apache');
      writeFileSync(store.at('modules/react/notes.tmp'), 'mine');
      const [a, b] = [store.outside('a.ram'), store.outside('b.ram')];
      const sizeBytes = await store.files.export('react', a, signal);
      assert.equal(readFileSync(a).byteLength, sizeBytes);
      await store.files.export('react', b, signal);
      assert.deepEqual(readFileSync(a), readFileSync(b));
      await store.files.remove('react');
      await store.files.importFrom(a, 'refuse', signal);
      assert.equal(store.json('modules/react/module.json').author, 'somebody');
      assert.equal(readFileSync(store.at('modules/react/LICENSE'), 'utf8'), 'Apache');
      assert.equal(readFileSync(store.at('modules/react/model.safetensors'), 'utf8'), WEIGHTS);
      assert.ok(!existsSync(store.at('modules/react/notes.tmp')));
    });

    it('takes the place of a file that the person chose', async () => {
      const file = store.write('old.ram', 'old');
      await store.files.export('shipped', file, signal);
      assert.match(readFileSync(file, 'latin1'), /^PK/);
    });

    it('of a damaged module fails, and leaves the file as it was', async () => {
      await take('react');
      writeFileSync(store.at('modules/react/model.safetensors'), 'damaged');
      const file = store.write('old.ram', 'old');
      await refuses(
        store.files.export('react', file, signal),
        'model-file-changed',
        /"Title of react" was not exported/,
      );
      assert.equal(readFileSync(file, 'utf8'), 'old');
      await assert.rejects(store.files.export('shipped', file, AbortSignal.abort()), { name: 'AbortError' });
      assert.equal(readFileSync(file, 'utf8'), 'old');
    });

    it('of an instant module is refused: it holds the text of a workspace', async () => {
      const { architecture: _, ...rest } = manifestOf('instant', { kind: 'ngram', files: { 'ngram.bin': sha256('') } });
      store.write('workspace/modules/instant/module.json', JSON.stringify(rest));
      store.write('workspace/modules/instant/ngram.bin', '');
      const file = store.outside('x.ram');
      await refuses(store.files.export('instant', file, signal), 'module-holds-workspace-text', /neither shared/);
      assert.ok(!existsSync(file));
    });

    it('of a module that is not there names what there is', async () => {
      await refuses(store.files.export('x', store.outside('x.ram'), signal), 'unknown-module', /Found: "shipped"/);
    });
  });

  describe('renaming', () => {
    it('changes the title alone', async () => {
      const { title: _, ...before } = manifestOf('react', {
        author: { name: 'x' },
        strength: { default: 1, other: 2 },
      });
      await take('react', before);
      await store.files.rename('react', '  Räume & <b>Orte</b> ');
      const { title, ...after } = store.json('modules/react/module.json');
      assert.equal(title, 'Räume & <b>Orte</b>');
      assert.deepEqual(after, before);
      assert.deepEqual(store.listing(), ['react', 'react/model.safetensors', 'react/module.json']);
    });

    it('to nothing, several lines or a novel is refused', async () => {
      await take('react');
      for (const title of ['', '  ', 'a\nb', 'a\u202eb', 'x'.repeat(101)])
        await refuses(store.files.rename('react', title), 'title-invalid', /1 to 100/);
      assert.equal(store.json('modules/react/module.json').title, 'Title of react');
    });

    it("of a shipped or a team's module is refused", async () => {
      store.writeModule('team/modules/ours', manifestOf('ours'));
      await refuses(store.files.rename('shipped', 'x'), 'module-not-own', /cannot be renamed, because it ships/);
      await refuses(store.files.rename('ours', 'x'), 'module-not-own', /belongs to this workspace/);
    });
  });

  describe('adopting what was made on this machine', () => {
    const made = (id: string) => store.writeModule('job/module', manifestOf(id));

    it('moves its folder, which is gone from where it was', async () => {
      const dir = made('trained');
      await store.files.adopt(dir, signal);
      assert.deepEqual(await ids(store), ['shipped shipped', 'trained personal']);
      assert.deepEqual(store.listing(), ['trained', 'trained/model.safetensors', 'trained/module.json']);
      assert.equal(existsSync(dir), false);
    });

    it('of a damaged one is refused, and leaves it where it was', async () => {
      const dir = made('trained');
      store.write('job/module/model.safetensors', 'half of the wei');
      await refuses(store.files.adopt(dir, signal), 'model-file-changed', /is damaged or was changed/);
      assert.deepEqual(store.listing(), []);
      assert.equal(existsSync(dir), true);
    });

    it('of an id that is taken is refused; another one is free', async () => {
      const dir = made('shipped');
      await refuses(store.files.adopt(dir, signal), 'module-exists', /"shipped"/);
      assert.equal(await store.files.freeId('Shipped'), 'Shipped-2');
      assert.equal(await store.files.freeId('instant'), 'instant-2');
      assert.equal(await store.files.freeId('new'), 'new');
      await ModuleFiles.changeId(dir, 'shipped-2');
      await store.files.adopt(dir, signal);
      assert.deepEqual(await ids(store), ['shipped shipped', 'shipped-2 personal']);
    });

    it('tells of it', async () => {
      let nChanges = 0;
      store.files.onDidChange(() => nChanges++);
      await store.files.adopt(made('trained'), signal);
      assert.equal(nChanges, 1);
    });
  });

  describe('deleting', () => {
    it('can be undone', async () => {
      await take('react');
      const undo = await store.files.remove('react');
      assert.deepEqual(await ids(store), ['shipped shipped']);
      await store.files.undo(undo);
      assert.deepEqual(await ids(store), ['react personal', 'shipped shipped']);
      assert.deepEqual(store.listing(), ['react', 'react/model.safetensors', 'react/module.json']);
    });

    it('of a module that cannot be read works too', async () => {
      store.write('storage/modules/broken/module.json', '{');
      await store.files.undo(await store.files.remove('broken'));
      await store.files.remove('broken');
      assert.deepEqual(await ids(store), ['shipped shipped']);
    });

    it('cannot be undone once another module took its place', async () => {
      await take('react');
      const undo = await store.files.remove('react');
      await take('react', { version: '2.0.0' });
      await refuses(store.files.undo(undo), 'module-exists', /another module with the id "react"/);
      assert.equal(store.json('modules/react/module.json').version, '2.0.0');
    });

    it("of a shipped or a team's module is refused", async () => {
      store.writeModule('team/modules/ours', manifestOf('ours'));
      await refuses(store.files.remove('shipped'), 'module-not-own', /cannot be deleted, because it ships/);
      await refuses(store.files.remove('ours'), 'module-not-own', /change it in .*ours/);
    });

    it('of one that was learned from feedback can be undone, and it can be renamed', async () => {
      store.writeModule('workspace/modules/feedback-2', manifestOf('feedback-2'));
      assert.deepEqual(await store.files.rename('feedback-2', 'My taste'), { isSignatureDropped: false });
      const undo = await store.files.remove('feedback-2');
      assert.equal(undo.title, 'My taste');
      assert.deepEqual(await ids(store), ['shipped shipped']);
      await store.files.undo(undo);
      assert.deepEqual(await ids(store), ['feedback-2 workspace', 'shipped shipped']);

      // While it is in use: without it the proposal completes alone.
      const choices = new ModuleChoice(store.registry, { warm: async () => {} }, () => {});
      const chosen = async () =>
        (await choices.current('', 'p', [{ id: 'feedback-2' }], signal)).modules.map(m => m.id);
      assert.deepEqual(await chosen(), ['feedback-2']);
      const gone = await store.files.remove('feedback-2');
      choices.forget();
      assert.deepEqual(await chosen(), []);
      renameSync(gone.dir, gone.dir.replace(/-\d+-/, '-4194999-'));
      await store.files.clean();
      assert.deepEqual(readdirSync(store.outside('workspace/modules')), []);
    });

    it('of the instant module is refused, and renaming it', async () => {
      store.writeModule('workspace/modules/instant', manifestOf('instant'));
      await refuses(store.files.remove('instant'), 'module-not-own', /cannot be deleted, because it is built/);
      await refuses(store.files.rename('instant', 'x'), 'module-not-own', /cannot be renamed, because it is built/);
    });

    it('ends at the next start, with whatever else was left over', async () => {
      await take('react');
      await take('vue');
      const undo = await store.files.remove('react');
      await store.files.clean();
      assert.ok(existsSync(undo.dir), 'this editor still offers to undo');
      // No process has this id.
      const gone = undo.dir.replace(/-\d+-/, '-4194999-');
      renameSync(undo.dir, gone);
      mkdirSync(store.at('modules/.incoming-4194999-x'));
      mkdirSync(store.at('modules/.git'));
      await store.files.clean();
      assert.deepEqual(
        store.listing().filter(name => !name.includes('/')),
        ['.git', 'vue'],
      );
      await refuses(store.files.undo({ ...undo, dir: gone }), 'undo-expired', /no longer in the trash/);
    });
  });

  describe('verifying', () => {
    const outcomes = async (id: string) => {
      const report = await store.files.verify(id, signal);
      return { report, outcomes: report.checks.map(c => c.outcome).join() };
    };

    it('finds an intact module fine', async () => {
      await take('react');
      const { report } = await outcomes('react');
      assert.equal(report.isFine, true);
      assert.deepEqual(
        report.checks.map(({ name, outcome, reason }) => [name, outcome, reason]),
        [
          ['files', 'passed', undefined],
          ['tokenizer', 'passed', undefined],
          ['load', 'passed', undefined],
        ],
      );
      assert.deepEqual([report.title, report.proposalId], ['Title of react', 'p']);
    });

    const rows: readonly (readonly [string, () => void, string, RegExp])[] = [
      [
        'changed weights',
        () => writeFileSync(store.at('modules/react/model.safetensors'), 'x'),
        'failed,skipped,skipped',
        /SHA-256/,
      ],
      [
        'a manifest that is no longer one',
        () => writeFileSync(store.at('modules/react/module.json'), '{}'),
        'failed,skipped,skipped',
        /format version/,
      ],
      [
        'a module for another proposal',
        () => void store.writeModule('storage/modules/react', manifestOf('react', { tokenizerSha256: 'b'.repeat(64) })),
        'passed,failed,skipped',
        /bbbb.*"p"/,
      ],
      [
        'what the engine refuses',
        () => void store.broken.set('react', new UserError('weights-mismatch', say`It does not fit.`)),
        'passed,passed,failed',
        /does not fit/,
      ],
    ];
    for (const [what, damage, expected, message] of rows) {
      it(`reports ${what}`, async () => {
        await take('react');
        damage();
        const id = (await store.registry.modules()).find(m => m.origin === 'personal')!.id;
        const { report, outcomes: found } = await outcomes(id);
        assert.equal(found, expected);
        assert.equal(report.isFine, false);
        assert.match(report.checks.map(c => told(c.reason ?? '')).join(''), message);
        for (const { reason = '' } of report.checks) assertTranslatable(reason);
      });
    }

    it('can be cancelled', async () => {
      await take('react');
      await assert.rejects(store.files.verify('react', AbortSignal.abort()), { name: 'AbortError' });
    });
  });

  it('tell of each change once, and not of what failed', async () => {
    let nChanges = 0;
    const listener = store.files.onDidChange(() => nChanges++);
    await take('react');
    await store.files.rename('react', 'Mine');
    await store.files.undo(await store.files.remove('react'));
    assert.equal(nChanges, 4);
    await assert.rejects(store.files.remove('shipped'));
    await assert.rejects(take('react', { version: '2' }));
    assert.equal(nChanges, 4);
    listener.dispose();
    await store.files.remove('react');
    assert.equal(nChanges, 4);
  });
});
