#!/usr/bin/env python3
"""Build the ONNX graph of one gradient of a decoder: train_graph.py OUT_FOLDER [--size SIZE --layers N] [--candidates]

Forward and backward are written out by hand, operator by operator, so that the graph is small and runs in any ONNX
Runtime; `check_train_graph.py` holds it against torch's autograd in double precision. The optimiser is not in it.

Interface (B rows of T tokens; N parameters; float32 unless said):
  in   flat [N]                     the parameters, see `layout`
       tokens, targets int64 [B, T] every target is a token; where there is nothing to predict, weight and mask are 0
       weights [B, T]               of each target's negative log-likelihood, already divided by their number
       mask [B, T]                  1 where a target belongs to its row's log-probability s_b = Σ mask·log Q
       pairs [K, B]                 preferences: +1 for the chosen row, −1 for the rejected one; a row of zeros is none
       offsets [K]                  Δlog Q0 of each pair, which the `ratio` rule subtracts
       sharpness []                 β of the preference loss
     with candidates also
       candidates int64 [B, T, C]   the proposal's likeliest tokens, the target first
       candidate_logps [B, T, C]    log P of them; −1e9 where there is none
       joint_weights [B, T]         of each position's joint loss, already divided
       joint_beta []                exponent of the aligner
  out  gradient [N], loss [], nll [B, T], margins [K]

  loss = Σ weights·nll  +  Σ_k softplus(−sharpness·margin_k)  +  Σ joint_weights·(logsumexp_c s_c − s_0)
  margin_k = Σ_b pairs[k, b]·s_b − offsets[k];   s_c = log P_c + joint_beta·log Q_c

The first sum serves plain likelihood and both sequence-level forms of the residual alignment model (arXiv 2505.19700),
whose proposal samples carry negative weights; the second is DPO without its proposal, which cancels (DESIGN, section 5).
"""

import argparse
import dataclasses
import math
import os

import numpy as np
from onnx import TensorProto, checker, helper

import delta_graph
from export import architecture_name
from model import SIZES

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64
SMALLEST = 1e-37
MASKED = -1e9


def layout(config):
    """[(name in model.Decoder, shape)] in the order of `flat`: matrices, which decay, before norms, which do not."""
    c = config
    matrices = [("embedding.weight", (c.vocab, c.width))]
    norms = []
    for i in range(c.layers):
        block = f"blocks.{i}"
        matrices += [
            (f"{block}.qkv.weight", ((c.heads + 2 * c.kv_heads) * c.head_dim, c.width)),
            (f"{block}.output.weight", (c.width, c.heads * c.head_dim)),
            (f"{block}.gate_up.weight", (2 * c.hidden, c.width)),
            (f"{block}.down.weight", (c.width, c.hidden)),
        ]
        norms += [(f"{block}.attention_norm", (c.width,)), (f"{block}.mlp_norm", (c.width,)),
                  (f"{block}.query_norm", (c.head_dim,)), (f"{block}.key_norm", (c.head_dim,))]
    return matrices + norms + [("final_norm", (c.width,))]


class Ops(delta_graph.Graph):
    """The operators used here, by short names."""

    def add(self, a, b): return self.op("Add", a, b)
    def sub(self, a, b): return self.op("Sub", a, b)
    def mul(self, a, b): return self.op("Mul", a, b)
    def neg(self, a): return self.op("Neg", a)
    def number(self, value): return self.constant(value, np.float32)
    def reshape(self, x, *dims): return self.op("Reshape", x, self.dims(*dims))
    def transpose(self, x, *perm): return self.op("Transpose", x, perm=list(perm))
    def mean(self, x): return self.op("ReduceMean", x, self.ints(-1), keepdims=1)
    def sum(self, x, *axes, keepdims=1): return self.op("ReduceSum", x, self.ints(*axes), keepdims=keepdims)

    def dims(self, *dims):
        """A shape of numbers and of names of int64 [1] tensors."""
        if all(isinstance(dim, int) for dim in dims):
            return self.ints(*dims)
        return self.op("Concat", *[self.ints(dim) if isinstance(dim, int) else dim for dim in dims], axis=0)

    def split(self, x, *sizes, axis=-1):
        return self.op("Split", x, self.ints(*sizes), n_outputs=len(sizes), axis=axis)


