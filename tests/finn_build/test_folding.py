"""The folding that is chosen keeps the rate, also where dense layers hand each other whole vectors."""

import numpy as np
import pytest

from bnn.export import write_qonnx
from bnn.integer import Bias, Conv, Dense, IntegerNetwork, Pad, Threshold
from finn_build.build import build
from finn_build.manifest import load
from sim.accelerator import verify
from tests.finn_build.networks import random_network
from tests.hw.test_ops import operator


def dense_network(hidden, features=4, size=8):
    """A convolution of bytes, then dense layers of so many outputs each."""
    r = np.random.default_rng(len(hidden))
    layers = [Pad(1, 0), Conv(r.choice(np.array([-1, 1]), (features, 1, 3, 3))), Threshold(np.zeros(features, int))]
    inputs = features * size * size
    for outputs in hidden:
        layers += [Dense(r.choice(np.array([-1, 1]), (inputs, outputs))), Threshold(r.integers(-5, 6, outputs))]
        inputs = outputs
    layers += [Dense(r.choice(np.array([-1, 1]), (inputs, 3))), Bias(r.integers(-3, 4, 3))]
    return IntegerNetwork((1, size, size), tuple(layers), ("a", "b", "c"))


@pytest.mark.parametrize("hidden", [(60,), (150, 24)], ids=str)
def test_memories_of_weights_are_exact_and_keep_the_rate(hidden, tmp_path):
    write_qonnx(dense_network(hidden), tmp_path / "model.onnx")
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 640)["cycles_per_frame"]
    manifest = load(tmp_path / "acc")
    memories = [name for name in manifest.files if name.startswith("mem/")]
    assert memories
    moved = tmp_path / "elsewhere"
    (tmp_path / "acc").rename(moved)
    report = verify(moved, "random", frames=10)
    assert report["passed"] and report["cycles_per_frame"] <= promised
    assert verify(moved, "random", frames=10, backpressure=0.3)["passed"]


def test_convolutions_take_their_weights_from_memories_too(tmp_path, monkeypatch):
    """As if the constant form were too large for this small network."""
    from hw.ops import binary_conv

    monkeypatch.setattr(binary_conv, "MOST_TERMS", 0)
    network = random_network("binary", height=12, width=10, outputs=12, pool=2)
    write_qonnx(network, tmp_path / "model.onnx")
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 2000)["cycles_per_frame"]
    manifest = load(tmp_path / "acc")
    assert [name for name in manifest.files if name.startswith("mem/binary_conv")] == ["mem/binary_conv_1.mem"]
    report = verify(tmp_path / "acc", "random", frames=8)
    assert report["passed"] and report["cycles_per_frame"] == promised
    assert verify(tmp_path / "acc", "random", frames=8, backpressure=0.3)["passed"]


def test_a_layer_waits_no_longer_than_the_one_in_front_can():
    """While the first layer collects its next result, the second must have taken the last one."""
    from finn_build.folding import choose

    second = operator("BinaryDense_rtl", [1, 1, 1, 60], [1, 10], "BIPOLAR", "INT8", Weight=np.ones((60, 10), np.int64))
    choose(second, 640, collecting=0)
    free = second.waiting()
    choose(second, 640, collecting=640 - free + 1)
    assert second.waiting() < free
