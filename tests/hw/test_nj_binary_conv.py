"""nj_binary_conv equals the reference convolution of bits or pixels padded with 0, in the promised clocks."""

from dataclasses import dataclass

import numpy as np
import pytest

from bnn import reference
from hw.ops.cycles import conv_cycles, window_map
from sim.modules import STALLS, Stall, run_streams
from sim.runner import SimulationError
from tests.hw.streams import beats_of, bits_word, frames, intervals, maps_of, pack

THR_BITS = 18


@dataclass(frozen=True)
class Shape:
    """One build of the module."""

    height: int = 5
    width: int = 6
    inputs: int = 3
    bits: int = 1
    kernel: int = 3
    stride: int = 1
    pad: int = 1
    outputs: int = 4
    fold: int = 1
    thresholded: bool = True
    weights: str = "random"


def check(s: Shape, count: int = 6):
    rng = np.random.default_rng(s.kernel + 10 * s.inputs + 100 * s.outputs)
    weight = {"random": rng.choice([-1, 1], (s.outputs, s.inputs, s.kernel, s.kernel)),
              "ones": np.ones((s.outputs, s.inputs, s.kernel, s.kernel), int),
              "minus": -np.ones((s.outputs, s.inputs, s.kernel, s.kernel), int)}[s.weights]  # fmt: skip
    maps = frames(rng, (s.inputs, s.height, s.width), s.bits, count)
    sums = reference.convolve(reference.pad(maps, s.pad, 0), weight, s.stride)
    thresholds = np.array([rng.choice(sums[:, o].ravel()) for o in range(s.outputs)])  # equality happens
    if s.outputs > 2:
        thresholds[0], thresholds[1] = 1 - (1 << (THR_BITS - 1)), (1 << (THR_BITS - 1)) - 1  # always, never
    plus, minus = (weight > 0).sum(axis=(1, 2, 3)).max(), (weight < 0).sum(axis=(1, 2, 3)).max()
    extreme = max(plus, minus) * ((1 << s.bits) - 1)
    out_bits = int(extreme).bit_length() + 1
    parameters = {
        "Height": s.height, "Width": s.width, "CIn": s.inputs, "InBits": s.bits, "Kernel": s.kernel,
        "Stride": s.stride, "Pad": s.pad, "COut": s.outputs, "Fold": s.fold, "Weight": bits_word(weight > 0),
        "Thresholded": int(s.thresholded), "ThrBits": THR_BITS, "Threshold": pack(thresholds, THR_BITS),
        "OutBits": out_bits,
    }  # fmt: skip
    expected = (reference.threshold(sums, thresholds) + 1) // 2 if s.thresholded else sums
    rows, columns = window_map(s.height, s.width, s.kernel, s.stride, s.pad)
    stalls = (*STALLS, Stall(0.9, 0.0, 3), Stall(0.0, 0.9, 5))
    results = run_streams("nj_binary_conv", parameters, beats_of(maps, s.bits), count * rows * columns, stalls=stalls)
    for stall, result in zip(stalls, results, strict=True):
        got = maps_of(result.beats, expected.shape, 1 if s.thresholded else out_bits, not s.thresholded)
        assert np.array_equal(got, expected), stall
    promised = conv_cycles(s.height, s.width, s.kernel, s.stride, s.pad, s.fold)
    assert set(intervals(results[0].out_cycles, rows * columns)[1:]) == {promised}
    if s.stride == 1 and 2 * s.pad == s.kernel - 1:
        assert promised == s.height * s.width * s.fold


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(fold=4, inputs=5),
        Shape(kernel=1, pad=0, inputs=16, thresholded=False),
        Shape(kernel=1, pad=0, inputs=7, outputs=6, fold=3),
        Shape(kernel=1, pad=0, stride=2, fold=2, height=6, width=5),
        Shape(bits=8, inputs=1, thresholded=False),
        Shape(bits=3, inputs=2, kernel=5, pad=2, fold=2),
        Shape(kernel=2, pad=0, outputs=1),
        Shape(stride=2, fold=4, pad=1, height=7, width=7, thresholded=False),
        Shape(weights="minus", outputs=1, thresholded=False),
        Shape(weights="ones", outputs=1, bits=4, pad=0, thresholded=False),
    ],
    ids=lambda s: (
        f"{s.kernel}x{s.kernel}s{s.stride}p{s.pad}-{s.inputs}x{s.bits}bit-{s.outputs}-fold{s.fold}-{s.weights}"
    ),
)
def test_equals_the_reference(shape):
    check(shape)


@pytest.mark.slow
@pytest.mark.parametrize("thresholded", [False, True])
@pytest.mark.parametrize("fold", [1, 2, 6])
@pytest.mark.parametrize(
    ("kernel", "stride", "pad"),
    [(1, 1, 0), (1, 3, 0), (2, 2, 0), (3, 1, 0), (3, 2, 0), (3, 3, 1), (4, 1, 1), (5, 1, 2), (5, 2, 1)],
)
def test_equals_the_reference_sweep(kernel, stride, pad, fold, thresholded):
    check(Shape(8, 7, 2, 1, kernel, stride, pad, 6, fold, thresholded))
    check(Shape(6, 9, 1, 5, kernel, stride, pad, 6, fold, thresholded))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Fold": 3}, "Fold = 3 does not divide COut = 4"),
        ({"Kernel": 1}, "Pad = 1 with Kernel = 1, must be 0"),
        ({"Thresholded": 0, "OutBits": 8}, "OutBits = 8 cannot hold a sum of magnitude 143"),
    ],
)
def test_refuses_parameters_that_do_not_fit(parameters, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_binary_conv", parameters, [0], 1)
