#!/usr/bin/env python3
"""Assertions about the data shapes, the tokenizer and the graphs. Needs no corpus and no trained model: check.py

Each check builds its own small input; a failed assertion names what it saw.
"""

import json
import os

import numpy as np

import check_graph
import collect
import delta_graph
import filters
import tokenizer as tokenizer_module
from prepare import LANGUAGES, flatten, header_of
from rows import NO_TARGET, ROW, RowBuilder, Vocabulary, suffix_after
from tokenizer import END, FILE_SEP, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, SPECIAL_TOKENS
from work import HERE

SOURCE = '''import { a } from "./a";

export function first(items: readonly string[]) {
    const result = [];

    for (const item of items) {
        if (item.length > 3) {
            result.push(item.toUpperCase());
        }
    }
    return result;
}


export class Second {
    private nCalls = 0;
    call() {
        this.nCalls += 1;
        return this.nCalls;
    }
}
'''


class SmallStore:
    """Three copies of one file, in the shape of prepare.TokenStore."""

    def __init__(self, vocabulary):
        tokens, header = vocabulary.encode(SOURCE), vocabulary.encode(header_of("packages/core/src/deep/first.ts"))
        self.files, self.headers = [np.array(tokens, np.uint16)] * 3, [np.array(header, np.uint16)] * 3
        self.lengths = np.array([len(tokens)] * 3)
        self.language = np.array([LANGUAGES.index("ts")] * 3)
        self.package = np.zeros(3, int)

    def __len__(self):
        return 3

    def tokens(self, i):
        return self.files[i]

    def header(self, i):
        return self.headers[i]


def check_tokenizer():
    tokenizer = tokenizer_module.load()
    assert tokenizer.get_vocab_size() == tokenizer_module.VOCABULARY
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == list(range(25)), "special tokens moved"
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False).tokens
    assert encode("a.b(c)") == ["a", ".", "b", "(", "c", ")"], encode("a.b(c)")
    assert encode("x1234") == ["x", "1", "2", "3", "4"], encode("x1234")
    assert encode("\n    return") == ["Ċ" + 4 * "Ġ", "return"], encode("\n    return")
    text = "a<|fim_middle|>b<|im_end|><|reserved_3|>"
    assert max(i < 25 for i in tokenizer_module.encode(tokenizer, text)) == 0, "a special token in text must be escaped"


def check_header():
    assert header_of("a/b/c/d.ts") == "b/c/d.ts\n" and header_of("d.ts") == "d.ts\n"


def check_suffix(vocabulary):
    tokens = np.array(vocabulary.encode(SOURCE))
    ends = vocabulary.line_ends(tokens)
    lines = [line for line in SOURCE.split("\n") if line.strip()]
    assert len(ends) == len(lines), (len(ends), len(lines))
    for end in ends:
        before, after = vocabulary.decode(tokens[:end]), SOURCE[len(vocabulary.decode(tokens[:end])) + 1:]
        assert SOURCE.startswith(before + "\n")
        for limit in (8, 30, 500):
            suffix = suffix_after(vocabulary, tokens, end, limit)
            text = vocabulary.decode(suffix)
            assert len(suffix) <= limit and after.startswith(text), (text, after[:80])
            assert text == "" or text == after or after[len(text)] == "\n", "S must be whole lines"
            assert suffix == vocabulary.encode(text), "S must be tokenised as it is when served"
        assert vocabulary.decode(suffix_after(vocabulary, tokens, end, 500)) == after


