#!/usr/bin/env python3
"""Carry a long run to another machine: its weights in fp16 and its place in the data, without optimiser state.

  checkpoint.py pack RUN FOLDER       $RESIDUAL_WORK/runs/RUN/checkpoint.pt → FOLDER/{weights.safetensors, state.json}
  checkpoint.py unpack FOLDER RUN     the other way; refuses to overwrite a run
"""

import json
import os
import sys
from dataclasses import asdict

from safetensors.torch import load_file, save_file

from export import hash_of, write_json
from model import Config, Decoder, load_model, save_model
from work import TOKENIZER, WORK

PLACE = ("step", "rows", "tokens", "seconds")


def checkpoint_path(run):
    return os.path.join(WORK, "runs", run, "checkpoint.pt")


def pack(run, folder):
    model, saved = load_model(checkpoint_path(run))
    os.makedirs(folder, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in model.state_dict().items()}, os.path.join(folder, "weights.safetensors"))
    write_json(os.path.join(folder, "state.json"), dict(
        config=asdict(model.config), tokenizerSha256=hash_of(TOKENIZER), **{key: saved[key] for key in PLACE}))


def unpack(folder, run):
    path = checkpoint_path(run)
    if os.path.exists(path):
        sys.exit(f"{path} exists already: this run is under way")
    state = json.load(open(os.path.join(folder, "state.json")))
    if state["tokenizerSha256"] != hash_of(TOKENIZER):
        sys.exit("the checkpoint was trained with another tokenizer")
    model = Decoder(Config(**state["config"]))
    model.load_state_dict({name: value.float() for name, value in load_file(os.path.join(folder, "weights.safetensors")).items()})
    os.makedirs(os.path.dirname(path), exist_ok=True)
    save_model(path, model, **{key: state[key] for key in PLACE})


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    (pack if sys.argv[1] == "pack" else unpack)(*sys.argv[2:])
