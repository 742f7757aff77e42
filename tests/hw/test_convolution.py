"""A convolution written from its weights equals the reference, in every form, and keeps the promised rate."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bnn import jets
from bnn.integer import reference
from bnn.integer.intervals import signed_bits
from hw.adders.layer import ConvLayer
from hw.adders.module import Geometry, conv_module
from hw.bits import dot_range
from hw.cycles import conv_cycles, window_map
from hw.text import MOST_LINE, RTL, sources_in
from sim.modules import STALLS, Stall, run_streams
from sim.proofs.certify import certify
from tests.support.shapes import unusual
from tests.support.streams import beats_of, frames, intervals, maps_of

FRAMES = 5
PLAIN = [path.stem for path in RTL.glob("*.sv") if "parameter bit Plain" in path.read_text()]


@dataclass(frozen=True)
class Shape:
    """One layer."""

    height: int = 6
    width: int = 5
    inputs: int = 3
    bits: int = 1
    signed: bool = False
    kernel: int = 3
    stride: int = 1
    pad: int = 1
    outputs: int = 8
    fold: int = 1
    thresholded: bool = True
    weights: str = "jets"  # "jets", "binary", "ternary", "sparse", "ones", "minus" or "separable"
    grouped: bool = False
    inside_map: bool = False  # the layer itself makes the last map, which is all 1
    uses: str = ""  # a module that the written layer must instantiate
    cells: bool = False  # the counters and adders as cells, not as plain arithmetic

    def __str__(self) -> str:
        return unusual(self)


def weights_of(s: Shape, rng: np.random.Generator):
    shape = (s.outputs, 1 if s.grouped else s.inputs)
    if s.weights in ("ones", "minus"):
        return np.full((*shape, s.kernel, s.kernel), 1 if s.weights == "ones" else -1)
    if s.weights == "binary":
        return rng.choice(np.array([-1, 1]), (*shape, s.kernel, s.kernel))
    if s.weights == "ternary":
        return rng.choice(np.array([-1, 0, 1]), (*shape, s.kernel, s.kernel))
    if s.weights == "integers":
        return rng.integers(-8, 9, (*shape, s.kernel, s.kernel))
    if s.weights == "separable":
        found = jets.compose(rng.choice(np.array([-1, 1]), (s.outputs, 1, 2 * (s.kernel - 1))))
        return found * rng.choice(np.array([-1, 1]), (*shape, 1, 1))
    found = jets.compose(rng.choice(np.array([-1, 1]), (*shape, 2 * (s.kernel - 1))))
    found *= rng.choice(np.array([-1, 1]), shape)[..., None, None]
    return found * rng.choice(np.array([0, 1]), shape)[..., None, None] if s.weights == "sparse" else found


def check(s: Shape):
    rng = np.random.default_rng(s.kernel + 10 * s.inputs + 100 * s.outputs)
    weight = weights_of(s, rng)
    maps = frames(rng, (s.inputs, s.height, s.width), s.bits, FRAMES)
    maps -= (1 << (s.bits - 1)) * s.signed
    if s.inside_map:
        maps[:, -1] = 1
        weight[:, -1] = rng.integers(-s.inputs, s.inputs + 1, weight[:, -1].shape)
    sums = reference.convolve(reference.pad(maps, s.pad, 0), weight, s.stride, s.inputs if s.grouped else 1)
    thresholds = np.array([rng.choice(sums[:, o].ravel()) for o in range(s.outputs)])  # some sums equal their threshold
    thresholds[0], thresholds[1] = 10**6, -(10**6)  # never, always
    thresholds[-1], weight[-1] = 1 - thresholds[-2], -weight[-2]  # outputs that differ only by their sign
    sums = reference.convolve(reference.pad(maps, s.pad, 0), weight, s.stride, s.inputs if s.grouped else 1)
    low, high = dot_range(
        weight, *((-(1 << (s.bits - 1)), (1 << (s.bits - 1)) - 1) if s.signed else (0, (1 << s.bits) - 1))
    )
    out_bits = signed_bits(int(low.min()), int(high.max()))
    layer = ConvLayer(weight, thresholds if s.thresholded else None, s.bits, s.signed, s.grouped, s.fold,
                  1 if s.thresholded else out_bits, s.inside_map)  # fmt: skip
    expected = (reference.threshold(sums, thresholds) + 1) // 2 if s.thresholded else sums
    rows, columns = window_map(s.height, s.width, s.kernel, s.stride, s.pad)
    stalls = (*STALLS, Stall(0.9, 0.0, 3), Stall(0.0, 0.9, 5))
    geometry = Geometry(s.height, s.width, s.stride, s.pad)
    module = conv_module("layer", layer, geometry, "a layer")
    assert s.uses in module.text
    text = re.sub(rf"\b({'|'.join(PLAIN)}) #\(", r"\1 #(.Plain(1'b0), ", module.text) if s.cells else module.text
    results = run_layer(layer, text, maps, FRAMES * rows * columns, stalls)
    for stall, result in zip(stalls, results, strict=True):
        got = maps_of(result.beats, expected.shape, 1 if s.thresholded else out_bits, not s.thresholded)
        assert np.array_equal(got, expected), stall
    kept = conv_cycles(s.height, s.width, s.kernel, s.stride, s.pad, s.fold)
    *steady, last = intervals(results[0].out_cycles, rows * columns)[1:]
    assert set(steady) == {module.cycles}
    flush = s.pad * (s.width + 1) if s.fold > 1 else 0  # the last frame's windows need a clock each
    assert module.cycles <= last <= module.cycles + flush
    assert module.cycles <= kept
    if s.stride == 1 and 2 * s.pad == s.kernel - 1:
        assert kept == s.height * s.width * s.fold


def run_layer(layer: ConvLayer, text: str, maps, count: int, stalls=STALLS):
    """Return the beats that the layer's module puts out."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "layer.sv"
        path.write_text(text)
        sent = maps[:, : layer.maps - layer.inside_map]
        beats = beats_of(sent & ((1 << layer.in_bits) - 1), layer.in_bits)
        return run_streams("layer", {}, beats, count, stalls=stalls, sources=[*sources_in(text), path])


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(weights="binary"),
        Shape(inputs=5, weights="binary", fold=2),
        Shape(inputs=5, weights="binary", fold=8, thresholded=False),
        Shape(inputs=2, weights="binary", outputs=32, fold=16, stride=2, pad=0, height=7),
        Shape(inputs=2, weights="binary", outputs=32, fold=32),
        Shape(inputs=16, weights="binary", outputs=4, kernel=1, pad=0, thresholded=False),
        Shape(inputs=9, weights="binary", outputs=12, kernel=1, pad=0, stride=2, fold=3),
        Shape(inputs=2, weights="binary", kernel=5, pad=2, height=7),
        Shape(inputs=2, weights="binary", kernel=2, pad=0),
        Shape(weights="ones"),
        Shape(weights="binary", kernel=7, pad=3, height=9, width=8),
        Shape(inputs=1, bits=8, weights="ternary", kernel=11, pad=5, height=11, width=12, outputs=4, fold=2),
        Shape(inputs=5, weights="binary", inside_map=True),
        Shape(inputs=5, weights="binary", inside_map=True, fold=4, kernel=5, pad=2, height=7),
        Shape(inputs=2, bits=8, signed=True, weights="binary"),
        Shape(inputs=1, bits=8, weights="integers", kernel=1, pad=0, outputs=20),
        Shape(inputs=2, bits=2, weights="integers", fold=4, height=4),
        Shape(weights="minus", fold=4),
        Shape(weights="sparse", fold=2),
        Shape(inputs=1, bits=8, weights="binary"),
        Shape(inputs=3, bits=8, outputs=12),
        Shape(inputs=1, bits=8, kernel=5, pad=2, height=7),
        Shape(inputs=3, bits=5, signed=True, stride=2, fold=8, height=9, uses="nj_digits"),
        Shape(inputs=4, bits=4, signed=True, weights="sparse"),
        Shape(inputs=8, bits=5, signed=True, grouped=True),
        Shape(inputs=8, bits=3, signed=True, grouped=True, fold=4, thresholded=False),
        Shape(inputs=4, bits=5, signed=True, fold=16, outputs=16, uses="nj_column", cells=True),
        Shape(inputs=6, bits=4, weights="sparse", fold=4, uses="nj_column"),
        Shape(inputs=4, bits=5, signed=True, fold=4, outputs=16, uses="nj_serial_reach", cells=True),
        Shape(inputs=2, bits=5, signed=True, kernel=5, pad=2, height=7, fold=8, uses="nj_column"),
        Shape(inputs=2, bits=3, signed=True, stride=2, height=7, fold=8),
        Shape(inputs=12, outputs=10, weights="separable", fold=5, height=5, uses="nj_jet3", cells=True),
        Shape(9, 9, 12, outputs=12, weights="separable", fold=12, pad=0, uses="nj_jet3"),
        Shape(inputs=3, outputs=8, weights="separable", fold=8, stride=2, height=7),
        Shape(inputs=16, weights="separable", uses="u_jets"),
        Shape(height=7, width=6, inputs=2, kernel=5, pad=2, fold=4),
        Shape(height=9, width=8, inputs=2, kernel=5, stride=2, pad=2, fold=4, thresholded=False),
        Shape(height=4, width=4, bits=2, kernel=5, pad=2),
        Shape(height=3, width=3, bits=2, kernel=5, pad=2, fold=2),
        Shape(height=5, width=5, bits=2, kernel=5, pad=0, fold=2),
    ],
    ids=str,
)
def test_equals_the_convolution(shape):
    check(shape)


