#!/usr/bin/env python3
"""Choose the general code that guards a module's training against forgetting: make_replay.py [--proposal residual-6m]

Writes ../replay/<proposal>/tokens.bin, uint16 little-endian, pieces `<|file_sep|> path newline text <|endoftext|>` one
after the other, and SOURCES.md beside it: package, version, licence and copyright of each. Pieces come from packages that
the models were trained on, never from held-out ones, under MIT, ISC, BSD or Apache-2.0 with a copyright line of their own;
Apache packages with a NOTICE are left out, and files that show an e-mail address.
"""

import argparse
import glob
import json
import os
import random
import re

import numpy as np

import tokenizer as tokenizer_module
from prepare import header_of
from tokenizer import END, FILE_SEP
from work import HERE, MODELS, WORK

LICENCES = {"MIT": "MIT", "ISC": "ISC", "BSD-2-Clause": "BSD-2-Clause", "BSD-3-Clause": "BSD-3-Clause", "Apache-2.0": "Apache-2.0"}
DEBIAN_LICENCES = {"Expat": "MIT", "MIT": "MIT", "BSD-2-clause": "BSD-2-Clause", "BSD-3-clause": "BSD-3-Clause",
                   "BSD-3-Clause": "BSD-3-Clause", "Apache-2.0": "Apache-2.0", "Apache-2": "Apache-2.0"}
TOKENS = 145_000
SHARES = dict(ts=0.44, tsx=0.17, js=0.14, py=0.12, dts=0.03, json=0.03, css=0.04, html=0.01, md=0.02)
PIECE = 720                  # tokens of one piece, at most
SMALLEST = 160
PIECES_OF_A_PACKAGE = {"debian": 5, "npm": 2}
COPYRIGHT = re.compile(r"^\W*((?:Copyright|©).{4,160}?)\s*$", re.I | re.M)
NO_OWNER = re.compile(r"copyright (grant|to |notice|holder|owner|licen|statement|and|law|\[)|[\[{<]y(yyy|ear)[\]}>]"
                      r"|^copyright *(\(c\)|©)?[\d\s,-]*$", re.I)
LONGEST_OWNER = 200          # a longer list of owners holds for some files each, nobody knows which
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]*[a-z]{2,}")
MARKED = re.compile(r"copyright|all rights reserved|licen[sc]ed under|\bGPL\b|generated from", re.I)


def npm_copyright(name, licence):
    """The copyright line of a package's licence file, or None."""
    for folder in sorted(glob.glob(os.path.join(WORK, "npm", "*", "node_modules", name))):
        files = {file.lower(): os.path.join(folder, file) for file in os.listdir(folder)}
        if licence == "Apache-2.0" and any(file.startswith("notice") for file in files):
            return None
        for file in sorted(files):
            if not re.match(r"(licen[sc]e|copying)", file) or os.path.isdir(files[file]):
                continue
            text = open(files[file], encoding="utf-8", errors="replace").read(20_000)
            for match in COPYRIGHT.finditer(text):
                if not NO_OWNER.search(match.group(1)):
                    return ADDRESS.sub("…", match.group(1)).replace("<…>", "").strip()
    return None


def debian_licence(name):
    """→ (licence, copyright) that hold for all of a package's own files, or None."""
    for path in glob.glob(os.path.join(WORK, "deb-unpacked", name, "usr/share/doc/*/copyright")):
        text = open(path, encoding="utf-8", errors="replace").read()
        stanza = re.search(r"^Files: *\*\s*\nCopyright:((?:.*\n)(?: .*\n)*)License: *(\S+)", text, re.M)
        if stanza and stanza.group(2) in DEBIAN_LICENCES:
            owners = ADDRESS.sub("…", " ".join(stanza.group(1).split())).replace(" <…>", "")
            owners = owners if re.match(r"\(c\)|copyright|©", owners, re.I) else f"Copyright {owners}"
            return (DEBIAN_LICENCES[stanza.group(2)], owners) if len(owners) <= LONGEST_OWNER else None
    return None


class Sources:
    """Which packages may give pieces: judged once, when the first file of one comes by."""

    def __init__(self):
        self.known = {}

    def of(self, entry):
        name = entry["package"]
        if name not in self.known:
            self.known[name] = self.judge(name, entry["licence"])
        return self.known[name]

    @staticmethod
    def judge(name, licence):
        if name.startswith("debian:"):
            return debian_licence(name.removeprefix("debian:"))
        if not isinstance(licence, str) or licence not in LICENCES:
            return None
        owner = npm_copyright(name, licence)
        return owner and (LICENCES[licence], owner)


def piece_of(tokenizer, entry, rng):
    """A run of whole lines of a file as tokens with its header, or None."""
    lines = entry["text"].split("\n")
    first = rng.randrange(len(lines)) if len(lines) > 120 and rng.random() < 0.6 else 0
    body = tokenizer_module.encode(tokenizer, "\n".join(lines[first:first + 160]))
    if len(body) < SMALLEST:
        return None
    header = tokenizer_module.encode(tokenizer, header_of(entry["path"]))
    return [FILE_SEP, *header, *body[:PIECE], END]


def choose(tokenizer):
    """→ (tokens, {(package, version): (licence, copyright)})"""
    with open(os.path.join(WORK, "corpus.jsonl"), encoding="utf-8") as corpus:
        entries = [entry for entry in map(json.loads, corpus) if entry["split"] == "train"]
    rng = random.Random(1)
    rng.shuffle(entries)
    sources, used, pieces = Sources(), {}, []
    left = {language: share * TOKENS for language, share in SHARES.items()}
    counts = {}
    for entry in entries:
        name, language = entry["package"], entry["language"]
        most = PIECES_OF_A_PACKAGE["debian" if name.startswith("debian:") else "npm"]
        if left[language] <= 0 or counts.get((name, language), 0) >= most:
            continue
        if ADDRESS.search(entry["text"]) or MARKED.search(entry["text"][:3000]):
            continue
        source = sources.of(entry)
        piece = source and piece_of(tokenizer, entry, rng)
        if not piece:
            continue
        pieces.append(piece)
        left[language] -= len(piece)
        counts[name, language] = counts.get((name, language), 0) + 1
        used[name, entry["version"]] = source
    return np.array([token for piece in pieces for token in piece], "<u2"), used


def cell(text):
    """Text that is safe in a cell of a Markdown table."""
    return re.sub(r"[|<>`]", " ", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proposal", default="residual-6m")
    options = parser.parse_args()
    tokens, used = choose(tokenizer_module.load())
    out = os.path.join(MODELS, "replay", options.proposal)
    os.makedirs(out, exist_ok=True)
    tokens.tofile(os.path.join(out, "tokens.bin"))
    rows = [f"| {cell(name)} | {cell(version)} | {licence} | {cell(owner)} |"
            for (name, version), (licence, owner) in sorted(used.items())]
    terms = open(os.path.join(HERE, "replay_licences.md"), encoding="utf-8").read()
    with open(os.path.join(out, "SOURCES.md"), "w", encoding="utf-8") as file:
        file.write("# Sources of tokens.bin\n\nExcerpts of these packages as tokens, mixed into the training of modules so that they do not forget "
                   "what the base knows. Made by `models/train/make_replay.py`.\n\n"
                   "| package | version | licence | copyright |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n" + terms)
    print(len(tokens), "tokens,", len(rows), "packages")


if __name__ == "__main__":
    main()
