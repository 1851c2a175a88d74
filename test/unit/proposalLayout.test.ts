/** Which files make a proposal, told from a list of names that anybody may have written. */
import assert from 'node:assert/strict';
import { UserError } from '../../src/core/errors';
import { parsePlan, planOf } from '../../src/host/proposals/downloadPlan';
import { layoutOf } from '../../src/host/proposals/proposalLayout';
import { freeId } from '../../src/host/proposals/proposalStore';
import { assertTranslatable } from './support/translatable';

const HASH = 'a'.repeat(64);
const files = (...names: string[]) => names.map((name, i) => ({ name, sizeBytes: 10 ** i, sha256: HASH }));
const BASE = ['config.json', 'tokenizer.json'];

describe('the layout of a model', () => {
  it('lists its forms with their weights, the best on a CPU first', () => {
    const names = [
      'onnx/model.onnx',
      'onnx/model.onnx_data',
      'onnx/model_fp16.onnx',
      'onnx/model_q4.onnx',
      'onnx/model_q4.onnx.data',
      'onnx/model_q4f16.onnx',
      'onnx/model_quantized.onnx',
      'onnx/model_int8.onnx',
      'onnx/model_int8-00001-of-00002.safetensors',
      'onnx/model_int8-00002-of-00002.safetensors',
      'onnx/model_int8-big.safetensors',
    ];
    const { variants } = layoutOf(files(...BASE, ...names), 'it');
    assert.deepEqual(
      variants.map(({ dtype, files: parts }) => [dtype, ...parts.map(({ name }) => name)]),
      [
        ['quantized', 'onnx/model_quantized.onnx'],
        [
          'int8',
          'onnx/model_int8.onnx',
          'onnx/model_int8-00001-of-00002.safetensors',
          'onnx/model_int8-00002-of-00002.safetensors',
        ],
        ['q4', 'onnx/model_q4.onnx', 'onnx/model_q4.onnx.data'],
        ['fp32', 'onnx/model.onnx', 'onnx/model.onnx_data'],
        ['fp16', 'onnx/model_fp16.onnx'],
        ['q4f16', 'onnx/model_q4f16.onnx'],
      ],
    );
    assert.equal(variants[3].sizeBytes, 100 + 1000);
  });

  it('takes what a model needs, and nothing else of what is there', () => {
    const names = ['README.md', 'LICENSE', 'chat_template.jinja', 'model.safetensors', 'onnx/other.onnx', 'run.sh'];
    const { common } = layoutOf(files(...BASE, 'onnx/model.onnx', ...names), 'it');
    assert.deepEqual(
      common.map(({ name }) => name),
      ['config.json', 'tokenizer.json', 'chat_template.jinja', 'LICENSE'],
    );
  });

  const refused: readonly (readonly [string, string[], RegExp])[] = [
    ['nothing', [], /onnx\/model\*\.onnx is missing/],
    ['no tokenizer', ['config.json', 'onnx/model.onnx'], /tokenizer\.json is missing/],
    ['no configuration', ['tokenizer.json', 'onnx/model.onnx'], /config\.json is missing/],
    ['a graph at the top', [...BASE, 'model.onnx'], /model\.onnx is not in a folder named onnx/],
    ['an older export', [...BASE, 'onnx/decoder_model_merged.onnx'], /an older kind of export/],
    ['weights of another library', [...BASE, 'model.safetensors'], /model\.safetensors, and neither.*ONNX graph.*GGUF/],
    ['a GGUF', ['qwen.Q4_0.gguf'], /nor an ONNX graph/],
  ];
  for (const [what, names, reason] of refused) {
    it(`is refused with ${what}, and says what to do`, () => {
      assert.throws(
        () => layoutOf(files(...names), '"it"'),
        (error: unknown) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, reason);
          assert.match(error.message, /^"it" /);
          assertTranslatable(error.sentence);
          return true;
        },
      );
    });
  }

  for (const name of [
    'onnx/model.onnx_data/../../../../.bashrc',
    'onnx/model./../x',
    'onnx/model.onnx\\..\\..\\x',
    'onnx/model.onnx_data:stream',
    'onnx/model.\u0000',
    'onnx/model.onnx_data\n',
    'onnx/model. .onnx_data',
    `onnx/model.${'x'.repeat(300)}`,
  ]) {
    it(`is refused with a file called ${JSON.stringify(name.slice(0, 50))}`, () => {
      assert.throws(
        () => layoutOf(files(...BASE, 'onnx/model.onnx', name), 'it'),
        (error: unknown) => error instanceof UserError && error.code === 'unsafe-name',
      );
    });
  }

  for (const name of ['../config.json', '/etc/passwd', 'C:\\x', 'onnx/../../model.onnx', './config.json']) {
    it(`never takes a file called ${name}`, () => {
      const { common, variants } = layoutOf(files(...BASE, 'onnx/model.onnx', name), 'it');
      assert.ok(![...common, ...variants[0].files].some(file => file.name === name));
    });
  }
});

describe('the plan of a download', () => {
  const source = { endpoint: 'https://huggingface.co', repo: 'owner/name', revision: 'main' };
  const layout = layoutOf(files(...BASE, 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data'), 'it');
  const plan = planOf(source, { id: 'name-q4', licence: undefined }, layout.common, layout.variants[0]);

  it('survives a restart', () => {
    assert.deepEqual(parsePlan(JSON.parse(JSON.stringify(plan))), plan);
    assert.equal(plan.title, 'name (q4)');
    assert.equal(plan.licence, 'unknown');
  });

  it('is not made of files that could not be checked', () => {
    const bare = { name: 'config.json', sizeBytes: 1 };
    assert.throws(
      () => planOf(source, { id: 'x', licence: 'mit' }, [bare], layout.variants[0]),
      /no checksum for config\.json/,
    );
  });

  const [first, ...others] = plan.files;
  const spoilt: readonly (readonly [string, unknown])[] = [
    ['no object', 5],
    ['another version', { ...plan, formatVersion: 2 }],
    ['no files', { ...plan, files: undefined }],
    ['no id', { ...plan, id: 5 }],
    ['an endpoint of another kind', { ...plan, endpoint: 'file:///etc' }],
    ['a name outside', { ...plan, files: [...plan.files, { ...first, name: '../x' }] }],
    [
      'a name outside among weights',
      { ...plan, files: [...plan.files, { ...first, name: 'onnx/model_q4.onnx/../x' }] },
    ],
    ['a hash that is none', { ...plan, files: [{ ...first, sha256: 'x' }, ...others] }],
    ['no hash', { ...plan, files: [{ name: first.name, sizeBytes: 1 }, ...others] }],
    ['no size', { ...plan, files: [{ ...first, sizeBytes: 'many' }, ...others] }],
    ['no graph', { ...plan, files: plan.files.slice(0, 2) }],
  ];
  for (const [what, json] of spoilt) it(`is none with ${what}`, () => assert.equal(parsePlan(json), undefined));
});

describe('the id of a new proposal', () => {
  it('is a name that settings and folders bear, and that nobody has', () => {
    assert.equal(freeId('Qwen2.5-Coder-0.5B-q4', []), 'Qwen2.5-Coder-0.5B-q4');
    assert.equal(freeId('Qwen', ['qwen', 'qwen-2']), 'Qwen-3');
    assert.equal(freeId('../..//my model!', []), 'my-model');
    assert.equal(freeId('..', []), 'proposal');
    assert.match(freeId('я'.repeat(50), []), /^[\w.-]{1,100}$/);
    assert.ok(freeId('x'.repeat(500), ['x'.repeat(96)]).length <= 100);
  });
});
