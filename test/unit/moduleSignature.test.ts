// Who made a module: signatures that match, that do not, that were taken off, and keys that become known.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { AbortError, UserError } from '../../src/core/errors';
import { type Sentence, spoken } from '../../src/core/sentence';
import { KnownSigners, type SignerStore } from '../../src/host/modules/knownSigners';
import { type Choice, ModuleChoice, resolveChoice } from '../../src/host/modules/moduleChoice';
import type { SignerQuestions, SignerVerdict } from '../../src/host/modules/moduleFiles';
import {
  fingerprintOf,
  makeSigningKey,
  publicKeyOf,
  type Signer,
  type SigningKey,
  signerOf,
  signModule,
} from '../../src/host/modules/moduleSignature';
import { baseOf, findGround } from '../../src/host/training/trainingSpec';
import { hostileValues } from './support/hostileValues';
import { type ModuleStore, manifestOf, openModuleStore, signal } from './support/moduleStore';

type Damage = readonly [string, (dir: string) => void, string, RegExp];

const spokenReason = (reason: Sentence | string | undefined) =>
  typeof reason === 'object' ? spoken(reason) : (reason ?? '');

function memory(value?: unknown): SignerStore & { value: unknown } {
  return {
    value,
    get() {
      return this.value;
    },
    async update(_, next) {
      this.value = next;
    },
  };
}

