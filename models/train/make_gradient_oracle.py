#!/usr/bin/env python3
"""Write test/oracles/gradient/cases.json: what torch's autograd in double precision says of a step's gradient.

The tests run the shipped gradient graph of the tiny architecture in Node and compare. Weights and inputs follow from a
formula of their index (`number`), which the tests have too, so that only results are stored: loss, margins, each
target's nats, and of each parameter's gradient its norm and its products with a few vectors of such numbers.
"""

import json
import os

import numpy as np
import torch

import train_graph
from check_train_graph import torch_outputs
from model import Config, Decoder

CASES = os.path.join(os.path.dirname(__file__), "../../test/oracles/gradient/cases.json")
# qwen3-64x2-4h2kv-128-v320 of test/fixtures/models.
CONFIG = Config(vocab=320, width=64, layers=2, heads=4, kv_heads=2, head_dim=16, hidden=128)
BATCH, LENGTH, N_CANDIDATES, N_PRODUCTS = 4, 24, train_graph.N_CANDIDATES, 3


def number(start, n):
    """n numbers in [-0.5, 0.5) that follow from their index, the same in every language with 32-bit integers."""
    x = (np.arange(start, start + n, dtype=np.uint64) + 1).astype(np.uint32)
    x = x * np.uint32(2654435761)
    x ^= x >> np.uint32(16)
    x = x * np.uint32(0x45D9F3B)
    x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2**32 - 0.5


def oracle_model():
    """Matrices of about unit gain, norms about one; float32 values, computed with in double precision."""
    model = Decoder(CONFIG).double()
    named, start = dict(model.named_parameters()), 0
    for name, shape in train_graph.layout(CONFIG):
        n = int(np.prod(shape))
        values = number(start, n) * (3 * shape[-1] ** -0.5 if len(shape) > 1 else 0.4) + (0 if len(shape) > 1 else 1)
        named[name].data = torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))
        start += n
    return model


def inputs():
    """All inputs but the parameters, in which every part of the loss counts. Rows 0 and 1 are a pair, 2 and 3 are none."""
    n, vocab = BATCH * LENGTH, CONFIG.vocab
    of = lambda which, count=n: number(1_000_000 * which, count)
    integers = lambda which, count=n: np.floor((of(which, count) + 0.5) * vocab).astype(np.int64)
    targets = integers(2)
    # The target, then tokens of all kinds that are not it; the last ones are no candidates at all.
    others = (targets[:, None] + 1 + np.arange(N_CANDIDATES - 1) * 7) % vocab
    candidates = np.concatenate([targets[:, None], others], 1)
    logps = -5 * (of(3, n * N_CANDIDATES) + 0.5).reshape(n, N_CANDIDATES)
    logps[:, -4:] = -1e9
    pairs = np.zeros((BATCH // 2, BATCH))
    pairs[0, :2] = 1, -1
    shape, wide = (BATCH, LENGTH), (BATCH, LENGTH, N_CANDIDATES)
    floats = dict(weights=(of(4) * 2 / n).reshape(shape), mask=(of(5) > 0).astype(float).reshape(shape), pairs=pairs,
                  offsets=np.array([0.25, 0]), sharpness=np.array(0.25), candidate_logps=logps.reshape(wide),
                  joint_weights=((of(6) + 0.5) / n).reshape(shape), joint_beta=np.array(0.75))
    return {**{name: value.astype(np.float32) for name, value in floats.items()},
            "tokens": integers(1).reshape(shape), "targets": targets.reshape(shape), "candidates": candidates.reshape(wide)}


def summary(gradient):
    """Of each parameter: name, norm, products."""
    start, rows = 0, []
    for name, shape in train_graph.layout(CONFIG):
        n = int(np.prod(shape))
        part = gradient[start:start + n]
        products = [float(part @ number(10_000_000 * (k + 1), n)) for k in range(N_PRODUCTS)]
        rows.append(dict(name=name, norm=float(np.linalg.norm(part)), products=products))
        start += n
    return rows


def main():
    cases = {}
    for name, joint in (("plain", False), ("joint", True)):
        outputs = torch_outputs(oracle_model(), inputs(), joint)
        cases[name] = dict(loss=float(outputs["loss"]), margins=outputs["margins"].tolist(),
                           nll=outputs["nll"].ravel().tolist(), gradient=summary(outputs["gradient"]))
    about = "What torch computes for the gradient graph of the tiny architecture, by models/train/make_gradient_oracle.py."
    os.makedirs(os.path.dirname(CASES), exist_ok=True)
    with open(CASES, "w") as file:
        json.dump(dict(about=about, batch=BATCH, length=LENGTH, nCandidates=N_CANDIDATES, **cases), file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
