/**
 * A decoder's shape from the keys of a GGUF. Keys: gguf-py/gguf/constants.py; what a missing one means:
 * ggml-org/llama.cpp src/llama-model.cpp and src/models/.
 */
import { say } from '../../core/sentence';
import { checkedShape, checkedSizes, contextWithin } from '../decoder/decoderShape';
import { type RotaryScaling, rotaryOf, yarnScale } from '../decoder/rotary';
import { damaged, unsupported } from '../refusal';
import type { DecoderShape, Family } from '../sourceModel';
import type { Gguf } from './gguf';
import type { GgufValues } from './ggufValues';

const TABLE = 'token_embd.weight';
/** Factors of rotary rates, which Llama 3.1's converter writes; no part of the decoder otherwise. */
export const ROPE_FACTORS = 'rope_freqs.weight';

const FAMILIES: Readonly<Record<string, Family>> = {
  llama: 'llama',
  smollm3: 'llama',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  granite: 'granite',
};

/** @throws UserError naming an architecture that importing does not know */
export function ggufArchitecture({ name, metadata }: Gguf): string {
  const architecture = metadata.string('general.architecture');
  if (architecture === undefined) damaged(name, say`it does not say of which architecture it is`);
  const kind = metadata.string('general.type') ?? 'model';
  if (kind !== 'model') unsupported(name, say`it holds no model but something of the type "${kind}"`);
  if (!Object.hasOwn(FAMILIES, architecture)) unsupported(name, say`its architecture is "${architecture}"`);
  if ((metadata.number(`${architecture}.expert_count`) ?? 0) > 0) {
    unsupported(name, say`it is a mixture of experts ("${architecture}")`);
  }
  return architecture;
}

/**
 * @param ropeFactors values of `rope_freqs.weight`, where there is one
 * @throws UserError naming what is missing or not known
 */
export function ggufShape(gguf: Gguf, architecture: string, ropeFactors: Float32Array | undefined): DecoderShape {
  const { name, metadata, tensors } = gguf;
  const keys = new ArchitectureKeys(name, metadata, architecture);
  const family = FAMILIES[architecture];
  const nLayers = keys.must('block_count');
  const width = keys.must('embedding_length');
  const nHeads = keys.mustAlike('attention.head_count', nLayers);
  const trained = keys.must('context_length');
  const sizes = checkedSizes(name, {
    nLayers,
    width,
    nHeads,
    nKvHeads: keys.alike('attention.head_count_kv', nLayers) ?? nHeads,
    headDim: keys.number('attention.key_length') ?? width / nHeads,
    hiddenWidth: keys.mustAlike('feed_forward_length', nLayers),
    vocabSize: tensors.get(TABLE)?.dims[1] ?? damaged(name, say`the tensor "${TABLE}" is missing`),
    contextLength: contextWithin(trained, keys.number('attention.sliding_window')),
  });
  const { headDim } = sizes;
  for (const key of ['attention.value_length', 'rope.dimension_count']) {
    const value = keys.number(key) ?? headDim;
    if (value !== headDim) unsupported(name, say`"${keys.full(key)}" is ${value} where the heads have ${headDim}`);
  }
  if (ropeFactors && ropeFactors.length !== headDim / 2) {
    damaged(name, say`the tensor "${ROPE_FACTORS}" has the shape [${ropeFactors.length}], not [${headDim / 2}]`);
  }
  const base = keys.number('rope.freq_base') ?? 10_000;
  const rotary = rotaryOf(headDim, base, scalingOf(keys, trained, ropeFactors));
  const granite = (key: string) => (family === 'granite' ? keys.nonZero(key) : undefined);
  return checkedShape(name, {
    family,
    ...sizes,
    epsilon: keys.must('attention.layer_norm_rms_epsilon'),
    rotary: { ...rotary, attentionFactor: rotary.attentionFactor * (keys.nonZero('rope.scaling.attn_factor') ?? 1) },
    layersWithoutRotation: layersWithoutRotation(keys, architecture, nLayers),
    embeddingScale: granite('embedding_scale') ?? 1,
    residualScale: granite('residual_scale') ?? 1,
    attentionScale: granite('attention.scale') ?? 1 / Math.sqrt(headDim),
    logitDivisor: granite('logit_scale') ?? 1,
  });
}

