"""nj_jet_axis equals the axis kernels of bnn.jets: every input of small widths, extremes and random ones of wide taps.

It has no stream ports, so a test bench of its own (jet_axis_bench.sv) puts a register in front.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from bnn import jets
from sim.modules import RTL, Stall, run_streams
from tests.hw.streams import pack, unpack

BENCH = Path(__file__).parent / "rtl" / "jet_axis_bench.sv"


@pytest.mark.parametrize(("taps", "bits"), [(3, 3), (3, 9), (5, 2), (5, 13)])
def test_equals_the_axis_kernels(taps, bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if taps * bits <= 10:
        samples = np.array(list(product(range(low, high + 1), repeat=taps)))
    else:  # every combination of the extremes reaches the ends of each result's range
        extremes = np.array(list(product((low, high), repeat=taps)))
        samples = np.concatenate([extremes, np.random.default_rng(bits).integers(low, high + 1, (500, taps))])
    beats = [pack(sample, bits) for sample in samples]
    (result,) = run_streams(
        "jet_axis_bench", {"Taps": taps, "InBits": bits}, beats, len(beats), stalls=[Stall()],
        sources=[RTL / "nj_jet_axis.sv", BENCH],
    )  # fmt: skip
    got = np.array([unpack(beat, taps, bits + taps - 1, signed=True) for beat in result.beats])
    assert np.array_equal(got, samples @ jets.axis_kernels(taps - 1).T)
