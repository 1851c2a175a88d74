#!/usr/bin/env python3
"""Freeze the evaluation cursors: test/fixtures/eval/cursors.jsonl, cut from packages that no model trains on.

Each line is { id, package, version, licence, path, language, domain, kind, prefix, suffix, truth }:
  prefix  whole lines up to the cursor, at most 4,000 characters
  truth   the rest of the cursor's line, without its newline
  suffix  a newline and the next lines, at most 1,200 characters
Run once; a new corpus version must not move the cursors, or figures stop being comparable.
"""

import collections
import json
import os
import random
import re
import sys

from work import HERE, WORK

OUT = os.path.join(HERE, "..", "..", "test", "fixtures", "eval", "cursors.jsonl")
KINDS = ("line-start", "mid-line", "mid-identifier")
QUOTAS = dict(react=160, tests=140, py=50, other=150)
PREFIX_CHARS, SUFFIX_CHARS = 4000, 1200
PACKAGE_SHARE = 0.2              # of a quota, at most, from one package; one file gives two cursors at most
DULL = re.compile(r"^\s*(\*|//|/\*|#|import\b|from\b|\}|\)|\]|<!--|['\"]use )")
IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]{3,}")


def bucket_of(entry):
    if entry["language"] == "py":
        return "py"
    if entry["language"] not in ("ts", "tsx", "js"):
        return None
    if "tests" in entry["domains"]:
        return "tests"
    return "react" if "react" in entry["domains"] else "other"


def column_for(kind, line, rng):
    """A cursor column of that kind in the line, or None."""
    indentation = len(line) - len(line.lstrip())
    if kind == "line-start":
        return indentation
    if kind == "mid-identifier":
        words = [m for m in IDENTIFIER.finditer(line)]
        if not words:
            return None
        word = rng.choice(words)
        return rng.randrange(word.start() + 1, word.end())
    borders = [m.end() for m in re.finditer(r"[\w$]+|[^\w\s]", line) if indentation < m.end() < len(line) - 1]
    borders = [k for k in borders if not (re.match(r"[\w$]", line[k - 1]) and re.match(r"[\w$]", line[k]))]
    return rng.choice(borders) if borders else None


def whole_lines_before(text, end):
    """At most PREFIX_CHARS characters before `end`, beginning at a line."""
    start = max(0, end - PREFIX_CHARS)
    if start > 0:
        start = text.index("\n", start - 1) + 1
    return text[start:end]


def whole_lines_after(text, start):
    """From the newline at `start` on, at most SUFFIX_CHARS characters, ending with a line."""
    piece = text[start:start + SUFFIX_CHARS]
    return piece if start + SUFFIX_CHARS >= len(text) else piece[:piece.rindex("\n") + 1]


def cut(entry, kind, rng):
    """One cursor in a file, or None where no line fits."""
    text = entry["text"]
    starts = [m.end() for m in re.finditer("\n", text)][2:]
    for _ in range(20):
        begin = rng.choice(starts)
        end = text.find("\n", begin)
        line = text[begin:end]
        if end < 0 or DULL.match(line) or not 8 <= len(line.strip()) <= 110:
            continue
        column = column_for(kind, line, rng)
        if column is None or len(line[column:].strip()) < 3:
            continue
        prefix, suffix = whole_lines_before(text, begin + column), whole_lines_after(text, end)
        if len(prefix) >= 120:
            return dict(package=entry["package"].removeprefix("debian:"), version=entry["version"], licence=entry["licence"],
                        path=entry["path"], language=entry["language"], domain=entry["domains"], kind=kind,
                        prefix=prefix, suffix=suffix, truth=line[column:])
    return None


def main():
    if os.path.exists(OUT) and "--replace" not in sys.argv:
        sys.exit("the cursors are frozen; --replace makes every earlier figure incomparable")
    rng = random.Random(2025)
    files = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(os.path.join(WORK, "corpus.jsonl"), encoding="utf-8") as corpus:
        for entry in map(json.loads, corpus):
            bucket = bucket_of(entry) if entry["split"] == "held-out" else None
            if bucket and len(entry["text"]) > 600:
                files[bucket][entry["package"]].append(entry)
    cursors = []
    for bucket, quota in QUOTAS.items():
        per_package, per_file, made = collections.Counter(), collections.Counter(), 0
        most = max(PACKAGE_SHARE * quota, quota / len(files[bucket]))
        for _ in range(20_000):
            if made == quota:
                break
            package = rng.choice(sorted(files[bucket]))
            entry = rng.choice(files[bucket][package])
            if per_package[package] >= most or per_file[package, entry["path"]] >= 2:
                continue
            cursor = cut(entry, KINDS[made % 3], rng)
            if cursor:
                per_package[package] += 1
                per_file[package, entry["path"]] += 1
                made += 1
                cursors.append(dict(id=f"{bucket}-{made:03d}", **cursor))
        print(bucket, made, "cursors from", len(per_package), "packages", per_package.most_common(6))
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(cursor, ensure_ascii=False) + "\n" for cursor in cursors)
    print(len(cursors), "cursors,", os.path.getsize(OUT), "bytes")


if __name__ == "__main__":
    main()
