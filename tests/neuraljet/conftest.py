"""A small frozen network with random weights, exported, and accelerators for the driver, simulated or on a board."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bnn import jets
from bnn.integer.layers import Bias, Conv, Dense, MaxPool, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.manifest import load
from neuraljet import Accelerator
from tests.support.driven import bitstream_of, case_of
from tests.support.fake_pynq import Pynq
from tests.support.networks import demo_network, images_for, random_network

GRAY = {"form": "separable", "height": 12, "width": 10, "classes": 3}
COLOR = {"form": "binary", "height": 10, "width": 12, "colors": 3, "classes": 7}


def tiny_network() -> IntegerNetwork:
    """Write a network for 8x8 gray pictures, with one jet layer and two classes."""
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


@pytest.fixture(scope="session")
def gray(tmp_path_factory):
    network = random_network(**GRAY)
    return case_of(tmp_path_factory.mktemp("gray"), network, images_for(network, 40))


@pytest.fixture(scope="session")
def color(tmp_path_factory):
    network = random_network(**COLOR)
    return case_of(tmp_path_factory.mktemp("color"), network, images_for(network, 40))


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Build the accelerator of `neuraljet demo`, which puts the class out before the last pixel."""
    network, images = demo_network()
    return case_of(tmp_path_factory.mktemp("demo"), network, images[:40])


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Return a function that opens an accelerator on a board whose FPGA holds `case`, and the stand-in overlay."""
    opened = []

    def open_(case, **options):
        pynq = Pynq(case.acc, load(case.acc).model_sha256)
        monkeypatch.setitem(sys.modules, "pynq", pynq)
        accelerator = Accelerator.on_board(bitstream_of(case.acc, tmp_path / f"bits{len(opened)}"), **options)
        opened.append((accelerator, pynq.overlays[0]))
        return opened[-1]

    yield open_
    for accelerator, overlay in opened:
        accelerator.close()
        overlay.dma.model.close()


@pytest.fixture(params=["simulated", "board"])
def opened(request, board):
    """Return a function that opens an accelerator, simulated or on a board."""
    made = []

    def open_(case):
        made.append(Accelerator.simulated(case.acc) if request.param == "simulated" else board(case)[0])
        return made[-1]

    yield open_
    for accelerator in made:
        accelerator.close()
