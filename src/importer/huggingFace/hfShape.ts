/**
 * A decoder's shape from a config.json, as transformers' configurations of these families read it, of version 5
 * (`rope_parameters`) and of those before (`rope_theta`, `rope_scaling`): MIGRATION_GUIDE_V5.md.
 */
import { say } from '../../core/sentence';
import { checkedShape, checkedSizes, contextWithin } from '../decoder/decoderShape';
import { type RotaryScaling, rotaryOf, yarnScale } from '../decoder/rotary';
import { unsupported } from '../refusal';
import type { DecoderShape, Family, Rotary } from '../sourceModel';
import type { HfConfig } from './hfConfig';

const FAMILIES: Readonly<Record<string, Family>> = {
  llama: 'llama',
  mistral: 'llama',
  smollm3: 'llama',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  granite: 'granite',
  granitemoehybrid: 'granite',
};

export interface HfShape {
  readonly shape: DecoderShape;
  /** The head is the embedding table; an `lm_head.weight` that is there all the same does not count. */
  readonly isTied: boolean;
}

/** @throws UserError naming what is missing or not known */
export function hfShape(name: string, config: HfConfig): HfShape {
  const type = config.string('model_type') ?? '';
  if (!Object.hasOwn(FAMILIES, type)) unsupported(name, say`its architecture is "${type}"`);
  const family = FAMILIES[type];
  const isHybrid = type === 'granitemoehybrid';
  if (isHybrid) checkDense(name, config);
  const activation = config.string('hidden_act') ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish') unsupported(name, say`its activation is "${activation}"`);
  const width = config.must('hidden_size');
  const nHeads = config.must('num_attention_heads');
  const nLayers = config.must('num_hidden_layers');
  const trained = config.must('max_position_embeddings');
  const sizes = checkedSizes(name, {
    nLayers,
    width,
    nHeads,
    nKvHeads: config.number('num_key_value_heads') ?? nHeads,
    headDim: config.number('head_dim') ?? (type === 'qwen3' ? 128 : width / nHeads),
    hiddenWidth: config.must(isHybrid ? 'shared_intermediate_size' : 'intermediate_size'),
    vocabSize: config.must('vocab_size'),
    contextLength: contextWithin(trained, windowOf(config, type, nLayers)),
  });
  const granite = (key: string) => (family === 'granite' ? (config.number(key) ?? 1) : undefined);
  const shape = checkedShape(name, {
    family,
    ...sizes,
    epsilon: config.number('rms_norm_eps') ?? 1e-6,
    rotary: hfRotary(name, config, type, sizes.headDim),
    layersWithoutRotation: layersWithoutRotation(config, type, nLayers),
    embeddingScale: granite('embedding_multiplier') ?? 1,
    residualScale: granite('residual_multiplier') ?? 1,
    attentionScale: granite('attention_multiplier') ?? 1 / Math.sqrt(sizes.headDim),
    logitDivisor: granite('logits_scaling') ?? 1,
  });
  return { shape, isTied: config.boolean('tie_word_embeddings') ?? type === 'smollm3' };
}

/** Granite 4 has one configuration for its hybrids, mixtures and plain decoders; only the last are known. */
function checkDense(name: string, config: HfConfig): void {
  if ((config.number('num_local_experts') ?? 8) > 0)
    unsupported(name, say`it is a mixture of experts ("${'granitemoehybrid'}")`);
  // Without a list, and in transformers' default, every layer is a state-space one.
  const layers = config.list('layer_types') ?? config.list('layers_block_type') ?? ['mamba'];
  const other = layers.find(layer => layer !== 'attention' && layer !== 'full_attention');
  if (other !== undefined) unsupported(name, say`it has layers of the type "${String(other)}"`);
}

/** Of sliding attention, where any layer has it. */
function windowOf(config: HfConfig, type: string, nLayers: number): number | undefined {
  const window = config.number('sliding_window');
  const layers = config.list('layer_types');
  if (layers) return layers.includes('sliding_attention') ? window : undefined;
  if (type === 'mistral') return window;
  if (config.boolean('use_sliding_window') !== true) return undefined;
  // Qwen's layers from here on have a window.
  return (config.number('max_window_layers') ?? 28) < nLayers || type === 'smollm3' ? window : undefined;
}

function layersWithoutRotation(config: HfConfig, type: string, nLayers: number): readonly number[] {
  const layers = Array.from({ length: nLayers }, (_, i) => i);
  if (type === 'granitemoehybrid') return config.string('position_embedding_type') === 'rope' ? [] : layers;
  if (type !== 'smollm3') return [];
  const rotates = config.list('no_rope_layers');
  const interval = config.number('no_rope_layer_interval') ?? 4;
  // In that list a 1 means that the layer rotates.
  return layers.filter(i => (rotates ? rotates[i] === 0 : (i + 1) % interval === 0));
}

/** What transformers' ROPE_INIT_FUNCTIONS compute of the same configuration. */
export function hfRotary(name: string, config: HfConfig, type: string, headDim: number): Rotary {
  const parameters = ropeParameters(name, config);
  const base =
    parameters.number('rope_theta') ?? config.number('rope_theta') ?? (type === 'smollm3' ? 2_000_000 : 10_000);
  const part = parameters.number('partial_rotary_factor') ?? config.number('partial_rotary_factor') ?? 1;
  if (part !== 1) unsupported(name, say`it rotates only a part of each head (${part})`);
  return rotaryOf(headDim, base, scalingOf(name, config, parameters));
}

/** Those of all layers, under either name; version 5 may keep them by the kind of layer, where one kind is left. */
function ropeParameters(name: string, config: HfConfig): HfConfig {
  const parameters = config.within(config.has('rope_scaling') ? 'rope_scaling' : 'rope_parameters');
  const kinds = parameters.objectKeys();
  if (kinds.length > 1) unsupported(name, say`its layers rotate differently (${kinds.join(', ')})`);
  return kinds.length === 1 ? parameters.within(kinds[0]) : parameters;
}

function scalingOf(name: string, config: HfConfig, parameters: HfConfig): RotaryScaling {
  const kind = parameters.string('rope_type') ?? parameters.string('type') ?? 'default';
  const factor = () => parameters.must('factor');
  const originalContext = () =>
    config.number('original_max_position_embeddings') ??
    parameters.number('original_max_position_embeddings') ??
    config.must('max_position_embeddings');
  switch (kind) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind, factor: factor() };
    case 'llama3':
      return {
        kind,
        factor: factor(),
        lowFrequencyFactor: parameters.must('low_freq_factor'),
        highFrequencyFactor: parameters.must('high_freq_factor'),
        originalContext: originalContext(),
      };
    case 'yarn': {
      const stretch = parameters.number('factor') ?? config.must('max_position_embeddings') / originalContext();
      return {
        kind,
        factor: stretch,
        originalContext: originalContext(),
        betaFast: parameters.number('beta_fast') || 32,
        betaSlow: parameters.number('beta_slow') || 1,
        isTruncated: parameters.boolean('truncate') ?? true,
        attentionFactor: parameters.number('attention_factor') ?? yarnAttention(parameters, stretch),
      };
    }
    default:
      return unsupported(name, say`its rotary scaling is "${kind}"`);
  }
}

function yarnAttention(parameters: HfConfig, factor: number): number {
  const weight = parameters.number('mscale');
  const allDims = parameters.number('mscale_all_dim');
  return weight && allDims ? yarnScale(factor, weight) / yarnScale(factor, allDims) : yarnScale(factor);
}