class Backward:
    """Each method computes a value and remembers how a gradient flows back through it."""

    def __init__(self, g, config, n_rows, ones):
        self.g, self.c, self.n_rows, self.ones = g, config, n_rows, ones
        self.gradients = {}

    def over_rows(self, x):
        """Sum over all rows: [rows, n] → [n]. As a product, which adds in blocks and loses less than a running sum."""
        return self.g.reshape(self.g.op("Gemm", self.ones, x), -1)

    def keep(self, name, gradient):
        self.gradients[name] = gradient

    def normed(self, x):
        """→ (x / rms(x), 1 / rms(x)) over the last axis."""
        g = self.g
        inverse = g.op("Reciprocal", g.op("Sqrt", g.add(g.mean(g.mul(x, x)), g.number(self.c.eps))))
        return g.mul(x, inverse), inverse

    def through_norm(self, gradient, normed, inverse):
        """Of x, where `gradient` is that of x / rms(x)."""
        g = self.g
        return g.mul(inverse, g.sub(gradient, g.mul(normed, g.mean(g.mul(gradient, normed)))))

    def rms_norm(self, x, name, weight):
        g = self.g
        normed, inverse = self.normed(x)

        def back(gradient):
            self.keep(name, self.over_rows(g.mul(gradient, normed)))
            return self.through_norm(g.mul(gradient, weight), normed, inverse)
        return g.mul(normed, weight), back

    def linear(self, x, name, weight):
        """x [rows, in], weight [out, in] → [rows, out]."""
        g = self.g

        def back(gradient):
            self.keep(name, g.op("Gemm", gradient, x, transA=1))
            return g.op("Gemm", gradient, weight)
        return g.op("Gemm", x, weight, transB=1), back

    def swiglu(self, both):
        """silu(gate)·up of [rows, 2·hidden] → [rows, hidden]."""
        g, hidden = self.g, self.c.hidden
        gate, up = g.split(both, hidden, hidden)
        share = g.op("Sigmoid", gate)
        silu = g.mul(gate, share)

        def back(gradient):
            slope = g.add(share, g.mul(silu, g.sub(g.number(1), share)))
            return g.op("Concat", g.mul(g.mul(gradient, up), slope), g.mul(gradient, silu), axis=-1)
        return g.mul(silu, up), back


def attention(b, qkv, block, query_norm, key_norm, turn, turn_back, seen, batch, length):
    """qkv [rows, (heads + 2·kv_heads)·head_dim] → (mixed heads [rows, heads·head_dim], back)."""
    g, c = b.g, b.c
    group, n_turned = c.heads // c.kv_heads, c.heads + c.kv_heads
    qk, v = g.split(qkv, n_turned * c.head_dim, c.kv_heads * c.head_dim)
    normed, inverse = b.normed(g.reshape(qk, -1, n_turned, c.head_dim))
    repeat = lambda weight, n: g.op("Expand", g.reshape(weight, 1, -1), g.ints(n, c.head_dim))
    scale = g.op("Concat", repeat(query_norm, c.heads), repeat(key_norm, c.kv_heads), axis=0)
    turned = turn(g.reshape(g.mul(normed, scale), batch, length, n_turned, c.head_dim))
    q, k = g.split(turned, c.heads, c.kv_heads, axis=2)
    # The query heads of a group stand one below the other, so that one product serves them all.
    below = lambda x: g.reshape(g.transpose(x, 0, 2, 1, 3), batch, c.kv_heads, -1, c.head_dim)
    q, k, v = below(q), below(k), below(g.reshape(v, batch, length, c.kv_heads, c.head_dim))
    strength = c.head_dim ** -0.5
    scores = g.ms("FusedMatMul", q, k, transB=1, alpha=strength)
    scores = g.add(g.reshape(scores, batch, c.heads, length, length), seen)
    shares = g.reshape(g.op("Softmax", scores, axis=-1), batch, c.kv_heads, -1, length)
    mixed = g.op("MatMul", shares, v)

    def beside(x, n_heads):
        """Back from [batch, kv_heads, group·length, head_dim] to [rows, heads·head_dim]."""
        return g.reshape(g.transpose(g.reshape(x, batch, n_heads, length, c.head_dim), 0, 2, 1, 3), -1, n_heads * c.head_dim)

    def back(gradient):
        gradient = below(g.reshape(gradient, batch, length, c.heads, c.head_dim))
        of_v = g.ms("FusedMatMul", shares, gradient, transA=1)
        of_shares = g.ms("FusedMatMul", gradient, v, transB=1)
        of_scores = g.mul(shares, g.sub(of_shares, g.sum(g.mul(of_shares, shares), -1)))
        of_q = g.ms("FusedMatMul", of_scores, k, alpha=strength)
        of_k = g.ms("FusedMatMul", of_scores, q, transA=1, alpha=strength)
        of_turned = g.op("Concat", beside(of_q, c.heads), beside(of_k, c.kv_heads), axis=-1)
        of_turned = turn_back(g.reshape(of_turned, batch, length, n_turned, c.head_dim))
        of_scaled = g.reshape(of_turned, -1, n_turned, c.head_dim)
        of_scale = g.reshape(b.over_rows(g.reshape(g.mul(of_scaled, normed), -1, n_turned * c.head_dim)), n_turned, c.head_dim)
        of_query_norm, of_key_norm = g.split(of_scale, c.heads, c.kv_heads, axis=0)
        b.keep(f"{block}.query_norm", g.sum(of_query_norm, 0, keepdims=0))
        b.keep(f"{block}.key_norm", g.sum(of_key_norm, 0, keepdims=0))
        of_qk = b.through_norm(g.mul(of_scaled, scale), normed, inverse)
        return g.op("Concat", g.reshape(of_qk, -1, n_turned * c.head_dim), beside(of_v, c.kv_heads), axis=-1)
    return beside(mixed, c.heads), back


