"""Build the ONNX graph of a decoder in *delta form*: past keys and values go in, only the new rows come out.

The runtime copies every fetched output, so a graph that returned the whole cache would copy it for each token.
Here the caller owns the cache, passes its valid rows as views and writes the returned rows behind them.

Interface (n past rows, T new tokens, M wanted rows; n and T at least 1):
  in   input_ids int64 [1, T]            position_ids int64 [1, T]
       attention_bias float32 [T, n + T] added to the scores: 0, or −1e9 for what a token must not see
       past_key.{i}, past_value.{i} float32 [n, kv_heads, head_dim]
       output_rows int64 [M]             which of the T tokens want logits
  out  logits float32 [M, vocab]
       new_kv float32 [2·layers, T, kv_heads, head_dim]: layer 0 keys, layer 0 values, layer 1 keys, …
       (keys after QK-norm and rotation)

The graph depends on the architecture and the number format alone: every weight lies outside, in a safetensors file
whose header is padded with spaces so that tensor data starts at byte 16,384.
"""

import hashlib
import json

import numpy as np
from onnx import TensorProto, helper

HEADER_BYTES = 16_384        # 8 bytes of length + the padded JSON
BLOCK = 32                   # weights that share one scale in the block-quantised form
DTYPES = ("fp32", "int8", "int4")
SAFETENSORS_TYPE = {np.dtype(np.float32): "F32", np.dtype(np.int8): "I8", np.dtype(np.uint8): "U8"}


# ---- number formats -------------------------------------------------------------------------------------------------

def quantise_rows(weight):
    """Symmetric int8 with one scale an output channel. weight [out, in] → (int8 [out, in], float32 [out])."""
    scale = np.abs(weight).max(1) / 127
    scale[scale == 0] = 1
    return np.rint(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def quantise_blocks(weight, bits):
    """MatMulNBits layout: blocks of 32 inputs, zero point in the middle. → (uint8 [out, blocks, bytes], float32 [out, blocks])."""
    rows, columns = weight.shape
    assert columns % BLOCK == 0, (rows, columns)
    blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
    middle = 1 << (bits - 1)
    scale = np.abs(blocks).max(-1) / (middle - 1)
    scale[scale == 0] = 1
    q = np.clip(np.rint(blocks / scale[..., None]) + middle, 0, 2 * middle - 1).astype(np.uint8)
    if bits == 4:
        q = q[..., 0::2] | (q[..., 1::2] << 4)
    return q, scale.astype(np.float32)


def rounded(weight, dtype, is_embedding):
    """The float32 matrix that a number format really multiplies by. Source for tests."""
    if dtype == "fp32":
        return weight
    if dtype == "int8":
        q, scale = quantise_rows(weight)
        return q * scale[:, None]
    bits = 8 if is_embedding else 4
    q, scale = quantise_blocks(weight, bits)
    if bits == 4:
        q = np.stack([q & 15, q >> 4], -1).reshape(*q.shape[:2], BLOCK)
    return ((q.astype(np.float32) - (1 << (bits - 1))) * scale[..., None]).reshape(weight.shape)


# ---- graph ----------------------------------------------------------------------------------------------------------

class Graph:
    """Nodes, inputs, outputs and constants, and the outside weights by name."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], []
        self.weights = {}
        self.n_names = 0

    def op(self, kind, *inputs, n_outputs=1, outputs=None, domain="", **attributes):
        if outputs is None:
            outputs = [self._name(kind) for _ in range(n_outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=self._name("node"), domain=domain, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def ms(self, kind, *inputs, **options):
        """An operator of ONNX Runtime's own domain."""
        return self.op(kind, *inputs, domain="com.microsoft", **options)

    def constant(self, value, dtype):
        name = self._name("constant")
        self.constants.append(helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)),
                                                 np.shape(value), np.ravel(np.asarray(value, dtype))))
        return name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def weight(self, name, array):
        self.weights[name] = np.ascontiguousarray(array)
        return name

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name, dtype, shape):
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def _name(self, kind):
        self.n_names += 1
        return f"{kind}_{self.n_names}"