describe('a signed module', () => {
  const key = makeSigningKey('  Ada Lovelace ');
  const other = makeSigningKey('Mallory');
  let store: ModuleStore;
  let asked: { readonly signer: Signer; readonly source: string }[];
  let verdict: SignerVerdict;
  let known: KnownSigners;
  beforeEach(() => {
    asked = [];
    verdict = 'trust';
    known = new KnownSigners(memory(), () => '2026-01-02');
    const signers: SignerQuestions = {
      get known() {
        return known;
      },
      ask: async (signer, source) => {
        asked.push({ signer, source });
        assert.deepEqual(store.loaded, [], 'nothing is loaded before the signer is shown');
        return verdict;
      },
    };
    store = openModuleStore(signers);
  });
  afterEach(() => store.close());

  const signature = (dir: string) => JSON.parse(readFileSync(`${dir}/signature.json`, 'utf8'));
  /** A folder with a signed module in it, as somebody sent it. */
  async function signed(id = 'react', by: SigningKey = key, over: object = {}): Promise<string> {
    const dir = store.writeModule(`received/${id}`, manifestOf(id, over));
    rmSync(`${dir}/signature.json`, { force: true });
    writeFileSync(`${dir}/signature.json`, JSON.stringify(await signModule(dir, by, signal)));
    return dir;
  }
  const take = (dir: string, onExisting: 'refuse' | 'replace' | 'keep both' = 'refuse') =>
    store.files.importFrom(dir, onExisting, signal);
  const refuses = (work: Promise<unknown>, code: string, message: RegExp) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });

  it('is signed by the name and the key, in the form that is documented', async () => {
    const dir = await signed();
    const { formatVersion, algorithm, publicKey, signer, ...rest } = signature(dir);
    assert.deepEqual([formatVersion, algorithm, publicKey, signer], [1, 'ed25519', publicKeyOf(key), 'Ada Lovelace']);
    assert.deepEqual(Object.keys(rest), ['signature']);
    assert.deepEqual(await signerOf(dir, signal), { name: 'Ada Lovelace', publicKey: publicKeyOf(key) });
    assert.match(fingerprintOf(publicKey), /^(?:[0-9A-F]{4} ){3}[0-9A-F]{4}$/);
    assert.notEqual(fingerprintOf(publicKey), fingerprintOf(publicKeyOf(other)));
  });

  it('keeps its signature through export and import', async () => {
    const archive = store.outside('signed.ram');
    await take(store.writeModule('received/react', manifestOf('react')));
    await store.files.exportSigned('react', archive, key, signal);
    assert.ok(!existsSync(store.at('modules/react/signature.json')), 'the module itself stays as it is');
    await store.files.remove('react');
    store.loaded.length = 0;
    const { signer, isSignatureDropped } = await take(archive);
    assert.deepEqual([signer?.name, isSignatureDropped], ['Ada Lovelace', false]);
    const again = store.outside('again.ram');
    await store.files.export('react', again, signal);
    assert.deepEqual(readFileSync(again), readFileSync(archive));
  });

  it('is shown to the person before anything is loaded, until its key is known', async () => {
    await take(await signed());
    assert.deepEqual(asked, [{ signer: { name: 'Ada Lovelace', publicKey: publicKeyOf(key) }, source: 'react' }]);
    assert.deepEqual(known.find(asked[0].signer), { name: 'Ada Lovelace', since: '2026-01-02' });
    store.loaded.length = 0;
    await take(await signed('vue'));
    assert.equal(asked.length, 1);
  });

  it('that a person refuses leaves nothing, and no key is known', async () => {
    verdict = 'refuse';
    await assert.rejects(take(await signed()), error => error instanceof AbortError);
    assert.deepEqual(store.listing(), []);
    assert.equal(known.find(asked[0].signer), undefined);
  });

  it('that is taken once leaves its key unknown, and choosing what to replace does not ask again', async () => {
    verdict = 'once';
    await take(store.writeModule('received/plain', manifestOf('react')));
    store.loaded.length = 0;
    const dir = await signed('react', key, { version: '2.0.0' });
    await refuses(take(dir), 'module-exists', /Replace it, or keep both/);
    store.loaded.length = 0;
    const { outcome, signer } = await take(dir, 'replace');
    assert.deepEqual([outcome, signer?.name, asked.length], ['replaced', 'Ada Lovelace', 1]);
    assert.equal(known.find(asked[0].signer), undefined);
  });

  it('that was there unsigned is signed from then on, unless it is named otherwise', async () => {
    await take(store.writeModule('received/plain', manifestOf('react')));
    store.loaded.length = 0;
    const first = await take(await signed());
    assert.deepEqual([first.outcome, first.signer?.name], ['unchanged', 'Ada Lovelace']);
    await store.files.rename('react', 'Mine');
    store.loaded.length = 0;
    const second = await take(await signed());
    assert.deepEqual([second.outcome, second.signer, second.isSignatureDropped], ['unchanged', undefined, true]);
    assert.ok(!store.listing().includes('react/signature.json'));
  });

  const damages: readonly Damage[] = [
    [
      'its title was changed',
      dir => json(dir, 'module.json', { title: 'Other' }),
      'signature-mismatch',
      /does not match/,
    ],
    [
      'its manifest was only written anew',
      dir => writeFileSync(`${dir}/module.json`, `${readFileSync(`${dir}/module.json`, 'utf8')}\n`),
      'signature-mismatch',
      /not those that "Ada Lovelace" \(key [0-9A-F ]{19}\) signed/,
    ],
    [
      'its weights were changed',
      dir => writeFileSync(`${dir}/model.safetensors`, 'x'),
      'model-file-changed',
      /SHA-256/,
    ],
    ['a text was added', dir => writeFileSync(`${dir}/README.md`, 'Hello'), 'signature-mismatch', /does not match/],
    [
      'it has another name on it',
      dir => json(dir, 'signature.json', { signer: 'Grace' }),
      'signature-mismatch',
      /"Grace"/,
    ],
    [
      'it has another key on it',
      dir => json(dir, 'signature.json', { publicKey: publicKeyOf(other) }),
      'signature-mismatch',
      /does not match/,
    ],
    [
      'its signature is of something else',
      dir => {
        const der = Buffer.from(key.privateKey, 'base64');
        const signed = sign(null, Buffer.from('x'), { key: der, format: 'der', type: 'pkcs8' });
        json(dir, 'signature.json', { signature: signed.toString('base64') });
      },
      'signature-mismatch',
      /does not match/,
    ],
    [
      'it is all zeros',
      dir => json(dir, 'signature.json', { signature: Buffer.alloc(64).toString('base64') }),
      'signature-mismatch',
      /does not match/,
    ],
    ...['00'.repeat(32), `01${'00'.repeat(31)}`, `01${'00'.repeat(30)}80`, `ec${'ff'.repeat(31)}`].map(
      (hex): Damage => [
        `its key is ${hex.slice(0, 4)}…${hex.slice(-4)}, with which anybody can sign`,
        dir =>
          json(dir, 'signature.json', {
            publicKey: Buffer.from(hex, 'hex').toString('base64'),
            signature: Buffer.alloc(64).toString('base64'),
          }),
        'signature-invalid',
        /anybody can sign with/,
      ],
    ),
    ['it is no JSON', dir => writeFileSync(`${dir}/signature.json`, '{'), 'signature-invalid', /not JSON/],
    ['it is empty', dir => writeFileSync(`${dir}/signature.json`, ''), 'signature-invalid', /not JSON/],
    ['it is a list', dir => writeFileSync(`${dir}/signature.json`, '[]'), 'signature-invalid', /format version/],
    [
      'it is of another format',
      dir => json(dir, 'signature.json', { formatVersion: 2 }),
      'signature-invalid',
      /version 1/,
    ],
    [
      'it is of another algorithm',
      dir => json(dir, 'signature.json', { algorithm: 'none' }),
      'signature-invalid',
      /ed25519/,
    ],
    ['its key is short', dir => json(dir, 'signature.json', { publicKey: 'AAAA' }), 'signature-invalid', /32 bytes/],
    [
      'its signature is short',
      dir => json(dir, 'signature.json', { signature: 'AAAA' }),
      'signature-invalid',
      /64 bytes/,
    ],
    [
      'its key is spelled in another way',
      dir => json(dir, 'signature.json', { publicKey: `${publicKeyOf(key)}\n` }),
      'signature-invalid',
      /32 bytes/,
    ],
    ['its signer has no name', dir => json(dir, 'signature.json', { signer: '' }), 'signature-invalid', /no name/],
    [
      'its signer has a long name',
      dir => json(dir, 'signature.json', { signer: 'x'.repeat(61) }),
      'signature-invalid',
      /60/,
    ],
    [
      'its signer turns text around',
      dir => json(dir, 'signature.json', { signer: 'ada\u202e' }),
      'signature-invalid',
      /no name/,
    ],
    [
      'it is large',
      dir => writeFileSync(`${dir}/signature.json`, ' '.repeat(20_000)),
      'archive-too-large',
      /20000 bytes/,
    ],
  ];
  for (const [what, damage, code, message] of damages)
    it(`is refused when ${what}, and leaves nothing`, async () => {
      const dir = await signed();
      damage(dir);
      await refuses(take(dir), code, message);
      assert.deepEqual(store.listing(), []);
      assert.deepEqual(store.loaded, []);
      assert.deepEqual(asked, []);
    });

  it('without its signature is just unsigned', async () => {
    const dir = await signed();
    rmSync(`${dir}/signature.json`);
    const { signer, isSignatureDropped } = await take(dir);
    assert.deepEqual([signer, isSignatureDropped, asked.length], [undefined, false, 0]);
  });

  it('loses its signature when it is renamed, and says so', async () => {
    await take(await signed());
    assert.deepEqual(await store.files.rename('react', 'Mine'), { isSignatureDropped: true });
    assert.ok(!store.listing().includes('react/signature.json'));
    assert.deepEqual(await store.files.rename('react', 'Mine again'), { isSignatureDropped: false });
  });

  it('loses its signature beside another of its id, and says so', async () => {
    await take(store.writeModule('received/plain', manifestOf('react')));
    store.loaded.length = 0;
    const { id, signer, isSignatureDropped } = await take(await signed('react', key, { version: '2' }), 'keep both');
    assert.deepEqual([id, signer, isSignatureDropped], ['react-2', undefined, true]);
    assert.ok(!store.listing().includes('react-2/signature.json'));
  });

  it('that was changed where it lies is neither exported nor found intact', async () => {
    await take(await signed());
    json(store.at('modules/react'), 'module.json', { description: 'changed' });
    const file = store.outside('x.ram');
    await refuses(store.files.export('react', file, signal), 'signature-mismatch', /"Title of react" was not exported/);
    assert.ok(!existsSync(file));
    const { isFine, checks } = await store.files.verify('react', signal);
    assert.equal(isFine, false);
    assert.match(spokenReason(checks[0].reason), /does not match/);
  });

  describe('that was changed where it lies, and that settings name,', () => {
    let choices: ModuleChoice;
    let warmed: string[];
    let refusals: { readonly reason: unknown; readonly kept: Choice | undefined }[];
    const use = async (...ids: string[]) => {
      const wanted = ids.map(id => ({ id }));
      const choice = await choices.current('s', 'p', wanted, signal);
      return choice.modules.map(({ id }) => id).join();
    };
    const change = (description: string) => json(store.at('modules/react'), 'module.json', { description });
    const BROKEN =
      /"react" cannot be used: .*not those that "Ada Lovelace".*Get the module again from whoever signed it/;
    beforeEach(async () => {
      warmed = [];
      refusals = [];
      const warm = async ({ modules }: Choice) => void warmed.push(modules.map(({ id }) => id).join());
      choices = new ModuleChoice(store.registry, { warm }, (reason, kept) => void refusals.push({ reason, kept }));
      await take(await signed());
    });

    it('is refused by name, and completions go on with the proposal alone', async () => {
      change('changed');
      for (let key = 0; key < 3; key++) assert.equal(await use('react'), '');
      assert.deepEqual(warmed, [''], 'it is never loaded');
      assert.deepEqual(
        refusals.map(({ reason, kept }) => [(reason as UserError).code, kept?.modules.length]),
        [['broken-module', 0]],
      );
      assert.match(String(refusals[0].reason), BROKEN);
    });

    it('is refused also after it was in use, and another choice goes on where one worked', async () => {
      assert.equal(await use('shipped'), 'shipped');
      assert.equal(await use('react'), 'react');
      assert.equal(await use('react'), 'react');
      assert.deepEqual(warmed, ['shipped', 'react'], 'as long as its files stay as they are it is loaded once');
      change('changed');
      assert.equal(await use('react'), '');
      assert.equal(await choices.expected('s', 'p', [{ id: 'react' }]).then(choice => choice?.modules.length), 0);
      assert.equal(await use('shipped'), 'shipped');
      assert.equal(await use('react'), 'shipped');
    });

    it('is refused also where somebody else looked at it first', async () => {
      await use('react');
      change('changed');
      assert.match(spokenReason((await store.registry.modules())[0].problem), /does not match/);
      assert.equal(await use('react'), '');
    });

    it('is used again once it is as it was signed', async () => {
      const before = readFileSync(store.at('modules/react/module.json'));
      await use('react');
      change('changed');
      await use('react');
      writeFileSync(store.at('modules/react/module.json'), before);
      choices.retry();
      assert.equal(await use('react'), 'react');
    });

    it('is refused in the chat and as what a training starts from', async () => {
      const proposals = await store.registry.proposals();
      const graphs = store.outside('graphs');
      store.write('graphs/training-small.onnx', '');
      const ground = async () => findGround(proposals[0], await store.registry.modules(), graphs, signal);
      const bases = async () => (await ground()).bases.map(({ id }) => id);
      assert.deepEqual(await bases(), ['shipped', 'react']);
      change('changed');
      assert.deepEqual(await bases(), ['shipped']);
      const broken = await ground();
      assert.throws(() => baseOf('react', broken), BROKEN);
      assert.equal(baseOf('shipped', broken).id, 'shipped');
      const modules = await store.registry.modules();
      const inChat = () => resolveChoice('p', [{ id: 'react' }], proposals, modules, 'residual.chat.modules');
      assert.throws(inChat, BROKEN);
    });
  });

  function json(dir: string, file: string, over: object): void {
    const before = JSON.parse(readFileSync(`${dir}/${file}`, 'utf8'));
    writeFileSync(`${dir}/${file}`, JSON.stringify({ ...before, ...over }));
  }
});

