import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AbortError, UserError } from '../../src/core/errors';
import { type Choice, ModuleChoice, resolveChoice } from '../../src/host/modules/moduleChoice';
import { Registry } from '../../src/host/modules/registry';

const HASH = 'a'.repeat(64);
const signal = new AbortController().signal;

const proposal = {
  formatVersion: 1,
  id: 'p',
  title: 'P',
  licence: 'Apache-2.0',
  graphForm: 'delta',
  dtype: 'int8',
  fim: { order: 'suffix-first', tokens: {} },
  contextLength: 1024,
  files: {},
  evaluation: [],
};
const module = (id: string, over: object = {}) => ({
  formatVersion: 1,
  id,
  version: '1.0.0',
  title: `Title of ${id}`,
  description: 'd',
  domain: 'tests',
  licence: 'Apache-2.0',
  kind: 'neural',
  tokenizerSha256: HASH,
  architecture: { name: 'qwen3', graphSha256: HASH, dtype: 'int8' },
  files: { 'model.safetensors': HASH },
  rule: 'geometric',
  temperature: 1,
  strength: { p: 0.4, default: 0.3 },
  training: { objective: 'nll', alpha: 0, base: 'generic', tokens: 1, seed: 0 },
  evaluation: [],
  ...over,
});

describe('module choice', () => {
  let root: string;
  let choices: ModuleChoice;
  let registry: Registry;
  let broken: Set<string>;
  let warmed: string[];
  let refusals: { reason: unknown; kept: Choice | undefined }[];

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'residual-choice-'));
    await write('proposals/p/residual.json', proposal);
    for (const id of ['a', 'b']) await write(`modules/${id}/module.json`, module(id));
    await write('modules/future/module.json', { ...module('future'), formatVersion: 9 });
    broken = new Set();
    warmed = [];
    refusals = [];
    registry = new Registry(() => [{ dir: root, origin: 'shipped' }]);
    const warm = async (choice: Choice) => {
      warmed.push(choice.modules.map(m => m.id).join());
      const bad = choice.modules.find(m => broken.has(m.id));
      if (bad) throw new UserError('wrong-hash', `${bad.id} is damaged`);
    };
    choices = new ModuleChoice(registry, { warm }, (reason, kept) => refusals.push({ reason, kept }));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function write(file: string, content: object): Promise<void> {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), JSON.stringify(content));
  }
  const use = async (modules: { id: string; strength?: number }[], scope = 's') => {
    const choice = await choices.current(scope, 'auto', modules, signal);
    return choice.modules.map(m => `${m.id}:${m.strength}`).join();
  };

  it('uses the strength that was calibrated for the proposal unless another is set', async () => {
    assert.equal(await use([{ id: 'a' }]), 'a:0.4');
    assert.equal(await use([{ id: 'a', strength: 0.9 }]), 'a:0.9');
    await write('proposals/p/residual.json', { ...proposal, id: 'q' });
    choices.forget();
    assert.equal(await use([{ id: 'a' }]), 'a:0.3');
  });
  it('says what to expect without loading it, and what is kept where that was refused', async () => {
    const expected = async (id: string) => (await choices.expected('s', 'auto', [{ id }]))?.titles.join();
    assert.equal(await expected('a'), 'Title of a');
    assert.deepEqual(warmed, []);
    await use([{ id: 'a' }]);
    broken.add('b');
    assert.equal(await expected('b'), 'Title of b');
    await use([{ id: 'b' }]);
    assert.equal(await expected('b'), 'Title of a');
    await assert.rejects(expected('nonsense'), /no alignment module "nonsense"/);
  });
  it('loads a choice once, and each scope has its own', async () => {
    await use([{ id: 'a' }], 'one');
    await use([{ id: 'a' }], 'one');
    await use([{ id: 'b' }], 'two');
    assert.equal(await use([{ id: 'a' }], 'one'), 'a:0.4');
    assert.deepEqual(warmed, ['a', 'b']);
  });
  it('keeps what worked when a module does not load, and says so once', async () => {
    await use([{ id: 'a' }]);
    broken.add('b');
    for (let i = 0; i < 3; i++) assert.equal(await use([{ id: 'b' }]), 'a:0.4');
    assert.deepEqual(warmed, ['a', 'b'], 'tried once, not at every key');
    assert.equal(refusals.length, 1);
    assert.equal(refusals[0].kept?.modules[0].id, 'a');
    assert.match(String(refusals[0].reason), /b is damaged/);
  });
  it('names what there is when an id is unknown', async () => {
    await use([{ id: 'a' }]);
    await use([{ id: 'nonsense' }]);
    assert.match(String(refusals[0].reason), /no alignment module "nonsense".*"a", "b"/);
  });
  it('refuses a manifest of a later format by name', async () => {
    await use([{ id: 'future' }]);
    assert.equal(refusals.length, 1);
    assert.match(String(refusals[0].reason), /format version 9/);
  });
  it('goes on with the proposal alone when nothing worked before', async () => {
    broken.add('a');
    assert.equal(await use([{ id: 'a' }]), '');
    assert.equal(refusals.length, 1);
    assert.deepEqual(refusals[0].kept?.modules, []);
  });
  it('says what is wrong once, however many folders and keys there are, and tries it again when told to', async () => {
    broken.add('a');
    for (const scope of ['one', 'two', 'one', 'two']) assert.equal(await use([{ id: 'a' }], scope), '');
    assert.equal(refusals.length, 1);
    choices.retry();
    assert.equal(await use([{ id: 'a' }], 'one'), '');
    assert.equal(refusals.length, 1);
    broken.delete('a');
    assert.equal(await use([{ id: 'a' }], 'one'), '');
    choices.retry();
    assert.equal(await use([{ id: 'a' }], 'one'), 'a:0.4');
  });
  it('goes on with the proposal alone although keys were cancelled while it loaded', async () => {
    let cancelled = false;
    const impatient = new ModuleChoice(
      registry,
      {
        warm: async choice => {
          if (choice.modules.length > 0) throw new UserError('wrong-hash', 'a is damaged');
          if (cancelled) return;
          cancelled = true;
          throw new AbortError();
        },
      },
      (reason, kept) => refusals.push({ reason, kept }),
    );
    const key = () => impatient.current('s', 'auto', [{ id: 'a' }], signal);
    await assert.rejects(key(), AbortError);
    assert.deepEqual((await key()).modules, []);
    assert.deepEqual((await key()).modules, []);
    assert.equal(refusals.length, 1);
  });
  it('rejects with the reason when nothing works, without trying at every key', async () => {
    const nothing = new ModuleChoice(
      registry,
      {
        warm: async () => {
          warmed.push('proposal');
          throw new UserError('model-file-missing', 'p is damaged');
        },
      },
      (reason, kept) => refusals.push({ reason, kept }),
    );
    for (let key = 0; key < 3; key++) await assert.rejects(nothing.current('s', 'auto', [], signal), /p is damaged/);
    assert.deepEqual(warmed, ['proposal']);
    assert.equal(refusals.length, 1);
  });
  it('takes the other choice as soon as it is asked for', async () => {
    broken.add('b');
    await use([{ id: 'a' }]);
    await use([{ id: 'b' }]);
    assert.equal(await use([]), '');
    assert.equal(await use([{ id: 'a' }]), 'a:0.4');
  });
  it('takes a folder in the Hugging Face layout by name, and a shipped proposal before it by itself', async () => {
    await write('proposals/another/config.json', {});
    await write('proposals/empty/readme.json', {});
    assert.deepEqual(
      (await registry.proposals()).map(p => [p.id, p.problem]),
      [
        ['another', undefined],
        ['p', undefined],
      ],
    );
    const personal = new Registry(() => [{ dir: root, origin: 'personal' }]);
    const found = [...(await personal.proposals()).slice(0, 1), ...(await registry.proposals()).slice(1)];
    assert.equal(resolveChoice('auto', [], found, []).proposal.id, 'p');
    assert.equal(resolveChoice('another', [], found, []).proposal.id, 'another');
  });
  it('lists a folder that cannot be read, with the reason', async () => {
    await mkdir(path.join(root, 'modules/garbled'), { recursive: true });
    await writeFile(path.join(root, 'modules/garbled/module.json'), '{');
    const found = await registry.modules();
    assert.deepEqual(
      found.map(m => m.id),
      ['a', 'b', 'future', 'garbled'],
    );
    assert.ok(found[3].problem);
    assert.equal(found[0].origin, 'shipped');
    assert.ok(found[0].sizeBytes > 100);
  });
});
