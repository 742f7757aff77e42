"""Damaged and hostile ONNX files are refused in one sentence, before anything in them is executed."""

import random
import struct

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from bnn.errors import UserError
from bnn.integer.layers import Bias, Conv, Dense, MaxPool, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.steps import linear
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from tests.support.graphs import Net


def small() -> Net:
    return Net(["N", 1, 5, 5]).conv(2, 1, 3).sign().then("Flatten").dense(18, 3)


def refused(model, tmp_path, words):
    """Check that loading or importing the file is refused in one line, which names the file and holds the words."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with pytest.raises(UserError, match=words) as error:
        import_model(load_model(path), str(path), "unit")
    assert "\n" not in str(error.value) and str(error.value).startswith(str(path))


def elsewhere(name="w"):
    tensor = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def test_the_small_graph_is_accepted(tmp_path):
    assert import_model(load_model(small().save(tmp_path / "model.onnx")), "m", "byte").notes == ()


def test_data_in_other_files_is_refused_wherever_it_is(tmp_path):
    words = r"lies in another file; save the model with all data inside"
    model = small().model()
    model.graph.initializer[0].CopyFrom(elsewhere(model.graph.initializer[0].name))
    refused(model, tmp_path, r"weight 'c0' of its graph " + words)
    model = small().model()
    name = model.graph.initializer[0].name
    del model.graph.initializer[0]
    model.graph.node.insert(0, helper.make_node("Constant", [], [name], "hidden", value=elsewhere("")))
    refused(model, tmp_path, r"weight '' of node hidden \(Constant\) " + words)
    model = small().model()
    model.graph.node[0].attribute.append(helper.make_attribute("tensors", [elsewhere()]))
    refused(model, tmp_path, r"weight 'w' of node Conv_0 \(Conv\) " + words)
    model = small().model()
    inner = helper.make_graph([], "inner", [], [], [elsewhere()])
    model.graph.node[0].attribute.append(helper.make_attribute("body", inner))
    refused(model, tmp_path, r"node Conv_0 \(Conv\) holds a graph of its own|" + words)
    model = small().model()
    model.functions.append(
        helper.make_function("other", "f", [], ["y"], [helper.make_node("Constant", [], ["y"], value=elsewhere())], [])
    )
    refused(model, tmp_path, words)


def test_sparse_weights_are_refused(tmp_path):
    model = small().model()
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(np.zeros(1, np.int64)), [1 << 40])
    )
    refused(model, tmp_path, "holds a sparse tensor")


def body(rounds):
    """Return the body of a loop that adds 1 so many times."""
    info = helper.make_tensor_value_info
    inner = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["v", "one"], ["w"]),
        ],
        "body",
        [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, []), info("v", TensorProto.FLOAT, [])],
        [info("go_on", TensorProto.BOOL, []), info("w", TensorProto.FLOAT, [])],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    return helper.make_node("Loop", [rounds, "", "start"], ["looped"], "forever", body=inner)


def test_a_loop_is_refused_before_it_runs(tmp_path):
    model = small().model()
    model.graph.initializer.append(numpy_helper.from_array(np.array(1 << 62), "rounds"))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0), "start"))
    model.graph.node.insert(0, body("rounds"))
    model.graph.node.append(helper.make_node("Add", [model.graph.output[0].name, "looped"], ["y"]))
    model.graph.output[0].name = "y"
    refused(model, tmp_path, r"node forever \(Loop\) holds a graph of its own \(loops, conditions, training\)")


def test_functions_are_refused_where_a_node_calls_one(tmp_path):
    model = small().model()
    function = helper.make_function(
        "", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 13)]
    )
    model.functions.append(function)
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    assert not load_model(path).model.functions  # nobody calls it
    model.graph.node.insert(1, helper.make_node("Twice", ["t0"], ["doubled"], "call"))
    refused(model, tmp_path, r"node call \(Twice\) calls a function of the file")


GIANT = 1 << 40
GIANTS = [
    ("ConstantOfShape", [np.array([GIANT])], {}, r"\(ConstantOfShape"),
    ("Expand", [np.float32(1), np.array([1 << 20, 1 << 20])], {}, r"\(Expand"),
    ("Tile", [np.ones(4, np.float32), np.array([GIANT])], {}, r"\(Tile"),
    ("Range", [np.array(0), np.array(GIANT), np.array(1)], {}, r"\(Range"),
    ("Resize", [np.ones((1, 1, 1, 1), np.float32), np.float32([]), np.float32([1, 1, 1e6, 1e6])], {}, r"\(Resize"),
    ("RandomNormal", [], {"shape": [4]}, r"RandomNormal.*not executed here"),
    ("Add", [np.ones((1 << 14, 1), np.float32), np.ones((1, 1 << 14), np.float32)], {}, r"\(Add"),
]


@pytest.mark.parametrize(("operator", "values", "attributes", "words"), GIANTS, ids=[g[0] for g in GIANTS])
def test_constants_of_any_size_are_not_computed(operator, values, attributes, words, tmp_path):
    net = small()
    names = [net.constant(v, v.dtype) for v in values]
    giant = net.node(operator, *names, **attributes)
    if operator == "Range" or operator == "ConstantOfShape":
        giant = net.node("Cast", giant, to=TensorProto.FLOAT)
    net.then("Add", net.node("ReduceMax", giant, keepdims=0))
    refused(net.model(), tmp_path, words)


def test_weights_that_the_file_is_too_short_for_are_refused(tmp_path):
    for dims in ([GIANT, GIANT], [2, 1, 3, 4], [-1], []):
        model = small().model()
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)
        refused(model, tmp_path, "for which the file is too short|is damaged")


def test_layers_that_are_endless_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(linear, "MOST_SUMS", 100)
    refused(small().model(), tmp_path, r"\(Conv.*its 2 sums take -\d+ to \d+; accepted: a layer of fewer inputs")
    monkeypatch.undo()
    refused(Net(["N", 1, GIANT, 3]).then("Flatten").model(), tmp_path, "takes pictures of")
    net = small()
    for _ in range(10_000):
        net.then("Identity")
    refused(net.model(), tmp_path, "has 10006 nodes; at most 10000")


def nested(depth):
    """Return the bytes of graphs within graphs. They are made by hand, because protobuf's writer would recurse."""
    message = b""
    for _ in range(depth):
        for number in (6, 5, 1):  # AttributeProto.g, NodeProto.attribute, GraphProto.node
            message = bytes([number << 3 | 2]) + varint(len(message)) + message
    return bytes([7 << 3 | 2]) + varint(len(message)) + message


