/**
 * Products of quantised matrices as the runtime computes them, against the arithmetic they stand for. Each of these went
 * wrong once: a bias fused into rows with scales of their own, products that saturate in pairs, half bytes in the wrong order.
 */
import assert from 'node:assert/strict';
import { seededRandom } from '../../src/core/random';
import { Tensor } from '../../src/engine/onnxruntime';
import { openSession } from '../../src/engine/session';
import { GraphWriter, type OutsideTensor } from '../../src/importer/graph/graphWriter';
import { Numbers } from '../../src/importer/graph/numberFormats';
import { Shards } from '../../src/importer/weights/shards';
import type { MatrixForm } from '../../src/importer/weights/storedWeights';
import { TemporaryFolder } from '../unit/support/temporaryFolder';

const N_IN = 64;
const N_OUT = 24;
const random = seededRandom(7);

describe('quantised products', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = new TemporaryFolder();
  });
  afterEach(() => folder.remove());

  /** x [rows, N_IN] through a linear layer whose stored tensors are given by name. */
  async function product(
    form: MatrixForm,
    weights: Readonly<Record<string, ArrayBufferView>>,
    x: Float32Array,
    bias?: Float32Array,
  ): Promise<Float32Array> {
    const g = new GraphWriter();
    const numbers = new Numbers(g);
    const source = { tensors: ['w'], nOut: N_OUT, nIn: N_IN, firstRow: 0 };
    const y = numbers.linear(g.input('x', 'float32', ['T', N_IN]), 'w', source, form, 'T');
    const result = bias === undefined ? y : g.op('Sub', [y, g.floats(...bias.map(value => -value))]);
    g.node('Identity', [result], 1, { outputs: ['y'] });
    g.output('y', 'float32', ['T', N_OUT]);
    const shards = new Shards(g.outside, 'w');
    const files = await shards.create(folder.path);
    for (const { name } of g.outside as readonly OutsideTensor[]) {
      const { buffer, byteOffset, byteLength } = weights[name];
      await files.write(name, 0, new Uint8Array(buffer, byteOffset, byteLength));
    }
    await files.close();
    const file = folder.write(
      'w.onnx',
      g.write(tensor => shards.placeOf(tensor)),
    );
    const session = await openSession(file, [], 0, { nThreads: 1 });
    const outputs = await session.run(() => ({ x: new Tensor('float32', x, [x.length / N_IN, N_IN]) }));
    await session.close();
    return (outputs.y.data as Float32Array).slice();
  }

  const close = (actual: Float32Array, expected: readonly number[], tolerance: number) => {
    assert.equal(actual.length, expected.length);
    for (const [i, value] of expected.entries())
      assert.ok(
        Math.abs(actual[i] - value) <= tolerance * Math.max(1, Math.abs(value)),
        `${i}: ${actual[i]}, ${value}`,
      );
  };

  for (const nRows of [1, 5]) {
    it(`in rows are exact in ${nRows} passes of tokens where activations are whole steps, a bias among them`, async () => {
      const q = Int8Array.from({ length: N_IN * N_OUT }, (_, i) => Math.round(126 * random.uniform(0, i)) - 63);
      const scale = Float32Array.from({ length: N_OUT }, (_, n) => 0.01 * (n + 1));
      const bias = Float32Array.from({ length: N_OUT }, (_, n) => n - 11.5);
      // The largest activation of each row is 127 steps, so that all of them are whole.
      const x = Float32Array.from({ length: nRows * N_IN }, (_, i) =>
        i % N_IN === 3 ? 127 : Math.round(254 * random.uniform(1, i)) - 127,
      );
      const expected: number[] = [];
      for (let t = 0; t < nRows; t++)
        for (let n = 0; n < N_OUT; n++) {
          let sum = 0;
          for (let k = 0; k < N_IN; k++) sum += x[t * N_IN + k] * q[k * N_OUT + n];
          expected.push(sum * scale[n] + bias[n]);
        }
      close(await product({ kind: 'rows' }, { 'w.weight': q, 'w.scale': scale }, x, bias), expected, 1e-5);
    });
  }

  it('in rows do not saturate at the largest weights and activations', async () => {
    const q = new Int8Array(N_IN * N_OUT).fill(63);
    const scale = new Float32Array(N_OUT).fill(1);
    const x = new Float32Array(N_IN).fill(127);
    const expected = new Array<number>(N_OUT).fill(127 * 63 * N_IN);
    close(await product({ kind: 'rows' }, { 'w.weight': q, 'w.scale': scale }, x), expected, 1e-6);
  });

  for (const bits of [4, 8] as const) {
    it(`in blocks of ${bits} bits are those of the weights they stand for`, async () => {
      const blockSize = 32;
      const nBlocks = N_IN / blockSize;
      const value = (i: number) => Math.floor(2 ** bits * random.uniform(2, i));
      const zeroOf = (n: number, block: number) => (bits === 8 ? 128 : (3 * n + 5 * block) % 16);
      const scale = Float32Array.from({ length: N_OUT * nBlocks }, (_, i) => 0.001 * (i + 1));
      const packed = new Uint8Array((N_OUT * N_IN * bits) / 8);
      const zero = new Uint8Array(N_OUT * (nBlocks / 2));
      const x = Float32Array.from({ length: 2 * N_IN }, (_, i) => random.uniform(3, i) - 0.5);
      const expected = new Array<number>(2 * N_OUT).fill(0);
      for (let n = 0; n < N_OUT; n++) {
        zero[n] = zeroOf(n, 0) | (zeroOf(n, 1) << 4);
        for (let k = 0; k < N_IN; k++) {
          const at = n * N_IN + k;
          const q = value(at);
          if (bits === 8) packed[at] = q;
          else packed[at >> 1] |= k % 2 === 0 ? q : q << 4;
          const block = Math.floor(k / blockSize);
          const weight = scale[n * nBlocks + block] * (q - zeroOf(n, block));
          for (let t = 0; t < 2; t++) expected[t * N_OUT + n] += x[t * N_IN + k] * weight;
        }
      }
      const weights = { 'w.weight': packed, 'w.scale': scale, 'w.zero': zero };
      // Activations are rounded to 8 bits in blocks, so this is as close as that.
      close(await product({ kind: 'blocks', bits, blockSize }, weights, x), expected, bits === 8 ? 0.2 : 0.03);
    });
  }
});
