/**
 * The ONNX graph of a decoder in delta form (engine/deltaGraph.ts says what goes in and comes out): built from a model's
 * shape alone, with every weight outside. `decoderLayer` is also what calibration runs, one layer at a time.
 */

import type { DecoderShape } from '../sourceModel';
import { type GraphWriter, int, ONNX_TYPE, type Value } from './graphWriter';

/** Where a layer's weights come from and how it multiplies: stored tensors in a proposal, inputs in a calibration. */
export interface LayerWeights {
  /** x [T, nIn] → [T, Σ nOut], the named matrices below each other, their biases added where the model has them. */
  linear(x: Value, layer: number, matrices: readonly string[]): Value;
  /** A vector of the layer [n]; `repeated` places several behind each other, as [rows, n]. */
  norm(name: string): Value;
  /** The scales of query and key normalisation [heads, headDim]; undefined where the model has none. */
  headNorms(layer: number): Value | undefined;
}

export interface PassInputs {
  /** cos and sin of the angles [T, headDim / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  readonly first: Value;
  /** [T, nPast + T] */
  readonly bias: Value;
  readonly heads: Value;
  readonly grouped: Value;
  readonly flat: Value;
  readonly pastAndNew: Value;
}

/** What is the same in all layers of a pass. */
export function passInputs(g: GraphWriter, shape: DecoderShape, positions: Value, bias: Value): PassInputs {
  const { nHeads, nKvHeads, headDim, rotary } = shape;
  // Angles are computed for the positions at hand: no table, hence no largest position baked in.
  const asFloats = g.op('Cast', [g.op('Reshape', [positions, g.ints(-1, 1)])], { to: int(ONNX_TYPE.float32) });
  const angles = g.op('Mul', [asFloats, g.floats(...rotary.rates)]);
  const scaled = (value: Value) =>
    rotary.attentionFactor === 1 ? value : g.op('Mul', [value, g.float(rotary.attentionFactor)]);
  const nNew = g.op('Shape', [bias], { start: int(0), end: int(1) });
  const nAll = g.op('Shape', [bias], { start: int(1), end: int(2) });
  return {
    cos: scaled(g.op('Cos', [angles])),
    sin: scaled(g.op('Sin', [angles])),
    first: g.ints(0),
    bias,
    heads: g.op('Concat', [g.ints(nHeads), nNew, g.ints(headDim)], { axis: int(0) }),
    grouped: g.op('Concat', [g.ints(nKvHeads, nHeads / nKvHeads), g.op('Shape', [bias])], { axis: int(0) }),
    flat: g.op('Concat', [g.ints(nKvHeads, -1), nAll], { axis: int(0) }),
    pastAndNew: g.op('Concat', [g.op('Sub', [nAll, nNew]), nNew], { axis: int(0) }),
  };
}

export interface LayerOutputs {
  /** What the feed-forward part adds [T, width]. */
  readonly added: Value;
  /** The residual stream before that [T, width]. */
  readonly residual: Value;
  /** New keys and values, each [1, nKvHeads, T, headDim]. */
  readonly rows: readonly [Value, Value];
}

export const layerName = (layer: number, part: string) => `model.layers.${layer}.${part}`;

/**
 * @param x the normalised residual stream [T, width]
 * @param past names of the graph's inputs that hold this layer's keys and values [nPast, nKvHeads, headDim]
 */
export function decoderLayer(
  g: GraphWriter,
  shape: DecoderShape,
  layer: number,
  weights: LayerWeights,
  pass: PassInputs,
  x: Value,
  residual: Value,
  past: { readonly key: Value; readonly value: Value },
): LayerOutputs {
  const { mixed, rows } = attention(g, shape, layer, weights, pass, x, past);
  const attended = weights.linear(mixed, layer, ['self_attn.o_proj']);
  const [normed, summed] = addAndNorm(
    g,
    shape,
    attended,
    residual,
    weights.norm(layerName(layer, 'post_attention_layernorm.weight')),
  );
  const both = weights.linear(normed, layer, ['mlp.gate_proj', 'mlp.up_proj']);
  const [gate, up] = g.node('Split', [both], 2, { attributes: { axis: int(-1), num_outputs: int(2) } });
  // QuickGelu of α = 1 is x·σ(x), SiLU.
  const activated = g.op('Mul', [g.ms('QuickGelu', [gate], { alpha: 1 }), up]);
  return { added: weights.linear(activated, layer, ['mlp.down_proj']), residual: summed, rows };
}

