"""A small frozen network with random weights, exported: enough for everything that comes after training."""

from pathlib import Path

import numpy as np
import pytest

from bnn import jets
from bnn.integer.layers import Bias, Conv, Dense, MaxPool, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx


def tiny_network() -> IntegerNetwork:
    """8x8 gray in, one jet layer, two classes."""
    r = np.random.default_rng(3)
    weight = jets.group(2)[r.integers(0, 9, (4, 1))]
    sums = np.abs(weight).sum(axis=(1, 2, 3)) * 64
    layers = (
        Pad(1, 0),
        Conv(weight),
        Threshold(r.integers(-sums, sums)),
        MaxPool(2),
        Dense(r.choice([-1, 1], (4 * 4 * 4, 2))),
        Bias(np.array([1, -2])),
    )
    return IntegerNetwork.chain((1, 8, 8), layers, ("good", "bad"))


@pytest.fixture
def tiny_model(tmp_path) -> Path:
    path = tmp_path / "tiny.onnx"
    write_qonnx(tiny_network(), path)
    return path
