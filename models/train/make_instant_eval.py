#!/usr/bin/env python3
"""Freeze the evaluation of the instant module: test/fixtures/eval/instant.json.gz, from packages that no model trains on.

Each package is a small workspace: 80 % of its files are given whole, cursors are cut from the other 20 %.
{ packages: [{ name, version, licence, notice, role, files: [{ path, text }], cursors: [as in cursors.jsonl] }] }
  role    "calibrate" packages choose strength and lambda, "measure" packages report; they share no project
  notice  the package's own licence text, as its licence asks of copies
Needs the corpus of collect.py and the packages of fetch.py. Run once; figures of another draw are not comparable.
"""

import glob
import gzip
import json
import os
import random
import sys

from make_cursors import KINDS, cut
from work import HERE, WORK

OUT = os.path.join(HERE, "..", "..", "test", "fixtures", "eval", "instant.json.gz")
MEASURE = ["@langchain/core", "@xterm/xterm", "langium", "@tiptap/core", "@deck.gl/core", "react-native-paper", "pino",
           "@nestjs/core", "release-it", "react-hook-form", "luxon", "debian:python3-rich", "swr"]
CALIBRATE = ["@sentry/core", "@sentry/node", "lexical", "@lexical/react", "@lexical/table", "@tanstack/form-core", "find-my-way",
             "@dnd-kit/core", "fastify", "mocha", "debian:python3-httpx", "vscode-json-languageservice", "react-redux"]
LANGUAGES = ("ts", "tsx", "js", "py")
PACKAGE_CHARS = 450_000          # a sample of the files of a larger package
N_CURSORS = 24                   # a package; one file gives four at most


def notice_of(package, licence):
    """The licence text that came with the package."""
    if package.startswith("debian:"):
        name = package.removeprefix("debian:")
        found = glob.glob(os.path.join(WORK, "deb-unpacked", name, "**", "copyright"), recursive=True)
    else:
        found = glob.glob(os.path.join(WORK, "npm", "*", "node_modules", package, "[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*"))
    if not found:
        sys.exit(f"{package} ({licence}) carries no licence text, so its files cannot be passed on")
    with open(sorted(found)[0], encoding="utf-8", errors="replace") as file:
        return file.read(8000)


def workspace(package, entries, role, rng):
    rng.shuffle(entries)
    kept, n_chars = [], 0
    for entry in entries:
        if n_chars + len(entry["text"]) <= PACKAGE_CHARS:
            kept.append(entry)
            n_chars += len(entry["text"])
    n_held_out = max(1, round(len(kept) / 5))
    held_out, given = kept[:n_held_out], kept[n_held_out:]
    cursors, per_file = [], {}
    for attempt in range(4000):
        if len(cursors) == N_CURSORS:
            break
        entry = rng.choice(held_out)
        if per_file.get(entry["path"], 0) >= 4 or len(entry["text"]) < 400:
            continue
        cursor = cut(entry, KINDS[len(cursors) % 3], rng)
        if cursor:
            per_file[entry["path"]] = per_file.get(entry["path"], 0) + 1
            cursors.append(dict(id=f"{package}-{len(cursors):02d}", **cursor))
    first = kept[0]
    return dict(name=package.removeprefix("debian:"), version=first["version"], licence=first["licence"],
                notice=notice_of(package, first["licence"]), role=role,
                files=[dict(path=e["path"], text=e["text"]) for e in sorted(given, key=lambda e: e["path"])], cursors=cursors)


def main():
    if os.path.exists(OUT) and "--replace" not in sys.argv:
        sys.exit("the fixture is frozen; --replace makes every earlier figure incomparable")
    rng = random.Random(2025)
    entries = {}
    with open(os.path.join(WORK, "corpus.jsonl"), encoding="utf-8") as corpus:
        for entry in map(json.loads, corpus):
            if entry["split"] == "held-out" and entry["language"] in LANGUAGES:
                entries.setdefault(entry["package"], []).append(entry)
    packages = [workspace(p, entries[p], role, rng) for role, names in (("calibrate", CALIBRATE), ("measure", MEASURE)) for p in names]
    for p in packages:
        print(p["role"], p["name"], p["licence"], len(p["files"]), "files", sum(len(f["text"]) for f in p["files"]), "chars",
              len(p["cursors"]), "cursors")
    text = json.dumps(dict(packages=packages), ensure_ascii=False).encode()
    with open(OUT, "wb") as out:
        out.write(gzip.compress(text, 9, mtime=0))
    print(len(text), "bytes,", os.path.getsize(OUT), "compressed")


if __name__ == "__main__":
    main()
