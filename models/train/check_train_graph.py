"""The gradient graph against torch's autograd in double precision, for every objective. Run by check.py."""

import dataclasses

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import train_graph
from check_graph import random_model
from model import SIZES

N_CANDIDATES = 4


def flat_of(model, dtype=np.float32):
    named = dict(model.named_parameters())
    return np.concatenate([named[name].detach().numpy().ravel() for name, _ in train_graph.layout(model.config)]).astype(dtype)


def example(config, batch, length, seed=1):
    """Feeds without `flat`, in which every part of the loss counts."""
    rng = np.random.default_rng(seed)
    tokens, targets = rng.integers(0, config.vocab, (2, batch, length))
    weights = rng.uniform(0, 2 / (batch * length), (batch, length))
    weights[1::2] *= -0.2
    mask = (rng.random((batch, length)) < 0.5).astype(float)
    pairs = np.zeros((batch // 2, batch))
    pairs[0, 0], pairs[0, 1] = 1, -1
    candidates = np.stack([rng.permutation(config.vocab)[:N_CANDIDATES] for _ in range(batch * length)]).reshape(batch, length, -1)
    for b, t in np.ndindex(batch, length):
        row = candidates[b, t]
        row[row == targets[b, t]] = row[0]
        row[0] = targets[b, t]
    logps = np.log(rng.dirichlet(np.ones(N_CANDIDATES), (batch, length)))
    logps[:, ::3, -1] = -1e9
    joint_weights = rng.uniform(0, 1 / (batch * length), (batch, length))
    floats = dict(weights=weights, mask=mask, pairs=pairs, offsets=rng.normal(size=batch // 2), sharpness=np.array(0.3),
                  candidate_logps=logps, joint_weights=joint_weights, joint_beta=np.array(0.7))
    return {**{name: value.astype(np.float32) for name, value in floats.items()},
            "tokens": tokens, "targets": targets, "candidates": candidates.astype(np.int64)}


def torch_outputs(model, feeds, joint):
    """The same outputs by autograd, in the model's own precision."""
    f = {name: torch.from_numpy(np.asarray(value)) for name, value in feeds.items()}
    f = {name: value.double() if value.is_floating_point() else value for name, value in f.items()}
    logps = F.log_softmax(model(f["tokens"]), -1)
    nll = -logps.gather(-1, f["targets"][..., None])[..., 0]
    margins = f["pairs"] @ -(f["mask"] * nll).sum(1) - f["offsets"]
    active = f["pairs"].abs().sum(1).sign()
    loss = (f["weights"] * nll).sum() + (active * F.softplus(-f["sharpness"] * margins)).sum()
    if joint:
        scores = f["candidate_logps"] + f["joint_beta"] * logps.gather(-1, f["candidates"])
        loss = loss + (f["joint_weights"] * (scores.logsumexp(-1) - scores[..., 0])).sum()
    named = dict(model.named_parameters())
    gradients = torch.autograd.grad(loss, [named[name] for name, _ in train_graph.layout(model.config)])
    gradient = torch.cat([part.flatten() for part in gradients])
    return dict(gradient=gradient.numpy(), loss=loss.detach().numpy(), nll=nll.detach().numpy(), margins=margins.detach().numpy())


def session_of(config, joint, n_threads=1):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = n_threads
    return onnxruntime.InferenceSession(train_graph.graph_bytes(config, N_CANDIDATES if joint else 0), options,
                                        providers=["CPUExecutionProvider"])


def graph_outputs(session, flat, feeds):
    names = {value.name for value in session.get_inputs()}
    wanted = [value.name for value in session.get_outputs()]
    return dict(zip(wanted, session.run(wanted, {"flat": flat, **{k: v for k, v in feeds.items() if k in names}})))


def relative(got, expected):
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))


def check():
    for kv_heads, joint in ((1, False), (2, True)):
        config = dataclasses.replace(SIZES["tiny"], kv_heads=kv_heads, heads=4, vocab=512)
        model = random_model(config, seed=kv_heads).double()
        feeds = example(config, batch=4, length=24)
        got, expected = graph_outputs(session_of(config, joint), flat_of(model), feeds), torch_outputs(model, feeds, joint)
        for name, value in expected.items():
            difference = relative(got[name], value)
            print(f"  {'joint ' if joint else ''}{name} kv_heads={kv_heads}: relative difference {difference:.2e}")
            assert difference < 1e-5, (name, difference)
    check_threads()


def check_threads():
    """Text repeats its tokens: what several threads add to one row of the embedding must neither be lost nor vary."""
    # Small products are not shared among threads.
    config = dataclasses.replace(SIZES["proposal-6m"], layers=1)
    model = random_model(config, seed=3)
    feeds = example(config, batch=2, length=256)
    feeds["tokens"], feeds["targets"] = feeds["tokens"] % 8, feeds["targets"] % 8
    alone = graph_outputs(session_of(config, False), flat_of(model), feeds)["gradient"]
    session = session_of(config, False, n_threads=4)
    for _ in range(5):
        assert np.array_equal(graph_outputs(session, flat_of(model), feeds)["gradient"], alone), "threads change the gradient"
    print("  the same gradient on one and on four threads")


if __name__ == "__main__":
    check()
