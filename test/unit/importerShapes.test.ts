// Numbers of a decoder from a config.json: rates as transformers computes them, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { UserError } from '../../src/core/errors';
import { HfConfig } from '../../src/importer/huggingFace/hfConfig';
import { hfRotary, hfShape } from '../../src/importer/huggingFace/hfShape';
import { licenceInCard, tokensIn } from '../../src/importer/huggingFace/hfText';
import { assertTranslatable } from './support/translatable';

interface RotaryCase {
  readonly config: Readonly<Record<string, unknown>>;
  readonly headDim: number;
  readonly rates: readonly number[];
  readonly attentionFactor: number;
}

const config = (values: object) => new HfConfig('config.json', values as Readonly<Record<string, unknown>>);

describe('rotary rates', () => {
  const cases = JSON.parse(readFileSync('test/oracles/import/rotary.json', 'utf8')) as readonly RotaryCase[];
  for (const { config: values, headDim, rates, attentionFactor } of cases) {
    const { rope_theta, rope_scaling, rope_parameters } = values;
    it(`are those of transformers for ${JSON.stringify({ rope_theta, rope_scaling, rope_parameters })}`, () => {
      const found = hfRotary('m', config(values), 'llama', headDim);
      assert.equal(found.rates.length, rates.length);
      // It computes them in float32.
      for (const [i, rate] of rates.entries()) assert.ok(Math.abs(found.rates[i] / rate - 1) < 2e-6, `rate ${i}`);
      assert.ok(Math.abs(found.attentionFactor - attentionFactor) < 1e-12);
    });
  }

  it('of version 5 may be kept by the kind of layer', () => {
    const rope_parameters = { full_attention: { rope_type: 'linear', rope_theta: 10_000, factor: 2 } };
    assert.equal(hfRotary('m', config({ rope_parameters }), 'llama', 8).rates[0], 0.5);
  });
});

const small = {
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 8,
  num_attention_heads: 4,
  max_position_embeddings: 2048,
};

