"""nj_jet_conv equals the integer convolution with composed kernels, in every form, and keeps the promised rate."""

from dataclasses import dataclass

import numpy as np
import pytest

from bnn import jets, reference
from hw.ops.cycles import conv_cycles, window_map
from sim.modules import STALLS, Stall, run_streams
from sim.runner import SimulationError
from tests.hw.streams import beats_of, intervals, maps_of, pack


@dataclass(frozen=True)
class Shape:
    """One build of the module."""

    height: int = 6
    width: int = 7
    inputs: int = 1
    bits: int = 8
    signed: bool = False
    kernel: int = 3
    stride: int = 1
    pad: int = 1
    outputs: int = 4
    fold: int = 1
    grouped: bool = False
    thresholded: bool = True


def literal(value: int, bits: int) -> str:
    return f"{bits}'h{value:x}"


def check(shape: Shape, frames: int = 5, seed: int = 0):
    s, r = shape, np.random.default_rng(seed)
    terms = 1 if s.grouped else s.inputs
    jet = r.integers(0, s.kernel**2, (s.outputs, terms))
    sign = r.choice([1, -1, 0], (s.outputs, terms), p=[0.45, 0.45, 0.1])
    weight = jets.group(s.kernel - 1)[jet] * sign[..., None, None]
    low, high = (-(1 << (s.bits - 1)), (1 << (s.bits - 1)) - 1) if s.signed else (0, (1 << s.bits) - 1)
    maps = r.integers(low, high + 1, (frames, s.inputs, s.height, s.width))
    maps[1], maps[2] = low, high
    sums = reference.convolve(reference.pad(maps, s.pad, 0), weight, s.stride, s.outputs if s.grouped else 1)
    sum_bits = int(np.abs(weight).sum(axis=(1, 2, 3)).max() * max(-low, high)).bit_length() + 1
    thresholds = np.array([r.choice(sums[:, o].ravel()) for o in range(s.outputs)])  # equality happens
    invert = r.integers(0, 2, s.outputs)
    above = (sums >= thresholds[:, None, None]) != invert[:, None, None].astype(bool)

    code = np.where(sign == 0, 0, 1 + 2 * jet + (sign < 0))
    code_bits = (2 * s.kernel**2).bit_length()
    parameters = {
        "Height": s.height, "Width": s.width, "CIn": s.inputs, "InBits": s.bits, "InSigned": int(s.signed),
        "Kernel": s.kernel, "Stride": s.stride, "Pad": s.pad, "COut": s.outputs, "Fold": s.fold,
        "Grouped": int(s.grouped), "SelBits": code_bits,
        "Select": literal(pack(code.ravel(), code_bits), code.size * code_bits),
        "Thresholded": int(s.thresholded), "SumBits": sum_bits,
        "Threshold": literal(pack(thresholds, sum_bits), s.outputs * sum_bits),
        "Invert": literal(pack(invert, 1), s.outputs),
    }  # fmt: skip
    expected = above.astype(np.int64) if s.thresholded else sums
    rows, columns = window_map(s.height, s.width, s.kernel, s.stride, s.pad)
    stalls = (*STALLS, Stall(0.9, 0.0, 3), Stall(0.0, 0.9, 5))
    results = run_streams("nj_jet_conv", parameters, beats_of(maps, s.bits), frames * rows * columns, stalls=stalls)
    for stall, result in zip(stalls, results, strict=True):
        got = maps_of(result.beats, expected.shape, 1 if s.thresholded else sum_bits, not s.thresholded)
        assert np.array_equal(got, expected), stall
    promised = conv_cycles(s.height, s.width, s.kernel, s.stride, s.pad, s.fold)
    assert set(intervals(results[0].out_cycles, rows * columns)[1:]) == {promised}
    if s.stride == 1 and 2 * s.pad == s.kernel - 1:
        assert promised == s.height * s.width * s.fold


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(inputs=3, bits=3, signed=True, fold=2),
        Shape(inputs=4, bits=3, signed=True, fold=4, grouped=True, thresholded=False),
        Shape(height=7, width=6, inputs=2, bits=1, kernel=5, pad=2, outputs=6, fold=3),
        Shape(height=8, width=9, inputs=2, bits=1, stride=2),
        Shape(height=8, width=9, inputs=2, bits=1, pad=0, fold=2),
        Shape(height=9, width=8, inputs=2, bits=1, kernel=5, stride=2, pad=2, fold=4, thresholded=False),
        Shape(height=4, width=4, bits=2, kernel=5, pad=2, outputs=2),
        Shape(height=3, width=3, bits=2, kernel=5, pad=2, outputs=2, fold=2),
        Shape(height=5, width=5, bits=2, kernel=5, pad=0, outputs=2, fold=2),
    ],
    ids=str,
)
def test_equals_the_convolution(shape):
    check(shape)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("fold", [1, 2, 6])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("pad", [0, 1, 2])
def test_equals_the_convolution_sweep(kernel, stride, fold, signed, pad):
    if 2 * pad < kernel:
        check(Shape(9, 11, 3, 4, signed, kernel, stride, pad, 6, fold))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Fold": 2}, "Fold = 2 does not divide COut = 9"),
        ({"Kernel": 4}, "Taps = 4, 3 or 5"),
        ({"Pad": 2}, "Pad = 2, at most"),
        ({"Height": 1}, "too small"),
    ],
)
def test_refuses_what_it_cannot_do(parameters, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_jet_conv", parameters, [0], 1)
