/** Folders and downloads that become proposals: what is written, that it completes, and what a failure leaves. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isAbortError, UserError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import { resolveChoice } from '../../src/host/modules/moduleChoice';
import { Registry } from '../../src/host/modules/registry';
import { addDownload } from '../../src/host/proposals/addDownload';
import { planOf } from '../../src/host/proposals/downloadPlan';
import { readHubModel } from '../../src/host/proposals/hub';
import { copyIn, surveyFolder, useInPlace } from '../../src/host/proposals/localProposal';
import { ProposalDownloads } from '../../src/host/proposals/proposalDownload';
import { layoutOf } from '../../src/host/proposals/proposalLayout';
import { ProposalStore } from '../../src/host/proposals/proposalStore';
import type { InspectRequest } from '../../src/protocol/inspection';
import { copyOf, DELTA, never, proposalDir, removeCopies } from './support/fixtures';
import { COMMIT, HubServer, sha256 } from './support/hubServer';

describe('adding a proposal', () => {
  let client: EngineClient;
  let root: string;
  let store: ProposalStore;
  before(() => {
    const limits = { threads: 1, memoryMiB: 100 };
    client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA, limits });
  });
  after(() => client.dispose());
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-add-'));
    store = new ProposalStore(root);
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
    removeCopies();
  });

  const inspect = (request: InspectRequest, signal: AbortSignal) => client.call('inspectProposal', request, signal);
  const add = async (
    how: typeof copyIn,
    dir: string,
    { signal = never, onBytes = () => {} }: { signal?: AbortSignal; onBytes?: (bytes: number) => void } = {},
  ) => {
    const folder = await surveyFolder(dir);
    const [variant] = folder.layout.variants;
    const report = await inspect({ proposal: { id: 'mine', dir }, graphFile: variant.graphFile }, signal);
    return how(store, folder, variant, 'mine', report, onBytes, signal);
  };
  const manifestIn = (dir: string) => JSON.parse(readFileSync(path.join(dir, 'residual.json'), 'utf8'));
  const complete = async () => {
    const registry = new Registry(() => [{ dir: root, origin: 'personal' }]);
    const { proposal } = resolveChoice('mine', [], await registry.proposals(), []);
    const { completions } = await client.call(
      'complete',
      {
        proposal,
        modules: [],
        text: { path: 'src/a.ts', prefix: 'const a = ', lineRest: '', suffix: 'foo();\n', neighbours: [] },
        sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
        extent: 'block',
        maxTokens: 8,
        contextTokens: 100,
        nCompletions: 1,
      },
      never,
    );
    assert.ok(completions[0].tokens.length > 0);
  };

  it('by a copy takes the files of one form with their hashes, and completes', async () => {
    const from = copyOf(proposalDir('qwen2-sharded'));
    cpSync(path.join(from, 'onnx/model.onnx'), path.join(from, 'onnx/model_fp16.onnx'));
    writeFileSync(path.join(from, 'notes.txt'), 'mine');
    const seen: number[] = [];
    const dir = await add(copyIn, from, { onBytes: bytes => void seen.push(bytes) });
    assert.equal(dir, path.join(root, 'proposals/mine'));
    assert.deepEqual(readdirSync(path.join(dir, 'onnx')).sort(), [
      'model.onnx',
      'model.onnx_data',
      'model.onnx_data_1',
    ]);
    assert.ok(!readdirSync(dir).includes('notes.txt'));
    const manifest = manifestIn(dir);
    assert.equal(manifest.dtype, 'fp32');
    assert.equal(manifest.graphForm, 'past');
    assert.equal(manifest.fim.order, 'prefix-first');
    for (const [name, hash] of Object.entries(manifest.files))
      assert.equal(sha256(readFileSync(path.join(from, name))), hash, name);
    const sizes = Object.keys(manifest.files).map(name => readFileSync(path.join(dir, name)).length);
    assert.equal(
      seen.at(-1),
      sizes.reduce((a, b) => a + b),
    );
    rmSync(from, { recursive: true });
    await complete();
  });

  it('in place leaves the files where they are, notices what changes there, and completes', async () => {
    const from = copyOf(proposalDir('llama'));
    const before = readdirSync(from, { recursive: true }).sort();
    const dir = await add(useInPlace, from);
    assert.deepEqual(readdirSync(dir).sort(), ['location.json', 'residual.json']);
    assert.deepEqual(readdirSync(from, { recursive: true }).sort(), before);
    await complete();
    const file = path.join(from, 'tokenizer.json');
    writeFileSync(file, `${readFileSync(file, 'utf8')} `);
    client.dispose();
    const limits = { threads: 1, memoryMiB: 100 };
    client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA, limits });
    await assert.rejects(complete(), /tokenizer\.json is damaged or was changed/);
  });

  it('of our own kind keeps what its manifest says', async () => {
    const from = copyOf(proposalDir('delta'));
    const file = path.join(from, 'residual.json');
    const brought = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...brought, later: { field: 1 } }));
    const manifest = manifestIn(await add(copyIn, from));
    assert.equal(manifest.id, 'mine');
    assert.equal(manifest.title, brought.title);
    assert.deepEqual(manifest.fim, brought.fim);
    assert.deepEqual(manifest.later, { field: 1 });
    await complete();
  });

  it('knows the cache that downloads of other tools lie in', async () => {
    const cache = mkdtempSync(path.join(root, 'cache-'));
    const snapshot = path.join(cache, 'models--some-owner--Some-Model/snapshots/abc');
    mkdirSync(path.join(snapshot, 'onnx'), { recursive: true });
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'])
      symlinkSync(path.join(proposalDir('llama'), name), path.join(snapshot, name));
    assert.equal((await surveyFolder(snapshot)).name, 'Some-Model');
    await add(copyIn, snapshot);
    rmSync(cache, { recursive: true });
    await complete();
  });

  it('that is cancelled in mid-copy leaves nothing', async () => {
    const controller = new AbortController();
    const running = add(copyIn, proposalDir('qwen2-sharded'), {
      signal: controller.signal,
      onBytes: () => controller.abort(),
    });
    await assert.rejects(running, isAbortError);
    assert.deepEqual(readdirSync(path.join(root, 'proposals')), ['.incoming']);
    assert.deepEqual(readdirSync(path.join(root, 'proposals/.incoming')), []);
  });

  it('under an id that is there changes nothing', async () => {
    await add(copyIn, proposalDir('llama'));
    const before = readFileSync(path.join(root, 'proposals/mine/residual.json'), 'utf8');
    await assert.rejects(add(copyIn, proposalDir('qwen3-keeps-last')), (error: unknown) => {
      return error instanceof UserError && error.code === 'proposal-exists';
    });
    assert.equal(readFileSync(path.join(root, 'proposals/mine/residual.json'), 'utf8'), before);
    await complete();
  });

  describe('from a hub', () => {
    const REPO = 'tiny-models/qwen2';
    let hub: HubServer;
    afterEach(() => hub.stop());

    const download = async (dir: string) => {
      hub = await HubServer.start();
      hub.add(REPO, dir);
      const { endpoint } = hub;
      const { revision, licence, files } = await readHubModel({ repo: REPO }, { endpoint, fetch }, never);
      const { common, variants } = layoutOf(files, REPO);
      const plan = planOf({ endpoint, repo: REPO, revision }, { id: 'mine', licence }, common, variants[0]);
      const downloads = new ProposalDownloads(root, { sleep: async () => {} });
      const parts = { downloads, store, inspect };
      const ignore = () => {};
      return { downloads, run: () => addDownload(parts, plan, { endpoint, fetch }, ignore, ignore, never) };
    };

    it('is downloaded, tried, moved into place, and completes', async () => {
      const { run, downloads } = await download(proposalDir('qwen2-sharded'));
      const report = await run();
      assert.equal(report.architecture, 'qwen2');
      const dir = path.join(root, 'proposals/mine');
      const manifest = manifestIn(dir);
      assert.equal(manifest.licence, 'apache-2.0');
      assert.deepEqual(manifest.source, { endpoint: hub.endpoint, repo: REPO, revision: COMMIT });
      assert.equal(manifest.files['onnx/model.onnx'], sha256(readFileSync(path.join(dir, 'onnx/model.onnx'))));
      assert.ok(!readdirSync(dir).includes('download.json'));
      assert.deepEqual(await downloads.unfinished(), []);
      assert.deepEqual(readdirSync(path.join(root, 'downloads')), []);
      await complete();
    });

    it('that cannot be used is not moved, and can be thrown away', async () => {
      const dir = copyOf(proposalDir('llama'));
      const file = path.join(dir, 'tokenizer.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"BPE"', '"Unigram"'));
      const { run, downloads } = await download(dir);
      await assert.rejects(run(), /Unigram model is not supported/);
      assert.deepEqual(readdirSync(root), ['downloads']);
      assert.equal((await downloads.unfinished()).length, 1);
      await downloads.discard('mine');
      assert.deepEqual(readdirSync(path.join(root, 'downloads')), []);
    });
  });
});
