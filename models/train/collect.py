#!/usr/bin/env python3
"""Collect the training corpus from the packages that fetch.py downloaded.

Writes to $RESIDUAL_WORK: corpus.jsonl (one object a file: package, version, licence, path,
language, domains, split, text) and corpus-report.json (what was kept, what was dropped and why);
and beside this script corpus.lock.json (package@version: licence, files, characters, SHA-256 of the
text collected from it).

Sources of TypeScript, best first: shipped .ts/.tsx, then the sourcesContent of .js.map files.
A package that shows no TypeScript gives its JavaScript, and then its type declarations.
"""

import collections
import glob
import hashlib
import json
import os
import re
import time

import filters
from work import HERE, WORK

PACKAGE_CAP = 3_000_000            # characters of code from one package
PACKAGE_SIDE_CAP = 60_000          # characters of each of JSON, CSS, HTML and Markdown from one package
TOTAL_CAP = {"json": 4e6, "css": 5e6, "html": 2e6, "md": 10e6, "dts": 24e6, "py": 45e6}
MAX_MAP_BYTES = 30_000_000
NEAR_DUPLICATE_SHARE = 0.7         # of a file's longer lines already seen elsewhere

SKIPPED_FOLDERS = {
    "node_modules", ".git", "umd", "bundles", "__snapshots__", "locale", "locales", "i18n", "vendor",
    "third_party", "_esm", "_cjs", "min", "fixtures", "__fixtures__", "__pycache__",
}
# Packages that are tables, icons or translations rather than programs.
SKIPPED_PACKAGES = re.compile(
    r"(-icons?$|/icons$|react-tokens$|core-js|caniuse|mdn-data|-data$|unicode|locale|emoji|entities"
    r"|-compat-data|iana|mime-db|spdx|globals$)")
# One build flavour is enough: hand-written folders first, the duplicate filter does the rest.
FOLDER_ORDER = {"src": 0, "source": 0, "lib": 1, "esm": 2, "es": 2, "modules": 2, "dist": 4, "build": 4, "cjs": 5}
SIDE_LANGUAGES = ("json", "css", "html", "md")


def load_held_out():
    """Whole packages (`name`) and whole scopes (`@scope/*`) that nothing ever trains on."""
    names = json.load(open(os.path.join(HERE, "packages.json")))["heldOut"]
    return {name.removesuffix("/*") for name in names}


def is_held_out(package, held_out):
    return package in held_out or package.split("/")[0] in held_out


