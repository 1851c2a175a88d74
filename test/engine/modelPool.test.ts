/** Which models are in memory, and what stays warm while they come and go. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAbortError, UserError } from '../../src/core/errors';
import { type Lease, type ModelChoice, ModelPool } from '../../src/engine/modelPool';
import type { ModuleUse } from '../../src/protocol/messages';
import { dense } from '../unit/support/rows';
import {
  copyOf,
  DELTA,
  type DeltaOracle,
  expectedLogps,
  largestDifference,
  never,
  proposalDir,
  readOracle,
  removeCopies,
} from './support/fixtures';

const oracle = readOracle<DeltaOracle>('delta');
const lastRow = oracle.rows.length - 1;

const TINY = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };
const LLAMA = { id: 'llama', dir: proposalDir('llama') };
const QWEN = { id: 'qwen', dir: proposalDir('qwen3-keeps-last') };

function module(id: string, strength = 0.5, modelsDir = DELTA): ModuleUse {
  return { id, dir: path.join(modelsDir, 'modules', id), strength };
}

describe('the model pool', () => {
  const pools: ModelPool[] = [];
  const open = (memoryMiB = 100, modelsDir = DELTA) => {
    const pool = new ModelPool({
      modelsDir,
      limits: { threads: 1, memoryMiB },
      loadNgram: () => {
        throw new Error('No n-gram is loaded here.');
      },
    });
    pools.push(pool);
    return pool;
  };
  const acquire = (pool: ModelPool, choice: Partial<ModelChoice> = {}): Promise<Lease> =>
    pool.acquire({ proposal: TINY, modules: [], ...choice }, 'completion', never);
  const ids = (pool: ModelPool) => pool.loaded.map(({ id, kind }) => `${kind} ${id}`).sort();

  afterEach(async () => {
    await Promise.all(pools.splice(0).map(pool => pool.close()));
    removeCopies();
  });

  it('gives two modules of one graph their own weights', async () => {
    const lease = await acquire(open(), { modules: [module('tiny'), module('other', 0.25)] });
    assert.deepEqual(
      lease.modules.map(({ strength }) => strength),
      [0.5, 0.25],
    );
    const rows = { proposal: lease.proposal, tiny: lease.modules[0], other: lease.modules[1] };
    for (const name of ['proposal', 'tiny', 'other'] as const) {
      await rows[name].sequence.seek(oracle.tokens, never);
      const difference = largestDifference(dense(rows[name].sequence.logps()), expectedLogps(oracle[name][lastRow]));
      assert.ok(difference < 1e-4, `${name} differs by ${difference}`);
    }
  });

  it('loads once for requests that come together, and again only what is new', async () => {
    const pool = open();
    const leases = await Promise.all([1, 2, 3].map(() => acquire(pool, { modules: [module('tiny')] })));
    assert.equal(new Set(leases.map(lease => lease.proposal.model)).size, 1);
    assert.equal(new Set(leases.map(lease => lease.modules[0].model)).size, 1);
    for (const lease of leases) lease.release();
    const again = await acquire(pool, { modules: [module('tiny')] });
    assert.equal(again.proposal.model, leases[0].proposal.model);
    assert.equal(again.modules[0].model, leases[0].modules[0].model);
    assert.deepEqual(ids(pool), ['module tiny', 'proposal tiny']);
  });

  it('keeps the KV cache of the proposal, and of each module, while modules are switched', async () => {
    const pool = open();
    const seekAll = async (id: string) => {
      const lease = await acquire(pool, { modules: [module(id)] });
      const reports = [
        await lease.proposal.sequence.seek(oracle.tokens, never),
        await lease.modules[0].sequence.seek(oracle.tokens, never),
      ];
      lease.release();
      return reports.map(({ nPrefilled }) => nPrefilled);
    };
    const n = oracle.tokens.length;
    assert.deepEqual(await seekAll('tiny'), [n, n]);
    assert.deepEqual(await seekAll('other'), [0, n]);
    assert.deepEqual(await seekAll('tiny'), [0, 0]);
  });

  it('keeps the lanes of completion and chat apart', async () => {
    const pool = open();
    const completion = await acquire(pool);
    const chat = await pool.acquire({ proposal: TINY, modules: [] }, 'chat', never);
    assert.equal(chat.proposal.model, completion.proposal.model);
    assert.notEqual(chat.proposal.sequence, completion.proposal.sequence);
  });

  it('leaves out a module of strength 0, and does not load it', async () => {
    const pool = open();
    const lease = await acquire(pool, { modules: [module('tiny', 0)] });
    assert.deepEqual(lease.modules, []);
    assert.deepEqual(ids(pool), ['proposal tiny']);
  });

  it('drops the least recently used models when memory runs out, never those in use', async () => {
    // Each model weighs 0.2 to 0.5 MiB with its cache; two fit.
    const pool = open(1);
    const inUse = await acquire(pool, { modules: [module('tiny')] });
    (await acquire(pool, { proposal: LLAMA })).release();
    (await acquire(pool, { proposal: QWEN })).release();
    const loaded = ids(pool);
    assert.ok(loaded.includes('proposal tiny') && loaded.includes('module tiny'), loaded.join());
    assert.ok(!loaded.includes('proposal llama'), loaded.join());
    await inUse.proposal.sequence.seek(oracle.tokens, never);
    inUse.release();
    (await acquire(pool, { proposal: QWEN })).release();
    const lease = await acquire(pool, { proposal: LLAMA });
    assert.ok(!ids(pool).includes('proposal tiny'), ids(pool).join());
    lease.release();
    assert.ok(pool.loaded.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) <= 1024 * 1024);
  });

  it('gives back what a chat has read before any model, but for a chat in use, and never what completions have', async () => {
    const pool = open();
    const completion = await acquire(pool);
    const chat = await pool.acquire({ proposal: TINY, modules: [module('tiny')] }, 'chat', never);
    const [firstUse, laterUse] = [completion.proposal.sequence, chat.proposal.sequence];
    await firstUse.seek(Array(600).fill(20), never);
    await laterUse.seek(Array(600).fill(20), never);
    completion.release();
    const size = () => pool.loaded.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const limit = async (sizeBytes: number) => pool.setLimits({ threads: 1, memoryMiB: sizeBytes / 1024 / 1024 });
    const all = size();
    await limit(all - 1);
    assert.equal(size(), all, 'a chat in use keeps what it has');
    chat.release();
    await limit(all - 1);
    assert.ok(size() < all);
    assert.deepEqual(ids(pool), ['module tiny', 'proposal tiny']);
    const again = await acquire(pool);
    assert.equal(again.proposal.sequence, firstUse);
    assert.equal(again.proposal.sequence.length, 600);
    const next = await pool.acquire({ proposal: TINY, modules: [] }, 'chat', never);
    assert.notEqual(next.proposal.sequence, laterUse);
  });

  it('keeps the last four places of completions warm, and gives back the oldest of them before anything else', async () => {
    const pool = open();
    const lease = await acquire(pool, { modules: [module('tiny')] });
    const chat = await pool.acquire({ proposal: TINY, modules: [] }, 'chat', never);
    await chat.proposal.sequence.seek(Array(600).fill(20), never);
    chat.release();
    const place = (id: number) => Array<number>(600).fill(id);
    const visit = async (id: number) => {
      const { nPrefilled } = await lease.proposal.sequence.seek(place(id), never);
      assert.equal((await lease.modules[0].sequence.seek(place(id), never)).nPrefilled, nPrefilled);
      return nPrefilled;
    };
    for (const id of [30, 31, 32, 33]) assert.equal(await visit(id), 600);
    const size = () => pool.loaded.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const withFour = size();
    for (const id of [30, 31, 32, 33]) assert.equal(await visit(id), 0);
    assert.equal(await visit(34), 600);
    assert.equal(size(), withFour, 'the oldest place made room');
    lease.release();

    const limit = (sizeBytes: number) => pool.setLimits({ threads: 1, memoryMiB: sizeBytes / 1024 / 1024 });
    const chatLength = async () => {
      const again = await pool.acquire({ proposal: TINY, modules: [] }, 'chat', never);
      again.release();
      return again.proposal.sequence.length;
    };
    await limit(size() - 1);
    assert.equal(await chatLength(), 600);
    const left = await acquire(pool, { modules: [module('tiny')] });
    const lengthsOf = async (id: number) => [
      (await left.proposal.sequence.seek(place(id), never)).nPrefilled,
      (await left.modules[0].sequence.seek(place(id), never)).nPrefilled,
    ];
    const after = [await lengthsOf(34), await lengthsOf(33)];
    assert.deepEqual(after, [
      [0, 0],
      [0, 0],
    ]);
    assert.deepEqual((await lengthsOf(31)).sort(), [0, 600], 'one model gave its oldest place');
    left.release();
  });

  it('counts the caches, too', async () => {
    const pool = open();
    const lease = await acquire(pool);
    const [{ sizeBytes: before }] = pool.loaded;
    await lease.proposal.sequence.seek(Array(600).fill(20), never);
    const [{ sizeBytes: after }] = pool.loaded;
    // Two layers of keys and values, two heads of 16, at least 600 positions.
    assert.ok(after - before >= 2 * 2 * 2 * 16 * 4 * (600 - 256), `${after - before}`);
  });

  it('drops idle models at once when the limit is lowered', async () => {
    const pool = open();
    (await acquire(pool, { proposal: LLAMA })).release();
    const lease = await acquire(pool);
    await pool.setLimits({ threads: 1, memoryMiB: 0.1 });
    assert.deepEqual(ids(pool), ['proposal tiny']);
    lease.release();
  });

  it('loads again with another number of threads', async () => {
    const pool = open();
    const first = await acquire(pool);
    first.release();
    await pool.setLimits({ threads: 2, memoryMiB: 100 });
    assert.deepEqual(ids(pool), []);
    assert.notEqual((await acquire(pool)).proposal.model, first.proposal.model);
  });

  it('loads a module again after it was trained again in the same folder', async () => {
    const dir = copyOf(DELTA);
    const pool = open(100, dir);
    const use = module('tiny', 0.5, dir);
    const first = await acquire(pool, { modules: [use] });
    first.release();
    const [tiny, other] = ['tiny', 'other'].map(id => path.join(dir, 'modules', id));
    renameSync(tiny, `${tiny}-old`);
    renameSync(other, tiny);
    const second = await acquire(pool, { modules: [use] });
    assert.notEqual(second.modules[0].model, first.modules[0].model);
    await second.modules[0].sequence.seek(oracle.tokens, never);
    assert.ok(
      largestDifference(dense(second.modules[0].sequence.logps()), expectedLogps(oracle.other[lastRow])) < 1e-4,
    );
    assert.deepEqual(ids(pool), ['module tiny', 'proposal tiny']);
  });

  it('refuses a module for another vocabulary also when it is loaded already', async () => {
    const pool = open();
    const isMismatch = (error: unknown) => error instanceof UserError && error.code === 'tokenizer-mismatch';
    (await acquire(pool, { modules: [module('tiny')] })).release();
    await assert.rejects(acquire(pool, { proposal: QWEN, modules: [module('tiny')] }), isMismatch);
    await assert.rejects(acquire(open(), { proposal: QWEN, modules: [module('tiny')] }), isMismatch);
  });

  it('tries again after a load that failed', async () => {
    const dir = copyOf(DELTA);
    const pool = open(100, dir);
    const use = module('tiny', 0.5, dir);
    const weights = path.join(use.dir, 'model.safetensors');
    renameSync(weights, `${weights}.away`);
    await assert.rejects(acquire(pool, { modules: [use] }), /is missing/);
    renameSync(`${weights}.away`, weights);
    assert.equal((await acquire(pool, { modules: [use] })).modules.length, 1);
  });

  it('stops waiting when a request is cancelled, and finishes the load for the next', async () => {
    const pool = open();
    const controller = new AbortController();
    const cancelled = pool.acquire({ proposal: TINY, modules: [] }, 'completion', controller.signal);
    const other = acquire(pool);
    controller.abort();
    await assert.rejects(cancelled, isAbortError);
    (await other).release();
    await pool.setLimits({ threads: 1, memoryMiB: 0.1 });
    assert.deepEqual(ids(pool), []);
  });

  describe('for the ratio rule', () => {
    /** A copy in which `tiny` is measured against `other`. */
    const withReference = (sha256?: string) => {
      const dir = copyOf(DELTA);
      const read = (id: string) =>
        JSON.parse(readFileSync(path.join(dir, 'modules', id, 'module.json'), 'utf8')) as {
          files: Record<string, string>;
        };
      const q0 = { id: 'other', sha256: sha256 ?? read('other').files['model.safetensors'] };
      writeFileSync(path.join(dir, 'modules/tiny/module.json'), JSON.stringify({ ...read('tiny'), rule: 'ratio', q0 }));
      return dir;
    };

    it('loads the reference with the module', async () => {
      const dir = withReference();
      const lease = await acquire(open(100, dir), { modules: [module('tiny', 1, dir)] });
      const sequence = lease.modules[0].q0?.sequence ?? assert.fail('no reference');
      await sequence.seek(oracle.tokens, never);
      assert.ok(largestDifference(dense(sequence.logps()), expectedLogps(oracle.other[lastRow])) < 1e-4);
    });

    it('gives the reference a sequence of its own where the same model aligns, too', async () => {
      const dir = withReference();
      const modules = [module('tiny', 1, dir), module('other', 0.5, dir), module('other', 0.25, dir)];
      const lease = await acquire(open(100, dir), { modules });
      const sequences = [lease.modules[0].q0?.sequence, ...lease.modules.map(({ sequence }) => sequence)];
      assert.equal(new Set(sequences).size, 4);
      lease.release();
      const again = await acquire(pools[0], { modules });
      assert.deepEqual([again.modules[0].q0?.sequence, ...again.modules.map(({ sequence }) => sequence)], sequences);
    });

    it('finds a shipped reference for a module from elsewhere', async () => {
      const dir = withReference();
      const elsewhere = path.join(dir, 'elsewhere');
      mkdirSync(elsewhere);
      renameSync(path.join(dir, 'modules/tiny'), path.join(elsewhere, 'tiny'));
      const use = { id: 'tiny', dir: path.join(elsewhere, 'tiny'), strength: 1 };
      assert.ok((await acquire(open(100, dir), { modules: [use] })).modules[0].q0);
    });

    it('leaves it out under another rule', async () => {
      const dir = withReference();
      const lease = await acquire(open(100, dir), { modules: [module('tiny', 1, dir)], rule: 'geometric' });
      assert.equal(lease.modules[0].q0, undefined);
    });

    it('says so when the reference is another one than the module was made with', async () => {
      const dir = withReference('0'.repeat(64));
      await assert.rejects(
        acquire(open(100, dir), { modules: [module('tiny', 1, dir)] }),
        (error: unknown) =>
          error instanceof UserError && error.code === 'module-needs-reference' && /"other" \(0000/.test(error.message),
      );
    });
  });
});