def check_samples(vocabulary):
    store = SmallStore(vocabulary)
    builder = RowBuilder(store, vocabulary, seed=1)
    header = vocabulary.decode(store.header(0))
    assert header == "src/deep/first.ts\n"
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(400):
        made = builder.suffix_first_sample(rng, 1, 200)
        if made is None:
            continue
        tokens, counts = made
        text = vocabulary.decode(tokens)
        begin, rest = text.split("<|fim_prefix|><|fim_suffix|>")
        suffix, body = rest.split("<|fim_middle|>")
        assert len(tokens) == len(counts) <= 200 and body.startswith(header) and body.endswith("<|endoftext|>")
        code = body[len(header):-len("<|endoftext|>")]
        assert code in SOURCE and not code.endswith("\n"), repr(code)
        assert (code + "\n" + suffix) in SOURCE, "S must be the lines after M"
        assert begin == "" or begin.startswith("<|file_sep|>")
        seen += suffix != ""
    assert seen > 100, seen
    for _ in range(400):
        made = builder.prefix_first_sample(rng, 1, 200)
        if made is None:
            continue
        text = vocabulary.decode(made[0])
        prefix, rest = text.split("<|fim_prefix|>")[1].split("<|fim_suffix|>")
        suffix, middle = rest.split("<|fim_middle|>")
        assert prefix.startswith(header) and prefix[len(header):] + middle.removesuffix("<|endoftext|>") + suffix in SOURCE
    tokens, _ = builder.plain_sample(rng, 0, 400)
    assert vocabulary.decode(tokens) == "<|file_sep|>" + header + SOURCE + "<|endoftext|>"


def check_rows(vocabulary):
    builder = RowBuilder(SmallStore(vocabulary), vocabulary, seed=1)
    tokens, targets = builder.row(5)
    again, _ = RowBuilder(SmallStore(vocabulary), vocabulary, seed=1).row(5)
    assert (tokens == again).all(), "a row must depend on seed and index alone"
    assert tokens.shape == targets.shape == (ROW,)
    counted = targets[:-1] != NO_TARGET
    assert (targets[:-1][counted] == tokens[1:][counted]).all()
    starts = np.flatnonzero(tokens == FIM_PREFIX)
    assert len(starts) and all(targets[i - 1] in (NO_TARGET, FIM_PREFIX) for i in starts if i)
    masked = RowBuilder(SmallStore(vocabulary), vocabulary, seed=1, suffix_first=1.0, prefix_loss=0.0)
    sample, counts = masked.suffix_first_sample(np.random.default_rng(3), 1, 300)
    middle = sample.index(FIM_MIDDLE)
    assert not any(counts[middle + 1:middle + 1 + len(masked.store.header(1))]) and counts[-1]


def check_files():
    graph = delta_graph.build(check_graph.SIZES["tiny"], check_graph.weights_of(check_graph.random_model(check_graph.SIZES["tiny"], 1)), "int8")
    data = delta_graph.safetensors_bytes(graph.weights)
    assert int.from_bytes(data[:8], "little") == 16_376
    header = json.loads(data[8:16_384])
    assert max(entry["data_offsets"][1] for entry in header.values()) == len(data) - 16_384
    assert all(entry["data_offsets"][0] % 4 == 0 for entry in header.values() if entry["dtype"] == "F32")
    assert delta_graph.graph_bytes(graph, "model.safetensors") == delta_graph.graph_bytes(graph, "model.safetensors")


def check_filters():
    assert filters.is_permissive("(MIT OR GPL-3.0)") and not filters.is_permissive("MIT AND GPL-3.0") and not filters.is_permissive(None)
    assert filters.reason_to_drop(SOURCE, "ts") is None
    assert filters.reason_to_drop("// @generated\n" + SOURCE, "ts") == "generated"
    assert filters.reason_to_drop("var a=1;" * 300 + "\n" * 8, "js") == "minified"
    assert filters.normalise("/* Copyright X */\n" + SOURCE) == SOURCE
    assert filters.domains_of("tsx", "src/a.test.tsx", SOURCE) == ["tests", "react"]


def check_split():
    """No package that is held out was collected for training, and every one named has been collected or is gone."""
    held_out = collect.load_held_out()
    lock = json.load(open(os.path.join(HERE, "corpus.lock.json")))
    for key, (_, split, *_rest) in lock.items():
        package = key.rsplit("@", 1)[0]
        assert (split == "held-out") == collect.is_held_out(package, held_out), key


def main():
    vocabulary = Vocabulary(tokenizer_module.load())
    for check in (check_tokenizer, check_header, check_files, check_filters, check_split):
        check()
        print("ok", check.__name__)
    for check in (check_suffix, check_samples, check_rows):
        check(vocabulary)
        print("ok", check.__name__)
    check_graph.check()
    print("ok check_graph")


if __name__ == "__main__":
    main()
