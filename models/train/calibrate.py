#!/usr/bin/env python3
"""Measure a module beside a proposal on held-out domain text and find its strength.

  calibrate.py PROPOSAL_FOLDER MODULE_FOLDER --domain react [--generic MODULE_FOLDER] [--rows 48] [--write]

Runs the exported ONNX files that ship, in their own number format, over rows of the served shapes. The rule is
`geometric`: log p ∝ (1 − b)·log P + b·log Q, normalised over the whole vocabulary. The strength b is chosen on one half
of the held-out packages and measured on the other half; --generic also measures the untuned aligner that the module
started from, which tells alignment apart from the mere averaging of two models. --write puts strength and evaluation
into module.json.
"""

import argparse
import glob
import json
import os
import shutil
import tempfile

import numpy as np

import tokenizer as tokenizer_module
from check_graph import Runner, open_session
from export import write_json
from model import Config
from prepare import TokenStore
from rows import NO_TARGET, RowBuilder, Vocabulary

GRID = np.round(np.arange(0, 1.01, 0.1), 2)
POSITIONS = 256          # of each row's 1024, drawn at random: neighbouring tokens tell little more


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Source:
    """Log-probabilities of an exported proposal or module for a whole row of tokens."""

    def __init__(self, folder, models_folder=None):
        proposal = os.path.join(folder, "residual.json")
        if os.path.exists(proposal):
            manifest = json.load(open(proposal))
            self.session = open_session(folder, f"onnx/model_{manifest['dtype']}.onnx")
        else:
            manifest = json.load(open(os.path.join(folder, "module.json")))
            graph = glob.glob(os.path.join(folder, "..", "..", "graphs", manifest["architecture"]["graphSha256"] + ".onnx"))[0]
            self.session = open_session_with_weights(graph, os.path.join(folder, "model.safetensors"))
        self.id = manifest["id"]
        inputs = {value.name: value.shape for value in self.session.get_inputs()}
        n_layers = sum(name.startswith("past_key") for name in inputs)
        _, kv_heads, head_dim = inputs["past_key.0"]
        self.config = Config(layers=n_layers, kv_heads=kv_heads, head_dim=head_dim)

    def logps(self, tokens, rows=None):
        """tokens [T] → float32 [wanted rows, vocab]; without `rows`, all of them."""
        rows = range(len(tokens)) if rows is None else rows
        return log_softmax(Runner(self.session, self.config).push(tokens.tolist(), rows))


def open_session_with_weights(graph, weights):
    """The graph names `model.safetensors` beside it, and ONNX Runtime follows no link: so both are copied together."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(weights, os.path.join(folder, "model.safetensors"))
        shutil.copy(graph, os.path.join(folder, "graph.onnx"))
        return open_session(folder, "graph.onnx")


def package_halves(store, files):
    """Split the chosen files into two halves of whole packages with about equally many tokens."""
    sizes = np.bincount(store.package[files], weights=store.lengths[files], minlength=len(store.package_names))
    side, loads = np.zeros(len(sizes), int), [0.0, 0.0]
    for package in np.argsort(-sizes):
        side[package] = int(loads[0] > loads[1])
        loads[side[package]] += sizes[package]
    return files & (side[store.package] == 0), files & (side[store.package] == 1)


def measure(proposal, aligners, builder, n_rows):
    """→ (n tokens, {aligner id: [(nats/token, top-1) for each b of GRID]})."""
    totals = {aligner.id: np.zeros((len(GRID), 2)) for aligner in aligners}
    n = 0
    for index in range(n_rows):
        tokens, targets = builder.row(index)
        at = np.flatnonzero(targets != NO_TARGET)
        at = np.random.default_rng(index).choice(at, POSITIONS, replace=False)
        truth = targets[at]
        p = proposal.logps(tokens, at)
        n += len(at)
        for aligner in aligners:
            q = aligner.logps(tokens, at)
            for k, b in enumerate(GRID):
                mixed = p if b == 0 else q if b == 1 else log_softmax((1 - b) * p + b * q)
                totals[aligner.id][k] += -mixed[np.arange(len(at)), truth].sum(), (mixed.argmax(-1) == truth).sum()
    return n, {name: total / n for name, total in totals.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proposal")
    parser.add_argument("module")
    parser.add_argument("--domain")
    parser.add_argument("--generic")
    parser.add_argument("--rows", type=int, default=48, help="rows of 1024 tokens for each of the two halves")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()

    store, vocabulary = TokenStore("held-out"), Vocabulary(tokenizer_module.load())
    files = store.in_domain(options.domain) if options.domain else np.ones(len(store), bool)
    choosing, testing = package_halves(store, files)
    proposal, module = Source(options.proposal), Source(options.module)
    generic = Source(options.generic) if options.generic and os.path.abspath(options.generic) != os.path.abspath(options.module) else None
    aligners = [module] + ([generic] if generic else [])
    builders = [RowBuilder(store, vocabulary, 77, prefix_first=0, files=half) for half in (choosing, testing)]
    _, chosen = measure(proposal, aligners, builders[0], options.rows)
    n, tested = measure(proposal, aligners, builders[1], options.rows)

    best = {name: int(table[:, 0].argmin()) for name, table in chosen.items()}
    dataset = f"held-out packages, domain {options.domain or 'all'}, {int(testing.sum())} files"
    for name, table in tested.items():
        print(name, "b chosen on the other half:", GRID[best[name]])
        for b, (nats, top1), (nats_chosen, _) in zip(GRID, table, chosen[name]):
            print(f"  b={b:.1f}  nats/token {nats:.4f}  top-1 {top1:.4f}   (choosing half {nats_chosen:.4f})")
    table, k = tested[module.id], best[module.id]
    rows = [dict(metric=metric, proposalId=proposal.id, proposal=round(float(table[0, j]), 4), aligned=round(float(table[k, j]), 4),
                 n=n, dataset=dataset) for j, metric in enumerate(("nats/token", "top-1"))]
    for j, row in enumerate(rows):
        row["alignerAlone"] = round(float(table[-1, j]), 4)
        if generic:
            row["genericAligner"] = round(float(tested[generic.id][best[generic.id], j]), 4)
    print(json.dumps(rows, indent=1))
    if options.write:
        path = os.path.join(options.module, "module.json")
        manifest = json.load(open(path))
        manifest["strength"] = {**manifest.get("strength", {}), proposal.id: float(GRID[k]), "default": float(GRID[k])}
        manifest["temperature"] = 1                # what was measured
        manifest["evaluation"] = [row for row in manifest.get("evaluation", []) if row["proposalId"] != proposal.id] + rows
        write_json(path, manifest)


if __name__ == "__main__":
    main()
