"""The model of FIFO depths. Tests of whole accelerators assert that rates are kept, and sim.fifos measures them."""

import numpy as np
import pytest

from finn_build.timing import _coupled, _stalls
from tests.hw.test_ops import jet_operator
from tests.hw.test_ops import operator as make_operator

WRITTEN, FROM_MEMORY = {"Fold": 4}, {"Fold": 4, "PE": 2, "SIMD": 4}


@pytest.mark.parametrize(("before", "behind"), [(WRITTEN, FROM_MEMORY), (FROM_MEMORY, WRITTEN)])
def test_what_waits_behind_a_memory_of_weights_is_not_guessed(before, behind):
    """A FIFO is put there. Without one, CNV with 2-bit activations took a quarter longer than promised."""
    weight = np.random.default_rng(0).choice(np.array([-1, 1]), (8, 4, 3, 3))

    def operator(folding):
        shapes, limits = ([1, 6, 6, 4], [1, 4, 4, 8]), np.zeros(8, np.int64)
        kinds = "BIPOLAR", "BIPOLAR"
        return make_operator("BinaryConv_rtl", *shapes, *kinds, Kernel=3, Weight=weight, Threshold=limits, **folding)

    arrivals = np.arange(0, 3 * 36 * 4, 4)
    assert _coupled(operator(WRITTEN), operator(WRITTEN), arrivals, 36 * 4) is not None
    assert _coupled(operator(before), operator(behind), arrivals, 36 * 4) is None


def test_a_result_that_waits_stops_what_the_pipeline_holds():
    """Results come in bursts of six, and the last is taken a clock late. Without a FIFO a random network took 92 clocks
    instead of 90."""
    before = jet_operator(0)
    depth = before.made().latency
    assert before.fold == 1 and depth > 1
    burst = np.arange(6)
    taken = burst + (burst == 5)
    for gap, stalls in ((1, True), (depth + 1, True), (depth + 2, False)):  # clocks without a result
        arrivals = np.concatenate([burst, burst + 6 + gap])
        assert _stalls(before, arrivals, np.concatenate([taken, burst + 6 + gap])) == stalls
    assert not _stalls(before, arrivals, arrivals)
