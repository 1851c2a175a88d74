#!/usr/bin/env python3
"""Write tiny random Llama, Qwen2 and Qwen3 proposals as usual Hugging Face ONNX folders, and what transformers computes.

  oracle_hf.py MODELS_FOLDER ORACLES_FOLDER        (test/fixtures/models and test/oracles/hf)

  MODELS_FOLDER/<name>/{config,generation_config,tokenizer,tokenizer_config}.json, onnx/model*.onnx[_data…]
  ORACLES_FOLDER/<name>.json   { tokens, rows, logits: [row…], texts: [{ text, ids }…], tolerance }
  MODELS_FOLDER/delta/{proposals/tiny,modules/tiny,modules/other,graphs}   the same in our own form, with two modules
  MODELS_FOLDER/delta/proposals/tiny-top      the weights of `tiny`, in a graph that lists the likeliest tokens
  ORACLES_FOLDER/delta.json    { tokens, rows, proposal: [row…], tiny: [row…], other: [row…] }

The graphs are written by hand in the form that exporters give them (past_key_values in, present out) and are compared
with transformers here before anything is written. Every norm weight and bias is random, so that none can be forgotten.
"""

import json
import os
import sys
from dataclasses import dataclass, replace

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

from check_graph import random_model, torch_logits
from export import export_module, export_proposal
from model import SIZES

VOCABULARY = 320
N_TOKENS, ROWS = 24, (0, 5, 11, 23)
N_TOP = 64
SPECIAL = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|repo_name|>",
           "<|file_sep|>", "<|im_start|>", "<|im_end|>"]

QWEN2_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3_PATTERN = QWEN2_PATTERN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")

TRAINING_TEXT = """export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
class Reader:
    def __init__(self, path):
        self.path = path
        return None
""" * 40

TEXTS = [
    "", " ", "\n", "const x = 1;\n", "  return total;\n}\n\n\n", "for (let i = 0; i < 12345; i++) {\n\t\tvalues[i] += 'it''s';\r\n}",
    "naïve café, Å, 日本語 🙂👍🏽", "e\u0301 and A\u030a are decomposed", "a\u00a0b\u2003c   \n   d", "<|fim_prefix|>x<|endoftext|> <|im_start|>user",
    "def __init__(self, path):\n        self.path = path\n", "   \n  \n x", "x" * 40, "don't I'LL we'Ve", "\u0000\u0001\ufeff", "end   ",
]


@dataclass
class Fixture:
    name: str
    config: object
    pattern: str = QWEN2_PATTERN
    normalizer: object = None
    half_cache: bool = False
    has_positions: bool = True
    keeps: bool = False
    shards: int = 0
    grouped: bool = False
    file: str = "model.onnx"


SIZE = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=256, bos_token_id=None, eos_token_id=0, pad_token_id=4)

FIXTURES = [
    Fixture("llama", LlamaConfig(num_key_value_heads=2, tie_word_embeddings=False, **SIZE), LLAMA3_PATTERN),
    Fixture("qwen2-half-cache", Qwen2Config(num_key_value_heads=1, tie_word_embeddings=True, **SIZE), normalizer=normalizers.NFC(),
            half_cache=True, file="model_fp16.onnx"),
    Fixture("qwen3-no-positions", Qwen3Config(num_key_value_heads=2, head_dim=16, tie_word_embeddings=True, **SIZE),
            normalizer=normalizers.NFC(), has_positions=False),
    Fixture("qwen3-keeps-last", Qwen3Config(num_key_value_heads=1, head_dim=8, tie_word_embeddings=False, **SIZE),
            keeps=True, file="model_quantized.onnx"),
    Fixture("qwen2-sharded", Qwen2Config(num_key_value_heads=2, tie_word_embeddings=False, **SIZE), normalizer=normalizers.NFC(),
            shards=2),
    Fixture("llama-grouped", LlamaConfig(num_key_value_heads=2, head_dim=16, tie_word_embeddings=True, **SIZE), LLAMA3_PATTERN,
            has_positions=False, grouped=True, file="model_q4.onnx"),
]


