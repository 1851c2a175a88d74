// Folders with safetensors that somebody made to do harm, by mistake, or for another program: each is refused by name.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { readSafetensorsHeader } from '../../src/importer/huggingFace/safetensorsHeader';
import { openSafetensorsSource } from '../../src/importer/huggingFace/safetensorsSource';
import { BinaryFile } from '../../src/importer/tensors/binaryFile';
import { u64 } from './support/ggufFile';
import { TemporaryFolder } from './support/temporaryFolder';
import { assertTranslatable } from './support/translatable';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = new TemporaryFolder();
});
afterEach(() => folder.remove());

async function refused(work: Promise<unknown>, expected: RegExp): Promise<void> {
  await assert.rejects(work, error => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, expected);
    assertTranslatable(error.sentence);
    return true;
  });
}

const raw = (header: string, nDataBytes: number) =>
  Buffer.concat([u64(Buffer.byteLength(header)), Buffer.from(header), Buffer.alloc(nDataBytes)]);
const entry = (shape: readonly number[], start: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

describe("a safetensors file's header", () => {
  const read = async (bytes: Buffer) => {
    const file = await BinaryFile.open(folder.write('model.safetensors', bytes));
    return readSafetensorsHeader(file).finally(() => file.close());
  };
  const of = (header: object, nDataBytes: number) => raw(JSON.stringify(header), nDataBytes);

  it('says where its tensors lie, in whatever order', async () => {
    const header = {
      __metadata__: { format: 'pt' },
      b: entry([2], 12, 20),
      e: entry([0], 12, 12),
      a: entry([3], 0, 12),
    };
    const found = await read(raw(`${JSON.stringify(header)}   `, 20));
    const start = 8 + JSON.stringify(header).length + 3;
    assert.deepEqual(
      ['a', 'b', 'e'].map(name => found.get(name)!.offset - start),
      [0, 12, 12],
    );
  });

  const text = JSON.stringify({ a: entry([1], 0, 4) });
  const lies: readonly (readonly [string, Buffer, RegExp])[] = [
    ['that is too short for its length', Buffer.alloc(5), /"model\.safetensors" cannot be imported: it ends early/],
    ['longer than the file', u64(100), /a header of 100 bytes/],
    ['of a hundred megabytes', u64(100_000_001), /a header of 100000001 bytes/],
    ['whose length no number holds', u64(2n ** 63n), /a header of 9223372036854776000 bytes/],
    ['that is not JSON', raw('{"a":', 0), /its header is not JSON/],
    ['that is a list', raw('[]', 0), /its header is not JSON/],
    ['that begins with a space', raw(` ${text}`, 4), /its header is not JSON/],
    ['that is no text', Buffer.concat([u64(2), Buffer.of(0xff, 0xfe)]), /its header is not JSON/],
    ['with a tensor twice', raw(`${text.slice(0, -1)},${text.slice(1)}`, 4), /its header has a name twice/],
    [
      'with a tensor twice, once in other letters',
      raw(`${text.slice(0, -1)},"\\u0061":1}`, 4),
      /its header has a name twice/,
    ],
    ['with a shape twice', raw(text.replace('"shape"', '"shape":[9],"shape"'), 4), /its header has a name twice/],
    ['without an entry', of({ a: null }, 0), /does not describe the tensor "a"/],
    ['with a negative dimension', of({ a: entry([-1], 0, 4) }, 4), /does not describe the tensor "a"/],
    ['with a half dimension', of({ a: entry([0.5], 0, 4) }, 4), /does not describe the tensor "a"/],
    [
      'with offsets of texts',
      of({ a: { dtype: 'F32', shape: [1], data_offsets: ['0', '4'] } }, 4),
      /not describe the tensor "a"/,
    ],
    ['with a type of no name', of({ a: entry([1], 0, 4, 'F4') }, 4), /"a" is stored as F4/],
    ['with a type that objects inherit', of({ a: entry([1], 0, 4, 'constructor') }, 4), /"a" is stored as constructor/],
    ['with more bytes than its shape', of({ a: entry([1], 0, 8) }, 8), /"a" cannot have the shape 1/],
    ['with offsets the other way round', of({ a: entry([1], 4, 0) }, 4), /"a" cannot have the shape 1/],
    ['with a shape that overflows', of({ a: entry([2 ** 40, 2 ** 40], 0, 4) }, 4), /"a" cannot have the shape/],
    ['with a hole at the start', of({ a: entry([1], 4, 8) }, 8), /"a" lies at 4, where 0 is expected/],
    ['with a hole', of({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12), /"b" lies at 8, where 4 is expected/],
    [
      'with two tensors in one place',
      of({ a: entry([2], 0, 8), b: entry([1], 4, 8) }, 8),
      /"b" lies at 4, where 8 is expected/,
    ],
    [
      'with something behind its tensors',
      of({ a: entry([1], 0, 4) }, 5),
      /it has \d+ bytes, and its header describes \d+/,
    ],
    ['with less than its tensors', of({ a: entry([1], 0, 4) }, 3), /it has \d+ bytes, and its header describes \d+/],
  ];
  for (const [name, bytes, expected] of lies) it(`${name} is refused`, () => refused(read(bytes), expected));

  it('may have names that objects have from the start', async () => {
    const found = await read(raw('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4));
    assert.deepEqual([...found.keys()], ['__proto__']);
  });
});

describe('a folder with safetensors', () => {
  const config = {
    model_type: 'llama',
    vocab_size: 6,
    hidden_size: 8,
    intermediate_size: 10,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    max_position_embeddings: 64,
  };
  const layer = 'model.layers.0';
  const shapes: Readonly<Record<string, readonly number[]>> = {
    'model.embed_tokens.weight': [6, 8],
    'model.norm.weight': [8],
    'lm_head.weight': [6, 8],
    [`${layer}.input_layernorm.weight`]: [8],
    [`${layer}.post_attention_layernorm.weight`]: [8],
    [`${layer}.self_attn.q_proj.weight`]: [8, 8],
    [`${layer}.self_attn.k_proj.weight`]: [4, 8],
    [`${layer}.self_attn.v_proj.weight`]: [4, 8],
    [`${layer}.self_attn.o_proj.weight`]: [8, 8],
    [`${layer}.mlp.gate_proj.weight`]: [10, 8],
    [`${layer}.mlp.up_proj.weight`]: [10, 8],
    [`${layer}.mlp.down_proj.weight`]: [8, 10],
  };
  const tokenizer = JSON.stringify({ model: { vocab: { a: 0, b: 5 } } });
  const SIZES: Readonly<Record<string, number>> = { F32: 4, F64: 8, I32: 4 };

  function file(tensors: Readonly<Record<string, readonly number[] | undefined>>, dtype = 'F32'): Buffer {
    const header: Record<string, object> = {};
    let at = 0;
    for (const [name, shape] of Object.entries(tensors)) {
      if (!shape) continue;
      const end = at + shape.reduce((product, dim) => product * dim, SIZES[dtype]);
      header[name] = entry(shape, at, end, dtype);
      at = end;
    }
    return raw(JSON.stringify(header), at);
  }
  const lay = (files: Readonly<Record<string, string | Uint8Array>>) => {
    const all = { 'config.json': JSON.stringify(config), 'tokenizer.json': tokenizer, ...files };
    for (const [name, content] of Object.entries(all)) folder.write(`model/${name}`, content);
    return path.join(folder.path, 'model');
  };
  const opened = async (files: Readonly<Record<string, string | Uint8Array>>) => {
    const model = await openSafetensorsSource(lay(files));
    await model.close();
    return model;
  };
  const index = (map: unknown) => ({ 'model.safetensors.index.json': JSON.stringify({ weight_map: map }) });
  const set = (over: object) => ({ 'config.json': JSON.stringify({ ...config, ...over }) });
  const weights = { 'model.safetensors': file(shapes) };

  it('is a model', async () => {
    const { title, licence, nTokens, tensors } = await opened(weights);
    assert.deepEqual([title, licence, nTokens, tensors.size], ['model', undefined, 6, 12]);
  });
  it('may have float64', async () => {
    const { tensors } = await opened({ 'model.safetensors': file(shapes, 'F64') });
    assert.equal(tensors.get('lm_head.weight')!.bitsPerWeight, 64);
  });
  it('may have buffers of old checkpoints', async () => {
    const old = file({ ...shapes, [`${layer}.self_attn.rotary_emb.inv_freq`]: [2] });
    assert.equal((await opened({ 'model.safetensors': old })).tensors.size, 12);
  });
  it('that ties its head has none, whether the file has one or not', async () => {
    const tied = set({ tie_word_embeddings: true });
    for (const tensors of [shapes, { ...shapes, 'lm_head.weight': undefined }]) {
      const model = await opened({ ...tied, 'model.safetensors': file(tensors) });
      assert.deepEqual([model.tensors.has('lm_head.weight'), model.tiedHead], [false, 'embedding']);
    }
  });

  const two = {
    ...index({ ...Object.fromEntries(Object.keys(shapes).map(name => [name, 'a.safetensors'])) }),
    'a.safetensors': file(shapes),
  };
  it('may be in shards of any name', async () => assert.equal((await opened(two)).files[0].name, 'a.safetensors'));

  const lies: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, RegExp])[] = [
    ['without weights', {}, /"model" cannot be imported: it has no model\.safetensors/],
    ['with pickled weights', { 'pytorch_model.bin': 'PK' }, /pickled Python objects, which can run code/],
    [
      'with weights quantised in their own way',
      { ...weights, ...set({ quantization_config: { quant_method: 'awq' } }) },
      /quantised in a way of their own \("awq"\)/,
    ],
    [
      'with a config.json that is not JSON',
      { ...weights, 'config.json': '{' },
      /"config\.json" cannot be imported: it is not JSON/,
    ],
    [
      'with a config.json that is a list',
      { ...weights, 'config.json': '[]' },
      /"config\.json" cannot be imported: it is not a JSON object/,
    ],
    [
      'with a tokenizer of other words',
      { ...weights, 'tokenizer.json': JSON.stringify({ model: { vocab: { a: 6 } } }) },
      /its tokenizer has 7 tokens, and its table 6 rows/,
    ],
    [
      'without a head',
      { 'model.safetensors': file({ ...shapes, 'lm_head.weight': undefined }) },
      /the tensor "lm_head\.weight" is missing/,
    ],
    [
      'with a classifier',
      { 'model.safetensors': file({ ...shapes, 'score.weight': [2, 8] }) },
      /a llama model has no tensor "score\.weight"/,
    ],
    [
      'with a tensor of another shape',
      { 'model.safetensors': file({ ...shapes, 'model.norm.weight': [9] }) },
      /"model\.norm\.weight" has the shape \[9\], not \[8\]/,
    ],
    ['with whole numbers', { 'model.safetensors': file(shapes, 'I32') }, /is stored as I32/],
    [
      'whose index is not JSON',
      { ...weights, 'model.safetensors.index.json': '{' },
      /index\.json" cannot be imported: it is not JSON/,
    ],
    ['whose index has no map', { ...weights, ...index(null) }, /it does not say where the tensors are/],
    [
      'whose index leaves the folder',
      { ...weights, ...index({ a: '../model.safetensors' }) },
      /"\.\.\/model\.safetensors" is no file name/,
    ],
    [
      'whose index names a path of Windows',
      { ...weights, ...index({ a: '..\\model.safetensors' }) },
      /is no file name/,
    ],
    ['whose index names a number', { ...weights, ...index({ a: 1 }) }, /"1" is no file name/],
    [
      'whose index names a file that is not there',
      { ...weights, ...index({ a: 'b.safetensors' }) },
      /"b\.safetensors" cannot be imported: there is no such file/,
    ],
    [
      'whose index has a tensor too many',
      { ...two, ...index({ ...JSON.parse(two['model.safetensors.index.json']).weight_map, more: 'a.safetensors' }) },
      /"a\.safetensors" cannot be imported: the tensor "more" is missing/,
    ],
    [
      'whose index has a tensor too few',
      { ...two, ...index({ 'lm_head.weight': 'a.safetensors' }) },
      /index\.json does not have its tensor "model\.embed_tokens\.weight"/,
    ],
  ];
  for (const [name, files, expected] of lies) it(`${name} is refused`, () => refused(opened(files), expected));

  it('without a tokenizer or a configuration is refused', async () => {
    const empty = path.join(folder.path, 'empty');
    mkdirSync(empty);
    await refused(openSafetensorsSource(empty), /it has no config\.json/);
    folder.write('empty/config.json', JSON.stringify(config));
    await refused(openSafetensorsSource(empty), /it has no tokenizer\.json/);
    mkdirSync(path.join(empty, 'tokenizer.json'));
    await refused(openSafetensorsSource(empty), /"tokenizer\.json" cannot be imported: it is no regular file/);
  });
});
