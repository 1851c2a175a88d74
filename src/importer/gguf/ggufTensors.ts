/** A GGUF's tensors by the names, shapes and order of rows that Hugging Face's checkpoints have. */
import { say } from '../../core/sentence';
import { damaged, unsupported } from '../refusal';
import type { DecoderShape } from '../sourceModel';
import { rowBytes, type StoredTensor } from '../tensors/storedTensor';
import type { Gguf } from './gguf';
import type { GgufTensor } from './ggufHeader';
import { ROPE_FACTORS } from './ggufShape';

/** gguf-py/gguf/constants.py, TENSOR_NAMES. */
const WHOLE: Readonly<Record<string, string>> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
};
const IN_LAYER: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/**
 * Architectures whose query and key rows are interleaved: those whose `llama_model_rope_type` is NORM in ggml-org's
 * llama.cpp src/llama-model.cpp. The others' rows are as they were.
 */
const INTERLEAVED: ReadonlySet<string> = new Set(['llama', 'granite', 'smollm3']);

/** @throws UserError naming a tensor that no decoder of these families has */
export function ggufTensors(
  { name: fileName, tensors }: Gguf,
  architecture: string,
  shape: DecoderShape,
): ReadonlyMap<string, StoredTensor> {
  const found = new Map<string, StoredTensor>();
  const add = (name: string, tensor: StoredTensor) => {
    // One of the two would be left out without a word.
    if (found.has(name))
      damaged(fileName, say`"${tensor.nameInFile}" and "${found.get(name)!.nameInFile}" are the same tensor`);
    found.set(name, tensor);
  };
  const headRows = INTERLEAVED.has(architecture) ? shape.headDim : undefined;
  for (const tensor of tensors.values()) {
    if (tensor.name === ROPE_FACTORS) continue;
    const whole = WHOLE[tensor.name];
    const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(tensor.name) ?? [];
    if (whole !== undefined) add(whole, stored(tensor));
    else if (part === 'attn_qkv') {
      for (const [projection, slice] of threeOf(fileName, stored(tensor), shape, headRows)) {
        add(`model.layers.${Number(layer)}.self_attn.${projection}_proj.${kind}`, slice);
      }
    } else if (part !== undefined && Object.hasOwn(IN_LAYER, part)) {
      const isRotated = part === 'attn_q' || part === 'attn_k';
      add(`model.layers.${Number(layer)}.${IN_LAYER[part]}.${kind}`, stored(tensor, isRotated ? headRows : undefined));
    } else unsupported(fileName, say`a ${architecture} model has no tensor "${tensor.name}"`);
  }
  return found;
}

/** Dimensions the other way round; ones at the end say nothing. */
function stored({ name, dims, type, file, offset }: GgufTensor, interleavedHeadRows?: number): StoredTensor {
  const isVector = /(_norm\.weight|\.bias)$/.test(name);
  const significant = dims.filter((_, i) => i === 0 || dims.slice(i).some(later => later !== 1));
  const shape = significant.length === 1 && !isVector ? [1, dims[0]] : significant.reverse();
  if (isVector && type.blockSize > 1) unsupported(file.name, say`the tensor "${name}" is stored as ${type.name}`);
  const order = interleavedHeadRows !== undefined && { interleavedHeadRows };
  return { nameInFile: name, file, offset, type, shape, ...order };
}

/** Query, key and value rows that one tensor has one after the other. */
function threeOf(
  fileName: string,
  fused: StoredTensor,
  { nHeads, nKvHeads, headDim }: DecoderShape,
  headRows: number | undefined,
): readonly (readonly [string, StoredTensor])[] {
  const nRows = [nHeads * headDim, nKvHeads * headDim, nKvHeads * headDim];
  const total = nRows[0] + nRows[1] + nRows[2];
  if (fused.shape[0] !== total) {
    damaged(fileName, say`the tensor "${fused.nameInFile}" has ${fused.shape[0]} rows instead of ${total}`);
  }
  const starts = [0, nRows[0], nRows[0] + nRows[1]];
  return ['q', 'k', 'v'].map((projection, i) => {
    const isInterleaved = projection !== 'v' && headRows !== undefined;
    const slice: StoredTensor = {
      ...fused,
      shape: [nRows[i], ...fused.shape.slice(1)],
      offset: fused.offset + starts[i] * rowBytes(fused),
      ...(isInterleaved && { interleavedHeadRows: headRows }),
    };
    return [projection, slice];
  });
}
