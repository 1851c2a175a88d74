/**
 * Facts about onnxruntime-node that the engine is built on. Each is measured as fast or as possible only because of it,
 * so an upgrade that changes one must be noticed here.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Tensor } from '../../src/engine/onnxruntime';
import { type Feeds, openSession, type Session } from '../../src/engine/session';
import { DELTA } from './support/fixtures';

const graphFile = path.join(DELTA, 'graphs', readdirSync(path.join(DELTA, 'graphs'))[0]);
const weightsFile = path.join(DELTA, 'modules/tiny/model.safetensors');

function feeds(token: number): Feeds {
  const past = (i: number) => new Tensor('float32', new Float32Array(32).fill(i / 7), [1, 2, 16]);
  return {
    input_ids: new Tensor('int64', [BigInt(token)], [1, 1]),
    position_ids: new Tensor('int64', [1n], [1, 1]),
    attention_bias: new Tensor('float32', new Float32Array(2), [1, 2]),
    output_rows: new Tensor('int64', [0n], [1]),
    'past_key.0': past(1),
    'past_value.0': past(2),
    'past_key.1': past(3),
    'past_value.1': past(4),
  };
}

describe('the runtime', () => {
  let session: Session;
  let weights: Buffer;

  before(async () => {
    weights = readFileSync(weightsFile);
    session = await openSession(readFileSync(graphFile), [{ path: 'model.safetensors', data: weights }], 0, {
      nThreads: 1,
    });
  });
  after(() => session.close());

  it('copies outputs: what one run returned does not change with the next', async () => {
    const first = (await session.run(() => feeds(20))).logits.data as Float32Array;
    const kept = first.slice();
    const second = (await session.run(() => feeds(21))).logits.data as Float32Array;
    assert.notEqual(second.buffer, first.buffer);
    assert.deepEqual(first, kept);
    assert.notDeepEqual(second, first);
  });

  it('copies weights that are handed over: the engine lets go of them after loading', async () => {
    const before = (await session.run(() => feeds(20))).logits.data;
    weights.fill(0);
    assert.deepEqual((await session.run(() => feeds(20))).logits.data, before);
  });

  it('reads inputs in place: a step does not cost a copy of the cache', () => {
    const { nPastBytes, grownBytes } = measureLargePast();
    assert.ok(nPastBytes > 150e6, `only ${nPastBytes} bytes of past`);
    assert.ok(grownBytes < 0.5 * nPastBytes, `memory grew by ${grownBytes} for ${nPastBytes} bytes of past`);
  });
});

/** In a process of its own, because a peak of memory says nothing after another peak. */
function measureLargePast(): { nPastBytes: number; grownBytes: number } {
  const script = `
    const { InferenceSession, Tensor } = require('onnxruntime-node');
    const { readFileSync } = require('node:fs');
    const n = 400000, shape = [n, 2, 16];
    const ints = (values, dims) => new Tensor('int64', values, dims);
    (async () => {
      const data = readFileSync(${JSON.stringify(weightsFile)});
      const session = await InferenceSession.create(readFileSync(${JSON.stringify(graphFile)}), {
        externalData: [{ path: 'model.safetensors', data }], logSeverityLevel: 3, intraOpNumThreads: 1, enableCpuMemArena: false });
      const past = n => new Tensor('float32', new Float32Array(n * 32).fill(0.5), [n, 2, 16]);
      const run = buffers => session.run({ ...buffers, input_ids: ints([20n], [1, 1]), position_ids: ints([1n], [1, 1]),
        output_rows: ints([0n], [1]), attention_bias: new Tensor('float32', new Float32Array(buffers['past_key.0'].dims[0] + 1), [1, buffers['past_key.0'].dims[0] + 1]) });
      const buffers = n => Object.fromEntries(['past_key.0', 'past_value.0', 'past_key.1', 'past_value.1'].map(name => [name, past(n)]));
      await run(buffers(2));
      const large = buffers(n);
      const before = process.resourceUsage().maxRSS;
      await run(large);
      console.log(JSON.stringify({ nPastBytes: 4 * n * 32 * 4, grownBytes: 1024 * (process.resourceUsage().maxRSS - before) }));
    })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as { nPastBytes: number; grownBytes: number };
}
