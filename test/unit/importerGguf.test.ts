// GGUF files that somebody made to do harm, by mistake, or for another program: each is refused by name.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { openGguf } from '../../src/importer/gguf/gguf';
import type { GgufMetadata } from '../../src/importer/gguf/ggufMetadata';
import { openSource } from '../../src/importer/openSource';
import type { SourceModel } from '../../src/importer/sourceModel';
import {
  ARRAY,
  F32,
  float,
  large,
  list,
  number,
  type RawGguf,
  type RawTensor,
  type RawValue,
  rawGguf,
  STRING,
  string,
  text,
  truth,
  U8,
  u32,
  u64,
} from './support/ggufFile';
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

/** Its keys, read and closed. */
async function keysOf(file: RawGguf): Promise<GgufMetadata> {
  const gguf = await openGguf(folder.write('m.gguf', rawGguf(file)));
  await gguf.close();
  return gguf.metadata;
}

describe("a GGUF's header", () => {
  const tensor = (over: object = {}): RawTensor => ({ name: 't', dims: [4], ...over });
  const key = (value: RawValue): RawGguf => ({ keys: [['k', value]] });

  const lies: readonly (readonly [string, RawGguf, RegExp])[] = [
    ['of another format', { magic: 'ggjt' }, /"m\.gguf" cannot be imported: it is no GGUF file/],
    ['of version 1', { version: 1 }, /GGUF version 1/],
    ['of a later version', { version: 4 }, /GGUF version 4/],
    ['of a big-endian machine', { version: 3 << 24 }, /big-endian/],
    ['that claims more keys than fit', { nKeys: 5n }, /it claims 5 keys/],
    ['that claims more tensors than fit', { nTensors: 2n ** 40n }, /it claims 1099511627776 tensors/],
    ['that claims more tensors than numbers go', { nTensors: 2n ** 63n }, /a size of 9223372036854775808/],
    ['that ends within its counts', { nMissing: 20 }, /it ends early/],
    ['that ends within a key', { keys: [['k'.repeat(40), string('v'.repeat(60))]], nMissing: 40 }, /it ends early/],
    [
      'with a key twice',
      {
        keys: [
          ['k', number(1)],
          ['k', number(2)],
        ],
      },
      /the key "k" twice/,
    ],
    ['with an empty key', { keys: [['', number(1)]] }, /a name of 0 bytes/],
    ['with a key without end', { keys: [['k'.repeat(65_536), number(1)]] }, /a name of 65536 bytes/],
    ['with a key that is no text', { keys: [[Buffer.of(0xff, 0xfe), number(1)]] }, /a name that is not UTF-8/],
    ['with a value of an unknown type', key([13, Buffer.alloc(8)]), /the value of "k" is of type 13/],
    ['with a truth value of 2', key(truth(2)), /the value of "k" is neither true nor false/],
    [
      'with a truth value of 3 in a list',
      key(list(7, [Buffer.of(1, 3)], 2)),
      /the value of "k" is neither true nor false/,
    ],
    ['with a list of lists', key(list(ARRAY, [Buffer.alloc(64)])), /the value of "k" is a list of lists/],
    ['with a list of an unknown type', key(list(77, [Buffer.alloc(64)])), /the value of "k" is of type 77/],
    ['with a list longer than the file', key(list(U8, [], 999)), /the value of "k" claims 999 items/],
    ['with a list of texts longer than the file', key(list(STRING, [], 999)), /the value of "k" claims 999 items/],
    [
      'with a list without end',
      key(list(U8, [Buffer.alloc(1_000_001)], 1_000_001)),
      /the value of "k" claims 1000001 items/,
    ],
    ['with a text longer than the file', key([STRING, u64(9999)]), /it ends early/],
    ['with a text without end', key([STRING, u64(10_000_001)]), /the value of "k" claims a text of 10000001 bytes/],
    ['with a text in a list longer than the file', key(list(STRING, [u64(9999)])), /it ends early/],
    ['with an alignment of 48', { keys: [['general.alignment', number(48)]] }, /an alignment of 48/],
    ['with an alignment of 0', { keys: [['general.alignment', number(0)]] }, /an alignment of 0/],
    ['with a tensor twice', { tensors: [tensor(), tensor()] }, /the tensor "t" twice/],
    ['with a name without end', { tensors: [tensor({ name: 'n'.repeat(64) })] }, /a name of 64 bytes/],
    [
      'with a tensor of no dimension',
      { tensors: [tensor({ dims: [], data: Buffer.alloc(32) })] },
      /"t" has 0 dimensions/,
    ],
    ['with a tensor of five dimensions', { tensors: [tensor({ dims: [1, 1, 1, 1, 1] })] }, /"t" has 5 dimensions/],
    [
      'with a tensor of nothing',
      { tensors: [tensor({ dims: [4, 0], data: Buffer.alloc(64) })] },
      /"t" cannot have the shape 4 × 0/,
    ],
    [
      'with a tensor whose size overflows',
      { tensors: [tensor({ dims: [2n ** 31n, 2n ** 31n, 4], data: Buffer.alloc(32) })] },
      /"t" cannot have the shape 2147483648 × 2147483648 × 4/,
    ],
    [
      'with a part of a block',
      { tensors: [tensor({ type: 2, dims: [48], data: Buffer.alloc(64) })] },
      /"t" cannot have the shape 48/,
    ],
    [
      'with a type that is not read',
      { tensors: [tensor({ type: 16, dims: [256] })] },
      /"t" is stored as IQ2_XXS, which/,
    ],
    ['with a type of no name', { tensors: [tensor({ type: 1000 })] }, /"t" is stored as 1000, which/],
    [
      'with two tensors in one place',
      { tensors: [tensor(), tensor({ name: 'u', offset: 0 })] },
      /"u" lies at 0, where 32 is/,
    ],
    ['with a hole', { tensors: [tensor(), tensor({ name: 'u', offset: 64 })] }, /"u" lies at 64, where 32 is/],
    ['with a tensor beyond everything', { tensors: [tensor({ offset: 2n ** 60n })] }, /a size of 1152921504606846976/],
    [
      'that ends within a tensor',
      { tensors: [tensor({ dims: [8] })], nMissing: 1 },
      /it ends before the tensor "t" does/,
    ],
  ];
  for (const [name, file, expected] of lies) it(`${name} is refused`, () => refused(keysOf(file), expected));

  it('may end in padding that is not there', () => keysOf({ tensors: [tensor()], nMissing: 16 }));
  it('may align its tensors otherwise', () =>
    keysOf({ keys: [['general.alignment', number(64)]], alignment: 64, tensors: [tensor(), tensor({ name: 'u' })] }));
  it('may be of version 2', () => keysOf({ version: 2, keys: [['k', number(1)]] }));
});

