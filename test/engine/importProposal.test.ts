/**
 * Tiny models of every family, imported: the graph that is written here gives transformers' own logits, whole and in
 * pieces, and a proposal folder is made as a whole or not at all. test/oracles/import/make.py has made the models.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { logSumExp } from '../../src/core/distribution';
import { UserError } from '../../src/core/errors';
import type { Row } from '../../src/core/row';
import { DeltaGraph } from '../../src/engine/deltaGraph';
import { FileHashes } from '../../src/engine/modelFiles';
import { OnnxModel } from '../../src/engine/onnxModel';
import { findProposalFiles, loadProposal } from '../../src/engine/proposal';
import { openSession } from '../../src/engine/session';
import { LayerInputs } from '../../src/importer/calibration/layerInputs';
import { embeddingTensor } from '../../src/importer/decoder/tiedHead';
import { type Format, numberPlanOf } from '../../src/importer/formats';
import { buildProposalGraph } from '../../src/importer/graph/proposalGraph';
import { type ImportProgress, importProposal, planImport } from '../../src/importer/importProposal';
import { openSource } from '../../src/importer/openSource';
import type { SourceModel } from '../../src/importer/sourceModel';
import { Shards } from '../../src/importer/weights/shards';
import { writeWeights } from '../../src/importer/weights/writeWeights';
import { TemporaryFolder } from '../unit/support/temporaryFolder';
import { writeTinyModel } from './support/tinyModel';

interface Oracle {
  readonly path: string;
  readonly tokens: readonly number[];
  /** Which tokens' logits follow. */
  readonly rows: readonly number[];
  readonly logits: readonly (readonly number[])[];
}

const ORACLES = 'test/oracles/import';
const models = JSON.parse(readFileSync(`${ORACLES}/models.json`, 'utf8')) as Readonly<Record<string, Oracle>>;
const never = new AbortController().signal;
const execution = { nThreads: 1 };
const ignore = () => {};

/** Largest shard in these tests: every model is cut into several files, and its table into parts. */
const SHARD_BYTES = 8192;

