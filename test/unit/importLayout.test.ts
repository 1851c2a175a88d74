/** What of a list of names could be imported, and the plan of a download that is. */
import assert from 'node:assert/strict';
import { groupGgufs, isGgufName } from '../../src/core/ggufNames';
import { parsePlan, planOfImport } from '../../src/host/proposals/downloadPlan';
import { importablesOf } from '../../src/host/proposals/importLayout';

const HASH = 'a'.repeat(64);
const files = (...names: string[]) => names.map((name, i) => ({ name, sizeBytes: 10 + i, sha256: HASH }));
const seen = (...names: string[]) =>
  importablesOf(files(...names)).map(({ form, label, files: parts }) => [
    form,
    label,
    ...parts.map(({ name }) => name),
  ]);

const TEXT = ['config.json', 'tokenizer.json'];
const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

describe('what can be imported', () => {
  const rows: readonly (readonly [string, string[], unknown[]])[] = [
    ['nothing', ['README.md', 'config.json'], []],
    [
      'GGUF files, the smallest first',
      ['a-q8_0.gguf', 'a-q4_0.gguf'],
      [
        ['gguf', 'a-q8_0', 'a-q8_0.gguf'],
        ['gguf', 'a-q4_0', 'a-q4_0.gguf'],
      ],
    ],
    ['a GGUF in a folder', ['Q4/a.gguf'], [['gguf', 'a', 'Q4/a.gguf']]],
    [
      'a GGUF in parts',
      ['a-00002-of-00002.gguf', 'a-00001-of-00002.gguf'],
      [['gguf', 'a', 'a-00001-of-00002.gguf', 'a-00002-of-00002.gguf']],
    ],
    ['no GGUF of which a part is missing', ['a-00001-of-00002.gguf'], []],
    ['no part that sees pictures', ['mmproj-a-f16.gguf', 'a.mmproj-Q8_0.gguf'], []],
    [
      'safetensors',
      [...TEXT, 'model.safetensors', 'run.py', 'LICENSE'],
      [['safetensors', 'safetensors', ...TEXT, 'LICENSE', 'model.safetensors']],
    ],
    [
      'safetensors in parts',
      [...TEXT, 'model.safetensors.index.json', ...SHARDS],
      [['safetensors', 'safetensors', ...TEXT, 'model.safetensors.index.json', ...SHARDS]],
    ],
    ['no safetensors of which a part is missing', [...TEXT, 'model.safetensors.index.json', SHARDS[0]], []],
    ['no safetensors without a tokenizer', ['config.json', 'model.safetensors'], []],
    ['no weights that are pickled', [...TEXT, 'pytorch_model.bin'], []],
    [
      'nothing with a name that leads elsewhere',
      [
        '../a.gguf',
        '/a.gguf',
        'b/../a.gguf',
        'a\\b.gguf',
        'a/b/c.gguf',
        '.a.gguf',
        'a .gguf',
        `${'x'.repeat(300)}.gguf`,
      ],
      [],
    ],
  ];
  for (const [what, names, expected] of rows) it(`is ${what}`, () => assert.deepEqual(seen(...names), expected));

  it('is told from the last part of a name', () => {
    assert.ok(isGgufName('A.GGUF') && isGgufName('mmprojector.gguf'));
    assert.ok(!isGgufName('a.gguf.part') && !isGgufName('a-mmproj.gguf'));
    assert.deepEqual(
      groupGgufs([{ name: 'x/a.gguf' }, { name: 'y/a.gguf' }]).map(({ stem, nParts }) => [stem, nParts]),
      [
        ['a', 1],
        ['a', 1],
      ],
    );
  });
});

describe('the plan of a download that is imported', () => {
  const source = { endpoint: 'https://huggingface.co', repo: 'owner/name', revision: 'main' };
  const [gguf] = importablesOf(files('Q4/a.gguf'));
  const [tensors] = importablesOf(files(...TEXT, 'model.safetensors'));
  const plan = planOfImport(source, { id: 'name-a', licence: undefined }, gguf);

  it('survives a restart', () => {
    assert.deepEqual(parsePlan(JSON.parse(JSON.stringify(plan))), plan);
    assert.equal(plan.title, 'name (a)');
    const other = planOfImport(source, { id: 'name-s', licence: 'mit' }, tensors);
    assert.deepEqual(parsePlan(JSON.parse(JSON.stringify(other))), other);
  });

  const [first] = plan.files;
  const spoilt: readonly (readonly [string, unknown])[] = [
    ['a form of no kind', { ...plan, form: 'pickle' }],
    ['another form', { ...plan, form: 'safetensors' }],
    ['no form', { ...plan, form: undefined }],
    ['a name outside', { ...plan, files: [{ ...first, name: '../a.gguf' }] }],
    ['a file beside', { ...plan, files: [first, { ...first, name: 'run.sh' }] }],
    ['two models', { ...plan, files: [first, { ...first, name: 'b.gguf' }] }],
  ];
  for (const [what, json] of spoilt) it(`is none with ${what}`, () => assert.equal(parsePlan(json), undefined));
});