describe("a GGUF's keys", () => {
  it('are given by type', async () => {
    const keys = await keysOf({
      keys: [
        ['text', string('ä\ufeff')],
        ['number', number(7)],
        ['large', large(2n ** 53n - 1n)],
        ['half', float(0.5)],
        ['truth', truth(1)],
        ['texts', list(STRING, ['a', '', '\ufffd'].map(text))],
        ['bytes', list(U8, [Buffer.of(1, 255)], 2)],
        ['floats', list(F32, [float(1.5)[1], float(-2)[1]])],
        ['truths', list(7, [Buffer.of(1, 0)], 2)],
      ],
    });
    assert.deepEqual(
      ['text', 'none'].map(key => keys.string(key)),
      ['ä\ufeff', undefined],
    );
    assert.deepEqual(
      ['number', 'large', 'half', 'none'].map(key => keys.number(key)),
      [7, 2 ** 53 - 1, 0.5, undefined],
    );
    assert.equal(keys.boolean('truth'), true);
    assert.deepEqual(keys.strings('texts'), ['a', '', '\ufffd']);
    assert.deepEqual(keys.numbers('bytes'), [1, 255]);
    assert.deepEqual(keys.numbers('floats'), [1.5, -2]);
    assert.deepEqual(keys.booleans('truths'), [true, false]);
    assert.ok(keys.has('text') && !keys.has('none'));
  });

  it('may have the names that objects have from the start', async () => {
    const keys = await keysOf({
      keys: [
        ['__proto__', number(1)],
        ['constructor', string('c')],
      ],
    });
    assert.deepEqual([keys.number('__proto__'), keys.string('constructor'), keys.has('toString')], [1, 'c', false]);
    assert.equal(({} as Record<string, unknown>).k, undefined);
  });

  it('are refused where they have another type, are too large, or are no text', async () => {
    const keys = await keysOf({
      keys: [
        ['number', number(7)],
        ['large', large(2n ** 63n)],
        ['bytes', string(Buffer.of(0xc3))],
        ['texts', list(STRING, [text('a'), text(Buffer.of(0xff))])],
      ],
    });
    const asked: readonly (readonly [() => unknown, RegExp])[] = [
      [() => keys.string('number'), /the value of "number" is not a text/],
      [() => keys.numbers('number'), /the value of "number" is not a list of numbers/],
      [() => keys.boolean('number'), /the value of "number" is not a truth value/],
      [() => keys.number('large'), /the value of "large" is too large \(9223372036854775808\)/],
      [() => keys.string('bytes'), /the value of "bytes" is not UTF-8 text/],
      [() => keys.strings('texts'), /the value of "texts" is not UTF-8 text/],
    ];
    for (const [ask, expected] of asked) await refused(Promise.resolve().then(ask), expected);
  });

  it('are read across the pages of a long header', async () => {
    const tokens = Array.from({ length: 30_000 }, (_, i) => `token ${i} ${'x'.repeat(i % 97)}`);
    const keys = await keysOf({
      keys: [
        ['tokens', list(STRING, tokens.map(text))],
        ['after', number(1)],
      ],
    });
    assert.deepEqual(keys.strings('tokens'), tokens);
    assert.equal(keys.number('after'), 1);
  });
});