class Graph:
    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.initializers, self.n_names = [], [], [], [], 0

    def op(self, kind, *inputs, n_outputs=1, outputs=None, **attributes):
        self.n_names += 1
        outputs = outputs or [f"{kind}_{self.n_names}_{i}" for i in range(n_outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def constant(self, value, dtype=np.int64, name=None):
        self.n_names += 1
        name = name or f"constant_{self.n_names}"
        self.initializers.append(onnx.numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, tensor, name):
        return self.constant(tensor.detach().numpy(), np.float32, name)

    def value(self, name, dtype, shape):
        return helper.make_tensor_value_info(name, dtype, shape)


def build(model, fixture):
    """transformers model → ONNX graph in the usual past_key_values form."""
    c, g, state = model.config, Graph(), dict(model.named_parameters())
    heads, kv = c.num_attention_heads, c.num_key_value_heads
    size = getattr(c, "head_dim", None) or c.hidden_size // heads
    float_cache = TensorProto.FLOAT16 if fixture.half_cache else TensorProto.FLOAT
    theta = c.rope_parameters["rope_theta"] if hasattr(c, "rope_parameters") else c.rope_theta

    g.inputs.append(g.value("input_ids", TensorProto.INT64, ["batch", "T"]))
    g.inputs.append(g.value("attention_mask", TensorProto.INT64, ["batch", "n_plus_T"]))
    if fixture.has_positions:
        g.inputs.append(g.value("position_ids", TensorProto.INT64, ["batch", "T"]))
    for i in range(c.num_hidden_layers):
        for kind in ("key", "value"):
            g.inputs.append(g.value(f"past_key_values.{i}.{kind}", float_cache, ["batch", kv, "n", size]))
    if fixture.keeps:
        g.inputs.append(g.value("num_logits_to_keep", TensorProto.INT64, []))

    def dimension(name, axis):
        return g.op("Squeeze", g.op("Shape", name, start=axis, end=axis + 1), g.constant([0]))

    n_new, n_all = dimension("input_ids", 1), dimension("attention_mask", 1)
    one = g.constant(1)
    new_indices = g.op("Range", g.op("Sub", n_all, n_new), n_all, one)
    positions = g.op("Reshape", "position_ids", g.constant([-1])) if fixture.has_positions else new_indices
    is_visible = g.op("LessOrEqual", g.op("Unsqueeze", g.op("Range", g.constant(0), n_all, one), g.constant([0])),
                      g.op("Unsqueeze", new_indices, g.constant([1])))
    zero, masked = g.constant(0, np.float32), g.constant(-1e9, np.float32)
    is_padding = g.op("Equal", g.op("Unsqueeze", "attention_mask", g.constant([1])), g.constant(0))
    bias = g.op("Where", is_padding, masked, g.op("Where", is_visible, zero, masked))       # [batch, T, n+T]
    bias = g.op("Unsqueeze", bias, g.constant([1]))

    rates = theta ** (-np.arange(0, size, 2) / size)
    angles = g.op("Mul", g.op("Unsqueeze", g.op("Cast", positions, to=TensorProto.FLOAT), g.constant([1])),
                  g.constant(rates[None], np.float32))
    angles = g.op("Concat", angles, angles, axis=-1)                                        # [T, size]
    cos, sin = g.op("Cos", angles), g.op("Sin", angles)

    def norm(x, name):
        squares = g.op("ReduceMean", g.op("Mul", x, x), g.constant([-1]), keepdims=1)
        root = g.op("Sqrt", g.op("Add", squares, g.constant(c.rms_norm_eps, np.float32)))
        return g.op("Mul", g.op("Div", x, root), g.weight(state[f"{name}.weight"], f"{name}.weight"))

    def linear(x, name):
        y = g.op("MatMul", x, g.weight(state[f"{name}.weight"].T, f"{name}.weight"))
        return g.op("Add", y, g.weight(state[f"{name}.bias"], f"{name}.bias")) if f"{name}.bias" in state else y

    def split_heads(x, n):
        return g.op("Reshape", x, g.constant([0, 0, n, size]))

    def rotate(x):
        first, second = g.op("Split", x, n_outputs=2, axis=-1, num_outputs=2)
        return g.op("Add", g.op("Mul", x, cos), g.op("Mul", g.op("Concat", g.op("Neg", second), first, axis=-1), sin))

    def repeat(x):
        wide = g.op("Expand", g.op("Unsqueeze", x, g.constant([2])), g.constant([1, 1, heads // kv, 1, 1]))
        return g.op("Reshape", wide, g.constant([0, heads, -1, size]))

    def grouped_attention(x, i):
        """One operator of ONNX Runtime's own, as exports for it have: positions and mask come from the lengths."""
        block = f"model.layers.{i}.self_attn"
        q, k, v = (linear(x, f"{block}.{name}_proj") for name in "qkv")
        names = [f"present.{i}.key", f"present.{i}.value"]
        g.outputs.extend(g.value(name, float_cache, ["batch", kv, "n_plus_T", size]) for name in names)
        g.n_names += 1
        g.nodes.append(helper.make_node(
            "GroupQueryAttention",
            [q, k, v, f"past_key_values.{i}.key", f"past_key_values.{i}.value", last_indices, total, cos_table, sin_table],
            [f"grouped_{i}", *names], domain="com.microsoft", num_heads=heads, kv_num_heads=kv, do_rotary=1))
        return linear(f"grouped_{i}", f"{block}.o_proj")

    if fixture.grouped:
        ones = g.op("Cast", "attention_mask", to=TensorProto.INT32)
        last_indices = g.op("Sub", g.op("ReduceSum", ones, g.constant([1]), keepdims=0), g.constant([1], np.int32))
        total = g.op("Cast", n_all, to=TensorProto.INT32)
        table_angles = np.outer(np.arange(c.max_position_embeddings), rates)
        cos_table, sin_table = (g.constant(f(table_angles), np.float32) for f in (np.cos, np.sin))

    def attention(x, i):
        if fixture.grouped:
            return grouped_attention(x, i)
        block = f"model.layers.{i}.self_attn"
        q, k, v = (split_heads(linear(x, f"{block}.{name}_proj"), n) for name, n in (("q", heads), ("k", kv), ("v", kv)))
        if f"{block}.q_norm.weight" in state:
            q, k = norm(q, f"{block}.q_norm"), norm(k, f"{block}.k_norm")
        q, k, v = (g.op("Transpose", y, perm=[0, 2, 1, 3]) for y in (q, k, v))
        whole = []
        for kind, new in (("key", rotate(k)), ("value", v)):
            past = f"past_key_values.{i}.{kind}"
            if fixture.half_cache:
                past = g.op("Cast", past, to=TensorProto.FLOAT)
            joined = g.op("Concat", past, new, axis=2)
            g.op("Cast" if fixture.half_cache else "Identity", joined, outputs=[f"present.{i}.{kind}"],
                 **({"to": float_cache} if fixture.half_cache else {}))
            g.outputs.append(g.value(f"present.{i}.{kind}", float_cache, ["batch", kv, "n_plus_T", size]))
            whole.append(repeat(joined))
        scores = g.op("MatMul", rotate(q), g.op("Transpose", whole[0], perm=[0, 1, 3, 2]))
        scores = g.op("Add", g.op("Mul", scores, g.constant(size ** -0.5, np.float32)), bias)
        mixed = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores, axis=-1), whole[1]), perm=[0, 2, 1, 3])
        return linear(g.op("Reshape", mixed, g.constant([0, 0, heads * size])), f"{block}.o_proj")

    def feed_forward(x, i):
        block = f"model.layers.{i}.mlp"
        gate = linear(x, f"{block}.gate_proj")
        return linear(g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), linear(x, f"{block}.up_proj")), f"{block}.down_proj")

    table = g.weight(state["model.embed_tokens.weight"], "model.embed_tokens.weight")
    x = g.op("Gather", table, "input_ids")
    for i in range(c.num_hidden_layers):
        x = g.op("Add", x, attention(norm(x, f"model.layers.{i}.input_layernorm"), i))
        x = g.op("Add", x, feed_forward(norm(x, f"model.layers.{i}.post_attention_layernorm"), i))
    x = norm(x, "model.norm")
    if fixture.keeps:
        start = g.op("Unsqueeze", g.op("Neg", "num_logits_to_keep"), g.constant([0]))
        x = g.op("Slice", x, start, g.constant([np.iinfo(np.int64).max]), g.constant([1]))
    head = g.op("Transpose", table, perm=[1, 0]) if c.tie_word_embeddings else g.weight(state["lm_head.weight"].T, "lm_head.weight")
    logits = g.op("MatMul", x, head)
    g.op("Cast" if fixture.half_cache else "Identity", logits, outputs=["logits"],
         **({"to": TensorProto.FLOAT16} if fixture.half_cache else {}))
    g.outputs.insert(0, g.value("logits", float_cache, ["batch", "kept" if fixture.keeps else "T", c.vocab_size]))
    graph = helper.make_graph(g.nodes, "decoder", g.inputs, g.outputs, g.initializers)
    domains = [("", 18), *([("com.microsoft", 1)] if fixture.grouped else [])]
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(*domain) for domain in domains], ir_version=9,
                             producer_name="residual-test")


