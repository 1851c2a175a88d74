#!/usr/bin/env python3
"""Download the packages that packages.json names: npm packages by an ordinary install without scripts, Debian packages
as files that are unpacked and never installed. About five minutes and 5 GB under $RESIDUAL_WORK.
"""

import concurrent.futures
import json
import os
import subprocess

from work import HERE, WORK

NPM_OPTIONS = ["--ignore-scripts", "--legacy-peer-deps", "--omit=optional", "--no-audit", "--no-fund", "--maxsockets", "16"]


def install_group(name, packages):
    """Each group gets a folder of its own, so that conflicting versions can stand side by side."""
    folder = os.path.join(WORK, "npm", name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "package.json"), "w") as file:
        json.dump(dict(name=f"corpus-{name}", version="0.0.0", private=True), file)
    done = subprocess.run(["npm", "install", *NPM_OPTIONS, *packages], cwd=folder, capture_output=True, text=True)
    return name, done.returncode, done.stderr[-400:]


def unpack_debian(packages):
    downloads, unpacked = os.path.join(WORK, "deb"), os.path.join(WORK, "deb-unpacked")
    os.makedirs(downloads, exist_ok=True)
    subprocess.run(["apt-get", "download", *packages], cwd=downloads, check=True)
    for file in sorted(os.listdir(downloads)):
        name, version = file.split("_")[:2]
        folder = os.path.join(unpacked, name)
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", os.path.join(downloads, file), folder], check=True)
        with open(os.path.join(folder, ".version"), "w") as out:
            out.write(version)


def main():
    packages = json.load(open(os.path.join(HERE, "packages.json")))
    unpack_debian(packages["debian"])
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for name, code, message in pool.map(lambda item: install_group(*item), packages["npm"].items()):
            print(name, "ok" if code == 0 else f"failed: {message}", flush=True)


if __name__ == "__main__":
    main()