type Keys = NonNullable<RawGguf['keys']>;

describe('a GGUF in parts', () => {
  const part = (i: number, n: number, tensors: readonly string[], more: Keys = []) => ({
    keys: [['split.no', number(i)], ['split.count', number(n)], ...more] as Keys,
    tensors: tensors.map(name => ({ name, dims: [4] })),
  });
  const first = (n: number) => part(0, 2, ['a'], [['split.tensors.count', number(n)]]);
  const write = (i: number, n: number, file: object) =>
    folder.write(`m-0000${i}-of-0000${n}.gguf`, rawGguf(file as RawGguf));
  const opened = async (file: string) => {
    const gguf = await openGguf(file);
    await gguf.close();
    return [...gguf.tensors.keys()];
  };

  it('is read as one', async () => {
    write(1, 2, first(2));
    assert.deepEqual(await opened(write(2, 2, part(1, 2, ['b']))), ['a', 'b']);
  });
  it('may have no tensor in the first', async () => {
    write(1, 2, part(0, 2, []));
    assert.deepEqual(await opened(write(2, 2, part(1, 2, ['b']))), ['b']);
  });
  it('is refused without one of them', async () => {
    const file = write(2, 2, part(1, 2, ['b']));
    await refused(opened(file), /"m-00001-of-00002\.gguf" cannot be imported: there is no such file/);
  });
  it('is refused with parts in another order', async () => {
    write(1, 2, part(1, 2, ['b']));
    const file = write(2, 2, part(0, 2, ['a']));
    await refused(opened(file), /it says that it is part 2 of 2, not part 1 of 2/);
  });
  it('is refused with a part of another model', async () => {
    write(1, 2, first(2));
    const file = write(2, 2, part(1, 3, ['b']));
    await refused(opened(file), /it says that it is part 2 of 3, not part 2 of 2/);
  });
  it('is refused with a tensor in two', async () => {
    write(1, 2, first(2));
    await refused(opened(write(2, 2, part(1, 2, ['a']))), /another part has the tensor "a" too/);
  });
  it('is refused with fewer tensors than it says', async () => {
    write(1, 2, first(3));
    await refused(opened(write(2, 2, part(1, 2, ['b']))), /its parts have 2 tensors instead of 3/);
  });
  it('is refused under another name', () =>
    refused(opened(folder.write('renamed.gguf', rawGguf(part(0, 2, ['a'])))), /it is one of 2 parts/));
});

