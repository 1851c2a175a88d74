#!/usr/bin/env python3
"""Measure an exported proposal on held-out packages: evaluate.py PROPOSAL_FOLDER [--cuts 300] [--rows 48] [--write]

Runs the ONNX file that ships, in its own number format. nats/token over rows of the served shapes; exact match (and the
first token alone) of the rest of a line in each prompt form, greedy (see exact_match.py). --write puts the figures into
residual.json.
"""

import argparse
import json
import math
import os

import numpy as np

import tokenizer as tokenizer_module
from calibrate import Source
from exact_match import FORMS, held_out_cuts, prompt
from export import write_json
from prepare import TokenStore
from rows import NO_TARGET, RowBuilder, Vocabulary
from tokenizer import END


def nats_per_token(source, builder, n_rows):
    """→ (nats/token, top-1, n tokens)."""
    nats = hits = n = 0
    for index in range(n_rows):
        tokens, targets = builder.row(index)
        at = np.flatnonzero(targets != NO_TARGET)
        logps = source.logps(tokens)[at]
        nats -= float(logps[np.arange(len(at)), targets[at]].sum())
        hits += int((logps.argmax(-1) == targets[at]).sum())
        n += len(at)
    return nats / n, hits / n, n


def exact_matches(source, cuts, vocabulary):
    """→ {form: (exact match, first token right)}."""
    stops = vocabulary.starts_line.copy()
    stops[END] = True
    result = {}
    for form in FORMS:
        exact = first = 0
        for header, prefix, suffix, truth in cuts:
            before = prompt(form, header, prefix, suffix)
            best = source.logps(np.array(before + truth))[len(before) - 1:].argmax(-1)
            right = best[:-1] == np.array(truth)
            first += bool(right[0])
            exact += bool(right.all()) and bool(stops[best[-1]])
        result[form] = exact / len(cuts), first / len(cuts)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proposal")
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--rows", type=int, default=48)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    store, vocabulary = TokenStore("held-out"), Vocabulary(tokenizer_module.load())
    source = Source(options.proposal)
    nats, top1, n = nats_per_token(source, RowBuilder(store, vocabulary, 5), options.rows)
    dataset = "held-out packages"
    rows = [dict(metric="nats/token", value=round(nats, 4), n=n, dataset=dataset), dict(metric="top-1", value=round(top1, 4), n=n, dataset=dataset)]
    cuts = held_out_cuts(store, vocabulary, options.cuts)
    for form, (exact, first) in exact_matches(source, cuts, vocabulary).items():
        error = 1.96 * math.sqrt(max(exact * (1 - exact), 1e-9) / len(cuts))
        rows.append(dict(metric=f"exact match of a line's rest, greedy, {form}", value=round(exact, 4), plusMinus=round(error, 4),
                         firstToken=round(first, 4), n=len(cuts), dataset=dataset))
    for row in rows:
        print(json.dumps(row))
    if options.write:
        path = os.path.join(options.proposal, "residual.json")
        write_json(path, {**json.load(open(path)), "evaluation": rows})


if __name__ == "__main__":
    main()
