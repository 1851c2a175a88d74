"""Graph against torch: the same logits and the same cache rows, whole, in pieces, and with a masked first row.

Run by check.py. Uses random weights; no trained model is needed.
"""

import dataclasses
import os
import tempfile

import numpy as np
import onnxruntime
import torch

import delta_graph
from model import SIZES, Decoder, weights_of

MASKED = -1e9


def random_model(config, seed):
    """A decoder whose every part matters: no zero projections, no unit norms."""
    torch.manual_seed(seed)
    model = Decoder(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.normal_(std=0.3 if "embedding" in name else 1.2 * parameter.shape[1] ** -0.5)
    return model


def open_session(folder, model_path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(os.path.join(folder, model_path), options, providers=["CPUExecutionProvider"])


class Runner:
    """A cache of past rows around a session, as the engine keeps it: row 0 is a masked placeholder."""

    def __init__(self, session, config):
        self.session, self.config = session, config
        self.past = np.zeros((2 * config.layers, 1, config.kv_heads, config.head_dim), np.float32)

    def push(self, tokens, output_rows):
        """Feed tokens behind the past; → logits of the wanted rows [M, vocab]."""
        n_past, n_new = self.past.shape[1], len(tokens)
        bias = np.zeros((n_new, n_past + n_new), np.float32)
        bias[:, 0] = MASKED
        bias[:, n_past:][np.triu_indices(n_new, 1)] = MASKED
        feeds = dict(input_ids=np.array([tokens], np.int64), attention_bias=bias,
                     position_ids=np.arange(n_past - 1, n_past - 1 + n_new, dtype=np.int64)[None],
                     output_rows=np.array(output_rows, np.int64))
        for i in range(self.config.layers):
            feeds[f"past_key.{i}"], feeds[f"past_value.{i}"] = self.past[2 * i], self.past[2 * i + 1]
        logits, new = self.session.run(["logits", "new_kv"], feeds)
        self.past = np.concatenate([self.past, new], 1)
        return logits


def torch_logits(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens]))[0].numpy()


def check_form(model, dtype, tolerance):
    """Root mean square of the logits' difference to torch with equally rounded weights, over their spread.

    Fed whole and fed in pieces. What remains in the integer forms is the rounding of activations.
    """
    config = model.config
    tokens = np.random.default_rng(3).integers(25, config.vocab, 80).tolist()
    twin = Decoder(config).eval()
    twin.load_state_dict({
        name: torch.from_numpy(delta_graph.rounded(value, dtype, "embedding" in name)) if value.ndim == 2 else torch.from_numpy(value)
        for name, value in weights_of(model).items()})
    expected = torch_logits(twin, tokens)
    graph = delta_graph.build(config, weights_of(model), dtype)
    with tempfile.TemporaryDirectory() as folder:
        open(os.path.join(folder, "model.onnx"), "wb").write(delta_graph.graph_bytes(graph, "model.safetensors"))
        open(os.path.join(folder, "model.safetensors"), "wb").write(delta_graph.safetensors_bytes(graph.weights))
        session = open_session(folder, "model.onnx")
        whole = Runner(session, config).push(tokens, range(80))
        runner, parts = Runner(session, config), []
        for begin, end in ((0, 1), (1, 40), (40, 41), (41, 80)):
            parts.append(runner.push(tokens[begin:end], range(end - begin)))
    differences = [float(((got - expected) ** 2).mean() ** 0.5 / expected.std()) for got in (whole, np.concatenate(parts))]
    print(f"  {dtype} kv_heads={config.kv_heads}: relative difference whole {differences[0]:.2e}, in pieces {differences[1]:.2e}")
    assert max(differences) < tolerance, (dtype, differences)


def check():
    for kv_heads in (1, 2):
        model = random_model(dataclasses.replace(SIZES["tiny"], kv_heads=kv_heads, heads=4), seed=kv_heads)
        check_form(model, "fp32", 1e-5)
        check_form(model, "int8", 0.05)
        check_form(model, "int4", 0.05)


if __name__ == "__main__":
    check()
