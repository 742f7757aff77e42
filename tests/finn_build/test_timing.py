"""The model of FIFO depths; that rates are kept is asserted of whole accelerators, and measured by sim.fifos."""

from types import SimpleNamespace

import numpy as np
import pytest

from finn_build.timing import _coupled, _stalls
from tests.hw.test_ops import jet_operator


@pytest.mark.parametrize(("before", "behind"), [(None, object()), (object(), None)])
def test_what_waits_behind_a_memory_of_weights_is_not_guessed(before, behind):
    """A FIFO stands there then: without one CNV with 2-bit activations took a quarter longer than promised."""
    node = SimpleNamespace(stage=SimpleNamespace(layer="BinaryConv"))

    def operator(matrix):
        return SimpleNamespace(matrix=matrix, fold=4, geometry=lambda: (6, 6, 3, 1, 0))

    arrivals = np.arange(0, 3 * 36 * 4, 4)
    assert _coupled(operator(None), node, operator(None), arrivals, 36 * 4) is not None
    assert _coupled(operator(before), node, operator(behind), arrivals, 36 * 4) is None


def test_a_result_that_waits_stops_what_the_pipeline_holds():
    """Bursts of six, the last one taken a clock late: a random network took 92 clocks for 90 with no FIFO there."""
    before = jet_operator(0)
    depth = before.made().latency
    assert before.fold == 1 and depth > 1
    burst = np.arange(6)
    taken = burst + (burst == 5)
    for gap, stalls in ((1, True), (depth + 1, True), (depth + 2, False)):  # clocks without a result
        arrivals = np.concatenate([burst, burst + 6 + gap])
        assert _stalls(before, arrivals, np.concatenate([taken, burst + 6 + gap])) == stalls
    assert not _stalls(before, arrivals, arrivals)
