/** Weights in few bits, and the files they are written to. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../src/core/random';
import type { OutsideTensor } from '../../src/importer/graph/graphWriter';
import { errorFeedback, type SecondMoments } from '../../src/importer/weights/errorFeedback';
import { type NibbleBlocks, quantiseBytes, quantiseNibbles, quantiseRows } from '../../src/importer/weights/quantise';
import { Shards } from '../../src/importer/weights/shards';
import { TemporaryFolder } from './support/temporaryFolder';

const random = seededRandom(3);
const noise = (n: number, stream = 0) => Float32Array.from({ length: n }, (_, i) => random.uniform(stream, i) - 0.5);

describe('weights in rows', () => {
  it('are within half a step, seven bits of them', () => {
    const [nIn, nOut] = [40, 6];
    const weights = noise(nIn * nOut);
    const q = new Int8Array(nIn * nOut);
    const scales = new Float32Array(nOut);
    // In two pieces, as they are read.
    quantiseRows(weights.subarray(0, 4 * nIn), nIn, 0, q, scales);
    quantiseRows(weights.subarray(4 * nIn), nIn, 4, q, scales);
    for (let n = 0; n < nOut; n++) {
      let largest = 0;
      for (let k = 0; k < nIn; k++) {
        const stored = q[k * nOut + n];
        largest = Math.max(largest, Math.abs(stored));
        assert.ok(Math.abs(weights[n * nIn + k] - scales[n] * stored) <= scales[n] * 0.5001);
      }
      assert.equal(largest, 63);
    }
  });

  it('of nothing are nothing', () => {
    const q = new Int8Array(8).fill(1);
    const scales = new Float32Array(1);
    quantiseRows(new Float32Array(8), 8, 0, q, scales);
    assert.deepEqual([...q, scales[0]], [0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });
});

describe('weights in blocks of eight bits', () => {
  it('are within half a step', () => {
    const weights = noise(128);
    const { packed, scales } = quantiseBytes(weights, 32);
    assert.equal(scales.length, 4);
    for (const [k, value] of weights.entries()) {
      const scale = scales[k >> 5];
      assert.ok(Math.abs(value - scale * (packed[k] - 128)) <= scale * 0.5001);
    }
  });
});

describe('weights in blocks of four bits', () => {
  const [nIn, blockSize] = [96, 32];
  const nBlocks = nIn / blockSize;

  /** As MatMulNBits reads them. */
  const read = ({ packed, scales, zeroPoints }: NibbleBlocks, i: number): number => {
    const [row, k] = [Math.floor(i / nIn), i % nIn];
    const block = Math.floor(k / blockSize);
    const q = (packed[i >> 1] >> (i % 2 === 0 ? 0 : 4)) & 15;
    const zero = (zeroPoints[row * ((nBlocks + 1) >> 1) + (block >> 1)] >> (block % 2 === 0 ? 0 : 4)) & 15;
    return scales[row * nBlocks + block] * (q - zero);
  };
  const errorOf = (weights: Float32Array, of: (i: number) => number, importance?: Float32Array) =>
    weights.reduce((sum, value, i) => sum + (importance?.[i % nIn] ?? 1) * (value - of(i)) ** 2, 0);

  /** Moments of inputs that have nothing to do with each other. */
  const apart = (squares: Float32Array): SecondMoments => {
    const values = new Float32Array(nIn * nIn);
    for (const [k, square] of squares.entries()) values[k * nIn + k] = square;
    return { segment: nIn, values };
  };
  const alike = errorFeedback(apart(new Float32Array(nIn).fill(1)));

  /** Symmetric, by the largest value. */
  const plain = (weights: Float32Array) => (i: number) => {
    const block = weights.subarray(i - (i % blockSize), i - (i % blockSize) + blockSize);
    const scale = block.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / 7;
    return scale * Math.round(weights[i] / scale);
  };

  it('lose less than half of what plain rounding loses, where weights lean to one side', () => {
    const weights = noise(4 * nIn).map(value => value + 0.3);
    const blocks = quantiseNibbles(weights, nIn, alike, blockSize);
    const ours = errorOf(weights, i => read(blocks, i));
    assert.ok(ours < 0.5 * errorOf(weights, plain(weights)), `${ours}`);
  });

  it('give way where a column matters', () => {
    const weights = noise(4 * nIn);
    for (let i = 5; i < weights.length; i += blockSize) weights[i] = 0.9;
    const importance = Float32Array.from({ length: nIn }, (_, k) => (k % blockSize === 5 ? 1e-6 : 1));
    const weighed = quantiseNibbles(weights, nIn, errorFeedback(apart(importance)), blockSize);
    const equal = quantiseNibbles(weights, nIn, alike, blockSize);
    const error = (blocks: NibbleBlocks) => errorOf(weights, i => read(blocks, i), importance);
    assert.ok(error(weighed) < 0.95 * error(equal), `${error(weighed)}, ${error(equal)}`);
  });

  it('keep sixteen even steps as they are', () => {
    const weights = Float32Array.from({ length: nIn }, (_, k) => 0.25 * ((k * 7) % 16) - 1);
    const blocks = quantiseNibbles(weights, nIn, alike, blockSize);
    for (const [i, value] of weights.entries()) assert.ok(Math.abs(read(blocks, i) - value) < 1e-6);
  });

  it('of one sign, of nothing and of one value are finite', () => {
    const weights = Float32Array.from({ length: nIn }, (_, k) => (k < 32 ? 0 : k < 64 ? 0.5 : 1 + k / 1000));
    const blocks = quantiseNibbles(weights, nIn, alike, blockSize);
    for (const [i, value] of weights.entries()) assert.ok(Math.abs(read(blocks, i) - value) < 0.04, `${i}`);
  });
});

