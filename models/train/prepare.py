#!/usr/bin/env python3
"""Tokenise the corpus once. Writes $RESIDUAL_WORK/tokens-{train,held-out}.npz, which TokenStore reads.

Every file becomes one run of tokens in a flat array, and its path header another; rows for training are cut out
of them on the fly (rows.py), so nothing but tokens is ever stored.
"""

import json
import os

import numpy as np

import tokenizer as tokenizer_module
from work import WORK

LANGUAGES = ("ts", "tsx", "js", "dts", "py", "json", "css", "html", "md")
DOMAINS = ("core", "react", "tests", "server", "tools", "angular")


def header_of(path):
    """The path header that every prompt carries: the last three components and a newline."""
    return "/".join(path.replace("\\", "/").split("/")[-3:]) + "\n"


class TokenStore:
    """Files of one split as tokens. `tokens(i)` and `header(i)` are views of int arrays."""

    def __init__(self, split, work=WORK):
        saved = np.load(os.path.join(work, f"tokens-{split}.npz"), allow_pickle=False)
        self.flat, self.starts = saved["flat"], saved["starts"]
        self.flat_headers, self.header_starts = saved["flat_headers"], saved["header_starts"]
        self.language, self.package, self.domains = saved["language"], saved["package"], saved["domains"]
        self.package_names = saved["package_names"].tolist()
        self.lengths = np.diff(self.starts)

    def __len__(self):
        return len(self.lengths)

    def tokens(self, i):
        return self.flat[self.starts[i]:self.starts[i + 1]]

    def header(self, i):
        return self.flat_headers[self.header_starts[i]:self.header_starts[i + 1]]

    def in_domain(self, name):
        return (self.domains >> DOMAINS.index(name)) & 1 == 1


def flatten(lists):
    starts = np.concatenate([[0], np.cumsum([len(tokens) for tokens in lists])]).astype(np.int64)
    flat = np.concatenate([np.asarray(tokens, np.uint16) for tokens in lists])
    return flat, starts


def tokenise(split):
    tokenizer = tokenizer_module.load()
    escape = tokenizer_module.escape_special
    files, headers, languages, packages, domains, names = [], [], [], [], [], {}
    with open(os.path.join(WORK, "corpus.jsonl"), encoding="utf-8") as corpus:
        batch = []
        for entry in map(json.loads, corpus):
            if entry["split"] != split:
                continue
            batch.append(escape(entry["text"]))
            headers.append(tokenizer_module.encode(tokenizer, header_of(entry["path"])))
            languages.append(LANGUAGES.index(entry["language"]))
            packages.append(names.setdefault(entry["package"], len(names)))
            domains.append(sum(1 << DOMAINS.index(name) for name in entry["domains"] if name in DOMAINS))
            if len(batch) == 512:
                files += [np.array(e.ids, np.uint16) for e in tokenizer.encode_batch_fast(batch, add_special_tokens=False)]
                batch = []
        files += [np.array(e.ids, np.uint16) for e in tokenizer.encode_batch_fast(batch, add_special_tokens=False)]
    flat, starts = flatten(files)
    flat_headers, header_starts = flatten(headers)
    np.savez(os.path.join(WORK, f"tokens-{split}.npz"), flat=flat, starts=starts, flat_headers=flat_headers,
             header_starts=header_starts, language=np.array(languages, np.uint8), package=np.array(packages, np.int32),
             domains=np.array(domains, np.uint8), package_names=np.array(list(names)))
    per_language = {name: int(np.diff(starts)[np.array(languages) == k].sum()) for k, name in enumerate(LANGUAGES)}
    print(split, len(files), "files", len(flat), "tokens", per_language)


if __name__ == "__main__":
    for split in ("held-out", "train"):
        tokenise(split)
