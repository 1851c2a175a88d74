#!/usr/bin/env python3
"""Write a trained decoder as a proposal folder or as a module folder with its shared graph.

  export.py proposal CHECKPOINT OUT_FOLDER --id ID --title T [--dtypes int8,fp32,int4] [--evaluation FILE.json]
  export.py module   CHECKPOINT MODELS_FOLDER --id ID --spec SPEC.json [--dtype int8]

A module's manifest fields that the files do not tell come in SPEC.json and are copied as they are; of `q0` only the id
stands there, and its hash is taken from that module's folder.
"""

import argparse
import json
import os
import shutil

import delta_graph
from model import load_model, to_hugging_face, weights_of
from work import TOKENIZER

LICENCE = "Apache-2.0"
FIM_TOKEN_NAMES = ("endoftext", "fimPrefix", "fimSuffix", "fimMiddle", "fimPad", "repoName", "fileSep", "imStart", "imEnd")


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def write_json(path, value):
    write(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def hash_of(path):
    with open(path, "rb") as file:
        return delta_graph.sha256(file.read())


def tokenizer_files(tokenizer_path):
    config = dict(tokenizer_class="PreTrainedTokenizerFast", model_max_length=1024, eos_token="<|endoftext|>", pad_token="<|fim_pad|>",
                  bos_token=None, unk_token=None, add_bos_token=False, clean_up_tokenization_spaces=False)
    return open(tokenizer_path, "rb").read(), config


def export_proposal(model, folder, identity, title, dtypes, evaluation, tokenizer_path=TOKENIZER, n_top=None):
    """The first of `dtypes` is the shipped default and the one residual.json names. n_top: see delta_graph.build."""
    config, _ = to_hugging_face(model)
    tokenizer_json, tokenizer_config = tokenizer_files(tokenizer_path)
    write_json(os.path.join(folder, "config.json"), config)
    write_json(os.path.join(folder, "generation_config.json"), dict(eos_token_id=0, pad_token_id=4, do_sample=False, max_new_tokens=128))
    write(os.path.join(folder, "tokenizer.json"), tokenizer_json)
    write_json(os.path.join(folder, "tokenizer_config.json"), tokenizer_config)
    names = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
    for dtype in dtypes:
        graph = delta_graph.build(model.config, weights_of(model), dtype, n_top)
        weights_name = f"model_{dtype}.safetensors"
        write(os.path.join(folder, "onnx", f"model_{dtype}.onnx"), delta_graph.graph_bytes(graph, weights_name))
        write(os.path.join(folder, "onnx", weights_name), delta_graph.safetensors_bytes(graph.weights))
        names += [f"onnx/model_{dtype}.onnx", f"onnx/{weights_name}"]
    write_json(os.path.join(folder, "residual.json"), dict(
        formatVersion=1, id=identity, title=title, licence=LICENCE, graphForm="delta", dtype=dtypes[0],
        fim=dict(order="suffix-first", tokens=dict(zip(FIM_TOKEN_NAMES, range(9)))),
        contextLength=model.config.context, files={name: hash_of(os.path.join(folder, name)) for name in names},
        evaluation=evaluation))


def architecture_name(config):
    return f"qwen3-{config.width}x{config.layers}-{config.heads}h{config.kv_heads}kv-{config.hidden}-v{config.vocab}"


def export_module(model, models_folder, identity, spec, dtype, tokenizer_path=TOKENIZER):
    """→ the module's folder. `spec` holds the manifest fields that are not derived from the files."""
    graph = delta_graph.build(model.config, weights_of(model), dtype)
    onnx = delta_graph.graph_bytes(graph, "model.safetensors")
    graph_hash = delta_graph.sha256(onnx)
    write(os.path.join(models_folder, "graphs", f"{graph_hash}.onnx"), onnx)
    folder = os.path.join(models_folder, "modules", identity)
    weights = delta_graph.safetensors_bytes(graph.weights)
    write(os.path.join(folder, "model.safetensors"), weights)
    derived = dict(
        formatVersion=1, id=identity, version="1.0.0", licence=LICENCE, kind="neural", tokenizerSha256=hash_of(tokenizer_path),
        architecture=dict(name=architecture_name(model.config), graphSha256=graph_hash, dtype=dtype),
        files={"model.safetensors": delta_graph.sha256(weights)})
    order = ("formatVersion", "id", "version", "title", "description", "domain", "licence", "kind", "tokenizerSha256", "architecture",
             "files", "rule", "temperature", "strength", "q0", "training", "evaluation")
    manifest = {**derived, **spec}
    if "q0" in spec:
        base = os.path.join(models_folder, "modules", spec["q0"]["id"], "model.safetensors")
        manifest["q0"] = dict(id=spec["q0"]["id"], sha256=hash_of(base))
    write_json(os.path.join(folder, "module.json"), {key: manifest[key] for key in order if key in manifest})
    return folder


def export_hugging_face(model, folder, tokenizer_path=TOKENIZER):
    """The fp32 weights in the layout that transformers' AutoModelForCausalLM loads."""
    from safetensors.torch import save_file
    config, tensors = to_hugging_face(model)
    write_json(os.path.join(folder, "config.json"), config)
    save_file(tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    shutil.copy(tokenizer_path, os.path.join(folder, "tokenizer.json"))
    write_json(os.path.join(folder, "tokenizer_config.json"), tokenizer_files(tokenizer_path)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("proposal", "module", "hugging-face"))
    parser.add_argument("checkpoint")
    parser.add_argument("folder")
    parser.add_argument("--id")
    parser.add_argument("--title")
    parser.add_argument("--dtypes", default="int8")
    parser.add_argument("--evaluation")
    parser.add_argument("--spec")
    parser.add_argument("--base-tokens", type=int, default=0, help="tokens that the checkpoint's base had seen: not counted as the module's")
    options = parser.parse_args()
    model, saved = load_model(options.checkpoint)
    if options.what == "proposal":
        evaluation = json.load(open(options.evaluation)) if options.evaluation else []
        export_proposal(model, options.folder, options.id, options.title or options.id, options.dtypes.split(","), evaluation)
    elif options.what == "module":
        spec = json.load(open(options.spec))
        spec["training"]["tokens"] = saved.get("tokens", 0) - options.base_tokens
        export_module(model, options.folder, options.id, spec, options.dtypes)
    else:
        export_hugging_face(model, options.folder)


if __name__ == "__main__":
    main()