def save(model, folder, fixture):
    path = os.path.join(folder, "onnx", fixture.file)
    if fixture.shards:
        # Round-robin over the shards, as large exports are split.
        offsets = [0] * fixture.shards
        shards = [bytearray() for _ in range(fixture.shards)]
        large = [tensor for tensor in model.graph.initializer if len(tensor.raw_data) >= 1024]
        for n, tensor in enumerate(large):
            shard = n % fixture.shards
            location = f"{fixture.file}_data" + (f"_{shard}" if shard else "")
            data = tensor.raw_data
            for key, value in (("location", location), ("offset", offsets[shard]), ("length", len(data))):
                tensor.external_data.add(key=key, value=str(value))
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            shards[shard] += data
            offsets[shard] += len(data)
        for shard, data in enumerate(shards):
            with open(f"{path}_data" + (f"_{shard}" if shard else ""), "wb") as file:
                file.write(data)
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    return path


def run(path, fixture, config, tokens, split):
    """Logits of the ONNX file, the tokens given in two passes."""
    session = onnxruntime.InferenceSession(path)
    kv = config.num_key_value_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    dtype = np.float16 if fixture.half_cache else np.float32
    past = {f"past_key_values.{i}.{kind}": np.zeros((1, kv, 0, size), dtype)
            for i in range(config.num_hidden_layers) for kind in ("key", "value")}
    rows = []
    for start, end in ((0, split), (split, len(tokens))):
        feeds = dict(past, input_ids=np.array([tokens[start:end]]), attention_mask=np.ones((1, end), np.int64))
        if fixture.has_positions:
            feeds["position_ids"] = np.arange(start, end)[None]
        if fixture.keeps:
            feeds["num_logits_to_keep"] = np.array(end - start)
        outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))
        rows.append(outputs["logits"][0].astype(np.float32))
        past = {name.replace("present", "past_key_values"): value for name, value in outputs.items() if name != "logits"}
    return np.concatenate(rows)


