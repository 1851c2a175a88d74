/**
 * The graph of an imported proposal: a decoder in delta form, and at its end not only logits but what a decoder needs of
 * a large vocabulary: the likeliest tokens, the logarithm of the sum over all, and the logits of tokens that were asked for.
 */

import { HEAD } from '../decoder/decoderTensors';
import { embeddingTensor } from '../decoder/tiedHead';
import type { SourceModel } from '../sourceModel';
import type { MatrixForm, Stored } from '../weights/storedWeights';
import { addAndNorm, decoderLayer, type LayerWeights, layerName, passInputs, rmsNorm } from './decoderGraph';
import { GraphWriter, int, type Value } from './graphWriter';
import { Numbers, type TablePart } from './numberFormats';

/** Likeliest tokens that the graph lists at each position; a nucleus rarely has more. */
export const N_TOP = 64;

/** How each matrix of a model is stored. */
export interface NumberPlan {
  /** By the name of a linear layer, `model.layers.3.mlp.down_proj`. */
  readonly formOf: (matrices: readonly string[]) => MatrixForm;
  readonly table: MatrixForm;
  /** Rows of the vocabulary that one stored tensor holds at most. */
  readonly maxTableRows: number;
}

export interface ProposalGraph {
  readonly graph: GraphWriter;
  readonly stored: readonly Stored[];
}

export function buildProposalGraph(model: SourceModel, plan: NumberPlan): ProposalGraph {
  const { shape } = model;
  const g = new GraphWriter();
  const numbers = new Numbers(g);
  const { nLayers, nKvHeads, headDim } = shape;

  const ids = g.op('Reshape', [g.input('input_ids', 'int64', [1, 'T']), g.ints(-1)]);
  const positions = g.input('position_ids', 'int64', [1, 'T']);
  const bias = g.input('attention_bias', 'float32', ['T', 'n_plus_T']);
  const past = Array.from({ length: nLayers }, (_, i) => ({
    key: g.input(`past_key.${i}`, 'float32', ['n', nKvHeads, headDim]),
    value: g.input(`past_value.${i}`, 'float32', ['n', nKvHeads, headDim]),
  }));
  const outputRows = g.input('output_rows', 'int64', ['M']);
  const wanted = g.input('wanted_tokens', 'int64', ['W']);

  const isTied = model.tiedHead !== undefined;
  const embedding = tableParts('embedding', embeddingTensor(model), model, plan.maxTableRows);
  const head = isTied ? embedding : tableParts('head', HEAD, model, plan.maxTableRows);
  numbers.table(embedding, plan.table);
  if (!isTied) numbers.table(head, plan.table);

  const weights = storedLayerWeights(model, numbers, plan, g);
  const pass = passInputs(g, shape, positions, bias);
  const embedded = numbers.embed(ids, embedding, plan.table);
  let residual = shape.embeddingScale === 1 ? embedded : g.op('Mul', [embedded, g.float(shape.embeddingScale)]);
  let x = rmsNorm(g, shape, residual, weights.norm(layerName(0, 'input_layernorm.weight')));
  const newRows: Value[] = [];
  for (let layer = 0; layer < nLayers; layer++) {
    const out = decoderLayer(g, shape, layer, weights, pass, x, residual, past[layer]);
    newRows.push(...out.rows);
    const nextNorm = layer + 1 < nLayers ? layerName(layer + 1, 'input_layernorm.weight') : 'model.norm.weight';
    [x, residual] = addAndNorm(g, shape, out.added, out.residual, weights.norm(nextNorm));
  }
  const keysAndValues = g.op('Concat', newRows, { axis: int(0) });
  g.node('Transpose', [keysAndValues], 1, { outputs: ['new_kv'], attributes: { perm: [0, 2, 1, 3] } });
  g.output('new_kv', 'float32', [2 * nLayers, 'T', nKvHeads, headDim]);

  const product = numbers.multiplyTable(g.op('Gather', [x, outputRows]), head, plan.table);
  const logits = shape.logitDivisor === 1 ? product : g.op('Mul', [product, g.float(1 / shape.logitDivisor)]);
  addOutputs(g, logits, wanted, model.nTokens);
  return { graph: g, stored: numbers.stored };
}