def test_equal_outputs_are_decided_once_and_lines_are_short():
    """The layer has 400 outputs. Verilator takes at most 40,000 tokens per line."""
    rng = np.random.default_rng(1)
    weight = np.repeat(rng.integers(-1, 2, (5, 1, 3, 3)), 80, axis=0)
    limits = np.repeat(rng.integers(-300, 300, 40), 10)
    few = conv_module("layer", ConvLayer(weight[::10], limits[::10], 8), Geometry(6, 6), "a layer")
    layer = ConvLayer(weight, limits, 8)
    made = conv_module("layer", layer, Geometry(6, 6), "a layer")
    assert made.sites == few.sites
    assert max(map(len, made.text.split("\n"))) <= MOST_LINE
    assert certify(made.text, "layer", weight, limits, 8, False, 1, 1) == 400
    maps = frames(rng, (1, 6, 6), 8, FRAMES)
    expected = (reference.threshold(reference.convolve(maps, weight, 1, 1), limits) + 1) // 2
    (result,) = run_layer(layer, made.text, maps, FRAMES * 16, STALLS[:1])
    assert np.array_equal(maps_of(result.beats, expected.shape, 1, False), expected)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("fold", [1, 2, 8])
@pytest.mark.parametrize(("bits", "signed"), [(1, False), (4, True)])
@pytest.mark.parametrize("pad", [0, 1, 2])
@pytest.mark.parametrize("weights", ["jets", "sparse", "binary"])
def test_equals_the_convolution_sweep(kernel, stride, fold, bits, signed, pad, weights):
    if 2 * pad < kernel:
        check(Shape(9, 11, 3, bits, signed, kernel, stride, pad, 8, fold, weights=weights))
