"""Streams that fork and join: names, FIFOs, and the text of the top module. Simulation checks its behaviour."""

import re

import numpy as np
import pytest

from bnn.integer.layers import Bias, Conv, Dense, Threshold
from bnn.integer.layers.concat import Concat
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from finn_build.recognise import recognise
from tests.support.networks import Random


@pytest.fixture(scope="module")
def network():
    """Return a network of three convolutions: two read pixels, one a map. Four maps are joined, one of them twice."""
    r, builder = Random(5), GraphBuilder()
    add, limit = builder.add, Threshold(np.zeros(2, int))
    first = add(limit, add(Conv(r.signs(2, 1, 1, 1)), IMAGE))
    second = add(limit, add(Conv(r.jets(2, 1)), IMAGE))
    third = add(limit, add(Conv(r.signs(2, 2, 3, 3)), first))
    x = add(Concat(), second, third, third)
    add(Bias(np.array([1, -1])), add(Dense(r.signs(6 * 36, 2)), x))
    return IntegerNetwork((1, 8, 8), builder.finished(), ("a", "b"))


def test_nodes_say_what_they_read_and_fifos_stand_in_front_of_inputs(network):
    from finn_build.graph import named, readers, with_fifos

    nodes = named(*recognise(network))
    read = {node.name: node.inputs for node in nodes}
    assert read == {
        "binary_conv_0": ("pixels",), "jet_conv_0": ("pixels",), "binary_conv_1": ("binary_conv_0",),
        "concat_0": ("jet_conv_0", "binary_conv_1"), "concat_1": ("concat_0", "binary_conv_1"),
        "scores": ("concat_1",), "argmax": ("scores",),
    }  # fmt: skip
    assert [(node.name, i) for node, i in readers(nodes, "binary_conv_1")] == [("concat_0", 1), ("concat_1", 1)]
    some = with_fifos(nodes, {"binary_conv_1": 4, "concat_0": 8, "concat_1.1": 16})
    found = {node.name: node for node in some}
    assert [found[f"fifo_{i}"].inputs for i in range(3)] == [("binary_conv_0",), ("jet_conv_0",), ("binary_conv_1",)]
    assert [found[f"fifo_{i}"].stage.attributes["depth"] for i in range(3)] == [4, 8, 16]
    assert found["concat_0"].inputs == ("fifo_1", "binary_conv_1")
    assert found["concat_1"].inputs == ("concat_0", "fifo_2")


def test_every_wire_of_the_top_is_declared_driven_once_and_read_once(network, tmp_path):
    """A name that is not declared is a wire of one bit in Verilog."""
    write_qonnx(network, tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc")
    manifest = load(tmp_path / "acc")
    assert {layer.name: layer.inputs for layer in manifest.layers if len(layer.inputs) == 2}.keys() == {
        "concat_0", "concat_1",
    }  # fmt: skip
    sources = [manifest.sources(layer) for layer in manifest.computing() if layer.operator == "Concat_rtl"]
    assert [[found.name for found in pair] for pair in sources] == [
        ["jet_conv_0", "binary_conv_1"], ["concat_0", "binary_conv_1"],
    ]  # fmt: skip
    top = (tmp_path / "acc" / "rtl" / "nj_accelerator.v").read_text()
    text = re.sub("//.*", "", top)
    declared = re.findall(r"(?:wire|input|output)[^;,()]*?(\w+_tdata)\b", text)
    assert len(set(declared)) == len(declared) and set(re.findall(r"\b\w+_tdata\b", text)) == set(declared)
    assert text.count("nj_fork #(") == 2 and "nj_fork.sv" in {name.split("/")[-1] for name in manifest.files}
    for name in set(declared) - {"s_axis_tdata", "m_axis_tdata"}:
        assert len(re.findall(rf"\b{name}\b", text)) >= 2, name  # declared, and read
