"""Residual additions in accelerators: recognised or refused by a sentence, exact, at the promised rate, and located."""

import numpy as np
import pytest

from bnn.errors import UserError
from bnn.integer.layers import Bias, Conv, Dense, Levels, Pad, Threshold
from bnn.integer.layers.add import Add
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from finn_build.recognise import recognise
from sim.accelerator import verify
from sim.cppsim import verify_cppsim
from sim.fifos import find_depths
from sim.proofs.prove import prove
from tests.support.residual import random_residual
from tests.support.sealing import reseal

LIMITS = np.array([3, -8])
OPERATORS = ["BinaryConv_rtl", "BinaryConv_rtl", "Add_rtl"]


def grown(first, second, add, signed=True):
    """Return a network that adds two of: the picture, its levels, its signs, sums of these, and sums over windows."""
    b = GraphBuilder()

    def bits():
        return b.add(Threshold(np.array([150, 90])), b.add(Conv(np.array([[[[1]], [[1]]], [[[1]], [[-1]]]])), IMAGE))

    made = {
        "picture": lambda x: IMAGE,
        "levels": lambda x: b.add(Levels(np.array([[9, 99]] * 2), -1), IMAGE),
        "bits": lambda x: x,
        "sums": lambda x: b.add(Conv(np.array([[[[1]], [[-1]]]] * 2)), x),
        "windows": lambda x: b.add(Conv(np.ones((2, 2, 3, 3), np.int64)), b.add(Pad(1, -1), x)),
    }
    x = bits() if {first, second} & {"bits", "sums", "windows"} else ""
    x = b.add(add, made[first](x), made[second](x))
    x = b.add(Threshold(LIMITS), x) if signed else b.add(Conv(np.ones((2, 2, 1, 1), np.int64)), x)
    x = x if signed else b.add(Threshold(LIMITS), x)
    b.add(Bias(np.zeros(2, np.int64)), b.add(Dense(np.ones((2 * 20, 2), np.int64)), x))
    return IntegerNetwork((2, 4, 5), b.finished(), ("a", "b"))


@pytest.mark.parametrize(
    ("first", "second", "add", "factors"),
    [
        ("windows", "bits", Add(), ([1, 1], [1, 1])),
        ("bits", "windows", Add(np.array([3, -1]), None), ([1, 1], [3, -1])),  # sums come first in hardware
        ("windows", "bits", Add(np.array([2, 4]), np.array([3, 6])), ([2, 2], [3, 3])),
        ("windows", "sums", Add(None, np.array([-2, 3])), ([1, 1], [-2, 3])),
    ],
)
def test_becomes_one_stage_of_two_streams(first, second, add, factors):
    network = grown(first, second, add)
    _, stages = recognise(network)
    found = next(stage for stage in stages if stage.operator == "Add_rtl")
    assert [found.attributes[name].tolist() for name in ("Left", "Right")] == list(factors)
    assert found.output.datatype == "BIPOLAR" and found.nodes == ("Add_0", "Threshold_1")
    streams = {stage.output.tensor: stage.output for stage in stages}
    images = np.random.default_rng(1).integers(0, 256, (30, 2, 4, 5)).astype(np.uint8)
    tensors = network.run(images, taps=True)[1]
    left, right = ((tensors[n] - _column(streams[n].offset)) // streams[n].scale for n in found.inputs)
    sums = _column(found.attributes["Left"]) * left + _column(found.attributes["Right"]) * right
    signs = np.where(sums >= _column(found.attributes["Threshold"]), 1, -1)
    assert np.array_equal(signs, tensors["Threshold_1_out"]) and 0 < (signs > 0).mean() < 1


def _column(values):
    return np.asarray(values).reshape(-1, 1, 1)


@pytest.mark.parametrize(
    ("first", "second", "add", "signed", "why"),
    [
        ("bits", "bits", Add(), True, r"adds two \+-1 maps; one of the inputs must be the sums of a Conv"),
        ("windows", "picture", Add(), True, r"adds pixels \(UINT8\); accepted are the sums of a Conv, and a \+-1 map"),
        ("windows", "bits", Add(np.array([1, -1])), True, "its sums count 0 times or less; turn the weights"),
        ("windows", "bits", Add(), False, "what it adds goes to Conv_2; accepted is a MultiThreshold"),
    ],
)
def test_what_is_not_done_is_refused(first, second, add, signed, why):
    with pytest.raises(UserError, match=rf"node Add_0 \(Add\): {why}"):
        recognise(grown(first, second, add, signed))


def built(tmp_path, seed, **options):
    """Build the accelerator of a random network at one of three rates."""
    network = random_residual(seed)
    write_qonnx(network, tmp_path / "model.onnx")
    clocks = (1, 4, 16)[seed % 3]  # of a pixel
    fps = None if clocks == 1 else 200e6 / (clocks * network.input_shape[1] * network.input_shape[2])
    build(tmp_path / "model.onnx", tmp_path / "acc", fps=fps, **options)
    return tmp_path / "acc"


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20))])
def test_random_networks_are_exact_at_the_promised_rate(tmp_path, seed):
    acc = built(tmp_path, seed)
    report = verify(acc, "random", frames=8)
    assert report.passed, report
    assert report.rates.cycles_per_frame == load(acc).cycles_per_frame
    stalled = verify(acc, "random", frames=8, backpressure=0.3)
    assert stalled.passed, stalled
    assert prove(acc).passed


def test_an_addition_that_differs_is_named(tmp_path):
    acc = built(tmp_path, 3)
    file = acc / "rtl" / "add_0.v"
    text = file.read_text()
    begin = text.index(".Threshold(") + len(".Threshold(")
    bits, digits = text[begin : text.index(")", begin)].split("'h")
    turned = f"{int(digits, 16) ^ (1 << int(bits) - 1):x}"  # the last channel's sign bit
    file.write_text(text.replace(digits, turned))
    reseal(acc)
    report = verify(acc, "random", frames=4)
    assert not report.passed
    assert report.first_mismatch.where.layer == "add_0"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_cpp_of_random_networks_is_exact(tmp_path, seed):
    report = verify_cppsim(built(tmp_path, seed, backend="hls"), "random", frames=8)
    assert report.passed, report


@pytest.mark.slow
def test_simulation_finds_fifos_that_keep_the_rate(tmp_path):
    """In front of an addition no FIFO is left out, and none is deeper than the timing model says."""
    write_qonnx(random_residual(0), tmp_path / "model.onnx")
    found = find_depths(tmp_path / "model.onnx").depths
    build(tmp_path / "model.onnx", tmp_path / "simulated", fifos=found)
    build(tmp_path / "model.onnx", tmp_path / "modelled")
    assert any(name.startswith("add_0") for name in found)
    for acc in ("simulated", "modelled"):
        report = verify(tmp_path / acc, "random", frames=8)
        assert report.passed and report.rates.cycles_per_frame == load(tmp_path / acc).cycles_per_frame
