/** A Qwen3 of random weights with the shipped tokenizer, as a Hugging Face folder: small, and it can read any text. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../../src/core/random';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../../fixtures/fixtureModels.mjs';

const TOKENIZER = path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL);
const WIDTH = 32;
const HIDDEN = 64;
const N_LAYERS = 2;
const N_HEADS = 4;
const N_KV_HEADS = 2;
const HEAD_DIM = 16;

export function writeTinyModel(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'])
    copyFileSync(path.join(TOKENIZER, name), path.join(dir, name));
  const { model, added_tokens } = JSON.parse(readFileSync(path.join(TOKENIZER, 'tokenizer.json'), 'utf8'));
  const vocabSize = Object.keys(model.vocab).length + added_tokens.length;
  const config = {
    model_type: 'qwen3',
    vocab_size: vocabSize,
    hidden_size: WIDTH,
    intermediate_size: HIDDEN,
    num_hidden_layers: N_LAYERS,
    num_attention_heads: N_HEADS,
    num_key_value_heads: N_KV_HEADS,
    head_dim: HEAD_DIM,
    max_position_embeddings: 256,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  };
  writeFileSync(path.join(dir, 'config.json'), JSON.stringify(config));
  const shapes: [string, number[]][] = [
    ['model.embed_tokens.weight', [vocabSize, WIDTH]],
    ['model.norm.weight', [WIDTH]],
  ];
  for (let i = 0; i < N_LAYERS; i++) {
    const parts: Record<string, number[]> = {
      'input_layernorm.weight': [WIDTH],
      'post_attention_layernorm.weight': [WIDTH],
      'self_attn.q_proj.weight': [N_HEADS * HEAD_DIM, WIDTH],
      'self_attn.k_proj.weight': [N_KV_HEADS * HEAD_DIM, WIDTH],
      'self_attn.v_proj.weight': [N_KV_HEADS * HEAD_DIM, WIDTH],
      'self_attn.o_proj.weight': [WIDTH, N_HEADS * HEAD_DIM],
      'self_attn.q_norm.weight': [HEAD_DIM],
      'self_attn.k_norm.weight': [HEAD_DIM],
      'mlp.gate_proj.weight': [HIDDEN, WIDTH],
      'mlp.up_proj.weight': [HIDDEN, WIDTH],
      'mlp.down_proj.weight': [WIDTH, HIDDEN],
    };
    for (const [part, shape] of Object.entries(parts)) shapes.push([`model.layers.${i}.${part}`, shape]);
  }
  writeFileSync(path.join(dir, 'model.safetensors'), safetensors(shapes));
}

function safetensors(shapes: readonly (readonly [string, readonly number[]])[]): Buffer {
  const random = seededRandom(1);
  const header: Record<string, unknown> = {};
  const parts: Float32Array[] = [];
  let at = 0;
  for (const [i, [name, shape]] of shapes.entries()) {
    const n = shape.reduce((product, d) => product * d, 1);
    const middle = name.includes('norm') ? 1 : 0;
    parts.push(Float32Array.from({ length: n }, (_, k) => middle + (random.uniform(i, k) - 0.5) / 2));
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + 4 * n] };
    at += 4 * n;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts.map(part => Buffer.from(part.buffer))]);
}
