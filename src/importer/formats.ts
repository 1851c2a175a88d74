/** The number formats that a model can be imported in, and how large each makes it. */
import { EMBEDDING, HEAD } from './decoder/decoderTensors';
import { sizeBytesOf } from './graph/graphWriter';
import { buildProposalGraph, type NumberPlan } from './graph/proposalGraph';
import type { SourceModel } from './sourceModel';
import { MAX_SHARD_BYTES } from './weights/shards';
import type { MatrixForm } from './weights/storedWeights';

/** `int8`: quicker prompts, closer to the original. `int4`: smaller. `fp32` is for comparing. */
export const FORMATS = ['int8', 'int4', 'fp32'] as const;
export type Format = (typeof FORMATS)[number];

export function numberPlanOf(model: SourceModel, format: Format): NumberPlan {
  const table = tableForm(format, model.shape.width);
  const bytesPerRow = rowBytes(table, model.shape.width);
  return {
    formOf: matrices => matrixForm(model, format, matrices),
    table,
    maxTableRows: Math.floor((MAX_SHARD_BYTES - 1_000_000) / bytesPerRow),
  };
}

/** Bytes of all weights as they are stored. */
export function weightBytesOf(model: SourceModel, format: Format): number {
  const { graph } = buildProposalGraph(model, numberPlanOf(model, format));
  return graph.outside.reduce((sum, tensor) => sum + sizeBytesOf(tensor), 0);
}

export function nParametersOf({ tensors, tiedHead }: SourceModel): number {
  let n = 0;
  for (const [name, { shape }] of tensors) {
    if (tiedHead !== undefined && name === (tiedHead === 'head' ? EMBEDDING : HEAD)) continue;
    n += shape.reduce((product, d) => product * d, 1);
  }
  return n;
}

function matrixForm(model: SourceModel, format: Format, matrices: readonly string[]): MatrixForm {
  if (format === 'fp32') return { kind: 'float32' };
  if (format === 'int8') return { kind: 'rows' };
  const nIn = matrices[0] === 'mlp.down_proj' ? model.shape.hiddenWidth : model.shape.width;
  // Queries, keys and values are few weights of which much depends: four more bits take most of an error away for 3 % of the size.
  return matrices[0] === 'self_attn.q_proj' ? blocks(nIn, 8, 128) : blocks(nIn, 4, 32);
}

function tableForm(format: Format, width: number): MatrixForm {
  if (format === 'fp32') return { kind: 'float32' };
  if (format === 'int8') return { kind: 'rows' };
  return blocks(width, 8, 128);
}

function blocks(nIn: number, bits: 4 | 8, largest: number): MatrixForm {
  const blockSize = blockSizeOf(nIn, largest);
  return blockSize === undefined ? { kind: 'rows' } : { kind: 'blocks', bits, blockSize };
}

/** The largest size that divides the inputs and that ONNX Runtime has fast code for. */
function blockSizeOf(nIn: number, largest: number): number | undefined {
  for (let size = largest; size >= 16; size /= 2) if (nIn % size === 0) return size;
  return undefined;
}

function rowBytes(form: MatrixForm, width: number): number {
  if (form.kind === 'float32') return 4 * width;
  if (form.kind === 'rows') return width + 4;
  return (width * form.bits) / 8 + (4 * width) / form.blockSize;
}
