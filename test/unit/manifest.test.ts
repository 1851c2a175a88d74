/** The two manifests: what is accepted, what is refused and with which words. */
import assert from 'node:assert/strict';
import { UserError } from '../../src/core/errors';
import { calibratedStrength, parseModuleManifest, parseProposalManifest } from '../../src/core/manifest';
import { assertTranslatable } from './support/translatable';

const HASH = 'ab'.repeat(32);

const MODULE = {
  formatVersion: 1,
  id: 'react',
  version: '1.0.0',
  title: 'React',
  description: '',
  domain: 'react',
  licence: 'Apache-2.0',
  kind: 'neural',
  tokenizerSha256: HASH,
  architecture: { name: 'small', graphSha256: HASH, dtype: 'int8' },
  files: { 'model.safetensors': HASH },
  rule: 'geometric',
  temperature: 1,
  strength: { default: 0.5, 'residual-9m': 0.4 },
  training: { objective: 'ram', alpha: 1e-4, base: 'generic', tokens: 1e6, seed: 1 },
  evaluation: [{ metric: 'exact', proposalId: 'residual-9m', proposal: 0.1, aligned: 0.2, n: 500, dataset: 'react' }],
};

const PROPOSAL = {
  formatVersion: 1,
  id: 'residual-9m',
  title: 'Residual 9M',
  licence: 'Apache-2.0',
  graphForm: 'delta',
  dtype: 'int8',
  fim: { order: 'suffix-first', tokens: { endoftext: 0, fimPrefix: 1 } },
  contextLength: 1024,
  files: { 'onnx/model_int8.onnx': HASH },
  evaluation: [],
};

function refuses(parse: (json: unknown) => unknown, json: unknown, code: string, message: RegExp): void {
  assert.throws(
    () => parse(json),
    (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assertTranslatable(error.sentence);
      return true;
    },
  );
}

describe('module.json', () => {
  it('is accepted, and unknown fields survive a rewrite', () => {
    const json = { ...MODULE, author: { name: 'somebody' }, architecture: { ...MODULE.architecture, width: 192 } };
    assert.deepEqual(JSON.parse(JSON.stringify(parseModuleManifest(json))), json);
  });

  it('of an n-gram module needs no architecture', () => {
    const { architecture: _, ...rest } = MODULE;
    parseModuleManifest({ ...rest, kind: 'ngram', files: { 'ngram.bin': HASH } });
  });

  it('gives the strength for a proposal, or the default', () => {
    const manifest = parseModuleManifest(MODULE);
    assert.equal(calibratedStrength(manifest, 'residual-9m'), 0.4);
    assert.equal(calibratedStrength(manifest, 'another'), 0.5);
  });

  const refusals: readonly (readonly [unknown, string, RegExp])[] = [
    [null, 'manifest-invalid', /must be a JSON object/],
    [[], 'manifest-invalid', /must be a JSON object/],
    [{ ...MODULE, formatVersion: 2 }, 'manifest-version', /format version 2.*reads version 1/],
    [{ ...MODULE, formatVersion: undefined }, 'manifest-version', /missing/],
    [{ ...MODULE, id: '../up' }, 'manifest-invalid', /"id".*"\.\.\/up"/],
    [{ ...MODULE, id: '' }, 'manifest-invalid', /"id"/],
    [{ ...MODULE, title: 7 }, 'manifest-invalid', /"title" must be a string, but is 7/],
    [{ ...MODULE, kind: 'tree' }, 'manifest-invalid', /neural, ngram, but is "tree"/],
    [{ ...MODULE, tokenizerSha256: 'AB' }, 'manifest-invalid', /"tokenizerSha256" must be a SHA-256/],
    [{ ...MODULE, architecture: undefined }, 'manifest-invalid', /"architecture" must be an object, but is missing/],
    [
      { ...MODULE, architecture: { name: 'x', graphSha256: '../../x', dtype: 'int8' } },
      'manifest-invalid',
      /graphSha256/,
    ],
    [{ ...MODULE, files: {} }, 'manifest-invalid', /"model\.safetensors" must be a SHA-256/],
    [
      { ...MODULE, files: { ...MODULE.files, '../x': HASH } },
      'manifest-invalid',
      /"\.\.\/x" must be named by a path inside/,
    ],
    [{ ...MODULE, files: { ...MODULE.files, '/etc/x': HASH } }, 'manifest-invalid', /inside the folder/],
    [{ ...MODULE, files: { ...MODULE.files, 'C:\\x': HASH } }, 'manifest-invalid', /inside the folder/],
    [{ ...MODULE, rule: 'sum' }, 'manifest-invalid', /"rule" must be one of geometric, product/],
    [{ ...MODULE, temperature: 0 }, 'manifest-invalid', /"temperature" must be a positive number/],
    [{ ...MODULE, strength: { other: 1 } }, 'manifest-invalid', /"default" must be a number, but is missing/],
    [{ ...MODULE, strength: { default: 1, other: '1' } }, 'manifest-invalid', /strength: "other"/],
    [{ ...MODULE, q0: { id: 'generic' } }, 'manifest-invalid', /q0: "sha256"/],
    [{ ...MODULE, evaluation: undefined }, 'manifest-invalid', /"evaluation" must be a list/],
    [{ ...MODULE, evaluation: [{ metric: 1 }] }, 'manifest-invalid', /evaluation\[0\]: "metric"/],
    [{ ...MODULE, title: 'x'.repeat(500).split('') }, 'manifest-invalid', /…\.$/],
  ];
  for (const [json, code, message] of refusals) {
    it(`is refused: ${message.source}`, () => refuses(parseModuleManifest, json, code, message));
  }
});

describe('residual.json', () => {
  it('is accepted, with and without fill-in-the-middle', () => {
    assert.deepEqual(parseProposalManifest(PROPOSAL), PROPOSAL);
    const { fim: _, ...plain } = PROPOSAL;
    assert.equal(parseProposalManifest(plain).fim, undefined);
  });

  const refusals: readonly (readonly [unknown, string, RegExp])[] = [
    [{ ...PROPOSAL, formatVersion: 9 }, 'manifest-version', /residual\.json has format version 9/],
    [{ ...PROPOSAL, graphForm: 'other' }, 'manifest-invalid', /"graphForm" must be one of delta, past/],
    [{ ...PROPOSAL, contextLength: '1024' }, 'manifest-invalid', /"contextLength" must be a positive number/],
    [{ ...PROPOSAL, fim: { order: 'middle-first', tokens: {} } }, 'manifest-invalid', /"order"/],
    [{ ...PROPOSAL, fim: { order: 'suffix-first', tokens: { endoftext: 'x' } } }, 'manifest-invalid', /"endoftext"/],
    [{ ...PROPOSAL, files: { 'onnx/../../x': HASH } }, 'manifest-invalid', /inside the folder/],
  ];
  for (const [json, code, message] of refusals) {
    it(`is refused: ${message.source}`, () => refuses(parseProposalManifest, json, code, message));
  }
});
