/** The gradient graph as Node runs it, against what torch's autograd says (models/train/make_gradient_oracle.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findProposalFiles, loadTokenizer } from '../../src/engine/proposal';
import { type Base, loadBase } from '../../src/trainer/base';
import { type Batch, GradientGraph, type GradientResult } from '../../src/trainer/gradientGraph';
import { FIXTURE_MODELS } from '../fixtures/fixtureModels.mjs';
import { DELTA, proposalDir } from './support/fixtures';
import { shippedSpec } from './support/trainingJob';

interface Case {
  readonly loss: number;
  readonly margins: readonly number[];
  readonly nll: readonly number[];
  readonly gradient: readonly { readonly name: string; readonly norm: number; readonly products: readonly number[] }[];
}

interface Oracle {
  readonly batch: number;
  readonly length: number;
  readonly nCandidates: number;
  readonly plain: Case;
  readonly joint: Case;
}

const ORACLE = JSON.parse(readFileSync(path.resolve('test/oracles/gradient/cases.json'), 'utf8')) as Oracle;
const { batch: B, length: T, nCandidates: C } = ORACLE;
const GRAPHS = [path.join(DELTA, 'graphs')];

/** The i-th number in [−0.5, 0.5), as the oracle has it. */
function number(i: number): number {
  let x = Math.imul(i + 1, 2654435761);
  x ^= x >>> 16;
  x = Math.imul(x, 0x45d9f3b);
  x ^= x >>> 16;
  return (x >>> 0) / 2 ** 32 - 0.5;
}

const numbers = (which: number, n = B * T) => Array.from({ length: n }, (_, i) => number(1_000_000 * which + i));

function oracleWeights({ layout }: Base): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(layout.nParameters);
  for (const { shape, start } of layout.parameters) {
    const isMatrix = shape.length > 1;
    const n = shape.reduce((a, b) => a * b, 1);
    const scale = isMatrix ? 3 / Math.sqrt(shape[1]) : 0.4;
    for (let i = start; i < start + n; i++) flat[i] = number(i) * scale + (isMatrix ? 0 : 1);
  }
  return flat;
}

function oracleBatch(vocabSize: number): Required<Batch> {
  const integers = (which: number) => Int32Array.from(numbers(which), x => Math.floor((x + 0.5) * vocabSize));
  const targets = integers(2);
  const ids = new Int32Array(B * T * C);
  const logps = Float32Array.from(numbers(3, B * T * C), x => -5 * (x + 0.5));
  for (let t = 0; t < B * T; t++) {
    for (let c = 0; c < C; c++) ids[t * C + c] = c === 0 ? targets[t] : (targets[t] + 1 + (c - 1) * 7) % vocabSize;
    logps.fill(-1e9, t * C + C - 4, (t + 1) * C);
  }
  return {
    nRows: B,
    length: T,
    tokens: integers(1),
    targets,
    weights: Float32Array.from(numbers(4), x => (x * 2) / (B * T)),
    preference: {
      mask: Float32Array.from(numbers(5), x => (x > 0 ? 1 : 0)),
      pairs: Float32Array.of(1, -1, 0, 0, 0, 0, 0, 0),
      offsets: Float32Array.of(0.25, 0),
      sharpness: 0.25,
    },
    joint: { ids, logps, weights: Float32Array.from(numbers(6), x => (x + 0.5) / (B * T)), beta: 0.75 },
  };
}

