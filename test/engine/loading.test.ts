/** Folders that cannot be loaded say which file it is, why, and what to do. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import type { FimOrder } from '../../src/core/fim';
import { FileHashes } from '../../src/engine/modelFiles';
import { ModelPool } from '../../src/engine/modelPool';
import { fimOrder } from '../../src/engine/proposal';
import { copyOf, DELTA, FIXTURES, never, openProposal, removeCopies } from './support/fixtures';

/** Loads the pair of a copy of the delta fixture that `damage` was done to. */
async function loadDamaged(damage: (dir: string) => void, memoryMiB = 100): Promise<void> {
  const dir = copyOf(DELTA);
  damage(dir);
  const pool = openPool(dir, memoryMiB);
  try {
    const lease = await pool.acquire(
      {
        proposal: { id: 'tiny', dir: path.join(dir, 'proposals/tiny') },
        modules: [{ id: 'small', dir: path.join(dir, 'modules/tiny'), strength: 0.5 }],
      },
      'completion',
      never,
    );
    lease.release();
  } finally {
    await pool.close();
  }
}

async function orderOf(dir: string): Promise<FimOrder> {
  const { manifest, tokenizer, model } = await openProposal(dir);
  await model.close();
  return fimOrder(manifest, tokenizer.special);
}

function openPool(modelsDir: string, memoryMiB = 100): ModelPool {
  return new ModelPool({
    modelsDir,
    limits: { threads: 1, memoryMiB },
    loadNgram: () => {
      throw new Error('No n-gram is loaded here.');
    },
  });
}

function editJson(file: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(json);
  writeFileSync(file, JSON.stringify(json));
}

const MODULE = 'modules/tiny/module.json';
const WEIGHTS = 'modules/tiny/model.safetensors';
const PROPOSAL = 'proposals/tiny/residual.json';
const GRAPH = 'proposals/tiny/onnx/model_fp32.onnx';
const GRAPH_WEIGHTS = 'proposals/tiny/onnx/model_fp32.safetensors';
const OTHER_HASH = '0'.repeat(64);

type Damage = (at: (name: string) => string) => void;

const flipByte =
  (name: string): Damage =>
  at => {
    const bytes = readFileSync(at(name));
    bytes[bytes.length - 100] ^= 1;
    writeFileSync(at(name), bytes);
  };

