/** Modules whose weights are made to do harm, as somebody would send them: refused by the real engine, and nothing is written. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import { ModuleFiles } from '../../src/host/modules/moduleFiles';
import { ModuleFit } from '../../src/host/modules/moduleVerification';
import { Registry } from '../../src/host/modules/registry';
import { rawZip } from '../unit/support/rawZip';
import { copyOf, DELTA, never, removeCopies } from './support/fixtures';

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

const DATA_START = 16_384;
const tiny = path.join(DELTA, 'modules/tiny');
const weights = readFileSync(path.join(tiny, 'model.safetensors'));
const manifest = JSON.parse(readFileSync(path.join(tiny, 'module.json'), 'utf8'));
const names = Object.keys(JSON.parse(weights.subarray(8, DATA_START).toString()));
const [first, second] = names.filter(name => name.includes('norm'));

function changed(change: (file: Buffer) => unknown): Buffer {
  const file = Buffer.from(weights);
  change(file);
  return file;
}

function withText(change: (header: string) => string): Buffer {
  return changed(file => {
    const text = change(weights.subarray(8, DATA_START).toString().trimEnd());
    assert.ok(text.length <= DATA_START - 8, 'the header still fits');
    file.fill(' ', 8, DATA_START);
    file.write(text, 8);
  });
}

function withHeader(change: (header: Header) => unknown): Buffer {
  return withText(text => {
    const header = JSON.parse(text) as Header;
    return JSON.stringify(change(header) ?? header);
  });
}

describe('a hostile module', () => {
  let client: EngineClient;
  let root: string;
  let files: ModuleFiles;
  before(() => {
    const limits = { threads: 1, memoryMiB: 100 };
    client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA, limits });
  });
  after(() => client.dispose());
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-hostile-'));
    const registry = new Registry(() => [
      { dir: DELTA, origin: 'shipped' },
      { dir: root, origin: 'personal' },
    ]);
    const fit = new ModuleFit({
      registry,
      proposal: () => 'tiny',
      load: async (proposal, module, signal) => {
        await client.call('warm', { proposal, modules: [{ ...module, strength: 1 }] }, signal);
      },
    });
    files = new ModuleFiles({ root, registry, fit });
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
    removeCopies();
  });

  const listing = () => {
    const modules = path.join(root, 'modules');
    return existsSync(modules) ? readdirSync(modules, { recursive: true }) : [];
  };
  async function take(content: Buffer, over: object = {}): Promise<string> {
    const hash = createHash('sha256').update(content).digest('hex');
    const json = { ...manifest, id: 'sent', files: { 'model.safetensors': hash }, ...over };
    const archive = path.join(root, 'sent.ram');
    writeFileSync(
      archive,
      rawZip([
        { name: 'sent/module.json', content: JSON.stringify(json) },
        { name: 'sent/model.safetensors', content },
      ]),
    );
    return (await files.importFrom(archive, 'refuse', never)).outcome;
  }

  it('that is none after all is taken', async () => {
    assert.equal(await take(weights), 'imported');
    assert.deepEqual(listing().sort(), ['sent', 'sent/model.safetensors', 'sent/module.json']);
  });

  const rows: readonly (readonly [string, Buffer, RegExp, object?])[] = [
    [
      'with tensors that overlap',
      withHeader(h => {
        h[second].data_offsets = [...h[first].data_offsets];
      }),
      /has offset \d+ where \d+ is expected/,
    ],
    [
      'with a tensor beyond the end',
      withHeader(h => {
        h[first].data_offsets = [1e12, 1e12 + 256];
      }),
      /bytes, and its header describes/,
    ],
    [
      'with a tensor before the beginning',
      withHeader(h => {
        h[first].data_offsets = [-256, 0];
      }),
      /does not describe the tensor/,
    ],
    [
      'with offsets that are no whole numbers',
      withText(t => t.replace(/"data_offsets":\s*\[(\d+)/, '"data_offsets":[$1.5')),
      /does not describe/,
    ],
    [
      'with offsets beyond what is a number',
      withText(t => t.replace(/"data_offsets":\s*\[\d+/, '"data_offsets":[1e999')),
      /does not describe/,
    ],
    [
      'with a tensor that ends before it begins',
      withHeader(h => {
        h[first].data_offsets.reverse();
      }),
      /has (?:offset|size in bytes) -?\d+/,
    ],
    [
      'with a shape that overflows',
      withHeader(h => {
        h[first].shape = [2 ** 52, 2 ** 52];
      }),
      /has shape/,
    ],
    ['whose header is longer than the file', changed(f => f.writeBigUInt64LE(2n ** 63n, 0)), /header has \d+ bytes/],
    ['whose header ends early', changed(f => f.writeBigUInt64LE(8n, 0)), /header has 8 bytes instead of/],
    [
      'with a name twice in its header',
      withText(t => t.replace(/^\{/, `{${JSON.stringify(first)}:{"dtype":"F32","shape":[1],"data_offsets":[0,4]},`)),
      /a name twice/,
    ],
    ['with a field twice in a tensor', withText(t => t.replace('"dtype":', '"dtype":"I64","dtype":')), /a name twice/],
    ['whose header is nothing', withText(() => 'null'), /no JSON object/],
    ['whose header is a list', withText(() => '[]'), /no JSON object/],
    [
      'whose header is deep',
      withText(() => `{"a":${'['.repeat(8000)}${']'.repeat(8000)}}`),
      /does not describe|bytes, and/,
    ],
    ['whose header is cut off', withText(t => t.slice(0, -3)), /not JSON/],
    [
      'with a tensor called __proto__',
      withText(t => t.replace(JSON.stringify(first), '"__proto__"')),
      /missing|no tensor "__proto__"/,
    ],
    ['with a value that is not a number', changed(f => f.writeFloatLE(Number.NaN, f.length - 4)), /not finite/],
    ['with a value that is infinite', changed(f => f.writeFloatLE(Number.POSITIVE_INFINITY, DATA_START)), /not finite/],
    ['with nothing in its weights', Buffer.alloc(0), /has only 0 bytes/],
    ['with a program for weights', Buffer.from('#!/bin/sh\nrm -rf ~\n'), /has only \d+ bytes/],
    [
      'for a graph by a path',
      weights,
      /"graphSha256".*SHA-256/,
      { architecture: { ...manifest.architecture, graphSha256: '../../../../tmp/evil' } },
    ],
    [
      'for a graph that is not here',
      weights,
      /which this version of Residual does not have/,
      { architecture: { ...manifest.architecture, graphSha256: 'c'.repeat(64) } },
    ],
  ];
  for (const [what, content, message, over] of rows)
    it(`${what} is refused, and nothing is written`, async () => {
      await assert.rejects(take(content, over), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, message);
        assert.match(error.message, /^"sent\.ram" was not imported\. /);
        return true;
      });
      assert.deepEqual(listing(), []);
    });

  const locations: readonly (readonly [string, string])[] = [
    ['above its folder', '../../secret.bin_'],
    ['at an absolute path', '/etc/passwd_______'],
    ['behind a backslash', '..\\..\\secret.bin_'],
  ];
  for (const [what, location] of locations)
    it(`of whose kind a graph looks for its weights ${what} is refused before the runtime sees it`, async () => {
      const dir = copyOf(path.join(DELTA, 'proposals/tiny'));
      const graphFile = path.join(dir, 'onnx/model_fp32.onnx');
      const name = 'model_fp32.safetensors';
      const padded = location.padEnd(name.length, '_').slice(0, name.length);
      const graph = readFileSync(graphFile, 'latin1');
      assert.ok(graph.includes(name));
      writeFileSync(graphFile, Buffer.from(graph.replaceAll(name, padded), 'latin1'));
      await assert.rejects(
        client.call('inspectProposal', { proposal: { id: 'tiny', dir }, graphFile: 'onnx/model_fp32.onnx' }, never),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, /outside the folder/);
          return true;
        },
      );
    });
});