describe('an imported model', function () {
  this.timeout(60_000);
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = new TemporaryFolder();
  });
  afterEach(() => folder.remove());

  async function load(
    source: SourceModel,
    format: Format,
    maxTableRows: number,
    tokens: readonly number[] = [],
  ): Promise<OnnxModel> {
    const plan = { ...numberPlanOf(source, format), maxTableRows };
    const { graph, stored } = buildProposalGraph(source, plan);
    const shards = new Shards(graph.outside, 'model', SHARD_BYTES);
    assert.ok(shards.files.length > 1);
    const files = await shards.create(folder.path);
    const inputs = new LayerInputs(source, [tokens], execution);
    await writeWeights(source, stored, files, name => inputs.momentsOf(name, never), ignore, never);
    await inputs.close();
    await files.close();
    const file = folder.write(
      'model.onnx',
      graph.write(tensor => shards.placeOf(tensor)),
    );
    const session = await openSession(file, [], 0, execution);
    return new OnnxModel({
      tokenizerId: '',
      contextLength: 64,
      graph: new DeltaGraph(session, 64),
      weightsBytes: 0,
      close: () => session.close(),
    });
  }

  async function using<T>(name: string, look: (source: SourceModel, oracle: Oracle) => Promise<T>): Promise<T> {
    const oracle = models[name];
    const source = await openSource(path.join(ORACLES, oracle.path));
    try {
      // Transformers computed with both tables of that file, of which an import takes the finer one for both ends.
      const both = name === 'gguf/qwen2' ? { ...source, tiedHead: undefined } : source;
      return await look(both, oracle);
    } finally {
      await source.close();
    }
  }

  for (const name of Object.keys(models)) {
    it(`${name} has the logits that transformers computes`, () =>
      using(name, async (source, oracle) => {
        const model = await load(source, 'fp32', 40);
        const whole = model.open({ rows: 'whole' });
        const rows = [...(await verifyAll(whole, oracle.tokens, [oracle.tokens.length]))];
        for (const [i, row] of oracle.rows.entries()) {
          const expected = logpsOf(oracle.logits[i], source.nTokens);
          for (const [token, logp] of expected.entries()) {
            assert.ok(Math.abs(rows[row][token] - logp) < 1e-4, `token ${token} at ${row}`);
          }
        }
        // In three passes, of which the first sees an empty past.
        const pieces = await verifyAll(model.open({ rows: 'whole' }), oracle.tokens, [1, 3, oracle.tokens.length - 4]);
        for (const [i, row] of rows.entries()) {
          for (const [token, logp] of row.entries()) assert.ok(Math.abs(pieces[i][token] - logp) < 1e-4);
        }
        await model.close();
      }));

    it(`${name} lists its likeliest tokens and those that are wanted`, () =>
      using(name, async (source, oracle) => {
        const model = await load(source, 'fp32', 1_000_000);
        const [whole, listed] = [model.open({ rows: 'whole' }), model.open()];
        const [last] = (await verifyAll(whole, oracle.tokens, [oracle.tokens.length])).slice(-1);
        const order = [...last.keys()].sort((a, b) => last[b] - last[a]);
        const unlikeliest = order[order.length - 1];
        await listed.seek([...oracle.tokens], never, { wanted: [unlikeliest] });
        const row = listed.logps();
        assert.ok(row.n < source.nTokens || source.nTokens <= 65);
        for (const token of [...order.slice(0, Math.min(64, order.length)), unlikeliest]) {
          assert.ok(Math.abs(row.logp(token) - last[token]) < 1e-4);
        }
        await model.close();
      }));
  }

  for (const [format, mostNats] of [
    ['int8', 0.02],
    ['int4', 0.3],
  ] as const) {
    it(`hf/qwen2-tied in ${format} is close to the original`, () =>
      using('hf/qwen2-tied', async (source, oracle) => {
        const model = await load(source, format, 40, oracle.tokens);
        const rows = await verifyAll(model.open({ rows: 'whole' }), oracle.tokens, [2, oracle.tokens.length - 2]);
        let kl = 0;
        for (const [i, row] of oracle.rows.entries()) {
          const expected = logpsOf(oracle.logits[i], source.nTokens);
          for (const [token, logp] of expected.entries()) kl += Math.exp(logp) * (logp - rows[row][token]);
        }
        const mean = kl / oracle.rows.length;
        assert.ok(mean > 0 && mean < mostNats, `${mean} nats`);
        await model.close();
      }));
  }

  it('is measured by what its layers are fed', () =>
    using('hf/qwen3', async (source, { tokens }) => {
      const inputs = new LayerInputs(source, [tokens.slice(0, 5), tokens.slice(5)], execution);
      const name = (layer: number) => `model.layers.${layer}.self_attn.q_proj`;
      const { segment, values } = await inputs.momentsOf(name(0), never);
      // The first layer is fed the embeddings, normalised.
      const { width, epsilon, nLayers } = source.shape;
      const norm = await source.rows('model.layers.0.input_layernorm.weight', 0, width);
      const expected = new Float64Array(width * width);
      // A sequence's first token is left out.
      const counted = tokens.filter((_, i) => i !== 0 && i !== 5);
      for (const token of counted) {
        const row = await source.rows(embeddingTensor(source), token, 1);
        const scale = 1 / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / width + epsilon);
        const x = row.map((value, k) => value * scale * norm[k]);
        for (const i of x.keys()) {
          for (const j of x.keys()) expected[i * width + j] += (x[i] * x[j]) / counted.length;
        }
      }
      assert.equal(segment, width);
      for (const [i, product] of expected.entries()) assert.ok(Math.abs(values[i] - product) < 1e-5, `${i}`);
      // A later one is reached through the ones before it; what is past is not kept.
      const later = await inputs.momentsOf(name(nLayers - 1), never);
      assert.notDeepEqual(later.values, values);
      await assert.rejects(inputs.momentsOf(name(0), never), /No layer left/);
      await inputs.close();
    }));

  describe('as a folder', () => {
    const source = path.join(os.tmpdir(), `residual-tiny-${process.pid}`);
    before(() => writeTinyModel(source));
    after(() => rmSync(source, { recursive: true, force: true }));
    const spec = () => ({ source, out: path.join(folder.path, 'it'), id: 'it', format: 'int4' as const });

    it('is a proposal that the engine loads', async () => {
      const progress: ImportProgress[] = [];
      await importProposal(spec(), step => progress.push(step), never);
      assert.deepEqual([...new Set(progress.map(({ phase }) => phase))], ['reading', 'quantising', 'writing']);
      for (const { done, total } of progress) assert.ok(done <= total);
      assert.deepEqual(readdirSync(folder.path), ['it']);
      const files = await findProposalFiles({ id: 'it', dir: spec().out });
      const { model, manifest, tokenizer } = await loadProposal(files, new FileHashes(), execution);
      assert.equal(manifest.dtype, 'int4');
      const sequence = model.open();
      await sequence.seek([...tokenizer.encode('ab')], never);
      assert.ok(sequence.logps().n > 0);
      await model.close();
    });

    it('is the same when it is made again', async () => {
      await importProposal(spec(), ignore, never);
      const out = path.join(folder.path, 'again');
      await importProposal({ ...spec(), out }, ignore, never);
      const of = (dir: string) => JSON.parse(readFileSync(path.join(dir, 'residual.json'), 'utf8'));
      assert.deepEqual(of(out), of(spec().out));
    });

    it('is planned without being made', async () => {
      const plan = await planImport(source);
      assert.equal(plan.family, 'qwen3');
      await importProposal(spec(), ignore, never);
      const onnx = path.join(spec().out, 'onnx');
      const weights = readdirSync(onnx).filter(name => name.endsWith('.safetensors'));
      const sizeBytes = weights.reduce((sum, name) => sum + readFileSync(path.join(onnx, name)).length, 0);
      const planned = plan.formats.find(({ format }) => format === 'int4')!.sizeBytes;
      assert.ok(sizeBytes - planned >= 0 && sizeBytes - planned < 65_536, `${planned} planned, ${sizeBytes} made`);
    });

    for (const phase of ['reading', 'quantising', 'writing'] as const) {
      it(`leaves nothing behind when it is stopped while ${phase}`, async () => {
        const controller = new AbortController();
        const stop = (step: ImportProgress) => step.phase === phase && controller.abort();
        await assert.rejects(importProposal(spec(), stop, controller.signal), { name: 'AbortError' });
        assert.deepEqual(readdirSync(folder.path), []);
      });
    }

    it('does not take the place of something else', async () => {
      mkdirSync(spec().out);
      writeFileSync(path.join(spec().out, 'mine.txt'), 'mine');
      await assert.rejects(importProposal(spec(), ignore, never), UserError);
      assert.deepEqual(readdirSync(folder.path), ['it']);
      assert.ok(existsSync(path.join(spec().out, 'mine.txt')));
    });
  });
});

async function verifyAll(
  sequence: { verify(draft: readonly number[], signal: AbortSignal): Promise<readonly Row[]> },
  tokens: readonly number[],
  lengths: readonly number[],
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  let at = 0;
  for (const length of lengths) {
    for (const row of await sequence.verify(tokens.slice(at, at + length), never)) {
      rows.push(Float32Array.from({ length: row.vocabSize }, (_, token) => row.logp(token)));
    }
    at += length;
  }
  return rows;
}

/** Over the tokens that exist: what pads a table is not there any more. */
function logpsOf(logits: readonly number[], nTokens: number): number[] {
  const known = logits.slice(0, nTokens);
  const z = logSumExp(Float64Array.from(known));
  return known.map(logit => logit - z);
}
