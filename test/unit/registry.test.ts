/** Proposals that stay where a person has them: found by their location, from a person alone. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BOXED_MODEL } from '../../src/core/boxedModel';
import { UserError } from '../../src/core/errors';
import { told } from '../../src/core/sentence';
import { resolveChoice } from '../../src/host/modules/moduleChoice';
import { type Origin, Registry } from '../../src/host/modules/registry';
import { assertTranslatable } from './support/translatable';

const manifest = {
  formatVersion: 1,
  id: 'mine',
  title: 'Mine',
  licence: 'unknown',
  graphForm: 'past',
  dtype: 'q4',
  contextLength: 1024,
  files: { 'config.json': 'a'.repeat(64), 'onnx/model_q4.onnx': 'b'.repeat(64) },
};

describe('a proposal that is used in place', () => {
  let root: string;
  let place: string;
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const find = async (origin: Origin = 'personal') => {
    const [found] = await new Registry(() => [{ dir: root, origin }]).proposals();
    return found;
  };

  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-registry-'));
    place = path.join(root, 'elsewhere');
    write(path.join(place, 'config.json'), '{}');
    write(path.join(place, 'onnx/model_q4.onnx'), 'x'.repeat(1000));
    write(path.join(place, 'onnx/model_fp16.onnx'), 'x'.repeat(5000));
    write(path.join(root, 'proposals/mine/residual.json'), JSON.stringify(manifest));
    write(path.join(root, 'proposals/mine/location.json'), JSON.stringify({ formatVersion: 1, dir: place }));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is found with its place and the size of the files that it uses there', async () => {
    const found = await find();
    assert.equal(found.problem, undefined);
    assert.equal(found.place, place);
    assert.equal(found.sizeBytes, 1002);
    // The engine follows the location itself.
    assert.equal(resolveChoice('mine', [], [found], []).proposal.dir, path.join(root, 'proposals/mine'));
  });

  it('is refused by name when the folder is gone', async () => {
    rmSync(place, { recursive: true });
    const found = await find();
    assert.match(told(found.problem ?? ''), /folder .*elsewhere is not there.*add it again/);
    assertTranslatable(found.problem ?? '');
    assert.throws(() => resolveChoice('mine', [], [found], []), /"mine" cannot be used: .*elsewhere is not there/);
  });

  for (const origin of ['team', 'workspace', 'shipped'] as const)
    it(`is refused from a ${origin} folder: nobody else names a place on this machine`, async () => {
      assert.match(told((await find(origin)).problem ?? ''), /location\.json is for the proposals that a person added/);
    });

  for (const location of ['{', '{}', '{ "formatVersion": 1, "dir": 5 }', '{ "formatVersion": 1, "dir": "elsewhere" }'])
    it(`is refused when its location is ${location}`, async () => {
      write(path.join(root, 'proposals/mine/location.json'), location);
      assert.notEqual((await find()).problem, undefined);
    });
});

describe('what another extension brings', () => {
  let root: string;
  const write = (dir: string, id: string) => {
    mkdirSync(path.join(root, dir, 'proposals', id), { recursive: true });
    writeFileSync(path.join(root, dir, 'proposals', id, 'residual.json'), JSON.stringify({ ...manifest, id }));
  };
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-registry-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const found = (...roots: (readonly [dir: string, extension: string | undefined])[]) =>
    new Registry(() =>
      roots.map(([dir, extension]) => ({
        dir: path.join(root, dir),
        origin: extension === undefined ? 'personal' : 'shipped',
        ...(extension !== undefined && { extension }),
      })),
    ).proposals();

  it('says which one that is, and gives its id to the first that has it', async () => {
    write('a', 'mine');
    write('b', 'mine');
    const proposals = await found(['a', 'A'], ['b', 'B']);
    assert.deepEqual(
      proposals.map(({ id, extension }) => [id, extension]),
      [['mine', 'A']],
    );
  });

  it('is used where nothing is chosen: the model of the box, else the first of them, else whatever is there', async () => {
    write('own', 'aaa');
    assert.equal(resolveChoice('auto', [], await found(['own', undefined]), []).proposal.id, 'aaa');
    write('a', 'bbb');
    assert.equal(resolveChoice('auto', [], await found(['own', undefined], ['a', 'A']), []).proposal.id, 'bbb');
    write('z', BOXED_MODEL.proposal);
    const all = await found(['own', undefined], ['a', 'A'], ['z', 'Z']);
    assert.equal(resolveChoice('auto', [], all, []).proposal.id, BOXED_MODEL.proposal);
  });

  it('is asked for by name where there is nothing at all', () => {
    for (const id of ['auto', 'mine'])
      assert.throws(
        () => resolveChoice(id, [], [], []),
        (error: unknown) =>
          error instanceof UserError && error.code === 'no-proposal' && error.message.includes(BOXED_MODEL.title),
      );
  });
});
