/**
 * What a model's linear layers are fed: second moments of their inputs over some text, collected one layer at a time, so
 * that no more than one layer's weights are in memory. Quantisation rounds by them.
 */
import { throwIfAborted } from '../../core/errors';
import { Tensor } from '../../engine/onnxruntime';
import { type Execution, openSession, type Session } from '../../engine/session';
import { embeddingTensor } from '../decoder/tiedHead';
import { decoderLayer, type LayerWeights, layerName, passInputs, rmsNorm } from '../graph/decoderGraph';
import { GraphWriter, int, type Value } from '../graph/graphWriter';
import type { SourceModel } from '../sourceModel';
import type { SecondMoments } from '../weights/errorFeedback';

const MASKED = -1e9;
/** Inputs whose products with each other are kept: what a factorisation costs grows with its cube. */
const MOST_IN_SEGMENT = 1024;
/** Weights a block at most, of which a segment has whole ones. */
const BLOCK = 32;

/** Layers are run when they are asked for, and only the moments of the last one are kept. */
export class LayerInputs {
  readonly #moments = new Map<string, SecondMoments>();
  /** Layers differ in which tensors they have only where they differ in rotation. */
  readonly #passes = new Map<boolean, LayerPass>();
  #states: Float32Array[] | undefined;
  #nextLayer = 0;

  /** @param sequences token ids, each evaluated by itself */
  constructor(
    private readonly model: SourceModel,
    private readonly sequences: readonly (readonly number[])[],
    private readonly execution: Execution,
  ) {}

  /**
   * @param name of a linear layer's first matrix, `model.layers.0.self_attn.q_proj`; layers are asked for in their order
   * @throws AbortError between sequences
   */
  async momentsOf(name: string, signal: AbortSignal): Promise<SecondMoments> {
    for (;;) {
      const known = this.#moments.get(name);
      if (known !== undefined) return known;
      if (this.#nextLayer === this.model.shape.nLayers) throw new Error(`No layer left has the matrix ${name}.`);
      await this.#runLayer(this.#nextLayer++, signal);
    }
  }

  async close(): Promise<void> {
    for (const pass of this.#passes.values()) await pass.close();
  }

  async #runLayer(layer: number, signal: AbortSignal): Promise<void> {
    const { model, sequences } = this;
    if (this.#states === undefined) {
      this.#states = [];
      for (const tokens of sequences) this.#states.push(await embed(model, tokens));
    }
    const isRotated = !model.shape.layersWithoutRotation.includes(layer);
    let pass = this.#passes.get(isRotated);
    if (pass === undefined) {
      pass = await LayerPass.open(model, layer, this.execution);
      this.#passes.set(isRotated, pass);
    }
    this.#moments.clear();
    const weights = await pass.read(layer);
    const nTokens = sequences.reduce((sum, tokens) => sum + tokens.length - 1, 0);
    for (const [i, state] of this.#states.entries()) {
      throwIfAborted(signal);
      this.#states[i] = await pass.run(layer, state, weights, 1 / nTokens, this.#moments);
    }
  }
}

/** The most inputs that divide all of them and that blocks divide. */
function segmentOf(nIn: number): number {
  let unit = BLOCK;
  while (nIn % unit !== 0) unit /= 2;
  for (let size = Math.floor(MOST_IN_SEGMENT / unit) * unit; size > unit; size -= unit)
    if (nIn % size === 0) return size;
  return unit;
}

async function embed(model: SourceModel, tokens: readonly number[]): Promise<Float32Array> {
  const { width, embeddingScale } = model.shape;
  const state = new Float32Array(tokens.length * width);
  for (const [i, token] of tokens.entries()) {
    const row = await model.rows(embeddingTensor(model), token, 1);
    for (let k = 0; k < width; k++) state[i * width + k] = row[k] * embeddingScale;
  }
  return state;
}

interface LayerTensor {
  /** The graph's input: the tensor's name in the layer the graph was built for. */
  readonly input: string;
  /** `self_attn.q_proj.weight` */
  readonly part: string;
  readonly shape: readonly number[];
}

/** One layer of float32 weights that are inputs, so that one graph serves every layer. */
class LayerPass {
  private constructor(
    private readonly model: SourceModel,
    private readonly session: Session,
    private readonly tensors: readonly LayerTensor[],
    /** First matrix of each linear layer, and the output with its inputs' products. */
    private readonly fed: readonly { readonly part: string; readonly products: string; readonly segment: number }[],
  ) {}

