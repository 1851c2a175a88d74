"""The graph of an import, as this project's own writer made it, against the `onnx` package and the weights beside it.

    python check_import_graph.py FOLDER [FOLDER ...]

A FOLDER is what `npm run -s import-proposal` wrote. The file is a valid ONNX model, its standard operators are of the
types and shapes that onnx infers, and every weight that it names outside lies where the safetensors header has it. Needs `onnx`.
"""

import json
import math
import os
import struct
import sys

import onnx
from onnx import TensorProto, defs, helper, shape_inference

MICROSOFT = "com.microsoft"
SAFETENSORS_TYPES = {"F32": TensorProto.FLOAT, "U8": TensorProto.UINT8, "I8": TensorProto.INT8,
                     "I32": TensorProto.INT32, "I64": TensorProto.INT64}
BYTES = {TensorProto.FLOAT: 4, TensorProto.UINT8: 1, TensorProto.INT8: 1, TensorProto.INT32: 4, TensorProto.INT64: 8}


def register_ort_norm():
    """ONNX Runtime has one operator of its own in the standard domain, which `onnx` does not know.

    Source: microsoft/onnxruntime, core/graph/contrib_ops/contrib_defs.cc, SimplifiedLayerNormalization, since version 1.
    """
    formal, attribute, kinds = defs.OpSchema.FormalParameter, defs.OpSchema.Attribute, defs.OpSchema.AttrType
    attributes = {"axis": kinds.INT, "epsilon": kinds.FLOAT, "stash_type": kinds.INT}
    defs.register_schema(defs.OpSchema(
        "SimplifiedLayerNormalization", "", 1,
        inputs=[formal("X", "T"), formal("scale", "T")], outputs=[formal("Y", "T")],
        type_constraints=[("T", ["tensor(float)"], "")],
        attributes=[attribute(name, kind, "", required=False) for name, kind in attributes.items()]))


