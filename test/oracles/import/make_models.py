#!/usr/bin/env python3
"""Tiny random models as people have them, as GGUF and as Hugging Face folders, and what gguf-py and transformers make of them.

  python make_models.py          (needs torch, transformers, tokenizers, gguf 0.19; writes beside itself)

  types.json      { type: { blocks, values } }, base64: random blocks of every type, and gguf-py's float32 of them
  rotary.json     [{ config, headDim, rates, attentionFactor }]: transformers' inverse frequencies of a config.json
  gguf/<name>*    models written as llama.cpp's converter writes them: names, keys, interleaved query and key rows
  hf/<name>/      models written by transformers' save_pretrained
  models.json     { "gguf/<name>" or "hf/<name>": { path, tensors: { name: { shape, sha256 } }, tokens, rows, logits } }:
                  the state dict that transformers holds, float32 little-endian, and its logits

The weights of a GGUF's model are those of its quantised blocks, given to transformers before it computes, so that equality
can be exact. Biases, norms and scales are random too, so that none can be forgotten.
"""

import base64
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from gguf import GGUFWriter, RopeScalingType, TokenType
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize
from transformers import (AutoModelForCausalLM, GraniteConfig, GraniteMoeHybridConfig, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config, SmolLM3Config)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

HERE = Path(__file__).parent
VOCABULARY, N_TOKENS = 96, 90
TOKENS, ROWS = [5, 17, 80, 3, 3, 61, 42, 7, 19, 33, 88, 12], [0, 6, 11]