describe('signers', () => {
  it('have names that people can read', () => {
    for (const name of ['', '  ', 'a\nb', 'x'.repeat(61), '\u202e'])
      assert.throws(() => makeSigningKey(name), { code: 'signer-invalid' });
  });

  it('stay known as they were first', async () => {
    const store = memory();
    let day = '2026-01-02';
    const known = new KnownSigners(store, () => day);
    await known.add({ name: 'Ada', publicKey: 'k' });
    day = '2026-02-03';
    await known.add({ name: 'Mallory', publicKey: 'k' });
    assert.deepEqual(known.find({ name: 'whoever', publicKey: 'k' }), { name: 'Ada', since: '2026-01-02' });
  });

  it('are nobody in a store that holds something else', () => {
    for (const value of hostileValues) {
      const lists = [memory(value), memory({ k: value }), memory({ k: { name: value, since: '2026-01-02' } })];
      for (const [i, store] of lists.entries()) {
        const found = new KnownSigners(store, () => '').find({ name: 'x', publicKey: 'k' });
        assert.equal(found !== undefined, i === 2 && typeof value === 'string');
      }
      const dated = memory({ k: { name: 'x', since: value } });
      assert.equal(new KnownSigners(dated, () => '').find({ name: 'x', publicKey: 'k' }), undefined);
    }
  });
});