describe('a GGUF of a decoder', () => {
  const W = 8;
  const shapes: Readonly<Record<string, readonly number[]>> = {
    'token_embd.weight': [W, 6],
    'output_norm.weight': [W],
    'blk.0.attn_norm.weight': [W],
    'blk.0.ffn_norm.weight': [W],
    'blk.0.attn_q.weight': [W, W],
    'blk.0.attn_k.weight': [W, 4],
    'blk.0.attn_v.weight': [W, 4],
    'blk.0.attn_output.weight': [W, W],
    'blk.0.ffn_gate.weight': [W, 10],
    'blk.0.ffn_up.weight': [W, 10],
    'blk.0.ffn_down.weight': [10, W],
  };
  const numbers: Readonly<Record<string, RawValue>> = {
    block_count: number(1),
    context_length: number(64),
    embedding_length: number(W),
    feed_forward_length: number(10),
    'attention.head_count': number(2),
    'attention.head_count_kv': number(1),
    'attention.layer_norm_rms_epsilon': float(1e-5),
  };
  interface Change {
    readonly architecture?: string;
    readonly keys?: Readonly<Record<string, RawValue | undefined>>;
    readonly more?: Keys;
    readonly tensors?: Readonly<Record<string, readonly number[] | undefined>>;
    readonly data?: Readonly<Record<string, Buffer>>;
    readonly types?: Readonly<Record<string, number>>;
  }
  function decoder({
    architecture = 'llama',
    keys = {},
    more = [],
    tensors = {},
    data = {},
    types = {},
  }: Change): string {
    const values = Object.entries({ ...numbers, ...keys });
    const given = Object.entries({ ...shapes, ...tensors });
    const file = rawGguf({
      keys: [
        ['general.architecture', string(architecture)],
        ...values.flatMap(([key, value]) => (value ? ([[`${architecture}.${key}`, value]] as const) : [])),
        ...more,
      ],
      tensors: given.flatMap(([name, dims]) =>
        dims
          ? [{ name, dims, ...(types[name] && { type: types[name] }), ...(data[name] && { data: data[name] }) }]
          : [],
      ),
    });
    return folder.write('m.gguf', file);
  }
  const none = { 'tokenizer.json': '', 'tokenizer_config.json': '', 'generation_config.json': '' };
  async function opened(change: Change, nTokens = 6): Promise<SourceModel> {
    const model = await openSource(decoder(change), () => ({ text: none, nTokens }));
    await model.close();
    return model;
  }

  it('is a model', async () => {
    const { title, licence, shape, tiedHead, nTokens } = await opened({});
    assert.deepEqual([title, licence, shape.width, tiedHead, nTokens], ['m', undefined, 8, 'embedding', 6]);
  });
  it('has the name and the licence it gives itself', async () => {
    const general = (values: Readonly<Record<string, string>>) =>
      opened({ more: Object.entries(values).map(([key, value]) => [`general.${key}`, string(value)] as const) });
    assert.equal((await general({ name: 'Tiny', basename: 'x' })).title, 'Tiny');
    assert.equal(
      (await general({ basename: 'Tiny', size_label: '1B', finetune: 'Instruct' })).title,
      'Tiny 1B Instruct',
    );
    assert.equal((await general({ license: 'mit' })).licence, 'mit');
    assert.equal((await general({ license: 'other', 'license.name': 'acme' })).licence, 'acme');
  });
  it('may say the same for every layer', async () => {
    const heads = list(4, [u32(2)]);
    assert.equal((await opened({ keys: { 'attention.head_count': heads } })).shape.nHeads, 2);
  });
  it('may have a window, which bounds its context', async () => {
    assert.equal((await opened({ keys: { 'attention.sliding_window': number(16) } })).shape.contextLength, 16);
    assert.equal((await opened({ keys: { 'attention.sliding_window': number(128) } })).shape.contextLength, 64);
  });
  it('may scale its rotation', async () => {
    const rates = async (change: Change) => {
      const { rates: found, attentionFactor } = (await opened(change)).shape.rotary;
      return [...found, attentionFactor].map(value => Number(value.toPrecision(5)));
    };
    const scaling = (type: string, more = {}): Change => ({
      keys: { 'rope.scaling.type': string(type), 'rope.scaling.factor': float(4), ...more },
    });
    assert.deepEqual(await rates({}), [1, 0.01, 1]);
    assert.deepEqual(await rates({ keys: { 'rope.freq_base': float(1e6) } }), [1, 0.001, 1]);
    assert.deepEqual(await rates(scaling('none')), [1, 0.01, 1]);
    assert.deepEqual(await rates(scaling('linear')), [0.25, 0.0025, 1]);
    assert.deepEqual(await rates({ keys: { 'rope.scale_linear': float(2) } }), [0.5, 0.005, 1]);
    // 0.1 ln 4 + 1, and that over itself at half the weight.
    assert.deepEqual(await rates(scaling('yarn')), [1, 0.0025, 1.1386]);
    assert.deepEqual(
      await rates(scaling('yarn', { 'rope.scaling.yarn_log_multiplier': float(0.5) })),
      [1, 0.0025, 1.0648],
    );
    assert.deepEqual(await rates(scaling('yarn', { 'rope.scaling.attn_factor': float(0.5) })), [1, 0.0025, 0.56931]);
    const factors = Buffer.concat([float(1)[1], float(8)[1]]);
    assert.deepEqual(
      await rates({ tensors: { 'rope_freqs.weight': [2] }, data: { 'rope_freqs.weight': factors } }),
      [1, 0.00125, 1],
    );
  });
  it('of Granite may not rotate, and scales what it says', async () => {
    const granite = {
      architecture: 'granite',
      keys: {
        'rope.scaling.finetuned': truth(0),
        'attention.scale': float(0.5),
        logit_scale: float(8),
        residual_scale: float(0),
      },
    };
    const { layersWithoutRotation, attentionScale, logitDivisor, residualScale } = (await opened(granite)).shape;
    assert.deepEqual([layersWithoutRotation, attentionScale, logitDivisor, residualScale], [[0], 0.5, 8, 1]);
  });
  it('may have ones behind its dimensions, and matrices of one row', async () => {
    const change: Change = {
      keys: { feed_forward_length: number(1) },
      tensors: {
        'output_norm.weight': [W, 1, 1],
        'blk.0.ffn_up.weight': [W],
        'blk.0.ffn_gate.weight': [W, 1],
        'blk.0.ffn_down.weight': [1, W],
      },
    };
    const { tensors } = await opened(change);
    assert.deepEqual(tensors.get('model.layers.0.mlp.up_proj.weight')!.shape, [1, W]);
    assert.deepEqual(tensors.get('model.norm.weight')!.shape, [W]);
  });

  const lies: readonly (readonly [string, Change, RegExp])[] = [
    ['of another architecture', { architecture: 'gemma3' }, /its architecture is "gemma3".*Qwen3 and Granite/],
    ['of an inherited name', { architecture: 'constructor' }, /its architecture is "constructor"/],
    ['with experts', { keys: { expert_count: number(8) } }, /it is a mixture of experts \("llama"\)/],
    ['that is an adapter', { more: [['general.type', string('adapter')]] }, /something of the type "adapter"/],
    ['without a number', { keys: { block_count: undefined } }, /the key "llama\.block_count" is missing/],
    ['with layers without end', { keys: { block_count: number(2 ** 31) } }, /nLayers cannot be 2147483648/],
    ['without heads', { keys: { 'attention.head_count': number(0) } }, /nHeads cannot be 0/],
    [
      'with layers that differ',
      { keys: { block_count: number(2), 'attention.head_count': list(4, [u32(2), u32(4)]) } },
      /"llama\.attention\.head_count" is not the same for all layers/,
    ],
    [
      'with a list for other layers',
      { keys: { 'attention.head_count': list(4, [u32(2), u32(2)]) } },
      /"llama\.attention\.head_count" has 2 values/,
    ],
    [
      'with values of another width',
      { keys: { 'attention.value_length': number(6) } },
      /"llama\.attention\.value_length" is 6 where the heads have 4/,
    ],
    [
      'that rotates a part',
      { keys: { 'rope.dimension_count': number(2) } },
      /"llama\.rope\.dimension_count" is 2 where the heads have 4/,
    ],
    [
      'with LongRoPE',
      { keys: { 'rope.scaling.type': string('longrope'), 'rope.scaling.factor': float(2) } },
      /its rotary scaling is "longrope"/,
    ],
    [
      'with factors for long texts',
      { tensors: { 'rope_factors_long.weight': [2] } },
      /its rotary scaling is "longrope"/,
    ],
    [
      'with factors beside a scaling',
      { keys: { 'rope.scaling.factor': float(2) }, tensors: { 'rope_freqs.weight': [2] } },
      /its rotary scaling is "linear" beside/,
    ],
    [
      'with too many factors',
      { tensors: { 'rope_freqs.weight': [3] } },
      /"rope_freqs\.weight" has the shape \[3\], not \[2\]/,
    ],
    ['with factors of 0', { tensors: { 'rope_freqs.weight': [2] } }, /rotary rate cannot be Infinity/],
    ['without a table', { tensors: { 'token_embd.weight': undefined } }, /the tensor "token_embd\.weight" is missing/],
    [
      'without a tensor',
      { tensors: { 'blk.0.ffn_up.weight': undefined } },
      /the tensor "model\.layers\.0\.mlp\.up_proj\.weight" is missing/,
    ],
    [
      'with a tensor of another shape',
      { tensors: { 'blk.0.attn_k.weight': [W, 6] } },
      /"blk\.0\.attn_k\.weight" has the shape \[6,8\], not \[4,8\]/,
    ],
    [
      'with a matrix the other way round',
      { tensors: { 'blk.0.ffn_up.weight': [10, W] } },
      /"blk\.0\.ffn_up\.weight" has the shape \[8,10\], not \[10,8\]/,
    ],
    [
      'with a tensor of another family',
      { tensors: { 'blk.0.attn_q_norm.weight': [4] } },
      /a llama model has no tensor "blk\.0\.attn_q_norm\.weight"/,
    ],
    [
      'with a tensor of no family',
      { tensors: { 'blk.0.attn_sinks.weight': [4] } },
      /a llama model has no tensor "blk\.0\.attn_sinks\.weight"/,
    ],
    [
      'with a tensor of a layer too many',
      { tensors: { 'blk.1.attn_q.weight': [W, W] } },
      /has no tensor "blk\.1\.attn_q\.weight"/,
    ],
    [
      'with the same layer twice',
      { tensors: { 'blk.00.attn_q.weight': [W, W] } },
      /"blk\.00\.attn_q\.weight" and "blk\.0\.attn_q\.weight" are the same/,
    ],
    [
      'with both fused and separate rows',
      { tensors: { 'blk.0.attn_qkv.weight': [W, 16] } },
      /"blk\.0\.attn_qkv\.weight" and "blk\.0\.attn_q\.weight" are the same/,
    ],
    [
      'with fused rows of another number',
      { tensors: { 'blk.0.attn_qkv.weight': [W, 15] } },
      /"blk\.0\.attn_qkv\.weight" has 15 rows instead of 16/,
    ],
    [
      'of Qwen2 without biases',
      { architecture: 'qwen2' },
      /the tensor "model\.layers\.0\.self_attn\.q_proj\.bias" is missing/,
    ],
    [
      'of Qwen3 without its norms',
      { architecture: 'qwen3' },
      /the tensor "model\.layers\.0\.self_attn\.q_norm\.weight" is missing/,
    ],
    [
      'with a quantised norm',
      {
        types: { 'blk.0.attn_norm.weight': 2 },
        tensors: { 'blk.0.attn_norm.weight': [32] },
        data: { 'blk.0.attn_norm.weight': Buffer.alloc(18) },
      },
      /"blk\.0\.attn_norm\.weight" is stored as Q4_0/,
    ],
  ];
  for (const [name, change, expected] of lies) it(`${name} is refused`, () => refused(opened(change), expected));

  it('with a bias in one layer of two is refused', () => {
    const second = Object.entries(shapes).flatMap(([name, dims]) =>
      name.startsWith('blk.0.') ? [[name.replace('0', '1'), dims]] : [],
    );
    const tensors = { ...Object.fromEntries(second), 'blk.1.attn_q.bias': [W] };
    const change = { keys: { block_count: number(2) }, tensors };
    return refused(opened(change), /the tensor "model\.layers\.0\.self_attn\.q_proj\.bias" is missing/);
  });
  it('with more tokens than rows is refused', () =>
    refused(opened({}, 7), /its tokenizer has 7 tokens, and its table 6 rows/));

  it('whose values are not finite is refused where they are read', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const norm = Buffer.alloc(4 * W);
      norm.writeFloatLE(value, 8);
      const model = await openSource(decoder({ data: { 'output_norm.weight': norm } }), () => ({
        text: none,
        nTokens: 6,
      }));
      await refused(
        model.rows('model.norm.weight', 0, W),
        /the tensor "output_norm\.weight" has values that are not finite/,
      );
      assert.equal((await model.rows('model.norm.weight', 3, 2)).length, 2);
      await model.close();
    }
  });
});

describe('what is no model', () => {
  const none = () => assert.fail('no tokenizer is asked for');
  it('is refused where there is nothing', () =>
    refused(
      openSource(path.join(folder.path, 'gone.gguf'), none),
      /"gone\.gguf" cannot be imported: there is no such file/,
    ));
  it('is refused by what it is', async () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['notes.txt', 'hello', /neither a GGUF file nor a folder with safetensors/],
      ['empty.gguf', '', /neither a GGUF file nor a folder/],
      ['pytorch_model.bin', 'PK', /pickled Python objects/],
    ];
    for (const [name, content, expected] of cases)
      await refused(openSource(folder.write(name, content), none), expected);
  });
  it('is refused where it is an empty folder', () => {
    const empty = path.join(folder.path, 'empty');
    mkdirSync(empty);
    return refused(openSource(empty, none), /"empty" cannot be imported: it has no config\.json/);
  });
});