def safetensors_entries(path):
    """Name → (type, shape, absolute offset, bytes), after the header's own rules were checked."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        assert 8 + length <= size, f"{path}: the header is longer than the file"
        header = json.loads(file.read(length), object_pairs_hook=unique)
    header.pop("__metadata__", None)
    entries, at = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        kind = SAFETENSORS_TYPES[entry["dtype"]]
        assert begin == at, f"{path}: {name} begins at {begin}, not at {at}"
        assert end - begin == math.prod(entry["shape"]) * BYTES[kind], f"{path}: {name} has another size than its shape"
        entries[name], at = (kind, entry["shape"], 8 + length + begin, end - begin), end
    assert 8 + length + at == size, f"{path}: {size - 8 - length - at} bytes belong to no tensor"
    return entries


def unique(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), "a name stands twice in a header"
    return dict(pairs)


def check_weights(model, folder):
    """Every outside tensor is the file's tensor of its name, and no tensor of a file is left over. → how many."""
    files = {name: safetensors_entries(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(".safetensors")}
    named = set()
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            assert tensor.raw_data and not tensor.external_data, f"{tensor.name} has no data"
            continue
        place = {entry.key: entry.value for entry in tensor.external_data}
        assert set(place) == {"location", "offset", "length"}, (tensor.name, place)
        assert tensor.name in files[place["location"]], f"{place['location']} has no {tensor.name}"
        kind, shape, offset, length = files[place["location"]][tensor.name]
        assert (tensor.data_type, list(tensor.dims)) == (kind, shape), (tensor.name, tensor.data_type, list(tensor.dims), kind, shape)
        assert (int(place["offset"]), int(place["length"])) == (offset, length), (tensor.name, place, offset, length)
        assert offset % BYTES[kind] == 0, f"{tensor.name} is not aligned"
        assert tensor.name not in named, f"{tensor.name} stands twice in the graph"
        named.add(tensor.name)
    left = {name for entries in files.values() for name in entries} - named
    assert not left, f"the graph does not name {sorted(left)}"
    return len(named)


# What gives a result of the type and shape of its first input.
LIKE_FIRST = {"SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", "RotaryEmbedding", "QuickGelu"}
# FusedMatMul's second factor by (transBatchB, transB): docs/ContribOperators.md of microsoft/onnxruntime.
PERMUTATIONS = {(0, 1): (0, 2, 1), (1, 0): (1, 0, 2), (1, 1): (1, 2, 0)}


def stand_ins(node, inputs):
    """Standard operators whose results have the types and shapes of an operator's that onnx does not know."""
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    made = [name for name in node.output if name]
    if node.op_type in LIKE_FIRST:
        return [helper.make_node("Identity", [node.input[0]], [name]) for name in made]
    if node.op_type == "FusedMatMul":
        order = PERMUTATIONS[attributes.get("transBatchB", 0), attributes.get("transB", 0)]
        turned = f"{made[0]}.turned"
        return [helper.make_node("Transpose", [node.input[1]], [turned], perm=order),
                helper.make_node("MatMul", [node.input[0], turned], made)]
    assert node.op_type == "MatMulNBits", f"{node.op_type} has no stand-in: give it one"
    matrix = f"{made[0]}.matrix"
    inputs.append(helper.make_tensor_value_info(matrix, TensorProto.FLOAT, [attributes["K"], attributes["N"]]))
    return [helper.make_node("MatMul", [node.input[0], matrix], made)]


def check_shapes(model):
    """Everything has a type that can be inferred, and the outputs have the types and shapes that are declared. → results."""
    for node in model.graph.node:
        if node.op_type == "FusedMatMul":
            left = [each.name for each in node.attribute if each.name in ("transA", "transBatchA")]
            assert not left, (node.name, left)
    standard = onnx.ModelProto()
    standard.CopyFrom(model)
    del standard.graph.node[:]
    for node in model.graph.node:
        foreign = node.domain or node.op_type in LIKE_FIRST
        standard.graph.node.extend(stand_ins(node, standard.graph.input) if foreign else [node])
    for output in standard.graph.output:  # Or what is declared would be taken for what is known.
        output.type.tensor_type.ClearField("shape")
    inferred = shape_inference.infer_shapes(standard, check_type=True, strict_mode=True, data_prop=True).graph
    known = {value.name: value.type.tensor_type for value in [*inferred.value_info, *inferred.output]}
    made = [name for node in model.graph.node for name in node.output if name]
    unknown = [name for name in made if name not in known]
    assert not unknown, unknown
    for output in model.graph.output:
        declared, found = output.type.tensor_type, known[output.name]
        assert found.elem_type == declared.elem_type, output.name
        assert len(found.shape.dim) == len(declared.shape.dim), output.name
        for one, other in zip(found.shape.dim, declared.shape.dim):
            assert not one.dim_value or one.dim_value == other.dim_value, (output.name, one, other)
    return len(made)


def check(folder):
    onnx_folder = os.path.join(folder, "onnx")
    graphs = [name for name in os.listdir(onnx_folder) if name.endswith(".onnx")]
    assert len(graphs) == 1, graphs
    path = os.path.join(onnx_folder, graphs[0])
    # By path, for only then the checker looks at outside files: they are there, and inside this folder.
    onnx.checker.check_model(path, full_check=False)
    model = onnx.load(path, load_external_data=False)
    domains = {opset.domain: opset.version for opset in model.opset_import}
    assert domains == {"": domains[""], MICROSOFT: 1}, domains
    for node in model.graph.node:
        assert node.domain in domains, (node.op_type, node.domain)
        if node.domain == "":
            assert defs.has(node.op_type, max_inclusive_version=domains[""], domain=""), node.op_type
    outside = check_weights(model, onnx_folder)
    results = check_shapes(model)
    foreign = sum(node.domain == MICROSOFT for node in model.graph.node)
    print(f"{folder}: {len(model.graph.node)} nodes, {foreign} of them {MICROSOFT}'s; {outside} weights outside; "
          f"{results} results of inferred types")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    register_ort_norm()
    for folder in sys.argv[1:]:
        check(folder)
