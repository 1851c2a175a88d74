/** What the engine finds out about a folder that may become a proposal, and what it says of one that cannot. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAbortError, UserError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import type { InspectRequest } from '../../src/protocol/inspection';
import { copyOf, DELTA, FIXTURES, FORMS, never, proposalDir, removeCopies } from './support/fixtures';

describe('inspecting a proposal', () => {
  let client: EngineClient;
  before(() => {
    client = new EngineClient({
      script: path.resolve('dist/engine.js'),
      modelsDir: DELTA,
      limits: { threads: 1, memoryMiB: 100 },
    });
  });
  after(() => client.dispose());
  afterEach(removeCopies);

  const inspect = (request: InspectRequest, signal = never) => client.call('inspectProposal', request, signal);
  const inspectDir = (dir: string, graphFile?: string) =>
    inspect({ proposal: { id: 'mine', dir }, ...(graphFile !== undefined && { graphFile }) });

  for (const form of FORMS) {
    it(`loads the form ${form}, takes some steps, and keeps nothing loaded`, async () => {
      const report = await inspectDir(proposalDir(form));
      const config = JSON.parse(readFileSync(path.join(proposalDir(form), 'config.json'), 'utf8'));
      assert.equal(report.vocabSize, 320);
      assert.equal(report.graphForm, form.startsWith('delta') ? 'delta' : 'past');
      assert.equal(report.architecture, config.model_type);
      assert.ok(report.contextLength > 0 && report.msPerToken > 0 && report.loadMs > 0);
      assert.ok(report.weightsBytes > 0 && report.memoryBytes >= report.weightsBytes);
      const width = form === 'qwen2-half-cache' ? 2 : 4;
      const headDim = config.head_dim ?? config.hidden_size / config.num_attention_heads;
      assert.equal(
        report.cacheBytesPerToken,
        2 * config.num_hidden_layers * config.num_key_value_heads * headDim * width,
      );
      assert.equal(report.fim?.order, form.startsWith('delta') ? 'suffix-first' : 'prefix-first');
      assert.deepEqual((await client.call('status', null, never)).loaded, []);
    });
  }

  it('says that a vocabulary without the tokens for it cannot mark a middle', async () => {
    const dir = copyOf(proposalDir('llama'));
    const file = path.join(dir, 'tokenizer.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('fim_middle', 'other_name'));
    assert.equal((await inspectDir(dir)).fim, undefined);
  });

  it('takes the graph that is asked for, else the one that a CPU prefers', async () => {
    const dir = copyOf(proposalDir('llama'));
    cpSync(path.join(dir, 'onnx/model.onnx'), path.join(dir, 'onnx/model_int8.onnx'));
    cpSync(path.join(dir, 'onnx/model.onnx'), path.join(dir, 'onnx/model_q4f16.onnx'));
    assert.equal((await inspectDir(dir)).dtype, 'int8');
    assert.equal((await inspectDir(dir, 'onnx/model_q4f16.onnx')).dtype, 'q4f16');
    assert.equal((await inspectDir(dir, 'onnx/model.onnx')).dtype, 'fp32');
  });

  it('reads a folder that is used in place from where it is', async () => {
    const entry = copyOf(proposalDir('llama-grouped'));
    const place = copyOf(proposalDir('llama-grouped'));
    for (const name of ['onnx', 'config.json', 'tokenizer.json']) rmSync(path.join(entry, name), { recursive: true });
    writeFileSync(path.join(entry, 'location.json'), JSON.stringify({ formatVersion: 1, dir: place }));
    assert.equal((await inspectDir(entry)).dtype, 'q4');
    writeFileSync(path.join(entry, 'location.json'), JSON.stringify({ formatVersion: 1, dir: 'relative' }));
    await assert.rejects(inspectDir(entry), /"relative" is not a whole path/);
  });

  const refusals: readonly (readonly [string, string, string, (dir: string) => void, RegExp])[] = [
    [
      'a graph whose weights are not all there',
      'qwen2-sharded',
      'model-file-missing',
      dir => rmSync(path.join(dir, 'onnx/model.onnx_data_1')),
      /onnx\/model\.onnx has its weights in onnx\/model\.onnx_data_1, which is missing in .*Put it there/,
    ],
    [
      'weights that are not numbers',
      'qwen2-sharded',
      'model-broken',
      dir => writeFileSync(path.join(dir, 'onnx/model.onnx_data'), notNumbers(path.join(dir, 'onnx/model.onnx_data'))),
      /no probability.*choose another graph/,
    ],
    [
      'weights that are not numbers, of which only some scores are seen',
      'delta-top',
      'model-broken',
      dir => {
        const file = path.join(dir, 'onnx/model_fp32.safetensors');
        const bytes = readFileSync(file);
        writeFileSync(file, Buffer.concat([bytes.subarray(0, 16_384), notNumbers(file).subarray(16_384)]));
        rmSync(path.join(dir, 'residual.json'));
      },
      /no probability.*choose another graph/,
    ],
    [
      'the tokenizer of another model',
      'llama',
      'tokenizer-mismatch',
      dir => {
        const file = path.join(dir, 'tokenizer.json');
        const json = JSON.parse(readFileSync(file, 'utf8'));
        json.added_tokens.push({ ...json.added_tokens[0], id: 5000, content: '<|more|>' });
        writeFileSync(file, JSON.stringify(json));
      },
      /knows 5001 tokens and the graph 320/,
    ],
    [
      'a tokenizer of another kind',
      'llama',
      'tokenizer-unsupported',
      dir => {
        const file = path.join(dir, 'tokenizer.json');
        const json = JSON.parse(readFileSync(file, 'utf8'));
        writeFileSync(file, JSON.stringify({ ...json, model: { ...json.model, type: 'Unigram' } }));
      },
      /Unigram model is not supported, only byte-level BPE/,
    ],
    [
      'a folder without a tokenizer',
      'llama',
      'model-file-missing',
      dir => rmSync(path.join(dir, 'tokenizer.json')),
      /tokenizer\.json is missing/,
    ],
    [
      'a folder without a graph',
      'llama',
      'model-file-missing',
      dir => renameSync(path.join(dir, 'onnx/model.onnx'), path.join(dir, 'onnx/decoder_model_merged.onnx')),
      /onnx\/model\.onnx is missing/,
    ],
    [
      'a graph that is no ONNX',
      'llama',
      'model-unloadable',
      dir => writeFileSync(path.join(dir, 'onnx/model.onnx'), 'not a graph'),
      /cannot be loaded/,
    ],
  ];
  for (const [what, form, code, damage, message] of refusals) {
    it(`refuses ${what}`, async () => {
      const dir = copyOf(proposalDir(form));
      damage(dir);
      await assert.rejects(inspectDir(dir), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.match(error.message, /^"mine": |^"mine" /);
        return true;
      });
      // The engine is none the worse for it.
      assert.equal((await inspectDir(proposalDir('llama'))).vocabSize, 320);
    });
  }

  it('refuses what is larger than the memory that models may take', async () => {
    const small = new EngineClient({
      script: path.resolve('dist/engine.js'),
      modelsDir: DELTA,
      limits: { threads: 1, memoryMiB: 0.05 },
    });
    try {
      const proposal = { id: 'mine', dir: path.join(FIXTURES, 'llama') };
      await assert.rejects(small.call('inspectProposal', { proposal }, never), /residual\.memoryMiB/);
    } finally {
      small.dispose();
    }
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const running = inspect({ proposal: { id: 'mine', dir: proposalDir('llama') } }, controller.signal);
    controller.abort();
    await assert.rejects(running, isAbortError);
  });

  it('completes with a proposal that is used in place', async () => {
    const entry = path.join(copyOf(proposalDir('llama')), 'entry');
    mkdirSync(entry);
    const place = copyOf(proposalDir('llama'));
    writeFileSync(path.join(entry, 'location.json'), JSON.stringify({ formatVersion: 1, dir: place }));
    const { completions } = await client.call(
      'complete',
      {
        proposal: { id: 'mine', dir: entry },
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
  });
});

function notNumbers(file: string): Buffer {
  const bytes = readFileSync(file);
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.writeFloatLE(Number.NaN, at);
  return bytes;
}
