// Tiny models as gguf-py and transformers write them: what is read must be transformers' state dict, row by row.
// test/oracles/import/make_models.py has made them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { openSource } from '../../src/importer/openSource';
import type { DecoderShape, SourceModel } from '../../src/importer/sourceModel';
import { TemporaryFolder } from './support/temporaryFolder';

interface Expected {
  readonly path: string;
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly sha256: string }>>;
}

const ORACLES = 'test/oracles/import';

async function using<T>(file: string, look: (model: SourceModel) => Promise<T> | T): Promise<T> {
  const model = await openSource(file);
  try {
    return await look(model);
  } finally {
    await model.close();
  }
}

function sha256(values: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
}

/** All rows, so many at a time, from the last to the first: no range depends on what was read before. */
async function rowsInPieces(model: SourceModel, name: string, nPerPiece: number): Promise<Float32Array> {
  const [nRows, width = 1] = model.tensors.get(name)!.shape;
  const all = new Float32Array(nRows * width);
  for (let first = Math.floor((nRows - 1) / nPerPiece) * nPerPiece; first >= 0; first -= nPerPiece) {
    all.set(await model.rows(name, first, Math.min(nPerPiece, nRows - first)), first * width);
  }
  return all;
}

const rounded = (shape: DecoderShape) => {
  const { rotary, epsilon: _, ...sizes } = shape;
  const first = [...rotary.rates].slice(0, 3).map(rate => Number(rate.toPrecision(5)));
  return { ...sizes, rates: first, attentionFactor: Number(rotary.attentionFactor.toPrecision(5)) };
};