/** Rows of the tokens that exist: what pads a table has no text and must never be drawn. */
function tableParts(name: string, tensor: string, { shape, nTokens }: SourceModel, maxRows: number): TablePart[] {
  const nParts = Math.ceil(nTokens / maxRows);
  const nRows = Math.ceil(nTokens / nParts / 16) * 16;
  return Array.from({ length: nParts }, (_, i) => ({
    name: nParts === 1 ? name : `${name}.${i}`,
    source: {
      tensors: [tensor],
      nOut: Math.min(nRows, nTokens - i * nRows),
      nIn: shape.width,
      firstRow: i * nRows,
    },
  }));
}

function storedLayerWeights(model: SourceModel, numbers: Numbers, plan: NumberPlan, g: GraphWriter): LayerWeights {
  const { tensors, shape } = model;
  return {
    linear(x, layer, matrices) {
      const names = matrices.map(matrix => layerName(layer, matrix));
      const shapes = names.map(name => tensors.get(`${name}.weight`)?.shape ?? []);
      const nOut = shapes.reduce((sum, [rows]) => sum + rows, 0);
      const label = `${layer}.${matrices.map(matrix => matrix.replace(/^.*\.(.*)_proj$/, '$1')).join('_')}`;
      const source = { tensors: names.map(name => `${name}.weight`), nOut, nIn: shapes[0][1], firstRow: 0 };
      const product = numbers.linear(x, label, source, plan.formOf(matrices), 'T', names[0]);
      const biases = names.map(name => `${name}.bias`).filter(name => tensors.has(name));
      if (biases.length === 0) return product;
      // ONNX Runtime 1.30 fuses MatMulInteger, Cast, Mul and Add into one node that gets scales by row wrong; it leaves Sub alone.
      const negated = numbers.vector(
        `${label}.bias`,
        [nOut],
        biases.map(name => [name, 1] as const),
        -1,
      );
      return g.op('Sub', [product, negated]);
    },
    norm: name => numbers.vector(name, [shape.width], [[name, 1]]),
    headNorms(layer) {
      const [query, key] = ['q_norm', 'k_norm'].map(norm => layerName(layer, `self_attn.${norm}.weight`));
      if (!tensors.has(query)) return undefined;
      const { nHeads, nKvHeads, headDim } = shape;
      const parts = [[query, nHeads] as const, [key, nKvHeads] as const];
      return numbers.vector(`${layer}.qk_norm`, [nHeads + nKvHeads, headDim], parts);
    },
  };
}

/** logits [M, vocabulary] and what is made of them, so that a caller need not fetch whole rows. */
function addOutputs(g: GraphWriter, product: Value, wanted: Value, nTokens: number): void {
  const [logits] = g.node('Identity', [product], 1, { outputs: ['logits'] });
  const nTop = Math.min(N_TOP, nTokens);
  const [topLogits] = g.node('TopK', [logits, g.ints(nTop)], 2, { outputs: ['top_logits', 'top_ids'] });
  const largest = g.op('Slice', [topLogits, g.ints(0), g.ints(1), g.ints(1)]);
  // ReduceLogSumExp does the same and is slow on rows this long.
  const sum = g.op('ReduceSum', [g.op('Exp', [g.op('Sub', [logits, largest])]), g.ints(1)], { keepdims: int(0) });
  const shift = g.op('Squeeze', [largest, g.ints(1)]);
  g.node('Add', [g.op('Log', [sum]), shift], 1, { outputs: ['log_sum'] });
  g.node('Gather', [logits, wanted], 1, { outputs: ['wanted_logits'], attributes: { axis: int(1) } });
  g.output('logits', 'float32', ['M', nTokens]);
  g.output('top_logits', 'float32', ['M', nTop]);
  g.output('top_ids', 'int64', ['M', nTop]);
  g.output('log_sum', 'float32', ['M']);
  g.output('wanted_logits', 'float32', ['M', 'W']);
}
