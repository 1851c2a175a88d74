/** Which tensors a decoder of each family has, and of what shape: what it lacks or has too much is refused by name. */
import { say } from '../../core/sentence';
import { damaged, unsupported } from '../refusal';
import type { DecoderShape } from '../sourceModel';
import type { StoredTensor } from '../tensors/storedTensor';

interface Wanted {
  readonly shape: readonly number[];
  readonly isOptional: boolean;
}

export const EMBEDDING = 'model.embed_tokens.weight';
export const HEAD = 'lm_head.weight';

/**
 * @param tensors by the names of Hugging Face's checkpoints
 * @param name of the file or folder, for messages
 * @throws UserError naming the first tensor that is missing, not expected, or of another shape
 */
export function checkTensors(name: string, shape: DecoderShape, tensors: ReadonlyMap<string, StoredTensor>): void {
  const wanted = wantedTensors(shape);
  for (const [tensorName, { nameInFile, shape: found }] of tensors) {
    const expected = wanted.get(tensorName)?.shape;
    if (!expected) unsupported(name, say`a ${shape.family} model has no tensor "${nameInFile}"`);
    if (String(found) !== String(expected)) {
      damaged(name, say`the tensor "${nameInFile}" has the shape [${String(found)}], not [${String(expected)}]`);
    }
  }
  for (const [tensorName, { isOptional }] of wanted) {
    if (!isOptional && !tensors.has(tensorName)) damaged(name, say`the tensor "${tensorName}" is missing`);
  }
  checkAllLayersAlike(name, shape, tensors);
}

/** A bias that only some layers have would be left out without a word where another layer is asked first. */
function checkAllLayersAlike(
  name: string,
  { nLayers }: DecoderShape,
  tensors: ReadonlyMap<string, StoredTensor>,
): void {
  const nByPart = new Map<string, number>();
  for (const tensorName of tensors.keys()) {
    const [, part] = /^model\.layers\.\d+\.(.*)$/.exec(tensorName) ?? [];
    if (part !== undefined) nByPart.set(part, (nByPart.get(part) ?? 0) + 1);
  }
  for (const [part, n] of nByPart) {
    for (let i = 0; i < nLayers && n !== nLayers; i++) {
      const tensorName = `model.layers.${i}.${part}`;
      if (!tensors.has(tensorName)) damaged(name, say`the tensor "${tensorName}" is missing`);
    }
  }
}

function wantedTensors(shape: DecoderShape): ReadonlyMap<string, Wanted> {
  const { family, nLayers, width, nHeads, nKvHeads, headDim, hiddenWidth, vocabSize } = shape;
  const wanted = new Map<string, Wanted>();
  const must = (name: string, ...dims: number[]) => wanted.set(name, { shape: dims, isOptional: false });
  const may = (name: string, ...dims: number[]) => wanted.set(name, { shape: dims, isOptional: true });
  must(EMBEDDING, vocabSize, width);
  must('model.norm.weight', width);
  may(HEAD, vocabSize, width);
  for (let i = 0; i < nLayers; i++) {
    const layer = `model.layers.${i}`;
    must(`${layer}.input_layernorm.weight`, width);
    must(`${layer}.post_attention_layernorm.weight`, width);
    const projections: readonly (readonly [string, number, number])[] = [
      ['self_attn.q_proj', nHeads * headDim, width],
      ['self_attn.k_proj', nKvHeads * headDim, width],
      ['self_attn.v_proj', nKvHeads * headDim, width],
      ['self_attn.o_proj', width, nHeads * headDim],
      ['mlp.gate_proj', hiddenWidth, width],
      ['mlp.up_proj', hiddenWidth, width],
      ['mlp.down_proj', width, hiddenWidth],
    ];
    for (const [part, nOut, nIn] of projections) {
      must(`${layer}.${part}.weight`, nOut, nIn);
      const hasBias = family === 'qwen2' && /[qkv]_proj$/.test(part);
      (hasBias ? must : may)(`${layer}.${part}.bias`, nOut);
    }
    if (family === 'qwen3') {
      must(`${layer}.self_attn.q_norm.weight`, headDim);
      must(`${layer}.self_attn.k_norm.weight`, headDim);
    }
  }
  return wanted;
}
