#!/usr/bin/env python3
"""Draw responses from a proposal once, offline, for the sequence-level objective: sample.py PROPOSAL_FOLDER OUT.npz --domain react

The residual alignment model is trained by  L = −E_(x,y)~S log Q(y|x) + α·E_x~S,y'~P log Q(y'|x)  (arXiv 2505.19700):
the aligner learns to raise what the domain says and, a little, to lower what the proposal says anyway. x is a served
prompt cut from the domain's training files; y' is drawn at temperature 0.5 and top-p 0.95 up to the end of the line.
OUT.npz holds rows of tokens and of targets; only the drawn tokens are targets.
"""

import argparse

import numpy as np

import tokenizer as tokenizer_module
from calibrate import Source
from check_graph import Runner
from prepare import TokenStore
from rows import NO_TARGET, RowBuilder, Vocabulary
from tokenizer import END, FIM_MIDDLE

TEMPERATURE, TOP_P = 0.5, 0.95
PROMPT_LIMIT, RESPONSE_LIMIT = 320, 48


def draw(logits, rng):
    """One token from the nucleus: the smallest set of likeliest tokens that holds TOP_P of the mass, its last one included."""
    scaled = logits / TEMPERATURE
    probs = np.exp(scaled - scaled.max())
    probs /= probs.sum()
    order = np.argsort(-probs)
    n = int(np.searchsorted(np.cumsum(probs[order]), TOP_P)) + 1
    nucleus = probs[order[:n]]
    return int(rng.choice(order[:n], p=nucleus / nucleus.sum()))


def respond(source, prompt, stops, rng):
    """Tokens after the prompt, up to the first that begins a line or ends the text (included)."""
    runner = Runner(source.session, source.config)
    logits = runner.push(prompt, [len(prompt) - 1])[0]
    response = []
    while len(response) < RESPONSE_LIMIT:
        response.append(draw(logits, rng))
        if stops[response[-1]]:
            break
        logits = runner.push(response[-1:], [0])[0]
    return response


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proposal")
    parser.add_argument("out")
    parser.add_argument("--domain", required=True)
    parser.add_argument("--responses", type=int, default=800)
    parser.add_argument("--row", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    store, vocabulary = TokenStore("train"), Vocabulary(tokenizer_module.load())
    stops = vocabulary.starts_line.copy()
    stops[END] = True
    source = Source(options.proposal)
    builder = RowBuilder(store, vocabulary, options.seed, files=store.in_domain(options.domain))
    rng = np.random.default_rng(options.seed)
    rows = []
    while len(rows) < options.responses:
        i = int(np.searchsorted(builder.cumulative, rng.random() * builder.cumulative[-1], side="right"))
        made = builder.suffix_first_sample(rng, i, PROMPT_LIMIT)
        if made is None:
            continue
        sample = made[0]
        begin = sample.index(FIM_MIDDLE) + len(store.header(i)) + 1
        if len(sample) - begin < 8:
            continue
        prompt = sample[:int(rng.integers(begin + 4, len(sample)))]
        response = respond(source, prompt, stops, rng)
        tokens = np.full(options.row, END, np.int64)
        targets = np.full(options.row, NO_TARGET, np.int64)
        both = prompt + response
        tokens[:len(both)] = both
        targets[len(prompt) - 1:len(both) - 1] = response
        rows.append((tokens, targets))
    tokens, targets = map(np.stack, zip(*rows))
    np.savez(options.out, tokens=tokens.astype(np.int16), targets=targets.astype(np.int16))
    print(len(rows), "responses,", int((targets != NO_TARGET).sum()), "drawn tokens")


if __name__ == "__main__":
    main()
