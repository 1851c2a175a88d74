#!/usr/bin/env python3
"""Write the training packages' files of one domain into a folder, for `npm run -s train-module -- --from FOLDER`.

  domain_files.py react FOLDER

One folder a package, each file at its own path in it; held-out packages are left out, so that calibrate.py can measure on them.
"""

import argparse
import json
import os

from work import WORK


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain")
    parser.add_argument("folder")
    options = parser.parse_args()

    root = os.path.abspath(options.folder)
    n_files = n_chars = 0
    with open(os.path.join(WORK, "corpus.jsonl")) as corpus:
        for line in corpus:
            entry = json.loads(line)
            if entry["split"] != "train" or options.domain not in entry["domains"]:
                continue
            path = os.path.normpath(os.path.join(root, entry["package"].replace(":", "/"), entry["path"]))
            if not path.startswith(root + os.sep):
                raise SystemExit(f"{entry['package']}: {entry['path']} leads out of its package.")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", newline="") as file:
                file.write(entry["text"])
            n_files, n_chars = n_files + 1, n_chars + len(entry["text"])
    print(f"{n_files} files, {n_chars / 1e6:.1f} M characters in {root}")


if __name__ == "__main__":
    main()