interface Oracle {
  readonly nIn: number;
  readonly segment: number;
  readonly blockSize: number;
  readonly moments: readonly number[];
  readonly weights: readonly number[];
  /** By row. */
  readonly q: readonly (readonly number[])[];
  readonly scales: readonly (readonly number[])[];
  readonly zeros: readonly (readonly number[])[];
}

describe('errors of weights in blocks of four bits', () => {
  const [nIn, nRows, nTexts, blockSize] = [64, 6, 200, 16];
  const nBlocks = nIn / blockSize;
  const weights = noise(nRows * nIn, 1);
  /** Inputs that correlate: three quarters of each are the same few directions. */
  const inputs = (() => {
    const [hidden, directions, own] = [noise(nTexts * 6, 2), noise(6 * nIn, 3), noise(nTexts * nIn, 4)];
    return Float32Array.from({ length: nTexts * nIn }, (_, i) => {
      const [text, k] = [Math.floor(i / nIn), i % nIn];
      let value = 0.25 * own[i];
      for (let d = 0; d < 6; d++) value += hidden[text * 6 + d] * directions[d * nIn + k];
      return value;
    });
  })();

  function momentsIn(segment: number): SecondMoments {
    const values = new Float32Array(nIn * segment);
    for (const [at] of values.entries()) {
      const [i, j] = [Math.floor(at / segment), at % segment];
      const other = i - (i % segment) + j;
      for (let t = 0; t < nTexts; t++) values[at] += (inputs[t * nIn + i] * inputs[t * nIn + other]) / nTexts;
    }
    return { segment, values };
  }

  function stored({ packed, scales, zeroPoints }: NibbleBlocks): Float64Array {
    return Float64Array.from(weights, (_, i) => {
      const [row, k] = [Math.floor(i / nIn), i % nIn];
      const block = Math.floor(k / blockSize);
      const zero = (zeroPoints[row * (nBlocks / 2) + (block >> 1)] >> (4 * (block & 1))) & 15;
      return scales[row * nBlocks + block] * (((packed[i >> 1] >> (4 * (i & 1))) & 15) - zero);
    });
  }

  /** Squares of what the layer gives wrongly, over all inputs. */
  function outputError(moments: SecondMoments): number {
    const made = stored(quantiseNibbles(weights, nIn, errorFeedback(moments), blockSize));
    let sum = 0;
    for (let row = 0; row < nRows; row++) {
      for (let t = 0; t < nTexts; t++) {
        let wrong = 0;
        for (let k = 0; k < nIn; k++) wrong += (weights[row * nIn + k] - made[row * nIn + k]) * inputs[t * nIn + k];
        sum += wrong * wrong;
      }
    }
    return sum;
  }

  const diagonal = ({ segment, values }: SecondMoments): SecondMoments => ({
    segment,
    values: values.map((value, i) => (Math.floor(i / segment) % segment === i % segment ? value : 0)),
  });

  it('are made good where inputs go together', () => {
    const alone = outputError(diagonal(momentsIn(nIn)));
    const [together, inParts] = [outputError(momentsIn(nIn)), outputError(momentsIn(nIn / 2))];
    assert.ok(together < 0.4 * alone, `${together} of ${alone}`);
    assert.ok(inParts < 0.7 * alone && inParts > together, `${inParts} of ${alone}`);
  });

  it('count as the factors say', () => {
    const moments = momentsIn(nIn);
    const { factors, pivots } = errorFeedback(moments);
    const mean = moments.values.reduce((sum, value, i) => sum + (i % (nIn + 1) === 0 ? value / nIn : 0), 0);
    for (let i = 0; i < nIn; i++) {
      for (let j = 0; j <= i; j++) {
        // (L·D·Lᵀ)ᵢⱼ, its diagonal of ones not stored.
        let product = pivots[j] * (i === j ? 1 : factors[j * nIn + i]);
        for (let k = 0; k < j; k++) product += factors[k * nIn + i] * pivots[k] * factors[k * nIn + j];
        const known = moments.values[i * nIn + j];
        const expected = i === j ? known + 1e-3 * mean : 0.85 * known;
        assert.ok(Math.abs(product - expected) < 1e-9, `${i}, ${j}`);
      }
    }
  });

  it('are made good as NumPy does it', () => {
    // test/oracles/quantise/make.py
    const oracle = JSON.parse(readFileSync('test/oracles/quantise/nibbles.json', 'utf8')) as Oracle;
    const moments = { segment: oracle.segment, values: Float32Array.from(oracle.moments) };
    const rows = Float32Array.from(oracle.weights);
    const made = quantiseNibbles(rows, oracle.nIn, errorFeedback(moments), oracle.blockSize);
    const halves = (bytes: Uint8Array) => [...bytes].flatMap(byte => [byte & 15, byte >> 4]);
    assert.deepEqual(halves(made.packed), oracle.q.flat());
    assert.deepEqual(halves(made.zeroPoints), oracle.zeros.flat());
    assert.deepEqual([...made.scales], oracle.scales.flat());
  });

  it('are finite where a layer is fed nothing', () => {
    const made = stored(
      quantiseNibbles(weights, nIn, errorFeedback({ segment: 32, values: new Float32Array(64 * 32) }), blockSize),
    );
    for (const [i, value] of weights.entries()) assert.ok(Math.abs(made[i] - value) < 0.05);
  });
});

