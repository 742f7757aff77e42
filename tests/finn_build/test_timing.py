"""The model of FIFO depths; that rates are kept is asserted of whole accelerators, and measured by sim.fifos."""

from types import SimpleNamespace

import numpy as np
import pytest

from finn_build.timing import _coupled


@pytest.mark.parametrize(("before", "behind"), [(None, object()), (object(), None)])
def test_what_waits_behind_a_memory_of_weights_is_not_guessed(before, behind):
    """A FIFO stands there then: without one CNV with 2-bit activations took a quarter longer than promised."""
    node = SimpleNamespace(stage=SimpleNamespace(layer="BinaryConv"))

    def operator(matrix):
        return SimpleNamespace(matrix=matrix, fold=4, geometry=lambda: (6, 6, 3, 1, 0))

    arrivals = np.arange(0, 3 * 36 * 4, 4)
    assert _coupled(operator(None), node, operator(None), arrivals, 36 * 4) is not None
    assert _coupled(operator(before), node, operator(behind), arrivals, 36 * 4) is None