# Offsets of the half-precision numbers of a block.
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.IQ4_NL: [0], T.Q2_K: [80, 82], T.Q3_K: [108],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_XS: [0]}
# Ordinary, negative, subnormal, the smallest, the largest, zero and negative zero.
SCALES = [0.0123, -0.37, 3.1e-6, -4.1e-7, 6e-8, 1.0, 65504.0, 0.0, -0.0]


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def random_blocks(kind, n, random, scales=None):
    """[n, bytes a block]: every bit random but those of the scales."""
    blocks = random.integers(0, 256, (n, GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
    for which, at in enumerate(HALVES.get(kind, [])):
        for i in range(n):
            scale = scales(which) if scales else SCALES[(i + 2 * which) % len(SCALES)]
            blocks[i, at:at + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return blocks


def types():
    random = np.random.default_rng(1)
    made = {}
    for kind in [*HALVES, T.MXFP4]:
        blocks = random_blocks(kind, len(SCALES), random)
        if kind == T.MXFP4:
            blocks[:, 0] = [0, 1, 2, 100, 127, 128, 130, 200, 240]
        if kind in (T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.MXFP4):
            usual = random.normal(0, 0.05, (3, 32)).astype(np.float32)
            usual[2, 5:] = 0
            blocks = np.concatenate([blocks, quantize(usual, kind).reshape(3, -1)])
        made[kind.name] = {"blocks": base64_of(blocks), "values": base64_of(dequantize(blocks, kind))}
    halves = np.arange(0, 65536, 41, dtype=np.uint16)
    halves = halves[(halves & 0x7C00) != 0x7C00]
    made["F16"] = {"blocks": base64_of(halves), "values": base64_of(halves.view(np.float16).astype(np.float32))}
    brains = np.arange(0, 65536, 97, dtype=np.uint16)
    brains = brains[(brains & 0x7F80) != 0x7F80]
    made["BF16"] = {"blocks": base64_of(brains), "values": base64_of(dequantize(brains.view(np.uint8), T.BF16))}
    doubles = np.concatenate([random.normal(0, 1, 9), [0.0, -0.0, 1e-46, 1e-40, 3e38, 0.1]])
    made["F64"] = {"blocks": base64_of(doubles), "values": base64_of(doubles.astype(np.float32))}
    return made


def rotary():
    small = dict(hidden_size=64, num_attention_heads=2, max_position_embeddings=4096)
    llama3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=1024)
    yarn = dict(factor=4.0, original_max_position_embeddings=1024)
    configs = [
        dict(rope_theta=10000.0), dict(rope_theta=1e6, head_dim=128), dict(rope_parameters=dict(rope_theta=5e5, rope_type="default")),
        dict(rope_theta=10000.0, rope_scaling=dict(type="linear", factor=4.0)),
        dict(rope_theta=5e5, head_dim=128, rope_scaling=dict(rope_type="llama3", **llama3)),
        dict(rope_parameters=dict(rope_theta=5e5, rope_type="llama3", **llama3)),
        dict(rope_theta=1e6, head_dim=128, rope_scaling=dict(type="yarn", **yarn)),
        dict(rope_parameters=dict(rope_theta=1e4, rope_type="yarn", beta_fast=16, beta_slow=2, **yarn)),
        dict(rope_parameters=dict(rope_theta=1e4, rope_type="yarn", truncate=False, attention_factor=0.8, **yarn)),
        dict(rope_parameters=dict(rope_theta=1e4, rope_type="yarn", mscale=0.7, mscale_all_dim=0.9, **yarn)),
        dict(rope_theta=1e4, rope_scaling=dict(rope_type="yarn", factor=2.0)),
    ]
    made = []
    for config in configs:
        config = {"model_type": "llama", **small, **config}
        built = LlamaConfig.from_dict(json.loads(json.dumps(config)))
        kind = built.rope_parameters["rope_type"]
        if kind == "default":
            dim = built.head_dim
            rates = 1.0 / built.rope_parameters["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float) / dim)
            factor = 1.0
        else:
            rates, factor = ROPE_INIT_FUNCTIONS[kind](built, None)
        made.append({"config": config, "headDim": built.head_dim, "rates": [float(x) for x in rates], "attentionFactor": float(factor)})
    return made


def tokenizer():
    """Byte-level BPE of 90 tokens, as GGUF lists and as the tokenizer.json that says the same."""
    special = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
    letters = ["Ġ", "Ċ"] + [chr(c) for c in range(ord("!"), ord("~") + 1) if chr(c) not in "@#$%^&~`"]
    letters = letters[:N_TOKENS - len(special) - 6]
    merges = ["r e", "Ġ t", "i n", "t u", "tu r", "re tur"]
    texts = special + letters + [merge.replace(" ", "") for merge in merges]
    assert len(texts) == N_TOKENS == len(set(texts))
    added = [dict(id=i, content=text, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for i, text in enumerate(special)]
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    split = dict(type="Split", pattern=dict(Regex=pattern), behavior="Isolated", invert=False)
    level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=False)
    model = dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False,
                 byte_fallback=False, ignore_merges=False, vocab={t: i for i, t in enumerate(texts)}, merges=merges)
    json_form = dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None,
                     pre_tokenizer=dict(type="Sequence", pretokenizers=[split, level]), post_processor=None, decoder=level, model=model)
    kinds = [TokenType.CONTROL] * len(special) + [TokenType.NORMAL] * (N_TOKENS - len(special)) + [TokenType.UNUSED] * (VOCABULARY - N_TOKENS)
    return json_form, texts + [f"[PAD{i}]" for i in range(N_TOKENS, VOCABULARY)], kinds, merges


def randomise(model, random):
    """Every parameter: also what an initialisation leaves at 0 or 1."""
    state = {name: value.numpy().copy() for name, value in model.state_dict().items() if "inv_freq" not in name}
    for name, value in state.items():
        spread, centre = (0.2, 1.0) if value.ndim == 1 and name.endswith("norm.weight") else (0.1, 0.0)
        state[name] = random.normal(centre, spread, value.shape).astype(np.float32)
    return state


def loaded(model, state):
    """The model that holds exactly these weights."""
    missing, unexpected = model.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in state.items()}, strict=False)
    assert not unexpected and all("inv_freq" in name for name in missing), (missing, unexpected)
    return model.float().eval()


def plain(state):
    """Granite 4 has gate and up rows in one tensor; they are expected as other decoders have them."""
    named = {}
    for name, value in state.items():
        if name.endswith("shared_mlp.input_linear.weight"):
            for part, rows in zip(("gate", "up"), np.split(value, 2)):
                named[name.replace("shared_mlp.input_linear", f"mlp.{part}_proj")] = rows
        else:
            named[name.replace("shared_mlp.output_linear", "mlp.down_proj")] = value
    return named


def expectation(path, model, state):
    state = plain(state)
    with torch.no_grad():
        logits = model(torch.tensor([TOKENS])).logits[0].numpy()
    tensors = {name: {"shape": list(value.shape), "sha256": hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}
               for name, value in sorted(state.items())}
    return {"path": path, "tensors": tensors, "tokens": TOKENS, "rows": ROWS, "logits": [[float(f"{x:.7g}") for x in logits[row]] for row in ROWS]}