/** SmolLM3 rotates three layers of four and no key says so; Granite says by this key that it does not rotate at all. */
function layersWithoutRotation(keys: ArchitectureKeys, architecture: string, nLayers: number): readonly number[] {
  const layers = Array.from({ length: nLayers }, (_, i) => i);
  if (architecture === 'smollm3') return layers.filter(i => (i + 1) % 4 === 0);
  return architecture === 'granite' && keys.boolean('rope.scaling.finetuned') === false ? layers : [];
}

function scalingOf(
  keys: ArchitectureKeys,
  contextLength: number,
  ropeFactors: Float32Array | undefined,
): RotaryScaling {
  // A factor without a type is linear, as all were when there was only one.
  const type = keys.string('rope.scaling.type') ?? 'linear';
  const factor = keys.nonZero('rope.scaling.factor') ?? keys.nonZero('rope.scale_linear') ?? 1;
  const isPlain = type === 'none' || (type === 'linear' && factor === 1);
  if (ropeFactors) {
    // Llama 3.1's scaling, which has no key.
    if (!isPlain) unsupported(keys.fileName, say`its rotary scaling is "${type}" beside factors of its own`);
    return { kind: 'factors', factors: ropeFactors };
  }
  if (isPlain) return { kind: 'none' };
  if (type === 'linear') return { kind: 'linear', factor };
  if (type !== 'yarn') unsupported(keys.fileName, say`its rotary scaling is "${type}"`);
  // llama.cpp src/llama-context.cpp: yarn_log_multiplier is mscale_all_dim beside an mscale of 1.
  const weight = keys.nonZero('rope.scaling.yarn_log_multiplier');
  return {
    kind: 'yarn',
    factor,
    originalContext: keys.nonZero('rope.scaling.original_context_length') ?? contextLength,
    betaFast: keys.nonZero('rope.scaling.yarn_beta_fast') ?? 32,
    betaSlow: keys.nonZero('rope.scaling.yarn_beta_slow') ?? 1,
    isTruncated: true,
    attentionFactor: yarnScale(factor) / (weight === undefined ? 1 : yarnScale(factor, weight)),
  };
}

/** The keys that begin with an architecture's name. */
class ArchitectureKeys {
  constructor(
    readonly fileName: string,
    private readonly metadata: GgufValues,
    private readonly architecture: string,
  ) {}

  full(key: string): string {
    return `${this.architecture}.${key}`;
  }

  string(key: string): string | undefined {
    return this.metadata.string(this.full(key));
  }

  boolean(key: string): boolean | undefined {
    return this.metadata.boolean(this.full(key));
  }

  number(key: string): number | undefined {
    return this.metadata.number(this.full(key));
  }

  /** 0 means that it is not set. */
  nonZero(key: string): number | undefined {
    return this.number(key) || undefined;
  }

  must(key: string): number {
    return this.number(key) ?? this.missing(key);
  }

  /** A number for all layers, which a file may say once or for each. */
  alike(key: string, nLayers: number): number | undefined {
    if (!this.metadata.hasList(this.full(key))) return this.number(key);
    const values = this.metadata.numbers(this.full(key)) ?? [];
    if (values.length !== nLayers) damaged(this.fileName, say`"${this.full(key)}" has ${values.length} values`);
    if (values.some(value => value !== values[0])) {
      unsupported(this.fileName, say`"${this.full(key)}" is not the same for all layers`);
    }
    return values[0];
  }

  mustAlike(key: string, nLayers: number): number {
    return this.alike(key, nLayers) ?? this.missing(key);
  }

  private missing(key: string): never {
    return damaged(this.fileName, say`the key "${this.full(key)}" is missing`);
  }
}