def varint(value):
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def test_a_deeply_nested_file_is_refused(tmp_path):
    refused(nested(20_000), tmp_path, "is not a readable ONNX file")


def test_damaged_names_and_nodes_are_refused(tmp_path):
    data = small().model().SerializeToString()
    refused(data.replace(b"MatMul", b"Mat\xfful"), tmp_path, "is not a readable ONNX file")
    refused(data.replace(b"MatMul", b"MatMil"), tmp_path, "MatMil")
    model = small().model()
    model.graph.node[0].input[0] = "y"
    refused(model, tmp_path, "is not a valid ONNX file")
    model = small().model()
    model.graph.node[0].output[0] = "x"
    refused(model, tmp_path, "is not a valid ONNX file")
    model = small().model()
    model.graph.node[2].attribute.append(AttributeProto(name="axis", type=AttributeProto.STRING, s=b"one"))
    refused(model, tmp_path, "is not a valid ONNX file")
    refused(b"", tmp_path, "it has no nodes")


@pytest.mark.parametrize("name", ["strides", "kernel_shape", "dilations", "group"])
@pytest.mark.parametrize("value", [0, -1, -(1 << 63), 1 << 40])
def test_counts_that_onnx_would_divide_by_are_refused(name, value, tmp_path):
    """Otherwise shape inference ends the process by SIGFPE."""
    model = small().model()
    counts = value if name == "group" else [value, 1]
    model.graph.node[0].attribute.append(helper.make_attribute(name, counts))
    refused(model, tmp_path, rf"node Conv_0 \(Conv\) has {name} \[.*accepted: numbers above 0")


def altered(data, seed):
    """Return a truncated copy, or one with a few bytes changed, mostly in its text."""
    r = random.Random(seed)
    if r.random() < 0.1:
        return data[: r.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(r.choice([1, 1, 2, 4])):
        place = r.randrange(len(data))
        for _ in range(20):
            if any(97 <= byte <= 122 for byte in data[max(0, place - 3) : place + 4]):
                break
            place = r.randrange(len(data))
        changed[place] = r.choice([changed[place] ^ (1 << r.randrange(8)), r.randrange(256), 0, 255])
    return bytes(changed)


def own():
    """Return a network whose file is as `train` writes it."""
    r = np.random.default_rng(0)
    layers = (
        Pad(1, 0), Conv(r.choice([-1, 1], (2, 1, 3, 3))), Threshold(r.integers(-99, 99, 2)), MaxPool(2),
        Dense(r.choice([-1, 1], (8, 3))), Bias(r.integers(-5, 5, 3)),
    )  # fmt: skip
    return IntegerNetwork.chain((1, 4, 4), layers, ("a", "b", "c"))


@pytest.mark.parametrize("whose", ["others", "own"])
def test_altered_files_are_refused_in_one_sentence_or_run(whose, tmp_path):
    path = tmp_path / "model.onnx"
    if whose == "own":
        write_qonnx(own(), path)
    else:
        Net(["N", 1, 5, 5]).conv(2, 1, 3).norm(2).sign().flatten_by_shape().dense(18, 3).norm(3).save(path)
    data = path.read_bytes()
    ran = 0
    for seed in range(250):
        path.write_bytes(altered(data, seed))
        try:
            network = read_qonnx(path) if whose == "own" else import_model(load_model(path), "m", "unit").network
            network.run(np.zeros((1, *network.input_shape), np.uint8))
            ran += 1
        except UserError as error:
            assert "\n" not in str(error), seed
    assert 0 < ran < 250


def test_thresholds_that_are_no_integers_of_the_format_are_refused(tmp_path):
    """Otherwise inf and 1e30 become -2^63."""
    path = tmp_path / "model.onnx"
    write_qonnx(own(), path)
    model = onnx.load(path)
    place = next(i for i, t in enumerate(model.graph.initializer) if t.name == "Threshold_0_thresholds")
    for value in (np.inf, -np.inf, np.nan, 1e30, 0.5):
        model.graph.initializer[place].raw_data = struct.pack("<2f", 1.0, value)
        onnx.save(model, path)
        with pytest.raises(UserError, match=r"node Threshold_0 \(MultiThreshold\): 'Threshold_0_thresholds' holds"):
            read_qonnx(path)


def test_nodes_of_one_name_get_names_of_their_own(tmp_path):
    onnx.save(small().model(), tmp_path / "theirs.onnx")
    path = tmp_path / "ours.onnx"
    write_qonnx(import_model(load_model(tmp_path / "theirs.onnx"), "theirs.onnx", "byte").network, path)
    twice = onnx.load(path)
    for node in twice.graph.node:
        node.name = "same"
    onnx.save(twice, path)
    names = [node.name for node in read_qonnx(path).nodes]
    assert names[0] == "same" and len(set(names)) == len(names)