COMMON = dict(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=256, bos_token_id=0, eos_token_id=0, pad_token_id=None)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64)
SCALED = dict(embedding_multiplier=3.0, residual_multiplier=0.25, attention_multiplier=0.3, logits_scaling=2.5)
CONFIGS = {
    "llama": lambda: LlamaConfig(**COMMON, intermediate_size=64, attention_bias=True, mlp_bias=True, tie_word_embeddings=False, rope_parameters=LLAMA3),
    "smol": lambda: LlamaConfig(**COMMON, intermediate_size=32, tie_word_embeddings=True, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0)),
    "mistral": lambda: MistralConfig(**COMMON, intermediate_size=32, tie_word_embeddings=False, sliding_window=64),
    "qwen2": lambda: Qwen2Config(**COMMON, intermediate_size=256, tie_word_embeddings=False, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
    "qwen2-tied": lambda: Qwen2Config(**COMMON, intermediate_size=32, tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
    "qwen3": lambda: Qwen3Config(**COMMON, intermediate_size=32, head_dim=16, tie_word_embeddings=True, rope_parameters=YARN),
    "granite": lambda: GraniteConfig(**COMMON, intermediate_size=32, tie_word_embeddings=True, **SCALED),
    "granite4": lambda: GraniteMoeHybridConfig(**COMMON, shared_intermediate_size=32, intermediate_size=16, num_local_experts=0, num_experts_per_tok=0,
                                               layer_types=["full_attention"] * 2, position_embedding_type="rope", tie_word_embeddings=True,
                                               mamba_n_heads=8, mamba_d_head=8, **SCALED),
    "smollm3": lambda: SmolLM3Config(**{**COMMON, "num_hidden_layers": 4, "pad_token_id": None}, intermediate_size=32, tie_word_embeddings=True),
}


def build(name):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(CONFIGS[name](), dtype=torch.float32)


def hf(name, dtype, shard=None):
    folder = HERE / "hf" / name
    shutil.rmtree(folder, ignore_errors=True)
    model = build(name)
    # Rounded to what the file will hold, so that equality is exact.
    state = {k: torch.from_numpy(v).to(dtype).float().numpy() for k, v in randomise(model, np.random.default_rng(len(name))).items()}
    if model.config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    loaded(model, state)
    made = expectation(f"hf/{name}", model, state)
    if model.config.tie_word_embeddings:
        del made["tensors"]["lm_head.weight"]
    model.to(dtype).save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    json_form, *_ = tokenizer()
    (folder / "tokenizer.json").write_text(json.dumps(json_form, ensure_ascii=False))
    return made


LAYER = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
WHOLE = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}


def gguf_name(name):
    if name in WHOLE:
        return WHOLE[name]
    _, _, layer, *part, kind = name.split(".")
    return f"blk.{layer}.{LAYER['.'.join(part)]}.{kind}"


def permute(weights, heads):
    """llama.cpp's converter on query and key rows of the architectures that rotate neighbours."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def quantised(value, kind, random):
    """Bytes [rows, bytes a row] of the type, and the float32 they mean. K-quants are random blocks: gguf-py cannot make them."""
    if kind in (T.F32, T.F16):
        data = value.astype({T.F32: np.float32, T.F16: np.float16}[kind])
        return data, data.astype(np.float32)
    if kind in (T.Q4_K, T.Q5_K, T.Q6_K, T.Q2_K, T.Q3_K, T.IQ4_NL):
        n = value.size // GGML_QUANT_SIZES[kind][0]
        scale = {T.IQ4_NL: 0.002, T.Q6_K: 3e-5, T.Q3_K: 0.002}.get(kind, 0.0003)
        data = random_blocks(kind, n, random, lambda which: scale * random.uniform(0.5, 2)).reshape(value.shape[0], -1)
    else:
        data = quantize(value, kind)
    return data, dequantize(data, kind).reshape(value.shape)


def gguf(name, config, kinds, architecture, interleaved, fused=False, split=0, describe=lambda writer, config: None):
    """@param kinds (name of tensor) → type"""
    random = np.random.default_rng(100 + len(name))
    model = build(config)
    c = model.config
    state, stored = {}, {}
    for tensor, value in randomise(model, random).items():
        if tensor == "lm_head.weight" and c.tie_word_embeddings:
            continue
        if tensor == "lm_head.weight" and name == "qwen2":
            # Tied in the original, stored twice at different precision.
            value = base
        if tensor == "model.embed_tokens.weight":
            base = value
        stored[tensor], state[tensor] = quantised(value, kinds(tensor), random)
    if c.tie_word_embeddings:
        loaded(model, {**state, "lm_head.weight": state["model.embed_tokens.weight"]})
    else:
        loaded(model, state)
    folder = HERE / "gguf"
    folder.mkdir(exist_ok=True)
    writer = GGUFWriter(folder / f"{name}.gguf", architecture, split_max_tensors=split)
    writer.add_type("model")
    writer.add_name(f"Tiny {name}")
    writer.add_license("apache-2.0")
    writer.add_block_count(c.num_hidden_layers)
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(c.rope_parameters["rope_theta"])
    describe(writer, c)
    _, texts, token_kinds, merges = tokenizer()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(texts)
    writer.add_token_types(token_kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    for tensor, data in stored.items():
        for projection, heads in (("q_proj", c.num_attention_heads), ("k_proj", c.num_key_value_heads)):
            if interleaved and f".{projection}." in tensor:
                stored[tensor] = permute(data, heads)
    if fused:
        for layer in range(c.num_hidden_layers):
            parts = [stored.pop(f"model.layers.{layer}.self_attn.{p}_proj.weight") for p in "qkv"]
            writer.add_tensor(f"blk.{layer}.attn_qkv.weight", np.concatenate(parts), raw_dtype=kinds("q_proj.weight"))
    if c.rope_parameters["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(c))
    for tensor, data in stored.items():
        writer.add_tensor(gguf_name(tensor), data, raw_dtype=kinds(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path = f"gguf/{name}-00002-of-00003.gguf" if split else f"gguf/{name}.gguf"
    assert (HERE / path).exists(), path
    return expectation(path, model, state)


def llama3_factors(config):
    """`generate_extra_tensors` of llama.cpp's converter divides plain rates by these."""
    plain = 1.0 / config.rope_parameters["rope_theta"] ** (torch.arange(0, config.head_dim, 2, dtype=torch.float) / config.head_dim)
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, None)
    return (plain / scaled).numpy().astype(np.float32)


