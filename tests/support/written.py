"""Layers written from their weights, small enough to prove, with the parameters of their properties."""

import numpy as np
import pytest

import hw.adders.module
from hw.adders.lanes import Lanes, separable
from hw.adders.layer import ConvLayer, jets_of
from hw.adders.module import Geometry, conv_module
from hw.adders.serial import Serial
from hw.bits import literal
from hw.matvec.module import RowOutput, matvec_module, merged

# Convolutions are written from their weights: kernel, stride, padding, weights [O, C, K, K], fold.
SMALL = {"Height": 2, "Width": 2, "Data": 0, "Frames": 6}  # a pipeline holds several frames of four pixels
JET = np.array([[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]])
SIGNS = np.array([[[[1, 1, -1], [1, -1, 1], [-1, 1, 1]]]])
TWO = np.concatenate([SIGNS, -JET])
JETS = np.concatenate([JET, [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]])


def by_digits(layer, name, clocks, masked, counting=False):
    return Serial(layer, name, jets_of(layer), counting=counting).write()


def by_columns(layer, name, clocks, masked, counting=False):
    return Serial(layer, name, jets_of(layer), clocks, counting).write()


def by_lanes(layer, name, clocks, masked, counting=False):
    return Lanes(layer, name, separable(layer), clocks, masked, counting).write()


def convolution(weight, fold=1, thresholds=None, *, pad=1, bits=1, writer=None, **parameters):
    """Return a written convolution as parameters and sources of its properties. writer: None takes the cheapest."""
    outputs, maps, kernel, _ = weight.shape
    size = {"Height": 3, "Width": 3, **parameters}
    limits = None if thresholds is None else np.array(thresholds)
    layer = ConvLayer(weight, limits, bits, fold=fold, out_bits=1 if limits is not None else 6)
    with pytest.MonkeyPatch.context() as patch:
        if writer is not None:
            patch.setattr(hw.adders.module, "write", writer)
        module = conv_module("layer", layer, Geometry(size["Height"], size["Width"], 1, pad), "under proof")
    settings = {
        **size, "CIn": maps, "InBits": bits, "Kernel": kernel, "Pad": pad, "COut": outputs, "Fold": fold,
        "Weight": literal(weight.ravel(), 4), "Thresholded": int(limits is not None), "Depth": module.latency + 6,
        "Threshold": literal([0] * outputs if limits is None else limits, 4),
    }  # fmt: skip
    return settings, module.text


def matrix(folding, seed=0, thresholded=True, times=1):
    """Return a written matrix of +-1 as parameters and sources of its properties. times: thresholds per sum."""
    rng = np.random.default_rng(seed)
    inputs = folding.beats * folding.in_bits
    weight = np.repeat(rng.choice(np.array([-1, 1]), (folding.outputs, inputs // folding.repeat)), folding.repeat, 1)
    low, high = (1, inputs + 1) if thresholded else (-3, 4)  # every sum reaches a threshold of 0
    constants = rng.integers(low, high, folding.outputs * times)
    weight = np.repeat(weight, times, axis=0)
    settings = {
        "Beats": folding.beats, "InBits": folding.in_bits, "Outputs": len(weight),
        "Weight": literal((weight > 0).ravel().astype(int), 1), "Thresholded": int(thresholded),
        "Constant": literal(constants, 4), "OutBits": 1 if thresholded else 5,
        "Wait": folding.words * folding.groups + 8, "Most": 8,
    }  # fmt: skip
    weight, result = merged(weight, constants) if thresholded else (weight, RowOutput(constants, False, 5))
    return settings, matvec_module("layer", "under proof", folding, result, weight)