describe('shards', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = new TemporaryFolder();
  });
  afterEach(() => folder.remove());

  const tensors: readonly OutsideTensor[] = [
    { name: 'a', type: 'int8', shape: [3, 5] },
    { name: 'b', type: 'float32', shape: [7] },
    { name: 'large', type: 'uint8', shape: [9000] },
    { name: 'c', type: 'float32', shape: [2, 2] },
  ];

  it('are safetensors files without holes, and a tensor lies where the graph is told it does', async () => {
    const shards = new Shards(tensors, 'model', 8192);
    const files = await shards.create(folder.path);
    for (const [i, tensor] of tensors.entries()) {
      const size = tensor.shape.reduce((n, d) => n * d, tensor.type === 'float32' ? 4 : 1);
      // In two pieces.
      await files.write(tensor.name, 0, new Uint8Array(4).fill(i + 1));
      await files.write(tensor.name, 4, new Uint8Array(size - 4).fill(i + 1));
    }
    await files.close();
    const names = readdirSync(folder.path).sort();
    assert.deepEqual(
      names,
      [1, 2, 3].map(i => `model-0000${i}-of-00003.safetensors`),
    );
    const seen: string[] = [];
    for (const name of names) {
      const bytes = readFileSync(path.join(folder.path, name));
      const headerBytes = Number(bytes.readBigUInt64LE(0));
      assert.equal((8 + headerBytes) % 4096, 0);
      const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString()) as Record<
        string,
        { readonly dtype: string; readonly shape: number[]; readonly data_offsets: readonly [number, number] }
      >;
      let end = 0;
      for (const [tensor, { data_offsets }] of Object.entries(header)) {
        assert.equal(data_offsets[0], end);
        end = data_offsets[1];
        const i = tensors.findIndex(one => one.name === tensor);
        const content = bytes.subarray(8 + headerBytes + data_offsets[0], 8 + headerBytes + data_offsets[1]);
        assert.ok(content.every(byte => byte === i + 1));
        assert.deepEqual(shards.placeOf(tensors[i]), { location: name, offset: 8 + headerBytes + data_offsets[0] });
        seen.push(tensor);
      }
      assert.equal(bytes.length, 8 + headerBytes + end);
    }
    assert.deepEqual(seen.sort(), ['a', 'b', 'c', 'large']);
  });

  it('are one file without a number where one is enough, and never replace one that is there', async () => {
    const shards = new Shards(tensors, 'model');
    assert.deepEqual(
      shards.files.map(({ name }) => name),
      ['model.safetensors'],
    );
    await (await shards.create(folder.path)).close();
    await assert.rejects(shards.create(folder.path), { code: 'EEXIST' });
  });
});