def describe_llama(writer, config):
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)


def describe_smol(writer, config):
    describe_llama(writer, config)
    writer.add_rope_scaling_type(RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(config.rope_parameters["factor"])


def describe_qwen3(writer, config):
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_scaling_type(RopeScalingType.YARN)
    writer.add_rope_scaling_factor(config.rope_parameters["factor"])
    writer.add_rope_scaling_orig_ctx_len(config.rope_parameters["original_max_position_embeddings"])


def describe_granite(writer, config):
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_attention_scale(config.attention_multiplier)
    writer.add_embedding_scale(config.embedding_multiplier)
    writer.add_residual_scale(config.residual_multiplier)
    writer.add_logit_scale(config.logits_scaling)


def is_vector(name):
    return name.endswith(("norm.weight", ".bias"))


def main():
    (HERE / "types.json").write_text(json.dumps(types(), indent=1) + "\n")
    (HERE / "rotary.json").write_text(json.dumps(rotary(), indent=1) + "\n")

    def by_part(default, **parts):
        def kind(name):
            if is_vector(name):
                return T.F32
            return next((chosen for part, chosen in parts.items() if part in name), default)
        return kind

    def qwen2_kinds(name):
        if "down_proj" in name:
            return T.Q4_K if "layers.0" in name else T.Q6_K
        return by_part(T.Q5_0, v_proj=T.Q8_0, embed=T.Q4_0, lm_head=T.Q8_0)(name)

    models = {
        "gguf/llama": gguf("llama", "llama", by_part(T.Q8_0, up_proj=T.F16, gate_proj=T.Q5_1), "llama", True, split=14, describe=describe_llama),
        "gguf/smol": gguf("smol", "smol", by_part(T.Q4_1, embed=T.Q8_0, o_proj=T.IQ4_NL), "llama", True, describe=describe_smol),
        "gguf/qwen2": gguf("qwen2", "qwen2", qwen2_kinds, "qwen2", False),
        "gguf/qwen3": gguf("qwen3", "qwen3", by_part(T.Q4_0, embed=T.BF16, down_proj=T.Q5_0), "qwen3", False, describe=describe_qwen3),
        "gguf/granite": gguf("granite", "granite", by_part(T.Q5_0, embed=T.Q8_0), "granite", True, fused=True, describe=describe_granite),
        "gguf/smollm3": gguf("smollm3", "smollm3", by_part(T.Q8_0, mlp=T.Q4_0), "smollm3", True, describe=describe_llama),
        "hf/llama": hf("llama", torch.bfloat16, "20KB"),
        "hf/mistral": hf("mistral", torch.float16),
        "hf/qwen2-tied": hf("qwen2-tied", torch.bfloat16),
        "hf/qwen3": hf("qwen3", torch.bfloat16),
        "hf/granite": hf("granite", torch.float16),
        "hf/granite4": hf("granite4", torch.bfloat16),
    }
    (HERE / "models.json").write_text(json.dumps(models, indent=1) + "\n")


if __name__ == "__main__":
    main()