class Int8Rows:
    """Linear layers in int8 with one scale an activation row, so that a row's result does not depend on its batch."""

    def __init__(self, graph):
        self.g = graph
        self.zero_point_of = {}

    def linear(self, x, weight, name, n_rows="T"):
        """x [rows, in] → [rows, out]."""
        q, scale = quantise_rows(weight)
        stored = self.g.weight(f"{name}.weight", q.T)
        # Activations are divided by max/127, so each product carries max/127 · scale.
        return self.multiply(x, stored, self.g.weight(f"{name}.scale", scale), len(scale), n_rows)

    def multiply(self, x, stored, scale, n_out, n_rows):
        g = self.g
        largest = g.op("Max", g.op("ReduceMax", g.op("Abs", x), g.ints(-1), keepdims=1), g.constant(1e-6, np.float32))
        step = g.op("Mul", largest, g.constant(1 / 127, np.float32))
        flat = g.op("Reshape", step, g.ints(-1))
        if n_rows not in self.zero_point_of:
            self.zero_point_of[n_rows] = g.op("Expand", g.constant([128], np.uint8), g.op("Shape", flat))
        # Unsigned activations: signed ones take a path in MatMulInteger that is twelve times slower.
        quantised = g.op("QuantizeLinear", x, flat, self.zero_point_of[n_rows], axis=0)
        product = g.op("MatMulInteger", quantised, stored, g.constant(128, np.uint8), g.constant([0] * n_out, np.int8))
        return g.op("Mul", g.op("Cast", product, to=TensorProto.FLOAT), g.op("Mul", step, scale))

    def embed_and_head(self, table, ids):
        """One int8 table [width, vocab] for both ends: columns gathered at the bottom, multiplied at the top."""
        g = self.g
        q, scale = quantise_rows(table)
        stored, scales = g.weight("embedding.weight", q.T), g.weight("embedding.scale", scale)
        columns = g.op("Transpose", g.op("Cast", g.op("Gather", stored, ids, axis=1), to=TensorProto.FLOAT), perm=[1, 0])
        x = g.op("Mul", columns, g.op("Unsqueeze", g.op("Gather", scales, ids), g.ints(1)))
        return x, lambda rows: self.multiply(rows, stored, scales, len(scale), "M")


