// Every type of weights, to the bit as gguf-py makes it float32: test/oracles/import/make_models.py.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { bitsPerWeight, ggufTypeName, STORAGE_TYPES } from '../../src/importer/tensors/storageTypes';

interface Case {
  readonly blocks: string;
  readonly values: string;
}

describe('stored weights', () => {
  const cases = JSON.parse(readFileSync('test/oracles/import/types.json', 'utf8')) as Readonly<Record<string, Case>>;

  it('are known in every type that an oracle is there for, and float32', () =>
    assert.deepEqual([...STORAGE_TYPES.keys()].sort(), [...Object.keys(cases), 'F32'].sort()));

  for (const [name, { blocks, values }] of Object.entries(cases)) {
    it(`of the type ${name} are what gguf-py makes of them, to the bit`, () => {
      const type = STORAGE_TYPES.get(name)!;
      const bytes = Buffer.from(blocks, 'base64');
      const expected = Buffer.from(values, 'base64');
      assert.equal(bytes.length % type.blockBytes, 0);
      assert.equal((bytes.length / type.blockBytes) * type.blockSize, expected.length / 4);
      // Between other values: nothing beyond the blocks is written.
      const out = new Float32Array(expected.length / 4 + 2).fill(7);
      // From an odd place, as it is in a file.
      const shifted = Buffer.concat([Buffer.of(1), bytes]).subarray(1);
      type.dequantise(shifted, out.subarray(1, -1));
      assert.equal(out[0] + out[out.length - 1], 14);
      assert.equal(firstDifference(out.subarray(1, -1), expected), undefined);
    });
  }

  it('of the type F32 are as they are', () => {
    const out = new Float32Array(2);
    STORAGE_TYPES.get('F32')!.dequantise(Buffer.of(9, 0, 0, 128, 63, 0, 0, 0, 192).subarray(1), out);
    assert.deepEqual([...out], [1, -2]);
  });

  it('take as many bits as their blocks', () => {
    const bits = ['F32', 'F16', 'Q8_0', 'Q6_K', 'Q5_0', 'Q4_K', 'Q4_0'].map(name =>
      bitsPerWeight(STORAGE_TYPES.get(name)!),
    );
    assert.deepEqual(bits, [32, 16, 8.5, 6.5625, 5.5, 4.5, 4.5]);
  });

  it('have a name where a GGUF gives a number', () =>
    assert.deepEqual([0, 14, 20, 30, 16, 99].map(ggufTypeName), ['F32', 'Q6_K', 'IQ4_NL', 'BF16', 'IQ2_XXS', '99']));
});

function firstDifference(values: Float32Array, expected: Buffer): string | undefined {
  const bits = new Uint32Array(values.slice().buffer);
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] !== expected.readUInt32LE(4 * i))
      return `value ${i} is ${values[i]}, not ${expected.readFloatLE(4 * i)}`;
  }
  return undefined;
}