/** RMSNorm (Zhang & Sennrich, 1910.07467). x [T, n], scale [n]. */
export function rmsNorm(g: GraphWriter, { epsilon }: DecoderShape, x: Value, scale: Value): Value {
  return g.op('SimplifiedLayerNormalization', [x, scale], { axis: int(-1), epsilon, stash_type: int(1) });
}

/** → [normalised sum, sum], the sum x·residualScale + residual. */
export function addAndNorm(
  g: GraphWriter,
  { epsilon, residualScale }: DecoderShape,
  x: Value,
  residual: Value,
  scale: Value,
): readonly [Value, Value] {
  const outputs = [g.fresh('normed'), '', '', g.fresh('sum')];
  const added = residualScale === 1 ? x : g.op('Mul', [x, g.float(residualScale)]);
  const attributes = { epsilon };
  g.node('SkipSimplifiedLayerNormalization', [added, residual, scale], 4, {
    domain: 'com.microsoft',
    outputs,
    attributes,
  });
  return [outputs[0], outputs[3]];
}

/** x [T, width] → heads joined [T, nHeads · headDim], and the new rows of the cache. */
function attention(
  g: GraphWriter,
  shape: DecoderShape,
  layer: number,
  weights: LayerWeights,
  pass: PassInputs,
  x: Value,
  past: { readonly key: Value; readonly value: Value },
): { readonly mixed: Value; readonly rows: readonly [Value, Value] } {
  const { nHeads, nKvHeads, headDim } = shape;
  const qkv = weights.linear(x, layer, ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']);
  const [joint, valueRows] = g.node('Split', [qkv, g.ints((nHeads + nKvHeads) * headDim, nKvHeads * headDim)], 2, {
    attributes: { axis: int(-1) },
  });
  const heads = g.op('Reshape', [joint, g.ints(1, -1, nHeads + nKvHeads, headDim)]);
  const norms = weights.headNorms(layer);
  // Every head has its own scales, so the normalisation itself gets ones.
  const ones = () => g.floats(...new Array<number>(headDim).fill(1));
  const normed = norms === undefined ? heads : g.op('Mul', [rmsNorm(g, shape, heads, ones()), norms]);
  const standing = g.op('Transpose', [normed], { perm: [0, 2, 1, 3] });
  const rotated = shape.layersWithoutRotation.includes(layer)
    ? standing
    : g.ms('RotaryEmbedding', [standing, pass.first, pass.cos, pass.sin]);
  const [q, k] = g.node('Split', [rotated, g.ints(nHeads, nKvHeads)], 2, { attributes: { axis: int(1) } });
  const v = g.op('Transpose', [g.op('Reshape', [valueRows, g.ints(1, -1, nKvHeads, headDim)])], { perm: [0, 2, 1, 3] });
  const queries = g.op('Reshape', [q, g.ints(nKvHeads, -1, headDim)]);
  const [keys, values] = [k, v].map(rows => g.op('Squeeze', [rows, g.ints(0)]));

  const alpha = shape.attentionScale;
  const ofPast = g.ms('FusedMatMul', [queries, past.key], { transB: int(1), transBatchB: int(1), alpha });
  const ofNew = g.ms('FusedMatMul', [queries, keys], { transB: int(1), alpha });
  const scores = g.op('Concat', [ofPast, ofNew], { axis: int(-1) });
  const masked = g.op('Reshape', [g.op('Add', [g.op('Reshape', [scores, pass.grouped]), pass.bias]), pass.flat]);
  const [pastShare, newShare] = g.node('Split', [g.op('Softmax', [masked], { axis: int(-1) }), pass.pastAndNew], 2, {
    attributes: { axis: int(-1) },
  });
  const sum = g.op('Add', [
    g.ms('FusedMatMul', [pastShare, past.value], { transBatchB: int(1) }),
    g.op('MatMul', [newShare, values]),
  ]);
  const joined = g.op('Transpose', [g.op('Reshape', [sum, pass.heads])], { perm: [1, 0, 2] });
  return { mixed: g.op('Reshape', [joined, g.ints(-1, nHeads * headDim)]), rows: [k, v] };
}
