#!/usr/bin/env python3
"""Write a tiny random proposal and a tiny random module with an oracle, for tests that need real files but no quality.

  make_tiny_fixture.py OUT [--tokenizer tokenizer.json]

  OUT/proposals/tiny/…            full proposal folder, fp32, delta form
  OUT/modules/tiny/…              full module folder, fp32; its graph in OUT/graphs/<sha256>.onnx
  OUT/oracle.json                 { tokens, rows, proposal: [row…], module: [row…] }: what torch computes at `rows`;
                                  each row is its first 64 logits, the index and value of its maximum and its
                                  log-sum-exp, so that the file stays small
"""

import argparse
import json
import os

import torch

from check_graph import Runner, open_session, random_model, torch_logits
from export import export_module, export_proposal, write_json
from model import SIZES
from work import TOKENIZER

N_TOKENS, ROWS = 48, (0, 1, 7, 31, 47)


def describe(logits):
    """One row of logits: its beginning and what pins the rest."""
    tensor = torch.from_numpy(logits)
    return dict(first64=[round(float(x), 6) for x in logits[:64]], argmax=int(tensor.argmax()),
                max=float(tensor.max()), logSumExp=float(tensor.logsumexp(0)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--tokenizer", default=TOKENIZER)
    options = parser.parse_args()
    proposal, module = random_model(SIZES["tiny"], seed=1), random_model(SIZES["tiny"], seed=2)
    proposal_folder = os.path.join(options.out, "proposals", "tiny")
    export_proposal(proposal, proposal_folder, "tiny", "Tiny random proposal for tests", ["fp32"], [], options.tokenizer)
    export_module(module, options.out, "tiny", dict(
        title="Tiny", description="Random weights for tests.", domain="test", rule="geometric", temperature=1,
        strength={"tiny": 0.5, "default": 0.5}, training=dict(objective="none", alpha=0, base="random", tokens=0, seed=2),
        evaluation=[]), "fp32", options.tokenizer)

    tokens = [6] + torch.randint(25, SIZES["tiny"].vocab, (N_TOKENS - 1,), generator=torch.Generator().manual_seed(7)).tolist()
    expected = torch_logits(proposal, tokens)
    got = Runner(open_session(proposal_folder, "onnx/model_fp32.onnx"), proposal.config).push(tokens, range(N_TOKENS))
    assert abs(got - expected).max() < 1e-3 * abs(expected).max(), "the exported graph does not agree with torch"
    write_json(os.path.join(options.out, "oracle.json"), dict(
        tokens=tokens, rows=ROWS, proposal=[describe(expected[row]) for row in ROWS],
        module=[describe(torch_logits(module, tokens)[row]) for row in ROWS]))
    print("wrote", options.out, "logits agree with torch to", float(abs(got - expected).max()))


if __name__ == "__main__":
    main()