def make_tokenizer(fixture):
    tokenizer = Tokenizer(models.BPE())
    if fixture.normalizer:
        tokenizer.normalizer = fixture.normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(fixture.pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator([TRAINING_TEXT], trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    assert tokenizer.get_vocab_size() == VOCABULARY
    return tokenizer


def ordinary_ids(tokenizer, text):
    """Ids of `text` where a special token's text is ordinary text."""
    plain = json.loads(tokenizer.to_str())
    plain["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(plain)).encode(text, add_special_tokens=False).ids


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_delta(folder, oracles_folder, tokenizer_path):
    """A proposal and two modules of one architecture in delta form, with the small vocabulary."""
    size = replace(SIZES["tiny"], vocab=VOCABULARY, heads=4, kv_heads=2, head_dim=16)
    proposal = random_model(size, seed=1)
    export_proposal(proposal, os.path.join(folder, "proposals", "tiny"), "tiny", "Tiny random proposal for tests", ["fp32"], [],
                    tokenizer_path)
    export_proposal(proposal, os.path.join(folder, "proposals", "tiny-top"), "tiny-top", "The same, listing the likeliest tokens",
                    ["fp32"], [], tokenizer_path, n_top=N_TOP)
    tokens = torch.randint(len(SPECIAL), VOCABULARY, (N_TOKENS,), generator=torch.Generator().manual_seed(7)).tolist()
    oracle = dict(tokens=tokens, rows=ROWS, proposal=rounded_rows(torch_logits(proposal, tokens)))
    for seed, name in ((2, "tiny"), (3, "other")):
        module = random_model(size, seed)
        export_module(module, folder, name, dict(
            title=name.title(), description="Random weights for tests.", domain="test", rule="geometric", temperature=1,
            strength={"tiny": 0.5, "default": 0.4}, training=dict(objective="none", alpha=0, base="random", tokens=0, seed=seed),
            evaluation=[]), "fp32", tokenizer_path)
        oracle[name] = rounded_rows(torch_logits(module, tokens))
    write_json(os.path.join(oracles_folder, "delta.json"), oracle)


def rounded_rows(logits):
    return [[round(float(x), 6) for x in logits[row]] for row in ROWS]


def main():
    models_folder, oracles_folder = sys.argv[1:3]
    for seed, fixture in enumerate(FIXTURES):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(fixture.config, dtype=torch.float32).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                is_norm = parameter.dim() == 1 and name.endswith("weight")
                parameter.copy_(torch.randn_like(parameter) * 0.25 + (1 if is_norm else 0))
        tokens = torch.randint(len(SPECIAL), VOCABULARY, (N_TOKENS,)).tolist()
        with torch.no_grad():
            expected = model(torch.tensor([tokens])).logits[0].numpy()
        folder = os.path.join(models_folder, fixture.name)
        os.makedirs(os.path.join(folder, "onnx"), exist_ok=True)
        path = save(build(model, fixture), folder, fixture)
        difference = abs(run(path, fixture, model.config, tokens, 13) - expected).max()
        tolerance = 3e-2 if fixture.half_cache else 1e-4
        assert difference < tolerance, (fixture.name, difference)

        tokenizer = make_tokenizer(fixture)
        tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
        config = {key: value for key, value in model.config.to_dict().items() if not key.startswith("_")}
        write_json(os.path.join(folder, "config.json"), config)
        write_json(os.path.join(folder, "generation_config.json"), dict(eos_token_id=0, pad_token_id=4))
        write_json(os.path.join(folder, "tokenizer_config.json"), dict(
            tokenizer_class="PreTrainedTokenizerFast", eos_token="<|endoftext|>", pad_token="<|fim_pad|>", add_bos_token=False,
            clean_up_tokenization_spaces=False))
        write_json(os.path.join(oracles_folder, f"{fixture.name}.json"), dict(
            tokens=tokens, rows=ROWS, tolerance=tolerance,
            logits=rounded_rows(expected),
            texts=[dict(text=text, ids=ordinary_ids(tokenizer, text)) for text in TEXTS]))
        print(fixture.name, "differs from transformers by", difference)
    write_delta(os.path.join(models_folder, "delta"), oracles_folder, os.path.join(models_folder, "llama", "tokenizer.json"))


if __name__ == "__main__":
    main()