describe('gradients of a training step', function () {
  this.timeout(60_000);
  let base: Base;
  let vocabSize: number;
  before(async () => {
    const tokenizer = await loadTokenizer(await findProposalFiles({ id: 'tiny', dir: proposalDir('delta') }));
    vocabSize = tokenizer.vocabSize;
    const folder = { id: 'tiny', dir: path.join(DELTA, 'modules/tiny') };
    base = await loadBase(folder, GRAPHS, { id: 'tiny', tokenizerId: tokenizer.id, vocabSize });
  });

  async function gradientOf(
    form: 'plain' | 'joint',
    batch: Batch,
  ): Promise<GradientResult & { gradient: Float32Array }> {
    const graph = await GradientGraph.open(GRAPHS, base.architecture.name, oracleWeights(base), { nThreads: 1, form });
    try {
      const { loss, nll, margins } = await graph.run(batch);
      return { loss, nll: nll.slice(), margins: margins.slice(), gradient: graph.gradient.slice() };
    } finally {
      await graph.close();
    }
  }

  const close = (got: number, expected: number, scale: number, what: string) =>
    assert.ok(Math.abs(got - expected) <= 2e-5 * scale, `${what}: ${got}, not ${expected}`);

  for (const form of ['plain', 'joint'] as const) {
    it(`are torch's, with every part of the loss at once: ${form}`, async () => {
      const { joint, ...plain } = oracleBatch(vocabSize);
      const got = await gradientOf(form, form === 'joint' ? { ...plain, joint } : plain);
      const expected = ORACLE[form];
      close(got.loss, expected.loss, Math.abs(expected.loss), 'loss');
      for (const [k, margin] of expected.margins.entries()) close(got.margins[k], margin, 100, `margin ${k}`);
      for (const [t, nats] of expected.nll.entries()) close(got.nll[t], nats, 10, `nats of target ${t}`);
      assert.deepEqual(
        expected.gradient.map(part => part.name),
        base.layout.parameters.map(parameter => parameter.name),
      );
      for (const [i, { name, norm, products }] of expected.gradient.entries()) {
        const { shape, start } = base.layout.parameters[i];
        const part = got.gradient.subarray(start, start + shape.reduce((a, b) => a * b, 1));
        close(Math.sqrt(dot(part, j => part[j])), norm, norm, `norm of ${name}`);
        // A product of an error with such a vector is at most about the error times the vector's length.
        const length = Math.sqrt(part.length / 12);
        for (const [k, product] of products.entries())
          close(
            dot(part, j => number(10_000_000 * (k + 1) + j)),
            product,
            norm * length,
            `product ${k} of ${name}`,
          );
      }
    });
  }

  // Small products are not shared among threads, and text repeats its tokens: their rows are what threads would fight for.
  it('are the same to the bit on any number of threads', async () => {
    const graphs = [path.resolve(FIXTURE_MODELS, 'graphs')];
    const { id, dir } = shippedSpec.base;
    const tokenizer = await loadTokenizer(await findProposalFiles(shippedSpec.proposal));
    const fitting = { id: 'residual-6m', tokenizerId: tokenizer.id, vocabSize: tokenizer.vocabSize };
    const { architecture, flat } = await loadBase({ id, dir }, graphs, fitting);
    const tokens = Int32Array.from({ length: 256 }, (_, i) => 100 + ((i * i) % 7));
    const targets = tokens.map(token => token + 1);
    const batch = { nRows: 2, length: 128, tokens, targets, weights: new Float32Array(256).fill(1 / 256) };
    const gradients: Float32Array[] = [];
    for (const nThreads of [1, 4]) {
      const graph = await GradientGraph.open(graphs, architecture.name, flat, { nThreads, form: 'plain' });
      for (let i = 0; i < 2; i++) {
        await graph.run(batch);
        gradients.push(graph.gradient.slice());
      }
      await graph.close();
    }
    for (const gradient of gradients) assert.equal(Buffer.compare(bytesOf(gradient), bytesOf(gradients[0])), 0);
  });

  it('have no part that was not asked for', async () => {
    const { joint: _, preference: __, ...batch } = oracleBatch(vocabSize);
    const { loss, nll } = await gradientOf('plain', batch);
    const expected = batch.weights.reduce((sum, weight, t) => sum + weight * nll[t], 0);
    close(loss, expected, 1, 'loss');
    const { gradient } = await gradientOf('joint', { ...batch, weights: new Float32Array(B * T) });
    assert.ok(gradient.every(value => value === 0));
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function dot(values: Float32Array, other: (j: number) => number): number {
  let sum = 0;
  for (let j = 0; j < values.length; j++) sum += values[j] * other(j);
  return sum;
}