describe('importing reads', () => {
  const models = JSON.parse(readFileSync(`${ORACLES}/models.json`, 'utf8')) as Readonly<Record<string, Expected>>;
  const file = (name: string) => path.join(ORACLES, models[name].path);

  for (const [name, expected] of Object.entries(models)) {
    it(`every tensor of ${name} as transformers has it`, () =>
      using(file(name), async model => {
        const found = Object.fromEntries([...model.tensors].map(([tensor, { shape }]) => [tensor, shape]).sort());
        const shapes = Object.entries(expected.tensors).map(([tensor, { shape }]) => [tensor, shape]);
        assert.deepEqual(found, Object.fromEntries(shapes.sort()));
        for (const [tensor, { shape, sha256: whole }] of Object.entries(expected.tensors)) {
          for (const nPerPiece of [shape[0], 7, 1]) {
            assert.equal(
              sha256(await rowsInPieces(model, tensor, nPerPiece)),
              whole,
              `${tensor}, ${nPerPiece} rows at a time`,
            );
          }
        }
      }));
  }

  const base: Omit<DecoderShape, 'family' | 'rotary' | 'epsilon'> = {
    nLayers: 2,
    width: 32,
    nHeads: 4,
    nKvHeads: 2,
    headDim: 8,
    hiddenWidth: 32,
    vocabSize: 96,
    contextLength: 256,
    layersWithoutRotation: [],
    embeddingScale: 1,
    residualScale: 1,
    attentionScale: 1 / Math.sqrt(8),
    logitDivisor: 1,
  };
  const scaled = { embeddingScale: 3, residualScale: 0.25, attentionScale: 0.3, logitDivisor: 2.5 };
  // Ten thousand to the power of -i / 4, and what each scaling makes of it.
  const plain = { rates: [1, 0.1, 0.01], attentionFactor: 1 };
  const million = { rates: [1, 0.031623, 0.001], attentionFactor: 1 };
  const llama3 = { rates: [1, 0.0047008, 0.00017678], attentionFactor: 1 };
  const yarn = { rates: [1, 0.23717, 0.05], attentionFactor: 1.1386 };
  const shapes: readonly (readonly [string, object])[] = [
    ['gguf/llama', { ...base, family: 'llama', hiddenWidth: 64, ...llama3 }],
    ['hf/llama', { ...base, family: 'llama', hiddenWidth: 64, ...llama3 }],
    ['gguf/smol', { ...base, family: 'llama', rates: [0.5, 0.05, 0.005], attentionFactor: 1 }],
    ['hf/mistral', { ...base, family: 'llama', contextLength: 64, ...plain }],
    ['gguf/qwen2', { ...base, family: 'qwen2', hiddenWidth: 256, ...million }],
    ['hf/qwen2-tied', { ...base, family: 'qwen2', ...million }],
    ['gguf/qwen3', { ...base, family: 'qwen3', headDim: 16, attentionScale: 0.25, ...yarn }],
    ['hf/qwen3', { ...base, family: 'qwen3', headDim: 16, attentionScale: 0.25, ...yarn }],
    ['gguf/granite', { ...base, family: 'granite', ...scaled, ...plain }],
    ['hf/granite', { ...base, family: 'granite', ...scaled, ...plain }],
    ['hf/granite4', { ...base, family: 'granite', ...scaled, ...plain }],
    [
      'gguf/smollm3',
      {
        ...base,
        family: 'llama',
        nLayers: 4,
        layersWithoutRotation: [3],
        rates: [1, 0.026591, 0.00070711],
        attentionFactor: 1,
      },
    ],
  ];
  for (const [name, expected] of shapes) {
    it(`the shape of ${name}`, () =>
      using(file(name), ({ shape }) => {
        const found = rounded(shape);
        // GGUF has factors as float32.
        for (const key of ['embeddingScale', 'residualScale', 'attentionScale', 'logitDivisor'] as const) {
          const wanted = (expected as DecoderShape)[key];
          assert.ok(Math.abs(found[key] - wanted) < 1e-7, `${key} is ${found[key]}`);
          found[key] = wanted;
        }
        assert.deepEqual(found, expected);
        assert.ok(Math.abs(shape.epsilon - 1e-6) < 1e-12);
      }));
  }

  const tied: readonly (readonly [string, SourceModel['tiedHead']])[] = [
    ['gguf/llama', undefined],
    ['hf/llama', undefined],
    ['gguf/smol', 'embedding'],
    // Twice the same: as Q4_0 and as Q8_0.
    ['gguf/qwen2', 'head'],
    ['hf/qwen2-tied', 'embedding'],
  ];
  for (const [name, expected] of tied) {
    it(`which table serves as the head of ${name}`, () =>
      using(file(name), ({ tiedHead }) => assert.equal(tiedHead, expected)));
  }

  it('title, licence, files and number of tokens of a split GGUF, given any part', async () => {
    const parts = [1, 2, 3].map(i => `llama-0000${i}-of-00003.gguf`);
    for (const part of parts) {
      const found = await using(path.join(ORACLES, 'gguf', part), ({ title, licence, files, nTokens }) => ({
        title,
        licence,
        files: files.map(each => each.name),
        nTokens,
      }));
      assert.deepEqual(found, { title: 'Tiny llama', licence: 'apache-2.0', files: parts, nTokens: 90 });
    }
  });

  it('types as the file calls them', () =>
    using(file('gguf/qwen2'), ({ tensors }) => {
      const type = (name: string) => tensors.get(name)!.type;
      assert.deepEqual(
        ['model.embed_tokens.weight', 'lm_head.weight', 'model.layers.0.mlp.down_proj.weight', 'model.norm.weight'].map(
          type,
        ),
        ['Q4_0', 'Q8_0', 'Q4_K', 'F32'],
      );
      assert.equal(tensors.get('lm_head.weight')!.bitsPerWeight, 8.5);
    }));

  it('no rows that a tensor does not have', () =>
    using(file('gguf/smol'), async ({ rows }) => {
      await assert.rejects(rows('model.norm.weight', 30, 3), RangeError);
      await assert.rejects(rows('model.norm.weight', -1, 1), RangeError);
      await assert.rejects(rows('lm_head.weight', 0, 1), RangeError);
      assert.equal((await rows('model.norm.weight', 32, 0)).length, 0);
    }));

  describe('a folder', () => {
    let folder: TemporaryFolder;
    beforeEach(() => {
      folder = new TemporaryFolder();
    });
    afterEach(() => folder.remove());

    it("of Hugging Face's cache, by its links, with licence and title", async () => {
      const source = path.resolve(file('hf/llama'));
      const snapshot = path.join(folder.path, 'models--acme--tiny-code/snapshots', 'a'.repeat(40));
      const blobs = path.join(folder.path, 'models--acme--tiny-code/blobs');
      mkdirSync(snapshot, { recursive: true });
      cpSync(source, blobs, { recursive: true });
      for (const name of readdirSync(blobs)) symlinkSync(path.join('../../blobs', name), path.join(snapshot, name));
      folder.write(
        `models--acme--tiny-code/snapshots/${'a'.repeat(40)}/README.md`,
        '---\nlibrary_name: transformers\nlicense: other\nlicense_name: "acme-1.0"\n---\nlicense: mit\n',
      );
      const { title, licence, text, nTokens } = await using(snapshot, model => model);
      assert.deepEqual({ title, licence, nTokens }, { title: 'tiny-code', licence: 'acme-1.0', nTokens: 90 });
      assert.equal(text['tokenizer.json'], readFileSync(path.join(source, 'tokenizer.json'), 'utf8'));
      // There is none in the folder.
      assert.deepEqual(JSON.parse(text['generation_config.json']), { bos_token_id: 0, eos_token_id: 0 });
    });

    it('with text files as they are, and a chat template in a file of its own', async () => {
      cpSync(file('hf/qwen2-tied'), folder.path, { recursive: true });
      folder.write('generation_config.json', '{ "eos_token_id": [1, 2] }');
      folder.write('tokenizer_config.json', '{ "a": 1 }');
      const before = await using(folder.path, model => model.text);
      assert.deepEqual(
        [before['generation_config.json'], before['tokenizer_config.json']],
        ['{ "eos_token_id": [1, 2] }', '{ "a": 1 }'],
      );
      folder.write('chat_template.jinja', '{{ x }}');
      const after = await using(folder.path, model => model.text);
      assert.deepEqual(JSON.parse(after['tokenizer_config.json']), { a: 1, chat_template: '{{ x }}' });
    });

    it('that has nothing but one GGUF, whatever files of it are given', async () => {
      for (const part of [1, 2, 3].map(i => `llama-0000${i}-of-00003.gguf`)) {
        folder.write(part, readFileSync(path.join(ORACLES, 'gguf', part)));
      }
      folder.write('mmproj-llama.gguf', '');
      assert.equal(await using(folder.path, ({ title }) => title), 'Tiny llama');
      folder.write('other.gguf', '');
      await assert.rejects(openSource(folder.path), /has several models.*llama-00001-of-00003\.gguf.*other\.gguf/s);
    });
  });

  it('a GGUF by its content, and a folder by one of its files', async () => {
    const folder = new TemporaryFolder();
    const blob = folder.write('sha256-0123', readFileSync(path.join(ORACLES, 'gguf/smol.gguf')));
    assert.equal(await using(blob, ({ title }) => title), 'Tiny smol');
    assert.equal(await using(path.join(file('hf/granite'), 'model.safetensors'), ({ title }) => title), 'granite');
    folder.remove();
  });
});