class Int4Blocks:
    """Linear layers in 4-bit blocks; the embedding, shared with the head, in 8-bit blocks."""

    def __init__(self, graph):
        self.g = graph

    def linear(self, x, weight, name):
        q, scale = quantise_blocks(weight, 4)
        g = self.g
        return g.ms("MatMulNBits", x, g.weight(f"{name}.weight", q), g.weight(f"{name}.scale", scale),
                    K=weight.shape[1], N=weight.shape[0], bits=4, block_size=BLOCK, accuracy_level=4)

    def embed_and_head(self, table, ids):
        g = self.g
        vocab, width = table.shape
        q, scale = quantise_blocks(table, 8)
        stored, scales = g.weight("embedding.weight", q.reshape(vocab, width)), g.weight("embedding.scale", scale)
        x = g.ms("GatherBlockQuantized", stored, ids, scales, bits=8, block_size=BLOCK, gather_axis=0, quantize_axis=1)

        def head(rows):
            blocks = g.op("Reshape", stored, g.ints(vocab, width // BLOCK, BLOCK))
            return g.ms("MatMulNBits", rows, blocks, scales, K=width, N=vocab, bits=8, block_size=BLOCK, accuracy_level=4)
        return x, head


class Float32:
    def __init__(self, graph):
        self.g = graph

    def linear(self, x, weight, name):
        return self.g.op("MatMul", x, self.g.weight(f"{name}.weight", weight.T))

    def embed_and_head(self, table, ids):
        g = self.g
        stored = g.weight("embedding.weight", table)
        return g.op("Gather", stored, ids), lambda rows: g.op("Gemm", rows, stored, transB=1)


FORMATS = {"fp32": Float32, "int8": Int8Rows, "int4": Int4Blocks}


def list_rows(graph, logits, vocab, n_top):
    """Adds what a large vocabulary is read by, so that no row of logits [M, vocab] leaves the graph.

    in:  wanted_tokens int64 [W], W ≥ 1
    out: top_logits float32 [M, k], top_ids int64 [M, k], best first; log_sum float32 [M], log Σ exp over the vocabulary;
         wanted_logits float32 [M, W]
    """
    g, float32, int64 = graph, TensorProto.FLOAT, TensorProto.INT64
    k = min(n_top, vocab)
    # ReduceLogSumExp says the same and is many times slower.
    largest = g.op("ReduceMax", logits, g.ints(-1), keepdims=1)
    total = g.op("ReduceSum", g.op("Exp", g.op("Sub", logits, largest)), g.ints(-1), keepdims=1)
    g.op("Reshape", g.op("Add", largest, g.op("Log", total)), g.ints(-1), outputs=["log_sum"])
    g.op("TopK", logits, g.ints(k), outputs=["top_logits", "top_ids"], axis=-1, largest=1, sorted=1)
    g.op("Gather", logits, g.input("wanted_tokens", int64, ["W"]), axis=1, outputs=["wanted_logits"])
    g.output("top_logits", float32, ["M", k])
    g.output("top_ids", int64, ["M", k])
    g.output("log_sum", float32, ["M"])
    g.output("wanted_logits", float32, ["M", "W"])


def build(config, weights, dtype, n_top=None):
    """config: model.Config; weights: {name in model.Decoder: float32 array}; n_top: likeliest tokens that the graph lists
    a row, None for a graph that gives whole rows only. → Graph, complete."""
    g = Graph()
    numbers = FORMATS[dtype](g)
    c = config
    group = c.heads // c.kv_heads
    float32, int64 = TensorProto.FLOAT, TensorProto.INT64

    ids = g.op("Reshape", g.input("input_ids", int64, [1, "T"]), g.ints(-1))
    positions = g.input("position_ids", int64, [1, "T"])
    bias = g.input("attention_bias", float32, ["T", "n_plus_T"])
    for i in range(c.layers):
        for kind in ("key", "value"):
            g.input(f"past_{kind}.{i}", float32, ["n", c.kv_heads, c.head_dim])
    rows = g.input("output_rows", int64, ["M"])

    # Angles are computed for the T positions at hand: no table, hence no largest position baked in.
    rates = c.theta ** (-np.arange(0, c.head_dim, 2) / c.head_dim)
    angles = g.op("Mul", g.op("Cast", g.op("Reshape", positions, g.ints(-1, 1)), to=float32), g.constant(rates, np.float32))
    cos, sin, first = g.op("Cos", angles), g.op("Sin", angles), g.ints(0)

    bias_shape = g.op("Shape", bias)
    n_new, n_all = g.op("Shape", bias, start=0, end=1), g.op("Shape", bias, start=1, end=2)
    past_and_new = g.op("Concat", g.op("Sub", n_all, n_new), n_new, axis=0)
    grouped_shape = g.op("Concat", g.ints(c.kv_heads, group), bias_shape, axis=0)
    flat_shape = g.op("Concat", g.ints(c.kv_heads, -1), n_all, axis=0)
    heads_shape = g.op("Concat", g.ints(c.heads), n_new, g.ints(c.head_dim), axis=0)

    def norm_weight(name):
        return g.weight(name, weights[name])

    def add_and_norm(x, residual, name):
        """→ (normalised sum, sum)."""
        outputs = [g._name("normed"), "", "", g._name("sum")]
        g.ms("SkipSimplifiedLayerNormalization", x, residual, norm_weight(name), outputs=outputs, epsilon=c.eps)
        return outputs[0], outputs[3]

    def attention(x, i):
        """x [T, width] → (heads joined [T, heads · head_dim], new keys and values, each [1, kv_heads, T, head_dim])."""
        block = f"blocks.{i}"
        qkv = numbers.linear(x, weights[f"{block}.qkv.weight"], f"{block}.qkv")
        qk, v = g.op("Split", qkv, g.ints((c.heads + c.kv_heads) * c.head_dim, c.kv_heads * c.head_dim), n_outputs=2, axis=-1)
        qk = g.op("Reshape", qk, g.ints(1, -1, c.heads + c.kv_heads, c.head_dim))
        scales = np.stack([weights[f"{block}.query_norm"]] * c.heads + [weights[f"{block}.key_norm"]] * c.kv_heads)
        unit = g.constant(np.ones(c.head_dim), np.float32)
        qk = g.op("SimplifiedLayerNormalization", qk, unit, axis=-1, epsilon=c.eps, stash_type=1)
        qk = g.op("Transpose", g.op("Mul", qk, g.weight(f"{block}.qk_norm", scales)), perm=[0, 2, 1, 3])
        qk = g.ms("RotaryEmbedding", qk, first, cos, sin)
        q, k = g.op("Split", qk, g.ints(c.heads, c.kv_heads), n_outputs=2, axis=1)
        v = g.op("Transpose", g.op("Reshape", v, g.ints(1, -1, c.kv_heads, c.head_dim)), perm=[0, 2, 1, 3])
        q = g.op("Reshape", q, g.ints(c.kv_heads, -1, c.head_dim))
        keys, values = g.op("Squeeze", k, g.ints(0)), g.op("Squeeze", v, g.ints(0))

        scale = c.head_dim ** -0.5
        past_scores = g.ms("FusedMatMul", q, f"past_key.{i}", transB=1, transBatchB=1, alpha=scale)
        scores = g.op("Concat", past_scores, g.ms("FusedMatMul", q, keys, transB=1, alpha=scale), axis=-1)
        scores = g.op("Reshape", g.op("Add", g.op("Reshape", scores, grouped_shape), bias), flat_shape)
        past_share, new_share = g.op("Split", g.op("Softmax", scores, axis=-1), past_and_new, n_outputs=2, axis=-1)
        mixed = g.op("Add", g.ms("FusedMatMul", past_share, f"past_value.{i}", transBatchB=1), g.op("MatMul", new_share, values))
        mixed = g.op("Transpose", g.op("Reshape", mixed, heads_shape), perm=[1, 0, 2])
        return g.op("Reshape", mixed, g.ints(-1, c.heads * c.head_dim)), [k, v]

    def mlp(x, block):
        both = numbers.linear(x, weights[f"{block}.gate_up.weight"], f"{block}.gate_up")
        gate, up = g.op("Split", both, n_outputs=2, axis=-1, num_outputs=2)
        silu = g.ms("QuickGelu", gate, alpha=1.0)
        return numbers.linear(g.op("Mul", silu, up), weights[f"{block}.down.weight"], f"{block}.down")

    residual, head = numbers.embed_and_head(weights["embedding.weight"], ids)
    x = g.op("SimplifiedLayerNormalization", residual, norm_weight("blocks.0.attention_norm"), axis=-1, epsilon=c.eps, stash_type=1)
    new_rows = []
    for i in range(c.layers):
        block = f"blocks.{i}"
        mixed, rows_of_layer = attention(x, i)
        new_rows += rows_of_layer
        mixed = numbers.linear(mixed, weights[f"{block}.output.weight"], f"{block}.output")
        x, residual = add_and_norm(mixed, residual, f"{block}.mlp_norm")
        next_norm = f"blocks.{i + 1}.attention_norm" if i + 1 < c.layers else "final_norm"
        x, residual = add_and_norm(mlp(x, block), residual, next_norm)
    g.op("Transpose", g.op("Concat", *new_rows, axis=0), perm=[0, 2, 1, 3], outputs=["new_kv"])
    g.op("Identity", head(g.op("Gather", x, rows)), outputs=["logits"])
    g.output("logits", float32, ["M", c.vocab])
    g.output("new_kv", float32, [2 * c.layers, "T", c.kv_heads, c.head_dim])
    if n_top is not None:
        list_rows(g, "logits", c.vocab, n_top)
    return g


# ---- files ----------------------------------------------------------------------------------------------------------

def lay_out(weights):
    """Place tensors one behind the other, wider types first so that each is aligned. → {name: (begin, end)}."""
    places, position = {}, 0
    for name, array in sorted(weights.items(), key=lambda item: (-item[1].itemsize, item[0])):
        places[name] = (position, position + array.nbytes)
        position += array.nbytes
    return places


def safetensors_bytes(weights):
    """A safetensors file whose data begins at byte 16,384 whatever the header's content."""
    places = lay_out(weights)
    header = {name: dict(dtype=SAFETENSORS_TYPE[weights[name].dtype], shape=list(weights[name].shape), data_offsets=list(places[name]))
              for name in places}
    text = json.dumps(header, separators=(",", ":")).encode()
    assert len(text) <= HEADER_BYTES - 8, f"header of {len(text)} bytes does not fit"
    parts = [(HEADER_BYTES - 8).to_bytes(8, "little"), text.ljust(HEADER_BYTES - 8)]
    for name in places:
        assert np.isfinite(weights[name]).all(), f"{name} has values that are not finite"
        parts.append(weights[name].tobytes())
    return b"".join(parts)


def graph_bytes(graph, location):
    """The serialised ONNX model, its weights addressed in `location` beside it."""
    places = lay_out(graph.weights)
    outside = []
    for name, array in graph.weights.items():
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape,
                             data_location=TensorProto.EXTERNAL)
        begin, end = places[name]
        for key, value in (("location", location), ("offset", HEADER_BYTES + begin), ("length", end - begin)):
            tensor.external_data.add(key=key, value=str(value))
        outside.append(tensor)
    body = helper.make_graph(graph.nodes, "decoder", graph.inputs, graph.outputs, outside + graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)],
                              ir_version=10, producer_name="residual")
    return model.SerializeToString()


def sha256(data):
    return hashlib.sha256(data).hexdigest()
