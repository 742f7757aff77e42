"""nj_join gives the beats of all inputs side by side, and takes them together."""

import pytest

from hw.text import sources_of
from sim.runner import simulate


@pytest.mark.parametrize(("inputs", "bits"), [(2, 11), (3, 70)])
def test_join(inputs, bits):
    simulate("nj_join", sources_of("nj_join"), "tests.hw.join_bench", parameters={"Inputs": inputs, "Bits": bits})
