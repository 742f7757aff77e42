"""FINN's units keep the rate with the fewest products, and stand for the right layers."""

import numpy as np
import pytest

from finn_build.adapter import workspace
from tests.benchmarks.cost_model import node
from tests.benchmarks.finn_estimates import PART, Coded, folding, units

SIGNS = np.random.default_rng(1).choice(np.array([-1, 1]), (64, 10))


@pytest.fixture
def finn():
    with workspace():
        yield


@pytest.mark.parametrize("clocks", [1, 7, 64, 100, 640, 10_000])
def test_folding_is_the_least_that_keeps_the_rate(clocks):
    simd, pe = folding(64, 10, clocks)
    assert 64 % simd == 0 and 10 % pe == 0 and 640 // (simd * pe) <= clocks
    fewer = [(s, p) for s in (1, 2, 4, 8, 16, 32, 64) for p in (1, 2, 5, 10) if s * p < simd * pe]
    assert all(640 // (s * p) > clocks for s, p in fewer)


def test_dense(finn):
    dense = node("BinaryDense_rtl", [1, 1, 1, 64], [1, 10], "BIPOLAR", "INT8", Weight=SIGNS)
    (fast,), (slow,) = units(dense, 64), units(dense, 640)
    assert (fast.get_nodeattr("MW"), fast.get_nodeattr("MH"), fast.get_nodeattr("binaryXnorMode")) == (64, 10, 1)
    assert fast.get_exp_cycles() <= 64 < slow.get_exp_cycles() <= 640
    assert fast.lut_estimation(PART) > slow.lut_estimation(PART) > 0


@pytest.mark.parametrize("clocks", [144, 2_000, 50_000])
def test_convolution(finn, clocks):
    kernels = np.random.default_rng(2).choice(np.array([-1, 1]), (16, 8, 3, 3))
    binary = node("BinaryConv_rtl", [1, 12, 12, 8], [1, 10, 10, 16], "BIPOLAR", "BIPOLAR", Kernel=3, Weight=kernels,
                  Threshold=np.zeros(16, np.int64))  # fmt: skip
    window, matrix = units(binary, clocks)
    assert matrix.get_nodeattr("MW") == 72 and matrix.get_nodeattr("noActivation") == 0
    assert matrix.get_exp_cycles() <= clocks and window.get_exp_cycles() <= clocks + 2  # its own pipeline


def test_pixels_pooling_and_the_rest(finn):
    table = node("PixelTable_rtl", [1, 8, 8, 3], [1, 8, 8, 3], "UINT8", "INT8", Table=np.zeros((3, 256), np.int64))
    for clocks, lanes in ((64, 3), (192, 1)):
        (quantizer,) = units(table, clocks)
        assert quantizer.get_nodeattr("PE") == lanes and quantizer.get_nodeattr("numSteps") == 255
    pool = node("BinaryMaxPool_rtl", [1, 8, 8, 16], [1, 4, 4, 16], "BIPOLAR", "BIPOLAR", Size=2)
    (window,) = units(pool, 400)
    assert window.get_nodeattr("depthwise") == 1 and window.get_exp_cycles() <= 400
    assert units(node("ScoreArgMax_rtl", [1, 10], [1, 1], "INT8", "UINT8"), 400) == []


def test_maps_that_stand_for_a_channel_are_one_of_a_few_bits_to_finn(finn):
    """Two thresholds of 16 sums, each made twice for weights of 2 bits, give 64 maps for 16 channels."""
    weight = np.ones((64, 64), np.int64)
    dense = node("BinaryDense_rtl", [1, 1, 1, 64], [1, 64], "BIPOLAR", "BIPOLAR", Weight=weight,
                 Threshold=np.zeros(64, np.int64))  # fmt: skip
    (unit,) = units(dense, 64, Coded(2, 2, maps=4))
    assert [unit.get_nodeattr(name) for name in ("MW", "MH", "binaryXnorMode")] == [16, 16, 0]
    types = [unit.get_nodeattr(f"{name}DataType") for name in ("input", "weight", "output")]
    assert types == ["INT2", "INT2", "INT2"] and unit.get_exp_cycles() <= 64
    (expanded,) = units(dense, 64)
    assert expanded.get_nodeattr("MW") == 64 and expanded.get_nodeattr("binaryXnorMode") == 1