describe('a config.json', () => {
  const shape = (values: object) => hfShape('m', config({ ...small, ...values })).shape;

  it('may leave out what the families agree on', () => {
    const { nKvHeads, headDim, epsilon, attentionScale, rotary } = shape({ num_key_value_heads: null });
    assert.deepEqual(
      [nKvHeads, headDim, epsilon, attentionScale, rotary.rates[1]],
      [4, 16, 1e-6, 0.25, 10_000 ** -0.125],
    );
    assert.equal(shape({ model_type: 'qwen3' }).headDim, 128);
    assert.equal(shape({ model_type: 'smollm3' }).rotary.rates[1], 2e6 ** -0.125);
  });

  const windows: readonly (readonly [string, object, number])[] = [
    ['all layers of Mistral', { model_type: 'mistral', sliding_window: 1000 }, 1000],
    ['no layer of Mistral', { model_type: 'mistral', sliding_window: null }, 2048],
    ['longer than the context', { model_type: 'mistral', sliding_window: 4096 }, 2048],
    ['switched off', { model_type: 'qwen2', sliding_window: 1000, use_sliding_window: false }, 2048],
    [
      'from no layer of Qwen on',
      { model_type: 'qwen2', sliding_window: 1000, use_sliding_window: true, max_window_layers: 8 },
      2048,
    ],
    [
      'from some layer of Qwen on',
      { model_type: 'qwen2', sliding_window: 1000, use_sliding_window: true, max_window_layers: 7 },
      1000,
    ],
    ['of no layer listed', { model_type: 'qwen2', sliding_window: 1000, layer_types: ['full_attention'] }, 2048],
    [
      'of a layer listed',
      { model_type: 'qwen3', sliding_window: 1000, layer_types: ['full_attention', 'sliding_attention'] },
      1000,
    ],
  ];
  for (const [name, values, expected] of windows) {
    it(`with a window over ${name} has a context of ${expected}`, () =>
      assert.equal(shape(values).contextLength, expected));
  }

  it('says which layers do not rotate', () => {
    const without = (values: object) => shape(values).layersWithoutRotation;
    assert.deepEqual(without({ model_type: 'smollm3' }), [3, 7]);
    assert.deepEqual(without({ model_type: 'smollm3', no_rope_layer_interval: 2 }), [1, 3, 5, 7]);
    assert.deepEqual(without({ model_type: 'smollm3', no_rope_layers: [1, 0, 1, 1, 1, 1, 1, 0] }), [1, 7]);
    const granite = {
      model_type: 'granitemoehybrid',
      num_local_experts: 0,
      shared_intermediate_size: 8,
      layer_types: ['attention'],
    };
    assert.deepEqual(without(granite), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(without({ ...granite, position_embedding_type: 'rope' }), []);
  });

  const refused: readonly (readonly [string, object, RegExp])[] = [
    ['of another architecture', { model_type: 'gemma2' }, /its architecture is "gemma2"/],
    ['of an inherited name', { model_type: 'constructor' }, /its architecture is "constructor"/],
    ['without an architecture', { model_type: null }, /its architecture is ""/],
    ['with another activation', { hidden_act: 'gelu' }, /its activation is "gelu"/],
    ['with experts', { model_type: 'granitemoehybrid' }, /mixture of experts/],
    [
      'with state-space layers',
      { model_type: 'granitemoehybrid', num_local_experts: 0, layer_types: ['attention', 'mamba'] },
      /layers of the type "mamba"/,
    ],
    ['without a number', { hidden_size: undefined }, /the key "hidden_size" is missing/],
    ['with a text for a number', { hidden_size: '64' }, /the value of "hidden_size" cannot be "64"/],
    ['with half a head', { num_attention_heads: 3 }, /headDim cannot be 21\.3/],
    ['without heads', { num_attention_heads: 0 }, /nHeads cannot be 0/],
    [
      'with heads that do not share',
      { num_attention_heads: 4, num_key_value_heads: 3 },
      /nHeads \/ nKvHeads cannot be 1\.3/,
    ],
    ['with layers without end', { num_hidden_layers: 1e9 }, /nLayers cannot be 1000000000/],
    ['with an enormous head', { head_dim: 1e9 }, /headDim cannot be 1000000000/],
    ['that rotates a part', { partial_rotary_factor: 0.5 }, /rotates only a part of each head \(0\.5\)/],
    ['with dynamic scaling', { rope_scaling: { type: 'dynamic', factor: 2 } }, /its rotary scaling is "dynamic"/],
    ['with LongRoPE', { rope_scaling: { rope_type: 'longrope' } }, /its rotary scaling is "longrope"/],
    ['with a scaling of no factor', { rope_scaling: { type: 'linear' } }, /the key "factor" is missing/],
    ['with a factor of nothing', { rope_scaling: { type: 'linear', factor: 0 } }, /rotary rate cannot be Infinity/],
    ['with two rotations', { rope_parameters: { a: {}, b: {} } }, /its layers rotate differently \(a, b\)/],
    ['with a negative epsilon', { rms_norm_eps: -1 }, /epsilon cannot be -1/],
  ];
  for (const [name, values, expected] of refused) {
    it(`${name} is refused by name`, () =>
      assert.throws(
        () => shape(values),
        error => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, expected);
          assertTranslatable(error.sentence);
          return true;
        },
      ));
  }
});

describe('a tokenizer.json', () => {
  const json = (model: object, added: readonly object[] = []) => JSON.stringify({ model, added_tokens: added });
  it('has as many tokens as its highest id says', () => {
    assert.equal(tokensIn(json({ vocab: { a: 0, b: 1 } })), 2);
    assert.equal(tokensIn(json({ vocab: { a: 0, b: 1 } }, [{ id: 9, content: 'x' }])), 10);
    assert.equal(
      tokensIn(
        json({
          vocab: [
            ['a', -1],
            ['b', -2],
          ],
        }),
      ),
      2,
    );
  });
  for (const text of ['{', '[]', '{}', json({ vocab: { a: -1 } }), json({ vocab: { a: 0 } }, [{ content: 'x' }])]) {
    it(`is refused: ${text}`, () => assert.throws(() => tokensIn(text), UserError));
  }
});

describe('a model card', () => {
  const cards: readonly (readonly [string, string, string | undefined])[] = [
    ['with a licence', '---\nlicense: apache-2.0\n---\ntext', 'apache-2.0'],
    ['with Windows line ends', '---\r\ntags:\r\n- code\r\nlicense: mit\r\n---\r\n', 'mit'],
    ['with a comment', '---\nlicense: "mit" # yes\n---\n', 'mit'],
    ['with a licence of another name', '---\nlicense: other\nlicense_name: acme\n---\n', 'acme'],
    ['with another licence without a name', '---\nlicense: other\n---\n', 'other'],
    ['with a licence in its text only', '---\ntags: x\n---\nlicense: mit\n', undefined],
    ['without front matter', 'license: mit', undefined],
    ['that is empty', '', undefined],
  ];
  for (const [name, card, expected] of cards) it(name, () => assert.equal(licenceInCard(card), expected));
});
