#!/usr/bin/env python3
"""Does a checkpoint mean the same to everyone? oracle.py CHECKPOINT

Compares, on one random sequence, the logits of this folder's decoder with those of transformers' Qwen3ForCausalLM
loading the exported folder, and of ONNX Runtime running the fp32 delta graph. Fails above a relative difference of 1e-4;
for int8 and int4 it prints what quantisation costs.
"""

import sys
import tempfile

import numpy as np
import torch
from transformers import AutoModelForCausalLM

import delta_graph
from check_graph import Runner, open_session, torch_logits
from export import export_hugging_face, write
from model import load_model, weights_of

N_TOKENS, TOLERANCE = 200, 1e-4


def main():
    model, _ = load_model(sys.argv[1])
    tokens = np.random.default_rng(5).integers(25, model.config.vocab, N_TOKENS).tolist()
    expected = torch_logits(model, tokens)
    difference = lambda got: float(np.abs(got - expected).max() / np.abs(expected).max())
    with tempfile.TemporaryDirectory() as folder:
        export_hugging_face(model, folder)
        loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        with torch.no_grad():
            theirs = difference(loaded(torch.tensor([tokens])).logits[0].numpy())
        print(f"{type(loaded).__name__}: {theirs:.2e}")
        assert theirs < TOLERANCE
        for dtype in delta_graph.DTYPES:
            graph = delta_graph.build(model.config, weights_of(model), dtype)
            write(f"{folder}/{dtype}/model.onnx", delta_graph.graph_bytes(graph, "model.safetensors"))
            write(f"{folder}/{dtype}/model.safetensors", delta_graph.safetensors_bytes(graph.weights))
            got = Runner(open_session(folder, f"{dtype}/model.onnx"), model.config).push(tokens, range(N_TOKENS))
            print(f"ONNX Runtime {dtype}: {difference(got):.2e}")
            assert dtype != "fp32" or difference(got) < TOLERANCE


if __name__ == "__main__":
    main()
