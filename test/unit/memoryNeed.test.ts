/** What a model is said to need before it is loaded. */
import assert from 'node:assert/strict';
import { memoryNeed } from '../../src/host/proposals/memoryNeed';

const MIB = 1024 * 1024;
const variant = (...sizesMiB: number[]) => {
  const files = sizesMiB.map((mib, i) => ({
    name: i === 0 ? 'onnx/model.onnx' : `onnx/model.onnx_data_${i}`,
    sizeBytes: mib * MIB,
  }));
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { dtype: 'fp32', graphFile: 'onnx/model.onnx', files, sizeBytes };
};

describe('the memory that a model needs', () => {
  it('is twice that of weights inside the graph, and once that of weights beside it', () => {
    // As measured: 880 MiB for 456 MiB inside, 496 for the same beside.
    const inside = memoryNeed(variant(456), 1e12).neededBytes / MIB;
    const beside = memoryNeed(variant(1, 455), 1e12).neededBytes / MIB;
    assert.ok(inside > 880 && inside < 1000, `${inside}`);
    assert.ok(beside > 496 && beside < 560, `${beside}`);
  });
  it('is a setting that leaves room for modules and caches', () => {
    assert.equal(memoryNeed(variant(600), 1e12).allowanceMiB, 896);
    assert.ok(memoryNeed(variant(600)).availableBytes > 0);
  });
});