  static async open(model: SourceModel, layer: number, execution: Execution): Promise<LayerPass> {
    const { shape } = model;
    const g = new GraphWriter();
    const residual = g.input('residual', 'float32', ['T', shape.width]);
    const positions = g.input('position_ids', 'int64', [1, 'T']);
    const bias = g.input('attention_bias', 'float32', ['T', 'n_plus_T']);
    const cache = (name: string) => g.input(name, 'float32', ['n', shape.nKvHeads, shape.headDim]);
    const past = { key: cache('past_key'), value: cache('past_value') };

    const tensors: LayerTensor[] = [];
    const fed: { part: string; products: string; segment: number }[] = [];
    const tensor = (part: string): Value => {
      const known = model.tensors.get(layerName(layer, part));
      if (known === undefined) throw new Error(`No tensor ${part} in layer ${layer}.`);
      tensors.push({ input: part, part, shape: known.shape });
      return g.input(part, 'float32', known.shape);
    };
    const weights: LayerWeights = {
      linear(x, _layer, matrices) {
        const label = matrices[0];
        const nIn = model.tensors.get(layerName(layer, `${label}.weight`))!.shape[1];
        const [products, segment] = [`${label}.products`, segmentOf(nIn)];
        // A first token is what all others attend to, with values a thousand times theirs: it says nothing of them.
        const others = g.op('Slice', [x, g.ints(1), g.ints(Number.MAX_SAFE_INTEGER), g.ints(0)]);
        const segments = g.op('Reshape', [others, g.ints(-1, nIn / segment, segment)]);
        const standing = g.op('Transpose', [segments], { perm: [1, 2, 0] });
        const lying = g.op('Transpose', [segments], { perm: [1, 0, 2] });
        g.node('MatMul', [standing, lying], 1, { outputs: [products] });
        g.output(products, 'float32', [nIn / segment, segment, segment]);
        fed.push({ part: label, products, segment });
        const results = matrices.map(matrix => {
          const weight = tensor(`${matrix}.weight`);
          const operands = [x, weight];
          if (model.tensors.has(layerName(layer, `${matrix}.bias`))) operands.push(tensor(`${matrix}.bias`));
          return g.op('Gemm', operands, { transB: int(1) });
        });
        return results.length === 1 ? results[0] : g.op('Concat', results, { axis: int(1) });
      },
      norm: name => tensor(name.slice(layerName(layer, '').length)),
      headNorms() {
        if (!model.tensors.has(layerName(layer, 'self_attn.q_norm.weight'))) return undefined;
        const { nHeads, nKvHeads, headDim } = shape;
        const repeated = (part: string, times: number) =>
          g.op('Expand', [g.op('Reshape', [tensor(part), g.ints(1, headDim)]), g.ints(times, headDim)]);
        const both = [repeated('self_attn.q_norm.weight', nHeads), repeated('self_attn.k_norm.weight', nKvHeads)];
        return g.op('Concat', both, { axis: int(0) });
      },
    };
    const pass = passInputs(g, shape, positions, bias);
    const x = rmsNorm(g, shape, residual, weights.norm(layerName(layer, 'input_layernorm.weight')));
    const out = decoderLayer(g, shape, layer, weights, pass, x, residual, past);
    const added = shape.residualScale === 1 ? out.added : g.op('Mul', [out.added, g.float(shape.residualScale)]);
    g.node('Add', [added, out.residual], 1, { outputs: ['next'] });
    g.output('next', 'float32', ['T', shape.width]);
    const bytes = g.write(() => {
      throw new Error('A calibration graph has no weights outside.');
    });
    return new LayerPass(model, await openSession(bytes, [], 0, execution), tensors, fed);
  }

  async read(layer: number): Promise<ReadonlyMap<string, Tensor>> {
    const weights = new Map<string, Tensor>();
    for (const { input, part, shape } of this.tensors) {
      const values = await this.model.rows(layerName(layer, part), 0, shape[0]);
      weights.set(input, new Tensor('float32', values, shape));
    }
    return weights;
  }

  /** @returns the residual stream behind the layer; adds products of inputs, times `share`, to `moments`. */
  async run(
    layer: number,
    state: Float32Array,
    weights: ReadonlyMap<string, Tensor>,
    share: number,
    moments: Map<string, SecondMoments>,
  ): Promise<Float32Array> {
    const { width, nKvHeads, headDim } = this.model.shape;
    const nTokens = state.length / width;
    // A past of length 0 ends the process: one masked row instead, as in the engine.
    const bias = new Float32Array(nTokens * (nTokens + 1)).fill(MASKED);
    for (let i = 0; i < nTokens; i++) bias.fill(0, i * (nTokens + 1) + 1, i * (nTokens + 1) + i + 2);
    const positions = BigInt64Array.from({ length: nTokens }, (_, i) => BigInt(i));
    const none = () => new Tensor('float32', new Float32Array(nKvHeads * headDim), [1, nKvHeads, headDim]);
    const outputs = await this.session.run(() => ({
      residual: new Tensor('float32', state, [nTokens, width]),
      position_ids: new Tensor('int64', positions, [1, nTokens]),
      attention_bias: new Tensor('float32', bias, [nTokens, nTokens + 1]),
      past_key: none(),
      past_value: none(),
      ...Object.fromEntries(weights),
    }));
    for (const { part, products, segment } of this.fed) {
      const name = layerName(layer, part);
      const added = outputs[products].data as Float32Array;
      const { values } = moments.get(name) ?? { values: new Float32Array(added.length) };
      for (let k = 0; k < values.length; k++) values[k] += share * added[k];
      moments.set(name, { segment, values });
    }
    return outputs.next.data as Float32Array;
  }

  close(): Promise<void> {
    return this.session.close();
  }
}
