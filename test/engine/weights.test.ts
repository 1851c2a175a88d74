/** What a graph expects of its external file, and that no other file passes for it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { readExternalTensors } from '../../src/engine/externalTensors';
import { halfFloatTable } from '../../src/engine/halfFloat';
import { logSoftmaxRow } from '../../src/engine/logSoftmax';
import { checkWeights } from '../../src/engine/safetensors';
import { assertTranslatable } from '../unit/support/translatable';
import { DELTA, FIXTURES } from './support/fixtures';

const graphs = path.join(DELTA, 'graphs');
const graph = readFileSync(path.join(graphs, readdirSync(graphs)[0]));
const weights = readFileSync(path.join(DELTA, 'modules/tiny/model.safetensors'));
const expected = readExternalTensors(graph);

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

const DATA_START = 16_384;

/** The file with another header; the data stays. */
function withHeader(change: (header: Header) => unknown): Buffer {
  const header = JSON.parse(weights.subarray(8, DATA_START).toString()) as Header;
  const changed = change(header) ?? header;
  const file = Buffer.from(weights);
  file.fill(' ', 8, DATA_START);
  file.write(JSON.stringify(changed), 8);
  return file;
}

function changed(change: (file: Buffer) => void): Buffer {
  const file = Buffer.from(weights);
  change(file);
  return file;
}

describe('external tensors of a graph', () => {
  it('are read with name, type, shape, place and size', () => {
    assert.ok(expected.length > 10);
    for (const tensor of expected) {
      assert.equal(tensor.location, 'model.safetensors');
      assert.equal(tensor.dataType, 1);
      assert.equal(tensor.sizeBytes, 4 * tensor.shape.reduce((n, d) => n * d, 1), tensor.name);
    }
    const embedding = expected.find(({ name }) => name === 'embedding.weight');
    assert.deepEqual(embedding?.shape, [320, 64]);
    assert.ok(expected.every(({ offset }) => offset >= DATA_START));
  });

  it('are read across the files of a sharded export', () => {
    const tensors = readExternalTensors(readFileSync(path.join(FIXTURES, 'qwen2-sharded/onnx/model.onnx')));
    assert.deepEqual([...new Set(tensors.map(({ location }) => location))].sort(), [
      'model.onnx_data',
      'model.onnx_data_1',
    ]);
  });

  it('are none in a graph that holds its weights', () => {
    assert.deepEqual(readExternalTensors(readFileSync(path.join(FIXTURES, 'llama/onnx/model.onnx'))), []);
  });

  it('are not found in what is no graph', () => {
    for (const bytes of [graph.subarray(0, graph.length - 5), Buffer.from('not a graph at all'), Buffer.from([0xff])]) {
      assert.throws(() => readExternalTensors(bytes), /not a whole ONNX file/);
    }
    assert.deepEqual(readExternalTensors(new Uint8Array(0)), []);
  });
});

describe('weights', () => {
  it('fit their graph', () => {
    checkWeights('model.safetensors', weights, expected);
  });

  it('fit when they lie unaligned in memory', () => {
    const shifted = new Uint8Array(weights.length + 1);
    shifted.set(weights, 1);
    checkWeights('model.safetensors', shifted.subarray(1), expected);
  });

  const [first, second] = expected.filter(({ name }) => name.includes('norm')).map(({ name }) => name);
  const refusals: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['are cut short', weights.subarray(0, weights.length - 4), /has \d+ bytes, and its header describes/],
    ['are too long', Buffer.concat([weights, Buffer.alloc(4)]), /has \d+ bytes, and its header describes/],
    ['are hardly there', weights.subarray(0, 100), /has only 100 bytes/],
    [
      'have a header of another size',
      changed(file => file.writeBigUInt64LE(800n, 0)),
      /header has 800 bytes instead of 16376/,
    ],
    ['have no header', changed(file => file.fill('x', 8, 20)), /header is not JSON/],
    ['lack a tensor', withHeader(header => delete header[first] && header), /tensor ".*norm.*" is missing/],
    [
      'have another tensor',
      withHeader(header => ({ ...header, extra: { dtype: 'F32', shape: [0], data_offsets: [0, 0] } })),
      /graph has no tensor "extra"/,
    ],
    [
      'have their tensors in another order',
      withHeader(header => {
        const a = header[first].data_offsets;
        header[first].data_offsets = header[second].data_offsets;
        header[second].data_offsets = a;
      }),
      /tensor ".*norm.*" has offset \d+ where \d+ is expected/,
    ],
    [
      'have another shape of the same size',
      withHeader(header => header['embedding.weight'].shape.reverse() && header),
      /"embedding\.weight" has shape \[64,320\] where \[320,64\]/,
    ],
    [
      'have another type',
      withHeader(header => Object.assign(header[first], { dtype: 'I32' }) && header),
      /has type 6 where 1 is expected/,
    ],
    [
      'are described nonsensically',
      withHeader(header => Object.assign(header[first], { data_offsets: 'all' }) && header),
      /does not describe the tensor/,
    ],
    [
      'hold a value that is not a number',
      changed(file => file.writeFloatLE(Number.NaN, expected[3].offset + 8)),
      /has values that are not finite/,
    ],
    [
      'hold an infinite value at the very end',
      changed(file => file.writeFloatLE(Number.NEGATIVE_INFINITY, file.length - 4)),
      /has values that are not finite/,
    ],
  ];
  for (const [what, file, reason] of refusals) {
    it(`are refused when they ${what}`, () => {
      assert.throws(
        () => checkWeights('model.safetensors', file, expected),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, reason);
          assert.match(error.message, /^model\.safetensors does not fit.*again/);
          assertTranslatable(error.sentence);
          return true;
        },
      );
    });
  }
});

describe('logits', () => {
  it('in half precision are the numbers that the bits mean', () => {
    const cases: readonly (readonly [number, number])[] = [
      [0x0000, 0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x3555, 0.333251953125],
      [0x7bff, 65504],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
    ];
    for (const [bits, value] of cases) assert.equal(halfFloatTable()[bits], value);
    assert.ok(Number.isNaN(halfFloatTable()[0x7e00]));
  });

  it('become logps, also where the exponentials would overflow', () => {
    const values = Float32Array.from([9, 9, 9, 1000, 999, -Infinity]);
    const out = new Float32Array(3);
    logSoftmaxRow({ kind: 'whole', values, start: 0 }, 1, out);
    const logSum = Math.log(1 + Math.exp(-1));
    assert.deepEqual([...out], [-logSum, -1 - logSum, Number.NEGATIVE_INFINITY].map(Math.fround));
  });
});