class Corpus:
    """The growing output: applies filters, duplicates and caps, and counts everything."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.held_out = load_held_out()
        self.seen_files, self.seen_lines = set(), set()
        self.kept, self.dropped = collections.Counter(), collections.Counter()
        self.chars = collections.Counter()
        self.lock = {}

    def add(self, package, version, licence, path, language, raw):
        """Offer one file. Returns whether it was kept."""
        side = language in SIDE_LANGUAGES
        if self.chars[package, side and language] > (PACKAGE_SIDE_CAP if side else PACKAGE_CAP):
            return self._drop("package-cap")
        if self.chars["language", language] > TOTAL_CAP.get(language, 1e12):
            return self._drop("language-cap")
        text = filters.normalise(raw)
        reason = filters.reason_to_drop(text, language) or self._duplicate(text)
        if reason:
            return self._drop(reason)
        domains = filters.domains_of(language, path, text)
        split = "held-out" if is_held_out(package, self.held_out) else "train"
        self.file.write(json.dumps(dict(
            package=package, version=version, licence=licence, path=path, language=language,
            domains=domains, split=split, text=text), ensure_ascii=False) + "\n")
        self._count(package, version, licence, language, domains, split, text, side)
        return True

    def _drop(self, reason):
        self.dropped[reason] += 1
        return False

    def _duplicate(self, text):
        """Exact: same lines up to white space. Near: most of its longer lines were already seen."""
        lines = [" ".join(line.split()) for line in text.split("\n")]
        lines = [line for line in lines if len(line) > 3]
        digest = hashlib.md5("\n".join(lines).encode()).digest()
        if digest in self.seen_files:
            return "exact-duplicate"
        self.seen_files.add(digest)
        long_lines = [hash(line) for line in lines if len(line) > 20]
        if long_lines and sum(h in self.seen_lines for h in long_lines) > NEAR_DUPLICATE_SHARE * len(long_lines):
            return "near-duplicate"
        self.seen_lines.update(long_lines)
        return None

    def _count(self, package, version, licence, language, domains, split, text, side):
        n = len(text)
        self.kept[language] += 1
        self.chars[package, side and language] += n
        self.chars["language", language] += n
        self.chars["split", split] += n
        for domain in domains:
            self.chars["domain", split, domain] += n
        entry = self.lock.setdefault(f"{package}@{version}", dict(licence=licence, split=split, files=0, chars=0, sha=hashlib.sha256()))
        entry["files"] += 1
        entry["chars"] += n
        entry["sha"].update(text.encode())


def read_text(path, max_bytes):
    try:
        if os.path.getsize(path) > max_bytes:
            return None
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def package_roots(base):
    """Folders of installed packages, outermost first, so that a direct dependency wins over a nested copy."""
    roots = []
    for folder, _, files in os.walk(base):
        if "package.json" in files and re.search(r"node_modules/(@[^/]+/)?[^/]+$", folder):
            roots.append(folder)
    return sorted(roots, key=lambda root: (root.count("node_modules"), root))


def list_files(root):
    """{language: [(relative path, path)]}, with source maps under the key `map`."""
    files = collections.defaultdict(list)
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, root)
            if name.endswith((".js.map", ".mjs.map", ".cjs.map")):
                files["map"].append((relative, path))
            elif ".min." not in name and name not in ("package-lock.json", "CHANGELOG.md"):
                language = filters.language_of(name)
                if language:
                    files[language].append((relative, path))
    return files


def sources_in_map(path):
    """(path, text) of every original source inside a source map."""
    text = read_text(path, MAX_MAP_BYTES)
    try:
        outer = json.loads(text) if text else {}
    except ValueError:
        return
    sections = [outer] if "sources" in outer else [part.get("map", {}) for part in outer.get("sections", [])]
    for section in sections:
        for name, source in zip(section.get("sources") or [], section.get("sourcesContent") or []):
            if name and source and not re.search(r"node_modules|webpack/|\(ignored\)", name):
                clean = re.sub(r"^(\.\./)+|^webpack:/*", "", name.split("?")[0])
                yield os.path.normpath(clean), source


def collect_npm_package(root, corpus, done):
    try:
        manifest = json.load(open(os.path.join(root, "package.json"), encoding="utf-8"))
    except (OSError, ValueError):
        return
    name, version = manifest.get("name"), manifest.get("version")
    licence = manifest.get("license") or manifest.get("licenses")
    if not name or not version or name in done or SKIPPED_PACKAGES.search(name):
        return
    done.add(name)
    if not filters.is_permissive(licence):
        corpus.dropped["licence (packages)"] += 1
        return
    files = list_files(root)
    n_typescript = 0
    for language in ("ts", "tsx"):
        for relative, path in files[language]:
            text = read_text(path, filters.MAX_CHARS * 2)
            n_typescript += bool(text) and corpus.add(name, version, licence, relative, language, text)
    seen = set()
    for _, path in files["map"]:
        for relative, text in sources_in_map(path):
            language = filters.language_of(relative)
            if language in ("ts", "tsx", "js") and relative not in seen:
                seen.add(relative)
                n_typescript += corpus.add(name, version, licence, relative, language, text)
    if n_typescript < 3:
        order = lambda item: (FOLDER_ORDER.get(item[0].split(os.sep)[0], 3), item[0])
        for relative, path in sorted(files["js"], key=order):
            text = read_text(path, filters.MAX_CHARS * 2)
            if text:
                corpus.add(name, version, licence, relative, "js", text)
        for relative, path in files["dts"][:60]:
            text = read_text(path, filters.MAX_CHARS * 2)
            if text:
                corpus.add(name, version, licence, relative, "dts", text)
    for language in SIDE_LANGUAGES:
        for relative, path in files[language][:12]:
            text = read_text(path, filters.MAX_CHARS)
            if text:
                corpus.add(name, version, licence, relative, language, text)


def collect_debian_package(root, corpus):
    """Python files of an unpacked .deb. Licence fields are mixed there, so every file's head is checked too."""
    name = "debian:" + os.path.basename(root)
    copyrights = [read_text(path, 4_000_000) or "" for path in glob.glob(root + "/usr/share/doc/*/copyright")]
    licences = sorted(set(re.findall(r"^License: *(\S.*)$", "\n".join(copyrights), re.M)))
    free = re.compile(r"\b(MIT|Expat|BSD|Apache|ISC|PSF|Python)\b")
    if licences and not any(free.search(licence) for licence in licences):
        corpus.dropped["licence (packages)"] += 1
        return
    version = open(os.path.join(root, ".version")).read().strip() if os.path.exists(os.path.join(root, ".version")) else "bookworm"
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for file_name in sorted(names):
            if not file_name.endswith(".py"):
                continue
            path = os.path.join(folder, file_name)
            text = read_text(path, filters.MAX_CHARS * 2)
            if text and not re.search(r"GNU (Lesser |Affero )?General Public", text[:3000]):
                relative = re.sub(r"^usr/lib/python3[^/]*/(dist-packages/)?", "", os.path.relpath(path, root))
                corpus.add(name, version, "; ".join(licences)[:100] or "see copyright", relative, "py", text)


def main():
    started = time.time()
    corpus = Corpus(os.path.join(WORK, "corpus.jsonl"))
    done = set()
    for root in package_roots(os.path.join(WORK, "npm")):
        collect_npm_package(root, corpus, done)
    for root in sorted(glob.glob(os.path.join(WORK, "deb-unpacked", "*"))):
        collect_debian_package(root, corpus)
    corpus.file.close()
    lock = {key: [e["licence"], e["split"], e["files"], e["chars"], e["sha"].hexdigest()] for key, e in sorted(corpus.lock.items())}
    with open(os.path.join(HERE, "corpus.lock.json"), "w") as file:
        file.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in lock.items()) + "\n}\n")
    report = dict(
        seconds=round(time.time() - started), packages=len(lock), files=dict(corpus.kept), dropped=dict(corpus.dropped),
        megachars={" ".join(map(str, key)): round(n / 1e6, 2) for key, n in corpus.chars.items()
                   if key[0] in ("language", "split", "domain")},
        largest=[(key, e["chars"]) for key, e in sorted(corpus.lock.items(), key=lambda item: -item[1]["chars"])[:60]],
        held_out=[(key, e["chars"]) for key, e in corpus.lock.items() if e["split"] == "held-out"])
    json.dump(report, open(os.path.join(WORK, "corpus-report.json"), "w"), indent=1)
    print(json.dumps({key: report[key] for key in ("seconds", "packages", "files", "dropped", "megachars")}, indent=1))


if __name__ == "__main__":
    main()
