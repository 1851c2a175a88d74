"""Writes nibbles.json beside this file: a small matrix, rounded as src/importer/weights says, written plainly with NumPy.

The method is LDLQ (Chee et al., 2307.13304) with a search for each block's scale and zero point. `python3 make.py` makes the
same file again.
"""

import json
from pathlib import Path

import numpy as np

N_IN, SEGMENT, BLOCK, N_ROWS = 64, 32, 16, 5
FACTORS = [1.05, 1, 0.96, 0.92, 0.88, 0.84, 0.8, 0.75, 0.7]


def scale_and_zero(values, counts):
    low, high = min(0.0, values.min()), max(0.0, values.max())
    best = (np.inf, 1.0, 8)
    for factor in FACTORS:
        scale = float(np.float32((high - low) * factor / 15))
        middle = int(np.floor(7.5 - (low + high) / 2 / scale))
        for zero in (middle, middle + 1):
            if not 0 <= zero <= 15:
                continue
            q = np.clip(np.rint(values / scale) + zero, 0, 15)
            error = counts @ (values - scale * (q - zero)) ** 2
            if error < best[0]:
                best = (error, scale, zero)
    return best[1:]


def rounded(row, moments):
    q, scales, zeros = np.zeros(N_IN, int), [], []
    errors = np.zeros(N_IN)
    for block in reversed(range(N_IN // BLOCK)):
        first = block * BLOCK
        segment = first // SEGMENT
        start, end = segment * SEGMENT, (segment + 1) * SEGMENT
        h = 0.85 * moments[segment] + np.diag(0.15 * np.diag(moments[segment]))
        h += 1e-3 * np.trace(moments[segment]) / SEGMENT * np.eye(SEGMENT)
        root = np.linalg.cholesky(h)
        lower, counts = root / np.diag(root), np.diag(root) ** 2
        behind = first + BLOCK
        here = slice(first - start, behind - start)
        wanted = row[first:behind] + errors[behind:end] @ lower[behind - start :, here]
        scale, zero = scale_and_zero(wanted, counts[here])
        for k in reversed(range(first, behind)):
            value = row[k] + errors[k + 1 : end] @ lower[k + 1 - start :, k - start]
            q[k] = np.clip(np.rint(value / scale) + zero, 0, 15)
            errors[k] = row[k] - scale * (q[k] - zero)
        scales.insert(0, scale)
        zeros.insert(0, zero)
    return q.tolist(), scales, zeros


def main():
    random = np.random.default_rng(11)
    inputs = random.normal(size=(300, 8)) @ random.normal(size=(8, N_IN)) + 0.5 * random.normal(size=(300, N_IN))
    products = (inputs.T @ inputs / len(inputs)).astype(np.float32)
    moments = [products[i : i + SEGMENT, i : i + SEGMENT] for i in range(0, N_IN, SEGMENT)]
    weights = random.normal(size=(N_ROWS, N_IN)).astype(np.float32)
    rows = [rounded(row.astype(np.float64), [m.astype(np.float64) for m in moments]) for row in weights]
    oracle = {
        "nIn": N_IN,
        "segment": SEGMENT,
        "blockSize": BLOCK,
        "moments": np.concatenate([m.ravel() for m in moments]).tolist(),
        "weights": weights.ravel().tolist(),
        "q": [q for q, _, _ in rows],
        "scales": [s for _, s, _ in rows],
        "zeros": [z for _, _, z in rows],
    }
    Path(__file__).with_name("nibbles.json").write_text(json.dumps(oracle) + "\n")


main()