def rotation(g, config, length):
    """→ (turn, its gradient), on [batch, T, heads, head_dim] in the halves convention."""
    c, half = config, config.head_dim // 2
    rates = c.theta ** (-np.arange(0, c.head_dim, 2) / c.head_dim)
    positions = g.op("Cast", g.op("Range", g.constant(0, np.int64), g.op("Squeeze", length), g.constant(1, np.int64)), to=FLOAT)
    angles = g.mul(g.reshape(positions, -1, 1), g.number(rates))
    cos, sin = (g.reshape(g.op(name, angles), 1, -1, 1, half) for name in ("Cos", "Sin"))

    def turned(x, sine):
        a, b = g.split(x, half, half)
        return g.op("Concat", g.sub(g.mul(a, cos), g.mul(b, sine)), g.add(g.mul(b, cos), g.mul(a, sine)), axis=-1)
    back = g.neg(sin)
    return (lambda x: turned(x, sin)), (lambda x: turned(x, back)), positions


def build(config, n_candidates):
    """→ Ops, complete. `n_candidates` 0 leaves the joint loss out."""
    g, c = Ops(), config
    parts = layout(c)
    sizes = [math.prod(shape) for _, shape in parts]
    n = sum(sizes)
    flat = g.input("flat", FLOAT, [n])
    rows_shape = ["B", "T"]
    tokens, targets = g.input("tokens", INT, rows_shape), g.input("targets", INT, rows_shape)
    weights, mask = g.input("weights", FLOAT, rows_shape), g.input("mask", FLOAT, rows_shape)
    pairs, offsets, sharpness = g.input("pairs", FLOAT, ["K", "B"]), g.input("offsets", FLOAT, ["K"]), g.input("sharpness", FLOAT, [])
    batch, length = g.op("Shape", tokens, start=0, end=1), g.op("Shape", tokens, start=1, end=2)
    n_rows = g.mul(batch, length)
    ones = g.op("Expand", g.number([[1]]), g.dims(1, n_rows))
    value = {name: g.reshape(part, *shape) if len(shape) > 1 else part
             for (name, shape), part in zip(parts, g.split(flat, *sizes, axis=0))}
    b = Backward(g, c, n_rows, ones)
    turn, turn_back, positions = rotation(g, c, length)
    seen = g.op("Where", g.op("GreaterOrEqual", g.reshape(positions, -1, 1), g.reshape(positions, 1, -1)), g.number(0), g.number(MASKED))

    # Forward.
    ids = g.reshape(tokens, -1)
    table = value["embedding.weight"]
    x = g.op("Gather", table, ids)
    backs = []
    for i in range(c.layers):
        block = f"blocks.{i}"
        linear = lambda y, part: b.linear(y, f"{block}.{part}.weight", value[f"{block}.{part}.weight"])
        norm = lambda y, part: b.rms_norm(y, f"{block}.{part}", value[f"{block}.{part}"])
        y, back_1 = norm(x, "attention_norm")
        y, back_2 = linear(y, "qkv")
        y, back_3 = attention(b, y, block, value[f"{block}.query_norm"], value[f"{block}.key_norm"], turn, turn_back, seen, batch, length)
        y, back_4 = linear(y, "output")
        x = g.add(x, y)
        backs.append((back_4, back_3, back_2, back_1))
        y, back_1 = norm(x, "mlp_norm")
        y, back_2 = linear(y, "gate_up")
        y, back_3 = b.swiglu(y)
        y, back_4 = linear(y, "down")
        x = g.add(x, y)
        backs.append((back_4, back_3, back_2, back_1))
    hidden, back_final = b.rms_norm(x, "final_norm", value["final_norm"])

    # Losses, and their gradients with respect to each target's negative log-likelihood.
    probs = g.op("Softmax", g.op("Gemm", hidden, table, transB=1), axis=-1)
    logp = lambda p: g.op("Log", g.op("Max", p, g.number(SMALLEST)))
    goal = g.reshape(targets, -1)
    nll = g.neg(logp(g.reshape(g.op("GatherElements", probs, g.reshape(goal, -1, 1), axis=1), -1)))
    nll_rows = g.reshape(nll, batch, length)
    of_row = g.neg(g.sum(g.mul(mask, nll_rows), 1, keepdims=0))
    margins = g.sub(g.sum(g.mul(pairs, g.reshape(of_row, 1, -1)), 1, keepdims=0), offsets)
    active = g.op("Sign", g.sum(g.op("Abs", pairs), 1, keepdims=0))
    sharp = g.neg(g.mul(sharpness, margins))
    preference = g.mul(active, g.op("Softplus", sharp))
    of_margin = g.neg(g.mul(g.mul(active, sharpness), g.op("Sigmoid", sharp)))
    of_log_prob = g.sum(g.mul(pairs, g.reshape(of_margin, -1, 1)), 0, keepdims=0)
    of_nll = g.sub(weights, g.mul(mask, g.reshape(of_log_prob, -1, 1)))
    total = lambda y: g.sum(g.sum(g.reshape(y, -1, 1), 1), 0, 1, keepdims=0)
    loss = g.add(total(g.reshape(g.sum(g.mul(weights, nll_rows), 1), -1)), total(preference))
    coefficient = g.reshape(of_nll, -1, 1)
    of_logits = g.mul(probs, coefficient)
    if n_candidates > 0:
        wide = [*rows_shape, n_candidates]
        ids_c = g.reshape(g.input("candidates", INT, wide), -1, n_candidates)
        logps_c = g.reshape(g.input("candidate_logps", FLOAT, wide), -1, n_candidates)
        weights_c, beta = g.input("joint_weights", FLOAT, rows_shape), g.input("joint_beta", FLOAT, [])
        scores = g.add(logps_c, g.mul(beta, logp(g.op("GatherElements", probs, ids_c, axis=1))))
        first = g.number([1] + [0] * (n_candidates - 1))
        joint = g.sub(g.op("ReduceLogSumExp", scores, g.ints(1), keepdims=0), g.sum(g.mul(scores, first), 1, keepdims=0))
        loss = g.add(loss, total(g.mul(g.reshape(weights_c, -1), joint)))
        # Shares sum to one, and so the derivative of the softmax behind log Q adds nothing: only these logits move.
        pull = g.mul(g.mul(g.sub(g.op("Softmax", scores, axis=-1), first), beta), g.reshape(weights_c, -1, 1))
        of_logits = g.op("ScatterElements", of_logits, ids_c, pull, axis=1, reduction="add")

    # Backward. −1 at each target is taken off where it is one row instead of a vocabulary.
    of_hidden = g.sub(g.op("Gemm", of_logits, table), g.mul(coefficient, g.op("Gather", table, goal)))
    of_x = back_final(of_hidden)
    for back_4, back_3, back_2, back_1 in reversed(backs):
        of_x = g.add(of_x, back_1(back_2(back_3(back_4(of_x)))))
    of_table = g.op("Gemm", of_logits, hidden, transA=1)
    moved = g.op("Concat", of_x, g.neg(g.mul(coefficient, hidden)), axis=0)
    where = g.op("Expand", g.reshape(g.op("Concat", ids, goal, axis=0), -1, 1), g.op("Shape", moved))
    # ScatterND would add on several threads at once, and lose what two of them add to the row of one token.
    b.keep("embedding.weight", g.op("ScatterElements", of_table, where, moved, axis=0, reduction="add"))
    g.op("Concat", *[g.reshape(b.gradients[name], -1) for name, _ in parts], axis=0, outputs=["gradient"])
    g.op("Identity", loss, outputs=["loss"])
    g.op("Identity", nll_rows, outputs=["nll"])
    g.op("Identity", margins, outputs=["margins"])
    g.output("gradient", FLOAT, [n])
    g.output("loss", FLOAT, [])
    g.output("nll", FLOAT, rows_shape)
    g.output("margins", FLOAT, ["K"])
    return g


def graph_bytes(config, n_candidates):
    g = build(config, n_candidates)
    body = helper.make_graph(g.nodes, "gradient", g.inputs, g.outputs, g.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)],
                              ir_version=10, producer_name="residual")
    for name, shape in layout(config):
        model.metadata_props.add(key=name, value=",".join(map(str, shape)))
    checker.check_model(model)
    return model.SerializeToString()


N_CANDIDATES = 32


def write_graphs(config, folder):
    for suffix, n_candidates in (("", 0), ("-joint", N_CANDIDATES)):
        path = os.path.join(folder, f"training-{architecture_name(config)}{suffix}.onnx")
        data = graph_bytes(config, n_candidates)
        with open(path, "wb") as file:
            file.write(data)
        print(path, len(data), "bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--size", choices=SIZES, default="proposal-6m")
    parser.add_argument("--layers", type=int, default=3)
    options = parser.parse_args()
    write_graphs(dataclasses.replace(SIZES[options.size], layers=options.layers), options.folder)


if __name__ == "__main__":
    main()