const refusals: readonly (readonly [string, string, Damage, RegExp])[] = [
  [
    'a module without weights',
    'model-file-missing',
    at => rmSync(at(WEIGHTS)),
    /^"small": model\.safetensors is missing in .*tiny\. Get/,
  ],
  ['a module without a manifest', 'model-file-missing', at => rmSync(at(MODULE)), /^"small": module\.json is missing/],
  [
    'a module that is not there',
    'model-file-missing',
    at => rmSync(at('modules'), { recursive: true }),
    /module\.json is missing/,
  ],
  [
    'weights with one changed bit',
    'model-file-changed',
    flipByte(WEIGHTS),
    /^"small": model\.safetensors is damaged or was changed: its SHA-256.*Get the model again/,
  ],
  ['truncated weights', 'model-file-changed', at => truncateSync(at(WEIGHTS), 30_000), /model\.safetensors is damaged/],
  [
    'a manifest that is not JSON',
    'model-file-invalid',
    at => writeFileSync(at(MODULE), '{'),
    /^"small": module\.json is not JSON/,
  ],
  [
    'a newer manifest',
    'manifest-version',
    at => editJson(at(MODULE), json => Object.assign(json, { formatVersion: 2 })),
    /^"small": module\.json has format version 2.*Update Residual/,
  ],
  [
    'another tokenizer',
    'tokenizer-mismatch',
    at => editJson(at(MODULE), json => Object.assign(json, { tokenizerSha256: OTHER_HASH })),
    /"tiny" was made for another tokenizer \(000000000000….*"tiny".*Choose a module made for this proposal/,
  ],
  [
    'an unknown architecture',
    'architecture-unknown',
    at =>
      editJson(at(MODULE), json =>
        Object.assign(json.architecture as object, { name: 'huge', graphSha256: OTHER_HASH }),
      ),
    /^"small": .*architecture "huge".*Update Residual/,
  ],
  [
    'a changed graph',
    'model-file-changed',
    at => flipByte(`graphs/${graphName()}`)(at),
    /graph .* is damaged.*Install Residual again/,
  ],
  [
    'a proposal without a graph',
    'model-file-missing',
    at => rmSync(at(GRAPH)),
    /^"tiny": onnx\/model_fp32\.onnx is missing in .*onnx\/model\*\.onnx/,
  ],
  ['a changed proposal graph', 'model-file-changed', flipByte(GRAPH), /^"tiny": onnx\/model_fp32\.onnx is damaged/],
  [
    'changed proposal weights',
    'model-file-changed',
    flipByte(GRAPH_WEIGHTS),
    /^"tiny": onnx\/model_fp32\.safetensors is damaged/,
  ],
  [
    'missing proposal weights',
    'model-file-missing',
    at => rmSync(at(GRAPH_WEIGHTS)),
    /model_fp32\.safetensors is missing/,
  ],
  [
    'a changed tokenizer',
    'model-file-changed',
    flipByte('proposals/tiny/tokenizer.json'),
    /^"tiny": tokenizer\.json is damaged/,
  ],
  [
    'a proposal without a tokenizer',
    'model-file-missing',
    at => rmSync(at('proposals/tiny/tokenizer.json')),
    /tokenizer\.json is missing/,
  ],
  [
    'a newer proposal',
    'manifest-version',
    at => editJson(at(PROPOSAL), json => Object.assign(json, { formatVersion: 3 })),
    /^"tiny": residual\.json has format version 3/,
  ],
  [
    'a number format that is not there',
    'model-file-missing',
    at => editJson(at(PROPOSAL), json => Object.assign(json, { dtype: 'int2' })),
    /onnx\/model_int2\.onnx is missing/,
  ],
];

function graphName(): string {
  return `${(JSON.parse(readFileSync(path.join(DELTA, MODULE), 'utf8')) as { architecture: { graphSha256: string } }).architecture.graphSha256}.onnx`;
}

describe('loading', () => {
  afterEach(removeCopies);

  it('takes an undamaged copy', () => loadDamaged(() => {}));

  for (const [what, code, damage, message] of refusals) {
    it(`refuses ${what}`, () =>
      assert.rejects(
        loadDamaged(dir => damage(name => path.join(dir, name))),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error));
          assert.equal(error.code, code);
          assert.match(error.message, message);
          return true;
        },
      ));
  }

  it('refuses a model beyond the memory limit, and says how much it needs', () =>
    assert.rejects(
      loadDamaged(() => {}, 0.25),
      (error: unknown) =>
        error instanceof UserError &&
        error.code === 'memory-limit' &&
        /needs 1 MiB.*residual\.memoryMiB/.test(error.message),
    ));

  it('refuses a graph that is no decoder with a cache', async () => {
    const dir = copyOf(path.join(FIXTURES, 'llama'));
    // Any other graph of the right name will do: this one wants the delta form's inputs under other names.
    const file = path.join(dir, 'onnx/model.onnx');
    const bytes = readFileSync(file).toString('latin1').replaceAll('past_key_values.', 'other_key_value.');
    writeFileSync(file, bytes, 'latin1');
    await assert.rejects(openProposal(dir), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, 'graph-unknown');
      assert.match(error.message, /other_key_value\.0\.key.*Export the model with past_key_values/);
      return true;
    });
  });

  it('says so when the runtime cannot read a graph', async () => {
    const dir = copyOf(path.join(FIXTURES, 'llama'));
    truncateSync(path.join(dir, 'onnx/model.onnx'), 10_000);
    await assert.rejects(
      openProposal(dir),
      (error: unknown) =>
        error instanceof UserError &&
        error.code === 'model-unloadable' &&
        /cannot be loaded: .*Get the model again/s.test(error.message),
    );
  });

  it('says so when a shard of a foreign export is missing or too short', async () => {
    for (const damage of [(file: string) => rmSync(file), (file: string) => truncateSync(file, 1000)]) {
      const dir = copyOf(path.join(FIXTURES, 'qwen2-sharded'));
      damage(path.join(dir, 'onnx/model.onnx_data_1'));
      await assert.rejects(
        openProposal(dir),
        (error: unknown) => error instanceof UserError && error.code === 'model-unloadable',
      );
    }
  });

  it('prefers the graph that runs best on a CPU', async () => {
    const dir = copyOf(path.join(FIXTURES, 'llama'));
    const onnx = (name: string) => path.join(dir, 'onnx', name);
    const order: string[] = [];
    for (const name of ['model_q4.onnx', 'model_quantized.onnx'])
      writeFileSync(onnx(name), readFileSync(onnx('model.onnx')));
    for (const name of ['model_quantized.onnx', 'model_q4.onnx', 'model.onnx']) {
      const { manifest, model } = await openProposal(dir);
      order.push(manifest.dtype);
      await model.close();
      rmSync(onnx(name));
    }
    assert.deepEqual(order, ['quantized', 'q4', 'fp32']);
    await assert.rejects(openProposal(dir), /onnx\/model\.onnx is missing/);
  });

  it('takes a foreign folder without generation or tokenizer configuration', async () => {
    const dir = copyOf(path.join(FIXTURES, 'llama'));
    for (const name of ['generation_config.json', 'tokenizer_config.json']) rmSync(path.join(dir, name));
    const { manifest, tokenizer, model } = await openProposal(dir);
    assert.equal(manifest.graphForm, 'past');
    assert.equal(manifest.contextLength, 256);
    assert.equal(tokenizer.special.fimSuffix, 2);
    await model.close();
  });

  it('takes a residual.json beside a usual export at its word', async () => {
    const dir = copyOf(path.join(FIXTURES, 'llama'));
    const manifest = {
      formatVersion: 1,
      id: 'described',
      title: 'Described',
      licence: 'MIT',
      graphForm: 'past',
      dtype: 'fp32',
      fim: { order: 'prefix-first', tokens: { endoftext: 8, fimPrefix: 1, fimSuffix: 2, fimMiddle: 3 } },
      contextLength: 64,
      files: {},
    };
    writeFileSync(path.join(dir, 'residual.json'), JSON.stringify(manifest));
    const { manifest: read, tokenizer, model } = await openProposal(dir);
    assert.deepEqual(read, manifest);
    assert.equal(tokenizer.special.endoftext, 8);
    assert.equal(tokenizer.special.imStart, undefined);
    assert.equal(model.contextLength, 64);
    await model.close();
    // Without `fim` it says that no middle was trained, although the tokens are there; without the file, they count.
    const { fim: _, ...plain } = manifest;
    writeFileSync(path.join(dir, 'residual.json'), JSON.stringify(plain));
    assert.equal(await orderOf(dir), 'none');
    rmSync(path.join(dir, 'residual.json'));
    assert.equal(await orderOf(dir), 'prefix-first');
  });

  it('reads a large file again only when it changed', async () => {
    const dir = copyOf(DELTA);
    const folder = { id: 'tiny', dir };
    const hashes = new FileHashes();
    const listed = { [GRAPH_WEIGHTS]: readHash(dir) };
    await hashes.verify(folder, listed, [GRAPH_WEIGHTS]);
    flipByte(GRAPH_WEIGHTS)(name => path.join(dir, name));
    await assert.rejects(hashes.verify(folder, listed, [GRAPH_WEIGHTS]), /is damaged/);
    renameSync(path.join(dir, GRAPH_WEIGHTS), path.join(dir, 'away'));
    assert.ok(!existsSync(path.join(dir, GRAPH_WEIGHTS)));
    await assert.rejects(hashes.verify(folder, listed, [GRAPH_WEIGHTS]), /is missing/);
  });
});

function readHash(dir: string): string {
  const { files } = JSON.parse(readFileSync(path.join(dir, PROPOSAL), 'utf8')) as { files: Record<string, string> };
  return files['onnx/model_fp32.safetensors'];
}
